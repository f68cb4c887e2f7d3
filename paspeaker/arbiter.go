package paspeaker

import (
	"slices"
	"time"
)

// The bounds that hold when a Request names none, or too small ones.
const (
	// FallbackLength is the maximum length of a Request that names none: every
	// call is finite.
	FallbackLength = 10 * time.Minute
	// ResumeWait is how long at least a preempted announcement, or the part of
	// it that is to be played again, stays ready to return; its MaxWait, if
	// longer.
	ResumeWait = 10 * time.Minute
	// EmergencyResumeWait is the same for emergencies, which stay in force
	// beneath a longer speech; their MaxLength, if longer.
	EmergencyResumeWait = time.Hour
)

// ArbiterConfig is what the Arbiter must know of the site.
type ArbiterConfig struct {
	// NoMixer says which loudspeakers are third-party: they carry one stream
	// at a time and are never ducked. Nil: none is.
	NoMixer func(SpeakerID) bool
}

// Arbiter decides who sounds where. It is a pure state machine: no goroutine,
// no clock, no lock; one owner calls it.
//
// Every method that decides takes the time and returns rulings in the order
// in which they are to be carried out: first what the call itself ended, then
// by falling rank. So the Play of an emergency precedes the Pause of what it
// interrupts and waits for nobody; where a loudspeaker has no mixer, the
// caller changes its one stream over by the rulings' Full.
//
// A part that was asked for ends in exactly one Stop, End or Refuse: Stop or
// End once it has had a Play, Refuse if it never had one.
type Arbiter struct {
	cfg        ArbiterConfig
	programmes map[SessionID]*programme
	parts      []*part // all of them, highest rank first
	arrivals   uint64
	counts     [256]uint32 // requests so far, by priority

	// Loudspeakers are numbered as they are first named.
	index    map[SpeakerID]int
	names    []SpeakerID
	mixes    []bool
	full     []*part // as ruled
	ducked   []*part
	nextFull []*part // as being decided
	nextDuck []*part
	slot     []int // scratch of place
}

// NewArbiter returns an Arbiter with nothing on air.
func NewArbiter(cfg ArbiterConfig) *Arbiter {
	if cfg.NoMixer == nil {
		cfg.NoMixer = func(SpeakerID) bool { return false }
	}
	return &Arbiter{cfg: cfg, programmes: map[SessionID]*programme{}, index: map[SpeakerID]int{}}
}

// Request asks for an announcement to be put on air. The first ruling about
// r.ID is its Play, Wait or Refuse; an emergency's (from PriorityEmergency up)
// is always a Play, followed by a Pause where higher emergencies cover it
// everywhere. An id that is still on the books changes nothing and returns
// nil. A MaxLength that is missing is FallbackLength; a Routing that is missing
// is RoutingWhole for a voice and RoutingPartial for the rest. A voice never
// waits: unless it is partial, one loudspeaker that it may not have refuses it.
func (a *Arbiter) Request(now time.Time, r Request) []Ruling {
	r = tidy(r)
	if a.programmes[r.ID] != nil {
		return nil
	}
	if r.ID == 0 || len(r.Speakers) == 0 {
		return []Ruling{{Kind: RuleRefuse, Session: r.ID, Outcome: OutcomeBusy, Reason: "no loudspeaker was asked for"}}
	}
	a.arrivals++
	g := &programme{
		req:     r,
		rank:    MakeRank(r.Priority, a.counts[r.Priority]),
		arrival: a.arrivals,
		asked:   now,
	}
	if a.counts[r.Priority] < maxRankCount {
		a.counts[r.Priority]++
	}
	targets := make([]int, len(r.Speakers))
	for i, s := range r.Speakers {
		targets[i] = a.number(s)
	}
	if r.Routing == RoutingStacked {
		g.groups = a.groups(r)
	}
	a.programmes[r.ID] = g
	a.add(g, targets)
	return a.settle(now, nil)
}

// tidy brings a request into the form that the rest relies on.
func tidy(r Request) Request {
	r.ID = r.ID.Announcement()
	r.Speakers = slices.Clone(r.Speakers)
	slices.Sort(r.Speakers)
	r.Speakers = slices.Compact(r.Speakers)
	if r.MaxLength <= 0 {
		r.MaxLength = FallbackLength
	}
	switch {
	case r.Priority.LatestWins(), r.Routing == RoutingPartial:
		r.Routing = RoutingPartial
	case r.Live: // all of it now, or not at all
		r.Routing = RoutingWhole
	case r.Routing != RoutingWhole && r.Routing != RoutingStacked:
		r.Routing = RoutingPartial
	}
	if r.Preempted != ResumeDrop && (r.Live || r.Preempted != ResumeRestart) {
		r.Preempted = ResumeHere
	}
	return r
}

// Release ends one part, whatever its state: its source ended, was stopped or
// was lost. The other parts of the announcement, and what of it waits, go on.
// An unknown id returns nil.
func (a *Arbiter) Release(now time.Time, id SessionID, outcome string) []Ruling {
	g := a.programmes[id.Announcement()]
	if g == nil {
		return nil
	}
	i := slices.IndexFunc(g.parts, func(p *part) bool { return p.id == id })
	if i < 0 {
		return nil
	}
	return a.settle(now, []Ruling{a.finish(g.parts[i], RuleEnd, outcome)})
}

// Cancel ends an announcement with all its parts and whatever of it waits; id
// is that of any of its parts. An unknown id returns nil.
func (a *Arbiter) Cancel(now time.Time, id SessionID, outcome string) []Ruling {
	return a.cancel(now, outcome, func(p *part) bool { return p.id.Announcement() == id.Announcement() })
}

// CancelAll cancels every announcement but those that keep names by the id of
// part 0; a nil keep keeps none.
func (a *Arbiter) CancelAll(now time.Time, outcome string, keep func(SessionID) bool) []Ruling {
	return a.cancel(now, outcome, func(p *part) bool { return keep == nil || !keep(p.id.Announcement()) })
}

func (a *Arbiter) cancel(now time.Time, outcome string, doomed func(*part) bool) []Ruling {
	var out []Ruling
	for _, p := range slices.Clone(a.parts) {
		if doomed(p) {
			out = append(out, a.finish(p, RuleEnd, outcome))
		}
	}
	if out == nil {
		return nil
	}
	return a.settle(now, out)
}

// Tick ends what has waited, been paused or sounded for as long as it may. It
// does nothing before Next.
func (a *Arbiter) Tick(now time.Time) []Ruling {
	var out []Ruling
	for _, p := range slices.Clone(a.parts) {
		if now.Before(p.deadline()) {
			continue
		}
		var r Ruling
		switch p.state {
		case StatePlaying:
			r = a.finish(p, RuleStop, OutcomeExpired)
			r.Reason = "reached its maximum length of " + p.of.req.MaxLength.String()
		case StatePaused:
			r = a.finish(p, RuleStop, OutcomePreempted)
			r.Reason = "its loudspeakers stayed taken for too long after it was interrupted"
		default:
			r = a.finish(p, RuleRefuse, OutcomeWaited)
			r.Reason = "its loudspeakers did not become free in time"
		}
		out = append(out, r)
	}
	if out == nil {
		return nil
	}
	return a.settle(now, out)
}

// Next returns when Tick is needed next; zero: never, as things stand. Every
// call that returns rulings may change it.
func (a *Arbiter) Next() time.Time {
	var next time.Time
	for _, p := range a.parts {
		if d := p.deadline(); next.IsZero() || d.Before(next) {
			next = d
		}
	}
	return next
}

// Retire takes loudspeakers that a reload removed out of every announcement,
// and asks NoMixer anew about those that stay. A part without a loudspeaker
// left ends with OutcomeGone.
func (a *Arbiter) Retire(now time.Time, known func(SpeakerID) bool) []Ruling {
	gone := make([]bool, len(a.names))
	for i, s := range a.names {
		gone[i] = !known(s)
		a.mixes[i] = !a.cfg.NoMixer(s)
	}
	var out []Ruling
	for _, p := range slices.Clone(a.parts) {
		p.drop(func(i int) bool { return gone[p.targets[i]] })
		if len(p.targets) == 0 {
			r := a.finish(p, RuleStop, OutcomeGone)
			r.Reason = "the site has its loudspeakers no more"
			out = append(out, r)
		}
	}
	for i, g := range gone {
		if g {
			a.full[i], a.ducked[i] = nil, nil
		}
	}
	return a.settle(now, out)
}

// number returns a loudspeaker's number, a new one at its first mention.
func (a *Arbiter) number(s SpeakerID) int {
	n, ok := a.index[s]
	if !ok {
		n = len(a.names)
		a.index[s] = n
		a.names = append(a.names, s)
		a.mixes = append(a.mixes, !a.cfg.NoMixer(s))
		a.full = append(a.full, nil)
		a.ducked = append(a.ducked, nil)
		a.nextFull = append(a.nextFull, nil)
		a.nextDuck = append(a.nextDuck, nil)
		a.slot = append(a.slot, 0)
	}
	return n
}

// groups numbers the groups of a stacked request; what stands in none of them
// is a group of its own.
func (a *Arbiter) groups(r Request) [][]int {
	var out [][]int
	grouped := map[SpeakerID]bool{}
	for _, g := range r.Groups {
		var nums []int
		for _, s := range g {
			if _, asked := slices.BinarySearch(r.Speakers, s); asked {
				nums = append(nums, a.number(s))
				grouped[s] = true
			}
		}
		if len(nums) > 0 {
			out = append(out, nums)
		}
	}
	for _, s := range r.Speakers {
		if !grouped[s] {
			out = append(out, []int{a.number(s)})
		}
	}
	return out
}
