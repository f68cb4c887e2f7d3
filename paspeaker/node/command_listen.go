package node

import (
	"context"
	"encoding/json"
	"time"

	"pa/audio/sti"
	"pa/paspeaker"
)

// mostListening bounds a recording of the monitor: it is held in memory.
const mostListening = 30 * time.Second

// listen records the loudspeaker's monitor while somebody sounds the STIPA
// signal, and measures how well speech comes through.
func (n *Node) listen(ctx context.Context, args json.RawMessage) (any, error) {
	v, err := decodeArgs[paspeaker.Listen](args)
	if err != nil {
		return nil, err
	}
	d := time.Duration(v.For)
	if d < sti.Least || d > mostListening {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "listen for %v: want %v to %v", d, sti.Least, mostListening)
	}
	if n.monitor == nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeUnsupported, What: string(n.cfg.ID) + " has no monitor", Hint: "give its node one with --monitor"}
	}
	pcm, err := n.monitor.Record(ctx, d)
	if err != nil {
		return nil, paspeaker.Errorf(paspeaker.CodeUnavailable, "%w", err)
	}
	r, err := sti.Measure(pcm)
	if err != nil {
		return nil, paspeaker.Errorf(paspeaker.CodeUnavailable, "%w", err)
	}
	return paspeaker.Intelligibility{STI: r.STI, Transfer: r.Transfer[:]}, nil
}
