package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Campaigns is the site's plan as operators wrote it: a key-value bucket, a key
// for each campaign. Its methods may be called from any goroutine. What they
// have returned without an error is on the disk.
type Campaigns struct{ bus *Bus }

const (
	campaignBucket  = "PA_CAMPAIGNS"
	campaignHistory = 16 // versions, for who must find out what a plan was
	maxCampaign     = 256 << 10
	campaignBytes   = 512 << 20
)

// Campaigns returns the campaigns. It asks nothing of the server yet.
func (b *Bus) Campaigns() *Campaigns { return &Campaigns{bus: b} }

func (c *Campaigns) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	return c.bus.bucket(ctx, "campaigns", jetstream.KeyValueConfig{
		Bucket: campaignBucket, Description: "what is said again and again, and when", History: campaignHistory,
		MaxValueSize: maxCampaign, MaxBytes: campaignBytes,
	})
}

// bucket opens a key-value bucket, made at its first use. One that exists
// keeps the settings that it has.
func (b *Bus) bucket(ctx context.Context, what string, cfg jetstream.KeyValueConfig) (jetstream.KeyValue, error) {
	if !b.Connected() {
		return nil, unavailable("open "+what, nats.ErrConnectionReconnecting)
	}
	kv, err := b.js.KeyValue(ctx, cfg.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		making, made := unhurried(ctx)
		defer made()
		kv, err = b.js.CreateKeyValue(making, cfg)
	}
	if err != nil {
		return nil, unavailable("open "+what, err)
	}
	return kv, nil
}

// Put stores a campaign and returns it with its new Revision. One with Revision
// 0 is new; any other replaces exactly that revision. CodeConflict when there is
// one already, or when somebody has changed it meanwhile.
func (c *Campaigns) Put(ctx context.Context, v paspeaker.Campaign) (paspeaker.Campaign, error) {
	if !paspeaker.ValidID(v.ID) {
		return v, invalid(fmt.Sprintf("campaign %q: not an id", v.ID), nil)
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return v, err
	}
	before := v.Revision
	v.Revision = 0 // the store's own number
	data, err := json.Marshal(v)
	if err != nil {
		return v, invalid("encode campaign", err)
	}
	if len(data) > maxCampaign {
		return v, tooLarge("campaign "+v.ID, len(data), maxCampaign)
	}
	if before == 0 {
		v.Revision, err = kv.Create(ctx, v.ID, data)
	} else {
		v.Revision, err = kv.Update(ctx, v.ID, data, before)
	}
	switch {
	case lostRace(err) && before == 0:
		return v, &paspeaker.Error{Code: paspeaker.CodeConflict, What: "campaign " + v.ID + ": there is one already",
			Hint: "change it with `paspeaker campaign edit " + v.ID + "`, or choose another id"}
	case lostRace(err):
		return v, changedMeanwhile(v.ID)
	case err != nil:
		return v, unavailable("store campaign "+v.ID, err)
	}
	return v, nil
}

func changedMeanwhile(id string) error {
	return &paspeaker.Error{Code: paspeaker.CodeConflict, What: "campaign " + id + ": somebody has changed it meanwhile",
		Hint: "look at it again: paspeaker campaign show " + id}
}

// Get returns a campaign as it is stored now; CodeNotFound when there is none.
func (c *Campaigns) Get(ctx context.Context, id string) (paspeaker.Campaign, error) {
	var none paspeaker.Campaign
	if !paspeaker.ValidID(id) {
		return none, noCampaign(id)
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return none, err
	}
	kept, err := kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return none, noCampaign(id)
	}
	if err != nil {
		return none, unavailable("read campaign "+id, err)
	}
	return openCampaign(kept)
}

func noCampaign(id string) error {
	return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("campaign %q: there is none", id),
		Hint: "`paspeaker campaign list` shows them"}
}

func openCampaign(kept jetstream.KeyValueEntry) (paspeaker.Campaign, error) {
	v, err := decode[paspeaker.Campaign](kept.Value(), maxCampaign)
	if err == nil && v.ID != kept.Key() {
		err = fmt.Errorf("under key %q stands campaign %q", kept.Key(), v.ID)
	}
	if err != nil {
		return v, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read campaign " + kept.Key(), Err: err}
	}
	v.Revision = kept.Revision()
	return v, nil
}

// Remove takes a campaign out of the plan when revision is its newest.
// CodeNotFound when there is none, CodeConflict when it was changed meanwhile.
func (c *Campaigns) Remove(ctx context.Context, id string, revision uint64) error {
	if _, err := c.Get(ctx, id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return err
	}
	err = kv.Delete(ctx, id, jetstream.LastRevision(revision))
	if lostRace(err) {
		return changedMeanwhile(id)
	}
	if err != nil {
		return unavailable("remove campaign "+id, err)
	}
	return nil
}

// Watch calls f, one call at a time, with every campaign as it is now and then
// with each change, nil when it was removed; complete is called when all that
// was there has been told, again after a connection was lost. Which of those
// told before are gone by then, f must work out itself. It returns nil when ctx
// is done.
func (c *Campaigns) Watch(ctx context.Context, f func(id string, v *paspeaker.Campaign), complete func()) error {
	complained := false
	for ctx.Err() == nil {
		err := c.watch(ctx, f, func() { complained = false; complete() })
		if err != nil && ctx.Err() == nil && !complained {
			c.bus.log.Warn("campaigns cannot be watched; trying again", "err", err)
			complained = true
		}
		if !pause(ctx, c.bus.retry) {
			break
		}
	}
	return nil
}

func (c *Campaigns) watch(ctx context.Context, f func(string, *paspeaker.Campaign), complete func()) error {
	begin, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(begin)
	if err != nil {
		return err
	}
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return unavailable("watch campaigns", err)
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case kept, open := <-w.Updates():
			switch {
			case !open:
				return unavailable("watch campaigns", jetstream.ErrConsumerDeleted)
			case kept == nil:
				complete()
			case kept.Operation() != jetstream.KeyValuePut:
				f(kept.Key(), nil)
			default:
				v, err := openCampaign(kept)
				if err != nil {
					c.bus.log.Error("campaign left out of the plan", "err", err)
					continue
				}
				f(v.ID, &v)
			}
		}
	}
}
