package node

import (
	"cmp"
	"time"

	"pa/audio/playout"
	"pa/paspeaker"
)

// hushDB is how far below the level that was due an output may be and still
// count as at level: what a technician's trim may take off, and no mute.
const hushDB = 20

// noCard says that the sound card took nothing, when it does not say why.
const noCard = "its sound card asks for no sound"

// final is the last receipt of a session: what the mixer says, when it was not
// heard, what was refused in its name, and whether the card failed meanwhile.
// The receipts' lock is held.
func (n *Node) final(s playout.StreamStatus) paspeaker.Receipt {
	r := n.receipt(s, true)
	r.Refused, r.Refusal = n.turned.take(s.Session)
	r.Gaps = gapsOf(s.Gaps)
	r.Output = n.receipts.output[s.Session]
	delete(n.receipts.output, s.Session)
	if s.Stalled {
		r.Output = cmp.Or(r.Output, n.cfg.Sink.State().Fault, noCard)
	}
	for i := range r.Gaps {
		if r.MutedBy != "" && r.Gaps[i].Why == paspeaker.WhyMasked {
			r.Gaps[i].Why = paspeaker.WhyMuted
		}
	}
	if r.LevelDB < r.DueDB-hushDB {
		r.Hushed = r.Played
	}
	return r
}

// gapsOf translates what the mixer found missing.
func gapsOf(gaps playout.Gaps) []paspeaker.Gap {
	var out []paspeaker.Gap
	for _, g := range gaps.List() {
		why := paspeaker.WhyLost
		if g.Why == playout.Masked {
			why = paspeaker.WhyMasked
		}
		out = append(out, paspeaker.Gap{From: time.Unix(0, g.From).UTC(), To: time.Unix(0, g.To).UTC(), Lost: paspeaker.Duration(g.Lost), Why: why})
	}
	return out
}

// noteOutput remembers what is wrong with the sound card while sessions sound.
// The receipts' lock is held.
func (n *Node) noteOutput(streams []playout.StreamStatus) {
	if n.cfg.Sink == nil || n.receipts.output == nil || len(streams) == 0 {
		return
	}
	if fault := n.cfg.Sink.State().Fault; fault != "" {
		for _, s := range streams {
			n.receipts.output[s.Session] = fault
		}
	}
}

// expire has the mixer end what no card asks for: it is ended by pulling alone.
func (n *Node) expire() {
	if m, ok := n.mixer.(interface{ Expire(local int64) }); ok && n.cfg.Now != nil {
		m.Expire(n.cfg.Now())
	}
}
