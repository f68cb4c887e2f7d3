package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Bench is what a technician does with one loudspeaker. Errors: CodeNotFound,
// no such loudspeaker; CodeUnsupported, it is third-party or its program too
// old; CodeUnavailable, its node is not there.
type Bench interface {
	// Identify has it chirp or blink, and returns when that is over.
	Identify(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Identify) (paspeaker.Identified, error)
	// Calibrate measures it by its monitor, and returns when that is done.
	Calibrate(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Calibrate) (paspeaker.Calibrated, error)
	// Adjust sets its trims of level and delay.
	Adjust(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, a paspeaker.Adjust) (paspeaker.Adjusted, error)
	// Volume sets its trim, or shows it.
	Volume(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, v paspeaker.Volume) (paspeaker.Trim, error)
	Mute(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, m paspeaker.Mute) (paspeaker.Muting, error)
	// Unmute ends a mute and returns it.
	Unmute(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID) (paspeaker.Muting, error)
	// AddProgram takes a paspeaker-node in; r is read once.
	AddProgram(ctx context.Context, by paspeaker.Caller, r io.Reader) (paspeaker.Program, error)
	// UpgradeNode has a node run a program that was taken in, and returns when
	// it has proved itself or was given up.
	UpgradeNode(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, u paspeaker.UpgradeTo) (paspeaker.RunningProgram, error)
	// Adopt makes a join token for a loudspeaker that has no hardware yet.
	Adopt(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error)
	// Replace makes one with which new hardware takes the id over; when it is
	// used, the keys of the old are worthless at once.
	Replace(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error)
	NodeLogs(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Logs) (paspeaker.LogPage, error)
}

// AtSpeaker names a loudspeaker in a path.
type AtSpeaker struct {
	Speaker paspeaker.SpeakerID `path:"id" maxLength:"32" doc:"the loudspeaker's id"`
}

// order registers one verb at a loudspeaker.
func order[In, Out any](s *server, verb, summary string, do func(context.Context, paspeaker.Caller, paspeaker.SpeakerID, In) (Out, error)) {
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/speakers/{id}/"+verb, verb+"-speaker", summary),
		func(ctx context.Context, in *struct {
			By
			AtSpeaker
			Body In
		}) (*reply[Out], error) {
			return answer(do(ctx, in.who(), in.Speaker, in.Body))
		})
}

// bench registers what a technician does with one loudspeaker.
func (s *server) bench() {
	order(s, "identify", "Have a loudspeaker chirp or blink; answered when it is over", s.ctl.Identify)
	order(s, "calibrate", "Measure a loudspeaker by its monitor: it plays sweeps and listens", s.ctl.Calibrate)
	order(s, "adjust", "Set a loudspeaker's trims of level and delay, as a calibration proposes", s.ctl.Adjust)
	order(s, "volume", "Set a loudspeaker's trim, or show it; it stays until it is set to 0", s.ctl.Volume)
	order(s, "mute", "Silence a loudspeaker for a time; emergencies sound all the same", s.ctl.Mute)
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/speakers/{id}/unmute", "unmute-speaker", "End a mute"),
		func(ctx context.Context, in *struct {
			By
			AtSpeaker
		}) (*reply[paspeaker.Muting], error) {
			return answer(s.ctl.Unmute(ctx, in.who(), in.Speaker))
		})
	tokens := func(do func(context.Context, paspeaker.Caller, paspeaker.SpeakerID, time.Duration) (paspeaker.JoinToken, error)) func(context.Context, paspeaker.Caller, paspeaker.SpeakerID, body.Lifetime) (paspeaker.JoinToken, error) {
		return func(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, l body.Lifetime) (paspeaker.JoinToken, error) {
			return do(ctx, by, id, time.Duration(l.TTL))
		}
	}
	order(s, "adopt", "Make a join token for a loudspeaker that has no hardware yet", tokens(s.ctl.Adopt))
	order(s, "replace", "Make a join token with which new hardware takes a loudspeaker's id over; the keys of the old are then revoked", tokens(s.ctl.Replace))
	order(s, "upgrade", "Have a loudspeaker run another program; answered when that has proved itself, or was given up for the one before", s.ctl.UpgradeNode)
	s.programs()
	order(s, "logs", "A page of what a loudspeaker's program has logged", s.ctl.NodeLogs)
}

// programs registers the upload of nodes' programs.
func (s *server) programs() {
	op := s.operation(http.MethodPost, "/v1/programs", "add-program", "Upload a paspeaker-node, which is the request's body, for nodes to be upgraded to")
	op.RequestBody = sound("the program: an ELF file")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		Upload
	}) (*reply[paspeaker.Program], error) {
		up := newUpload(in.w, in.request, paspeaker.MaxProgram)
		p, err := s.ctl.AddProgram(ctx, in.who(), up)
		if err != nil && up.tooLarge {
			err = paspeaker.Errorf(paspeaker.CodeTooLarge, "the program is larger than %d bytes", paspeaker.MaxProgram)
		}
		up.close()
		return answer(p, err)
	})
}
