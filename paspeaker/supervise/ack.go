package supervise

import (
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// Ack says that somebody has seen the fault of that id. CodeNotFound when it is
// not open. A second one replaces the first.
func (b *Book) Ack(id string, ack paspeaker.Ack) (paspeaker.Fault, []Change, error) {
	for _, c := range b.of {
		if c.fault == nil || c.fault.ID != id {
			continue
		}
		c.fault.Ack = &ack
		b.say(paspeaker.FaultAcked, c, "")
		return snapshot(c.fault), b.take(), nil
	}
	hint := "paspeaker faults lists those that are open"
	if i := slices.IndexFunc(b.ended, func(f paspeaker.Fault) bool { return f.ID == id }); i >= 0 {
		hint = "it is over; " + hint
	}
	return paspeaker.Fault{}, nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "fault " + id + " is not open", Hint: hint}
}

// Memory is what outlives the program.
type Memory struct {
	Open  []paspeaker.Fault `json:"open"`
	Ended []paspeaker.Fault `json:"ended"`
}

// Recall returns what a Book must be given back after a restart.
func (b *Book) Recall() Memory { return Memory{Open: b.Open(), Ended: b.Ended()} }

// Restore takes over what an earlier life knew. What was open stays open, with
// its onset and its ack, until it is seen to be well, or a while passes in
// which nobody sees it; whoever was called is not called again.
func (b *Book) Restore(now time.Time, m Memory) []Change {
	b.ended = append(slices.Clone(m.Ended), b.ended...)
	b.ended = b.ended[max(0, len(b.ended)-keepEnded):]
	for _, f := range m.Open {
		b.carry(now, f)
	}
	return b.take()
}

func (b *Book) carry(now time.Time, f paspeaker.Fault) {
	kind := f.Kind
	if f.Of != "" {
		kind = f.Of
	}
	k := key{kind, f.Subject}
	c := b.of[k]
	switch {
	case c != nil && c.fault != nil: // found again already
		c.fault.Since, c.fault.Ack = f.Since, f.Ack
		c.began = f.Since
		return
	case c == nil:
		c = b.open(k)
	}
	if !c.bad {
		c.unsure = now
	}
	c.bad, c.turned, c.began = true, now, f.Since
	c.flapping = f.Of != ""
	if c.flapping {
		c.onsets = slices.Repeat([]time.Time{now}, max(1, f.Times))
	}
	c.sight = Sight{Kind: kind, Subject: f.Subject, Bad: true, What: f.What, Cause: f.Cause, Remedy: f.Remedy}
	fault := f
	c.fault = &fault
	if len(f.Speakers) > 0 || strings.ContainsRune(f.Subject, ':') || f.Subject == siteDomain {
		b.carryMembers(now, c, f.Speakers)
	}
	b.say(paspeaker.FaultCarried, c, "")
	b.rest(c)
}

// siteDomain is every loudspeaker.
const siteDomain = "site"

func (b *Book) carryMembers(now time.Time, g *condition, speakers []paspeaker.SpeakerID) {
	g.members = make(map[string]*condition, len(speakers))
	kind := g.kind
	if kind == paspeaker.FaultInterface {
		kind = paspeaker.FaultOffline
	}
	for _, id := range speakers {
		k := key{kind, string(id)}
		m := b.of[k]
		if m == nil {
			m = b.open(k)
			m.bad, m.turned, m.began = true, now, g.began
			m.unsure = now
		}
		if m.fault != nil || m.group != nil {
			continue // it has a fault of its own by now
		}
		m.group = g
		g.members[m.subject] = m
		b.rest(m)
	}
	g.unsure = time.Time{} // its members are looked at
	if kind != g.kind {
		g.unsure = now
	}
}
