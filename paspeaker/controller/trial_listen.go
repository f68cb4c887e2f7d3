package controller

import (
	"context"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	// listenFor is how long monitors record the STIPA signal: what the standard
	// asks for at least.
	listenFor = 15 * time.Second
	// listenAfter is how long after the signal's beginning: it is under way
	// everywhere, echoes too.
	listenAfter = 1200 * time.Millisecond
	// listenGrace is how long a slow node may count after the end.
	listenGrace = 6 * time.Second
)

// understanding is what one monitor made of the signal.
type understanding struct {
	how   *paspeaker.Intelligibility
	fault string // why nothing
}

// listenAlong has the monitors of a group listen to a STIPA test that has just
// been admitted; before is what sounds ahead of the signal. The function that it
// returns waits for them, and is to be called when the test is over.
func (c *Controller) listenAlong(ctx context.Context, kind paspeaker.TestKind, id paspeaker.SessionID, group []paspeaker.Speaker, before time.Duration) func() map[paspeaker.SpeakerID]understanding {
	out := make(map[paspeaker.SpeakerID]understanding)
	if kind != paspeaker.TestSTIPA {
		return func() map[paspeaker.SpeakerID]understanding { return out }
	}
	ctx, cancel := context.WithCancel(ctx)
	var mu sync.Mutex
	var ears sync.WaitGroup
	for _, sp := range group {
		if report, _, online := c.nodes.get(sp.ID); !online || report == nil || report.Monitor == nil {
			continue
		}
		ears.Go(func() {
			u, listened := c.listenOne(ctx, sp.ID, id, before)
			if listened {
				mu.Lock()
				defer mu.Unlock()
				out[sp.ID] = u
			}
		})
	}
	return func() map[paspeaker.SpeakerID]understanding {
		late := time.AfterFunc(listenGrace, cancel)
		ears.Wait()
		late.Stop()
		cancel()
		return out
	}
}

// listenOne waits until the signal is under way and has one node listen; false
// when the test ended before.
func (c *Controller) listenOne(ctx context.Context, node paspeaker.SpeakerID, id paspeaker.SessionID, before time.Duration) (understanding, bool) {
	tick := time.NewTicker(testLook)
	defer tick.Stop()
	for {
		s, ok := c.Session(id)
		if !ok || s.State == paspeaker.StateEnded || s.State == paspeaker.StateRefused {
			return understanding{}, false
		}
		if !s.Started.IsZero() && c.cfg.Now().Sub(s.Started) >= before+time.Duration(s.Lead)+listenAfter {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return understanding{}, false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, listenFor+2*listenGrace)
	defer cancel()
	how, err := look[paspeaker.Intelligibility](ctx, c, node, paspeaker.VerbListen, paspeaker.Listen{For: paspeaker.Duration(listenFor)})
	if err != nil {
		return understanding{fault: err.Error()}, true
	}
	return understanding{how: &how}, true
}
