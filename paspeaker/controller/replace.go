package controller

import (
	"context"
	"time"

	"pa/paspeaker"
)

// Adopt makes a join token for a loudspeaker that has no hardware yet.
// CodeConflict: it has.
func (c *Controller) Adopt(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	if since := c.roster.enrolled(id); !since.IsZero() {
		return paspeaker.JoinToken{}, &paspeaker.Error{Code: paspeaker.CodeConflict,
			What: string(id) + " has had its hardware since " + since.In(c.site.Load().Location).Format("2006-01-02 15:04"),
			Hint: "new hardware in its place: paspeaker replace " + string(id) + "; the same one once more: paspeaker join-token " + string(id)}
	}
	return c.joinToken(ctx, by, id, ttl, false)
}

// Replace makes a join token with which new hardware takes a loudspeaker's id
// over. Nothing changes until it is used; then the old hardware's keys are
// worthless at once. CodeConflict: there is none to be replaced.
func (c *Controller) Replace(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	if _, known := c.site.Load().Speaker(id); known && c.roster.enrolled(id).IsZero() {
		return c.noneToReplace(ctx, by, id, ttl)
	}
	return c.joinToken(ctx, by, id, ttl, true)
}

func (c *Controller) noneToReplace(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	if sp, _ := c.site.Load().Speaker(id); sp.Kind == paspeaker.KindThirdParty {
		return c.joinToken(ctx, by, id, ttl, true) // which says why not
	}
	return paspeaker.JoinToken{}, &paspeaker.Error{Code: paspeaker.CodeConflict, What: string(id) + " has no hardware yet that could be replaced",
		Hint: "paspeaker adopt " + string(id)}
}

// changeKeys gives a node the keys of new hardware. The old one is cut off
// before the new keys exist, so that it can never be handed them: a request of
// its own that is still on its way finds no keys at all, and later ones no
// connection.
func (c *Controller) changeKeys(id paspeaker.SpeakerID) (generation int, err error) {
	if !c.roster.close(id) {
		return 0, paspeaker.Errorf(paspeaker.CodeBusy, "the keys of %s are being changed", id)
	}
	if c.cfg.Recheck != nil {
		c.cfg.Recheck()
	}
	generation, err = c.roster.open(id, c.cfg.Now())
	if err != nil {
		return 0, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the new keys of " + string(id) + " cannot be kept; the old ones are good again", Err: err,
			Hint: "make room on the disk, then make another token: paspeaker replace " + string(id)}
	}
	c.log.Info("new hardware: the keys of the old are revoked", "node", id, "generation", generation)
	return generation, nil
}
