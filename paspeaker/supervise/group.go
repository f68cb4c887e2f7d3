package supervise

import (
	"maps"
	"slices"
	"time"

	"pa/paspeaker"
)

// togetherWithin is how far apart in time loudspeakers may be lost and still be lost
// together, when the first of them was shown already.
const togetherWithin = 10 * time.Second

// behindInterface are the kinds that a controller sees of every loudspeaker
// when its own interface is down.
var behindInterface = []paspeaker.FaultKind{paspeaker.FaultOffline, paspeaker.FaultReports, paspeaker.FaultClock, paspeaker.FaultMulticast}

// joinGroup makes trouble that many loudspeakers share part of one fault; false
// when it is one's own.
func (b *Book) joinGroup(now time.Time, c *condition) bool {
	if c.subject == "" || c.rule.Many == "" || b.cfg.Domains == nil {
		return false
	}
	if up := b.of[key{paspeaker.FaultInterface, ""}]; up != nil && up.bad && slices.Contains(behindInterface, c.kind) {
		b.attach(now, up, c)
		return true
	}
	domains := b.cfg.Domains(c.subject)
	for _, d := range domains {
		if g := b.of[key{c.kind, d}]; g != nil && len(g.members) > 0 && g.takesIn(now) {
			b.attach(now, g, c)
			return true
		}
	}
	domain, lost := b.widest(now, c, domains)
	if domain == "" {
		return false
	}
	g := b.of[key{c.kind, domain}]
	if g == nil {
		g = b.open(key{c.kind, domain})
	}
	if !g.flapping {
		b.close(now, g, "") // it was an old one: this is news
	}
	if g.members == nil {
		g.members = make(map[string]*condition, len(lost))
	}
	g.bad, g.turned, g.began, g.lastLeft = true, now, c.began, time.Time{}
	for _, m := range lost {
		if m.began.Before(g.began) {
			g.began = m.began
		}
		b.close(now, m, paspeaker.FaultID(c.kind, domain))
		if m.group == g {
			continue
		}
		if m.group != nil {
			b.part(now, m, paspeaker.FaultID(c.kind, domain))
		}
		m.group = g
		g.members[m.subject] = m
		b.rest(m)
	}
	switch {
	case g.fault == nil:
		b.begin(now, g)
	case g.flapping: // it stays open
		g.onsets = append(g.onsets, now)
		g.fault.Times++
		g.fault.Speakers = g.list()
	default:
		b.reword(g)
	}
	b.rest(g)
	return true
}

// takesIn says whether one more may come under a group without a word. A
// loudspeaker that dies is news when the group is old.
func (c *condition) takesIn(now time.Time) bool {
	return c.kind != paspeaker.FaultOffline || c.flapping || now.Sub(c.turned) <= togetherWithin
}

// widest returns the domain of which most is lost at once, and what of it is; ""
// when there is none of which more than half is. A wider one is named only when
// it has a quarter more to explain: a switch and somebody else is a switch.
func (b *Book) widest(now time.Time, c *condition, domains []string) (best string, lost []*condition) {
	fresh := b.fresh(now, c)
	if len(fresh) < 2 {
		return "", nil
	}
	for _, d := range domains {
		var within []*condition
		for _, m := range fresh {
			if slices.Contains(b.cfg.Domains(m.subject), d) {
				within = append(within, m)
			}
		}
		alone, most := grouped(within)
		most = max(most, len(lost))
		if alone >= 2 && 2*len(within) > b.cfg.Size(d) && len(within) > most && 4*len(within) >= 5*most {
			best, lost = d, within
		}
	}
	return best, lost
}

// grouped is how many of them are in no group, and how many in the largest.
func grouped(lost []*condition) (alone, most int) {
	count := make(map[*condition]int)
	for _, m := range lost {
		if m.group == nil {
			alone++
			continue
		}
		count[m.group]++
		most = max(most, count[m.group])
	}
	return alone, most
}

// fresh returns the loudspeakers that got into the same trouble lately, by
// their ids.
func (b *Book) fresh(now time.Time, c *condition) (out []*condition) {
	for _, k := range slices.SortedFunc(maps.Keys(b.of), key.compare) {
		m := b.of[k]
		if k.kind == c.kind && m.bad && m.members == nil && !m.flapping && now.Sub(m.turned) <= c.rule.Onset+togetherWithin {
			out = append(out, m)
		}
	}
	return out
}

// attach puts one more under a group.
func (b *Book) attach(now time.Time, g, c *condition) {
	if g.members == nil {
		g.members = make(map[string]*condition)
	}
	c.group = g
	g.members[c.subject] = c
	g.lastLeft = time.Time{}
	if !g.bad {
		g.bad, g.turned = true, now
	}
	b.reword(g)
	b.rest(g)
}

// part takes a member out of its group, which may be over with it.
func (b *Book) part(now time.Time, c *condition, into string) {
	g := c.group
	c.group = nil
	delete(g.members, c.subject)
	g.lastLeft = now
	if g.kind == paspeaker.FaultInterface {
		b.reword(g)
		return
	}
	if len(g.members) > 0 {
		b.reword(g)
		return
	}
	g.bad, g.turned = false, now
	if into != "" {
		b.close(now, g, into)
		g.members = nil
	}
	b.rest(g)
}

// leave is part for one that is well again.
func (b *Book) leave(now time.Time, c *condition) {
	g := c.group
	b.part(now, c, "")
	if g.members != nil && len(g.members) == 0 {
		b.settle(now, g)
	}
}

// settleGroup ends a group that is over, and lets go the last few of one that
// nearly is.
func (b *Book) settleGroup(now time.Time, g *condition) {
	if g.kind == paspeaker.FaultInterface {
		b.settleInterface(now, g)
		return
	}
	left := len(g.members)
	switch {
	case left == 0 && now.Sub(g.turned) >= g.rule.Clear:
		g.members = nil
		b.over(now, g)
	case left > 0 && left <= stragglers && !g.lastLeft.IsZero() && now.Sub(g.lastLeft) >= straggleFor:
		b.scatter(now, g, 0)
		g.members, g.bad, g.turned = nil, false, now
		b.over(now, g)
	}
}

// settleInterface lets go what was lost behind the controller's interface, with
// time to come back.
func (b *Book) settleInterface(now time.Time, g *condition) {
	if g.bad && g.fault == nil {
		b.begin(now, g)
	}
	if g.bad || now.Sub(g.turned) < g.rule.Clear {
		return
	}
	b.scatter(now, g, grace)
	g.members = nil
	b.over(now, g)
}

// scatter makes each member's trouble its own again. With a wait, each has so
// long to be well before it is said.
func (b *Book) scatter(now time.Time, g *condition, wait time.Duration) {
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		m := g.members[id]
		m.group = nil
		delete(g.members, id)
		if !m.bad {
			b.rest(m)
			continue
		}
		if wait == 0 {
			b.begin(now, m)
		} else {
			m.turned = now.Add(wait - m.rule.Onset)
		}
		b.rest(m)
	}
}
