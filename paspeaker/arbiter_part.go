package paspeaker

import (
	"cmp"
	"slices"
	"time"
)

// maxParts is how many parts an announcement can have: a SessionID's low byte.
const maxParts = 256

// programme is an announcement on the Arbiter's books.
type programme struct {
	req     Request
	rank    Rank
	arrival uint64
	asked   time.Time
	groups  [][]int // stacked: the zones asked for, as numbers of loudspeakers
	parts   []*part // alive, by number; at most one has never played
	numbers int     // parts so far

	lost      []int // loudspeakers that are to have it in a further part
	lostUntil time.Time
}

// level is how a part stands at one loudspeaker.
type level uint8

const (
	silent level = iota // it would sound if nothing else did
	atFull
	atDucked
	barred // silent, and not to be addressed: its mixer would duck it beneath an equal
)

func (l level) sounds() bool { return l == atFull || l == atDucked }

// part is one session of an announcement. Parts of one announcement share its
// rank and never a loudspeaker.
type part struct {
	of      *programme
	id      SessionID
	state   SessionState // empty until its first ruling
	targets []int        // in the order of their ids
	now     []level      // of each target, as ruled
	then    []level      // as being decided
	audible bool         // sounds somewhere, as ruled
	changed bool         // targets went that had been ruled about
	grouped bool         // has been placed group by group
	unheard bool         // an emergency that was covered from its first moment
	started time.Time
	since   time.Time     // of this stretch of playing
	sounded time.Duration // in the stretches before
	until   time.Time     // how long it waits
}

// add puts a further part on the books.
func (a *Arbiter) add(g *programme, targets []int) *part {
	p := &part{
		of: g, id: g.req.ID.WithPart(g.numbers), targets: targets,
		now: make([]level, len(targets)), then: make([]level, len(targets)),
	}
	g.numbers++
	g.parts = append(g.parts, p)
	at, _ := slices.BinarySearchFunc(a.parts, p, byRank)
	a.parts = slices.Insert(a.parts, at, p)
	return p
}

// byRank orders parts as loudspeakers prefer them, best first. Arrival decides
// only among ranks that ran out of numbers.
func byRank(p, q *part) int {
	if c := cmp.Compare(q.of.rank, p.of.rank); c != 0 {
		return c
	}
	arrival := cmp.Compare(p.of.arrival, q.of.arrival)
	if p.of.req.Priority.LatestWins() {
		arrival = -arrival
	}
	return cmp.Or(arrival, cmp.Compare(p.id, q.id))
}

// finish takes a part off the books. One that never played is refused
// whatever the kind asked for.
func (a *Arbiter) finish(p *part, kind RulingKind, outcome string) Ruling {
	for _, s := range p.targets {
		if a.full[s] == p {
			a.full[s] = nil
		}
		if a.ducked[s] == p {
			a.ducked[s] = nil
		}
	}
	if p.started.IsZero() {
		kind = RuleRefuse
	}
	p.state = StateEnded
	a.parts = slices.DeleteFunc(a.parts, func(q *part) bool { return q == p })
	g := p.of
	g.parts = slices.DeleteFunc(g.parts, func(q *part) bool { return q == p })
	if len(g.parts) == 0 {
		delete(a.programmes, g.req.ID)
	}
	return Ruling{Kind: kind, Session: p.id, Rank: g.rank, Outcome: outcome}
}

// drop removes the targets for which gone(position) holds.
func (p *part) drop(gone func(i int) bool) {
	n := 0
	for i := range p.targets {
		if gone(i) {
			p.changed = true
			continue
		}
		p.targets[n], p.now[n], p.then[n] = p.targets[i], p.now[i], p.then[i]
		n++
	}
	p.targets, p.now, p.then = p.targets[:n], p.now[:n], p.then[:n]
}

// contends says whether the part takes any loudspeaker that its rank gives it;
// otherwise it begins only where a whole zone, or all of it, is free.
func (p *part) contends() bool {
	return p.state == StatePlaying || p.of.req.Routing == RoutingPartial ||
		p.of.req.Routing == RoutingStacked && p.state == StatePaused && p.of.req.Preempted != ResumeRestart
}

// byGroups says whether the part begins group by group, leaving the rest to a
// further part. The last part that there can be begins as a whole.
func (p *part) byGroups() bool {
	return p.of.req.Routing == RoutingStacked && !p.contends() && p.of.numbers < maxParts
}

// waiting returns the part that has never played; nil: none.
func (g *programme) waiting() *part {
	for _, p := range g.parts {
		if p.started.IsZero() {
			return p
		}
	}
	return nil
}

// deadline is when Tick ends the part if nothing else happens.
func (p *part) deadline() time.Time {
	if p.state == StatePlaying {
		return p.since.Add(p.of.req.MaxLength - p.sounded)
	}
	return p.until
}

// patience is how long the part waits to return after a preemption.
func (g *programme) patience() time.Duration {
	if g.req.Priority.LatestWins() {
		return max(g.req.MaxWait, g.req.MaxLength, EmergencyResumeWait)
	}
	return max(g.req.MaxWait, ResumeWait)
}
