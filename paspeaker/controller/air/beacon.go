package air

import (
	"context"
	"net/netip"
	"time"

	"pa/audio"
	"pa/audio/wire"
)

// Beacons are said on the groups one after the other, whatever else is on air:
// a node that hears none knows that the way to it is shut, before somebody needs
// it. They are sealed as everything else is.
type Beacons struct {
	Every  time.Duration    `json:"every"` // on each group
	Groups []netip.AddrPort `json:"groups"`
}

// idleBeacon is how often an engine without groups or key looks for some.
const idleBeacon = 100 * time.Millisecond

// light is what beacons are said with.
type light struct {
	Beacons
	sealer *wire.Sealer
}

// kindle has beacons said with what is known now.
func (e *Engine) kindle() {
	if e.sealer == nil || e.beacons == nil || len(e.beacons.Groups) == 0 || e.beacons.Every <= 0 {
		e.light.Store(nil)
		return
	}
	e.light.Store(&light{Beacons: *e.beacons, sealer: e.sealer})
}

// shine says beacons until ctx is done. It has no pacer: nobody hears when they
// come, and no packet of sound waits for them.
func (e *Engine) shine(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for next := 0; ; next++ {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		l := e.light.Load()
		if l == nil {
			timer.Reset(idleBeacon)
			continue
		}
		b, err := l.sealer.Beacon(e.media(audio.Now()), []uint32{wire.Everybody})
		if sender := e.sender.Load(); err == nil && sender != nil {
			err = sender.Send(b, l.Groups[next%len(l.Groups)])
		}
		e.note(err)
		timer.Reset(l.Every / time.Duration(len(l.Groups)))
	}
}
