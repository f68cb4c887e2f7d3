package paspeaker

import (
	"cmp"
	"slices"
	"time"
)

// rule appends the ruling that takes a part from how it stood to how it has
// been placed.
func (a *Arbiter) rule(now time.Time, p *part, out []Ruling) []Ruling {
	sounds := slices.ContainsFunc(p.then, level.sounds)
	switch {
	case p.state == StatePlaying && sounds, p.state == StatePlaying && !p.audible:
		return a.keep(now, p, out)
	case p.state == StatePlaying:
		return a.interrupt(now, p, out)
	case sounds:
		return a.begin(now, p, out)
	case p.state != "":
		p.changed = false // it goes on waiting
		return out
	default:
		return a.admit(now, p, out)
	}
}

// begin plays a part that waited, was paused or is new. A stacked one begins
// where groups are free and leaves the rest to a further part.
func (a *Arbiter) begin(now time.Time, p *part, out []Ruling) []Ruling {
	if p.grouped {
		until := p.until
		if p.state == "" {
			until = now.Add(p.of.req.MaxWait)
		}
		a.lose(p, until, func(i int) bool { return !p.then[i].sounds() })
	}
	again := p.state == StatePaused && (p.unheard || p.of.req.Preempted == ResumeRestart)
	p.unheard = false
	p.play(now)
	return append(out, a.commit(p, Ruling{Kind: RulePlay, Restart: again}))
}

func (p *part) play(now time.Time) {
	if p.started.IsZero() {
		p.started = now
	}
	p.state, p.since, p.until = StatePlaying, now, time.Time{}
}

// keep rules about a part that plays on.
func (a *Arbiter) keep(now time.Time, p *part, out []Ruling) []Ruling {
	if slices.Equal(p.now, p.then) && !p.changed {
		return out
	}
	by := a.taker(p)
	lost := func(i int) bool { return p.now[i].sounds() && !p.then[i].sounds() }
	switch {
	case p.of.req.Preempted == ResumeDrop:
		p.drop(lost)
	case p.of.req.Preempted == ResumeRestart && !p.of.req.Priority.LatestWins():
		// Not so an emergency: two copies of it, offset in time, in one place
		// are worse than the middle of one.
		a.lose(p, now.Add(p.of.patience()), lost)
	}
	return append(out, a.commit(p, Ruling{Kind: RuleChange, By: by.session(), Reason: a.words(by, now)}))
}

// interrupt rules about a part that sounds nowhere any more.
func (a *Arbiter) interrupt(now time.Time, p *part, out []Ruling) []Ruling {
	by := a.taker(p)
	if p.of.req.Live || p.of.req.Preempted == ResumeDrop {
		outcome := OutcomePreempted
		if by.q == nil { // nothing took them: they were retired
			outcome = OutcomeGone
		}
		r := a.finish(p, RuleStop, outcome)
		r.By, r.Reason = by.session(), a.words(by, now)
		return append(out, r)
	}
	return append(out, a.pause(now, p, by))
}

func (a *Arbiter) pause(now time.Time, p *part, by grip) Ruling {
	p.sounded += max(0, now.Sub(p.since))
	p.state, p.audible, p.changed = StatePaused, false, false
	p.until = now.Add(p.of.patience())
	copy(p.now, p.then)
	return Ruling{Kind: RulePause, Session: p.id, Rank: p.of.rank, By: by.session(), Reason: a.words(by, now)}
}

// admit rules about a new part that found no loudspeaker.
func (a *Arbiter) admit(now time.Time, p *part, out []Ruling) []Ruling {
	req := &p.of.req
	by := a.blocker(p)
	switch {
	case req.Priority.LatestWins():
		// It is on air from now, though a higher emergency covers it: should
		// that one's end be lost, the mixers know of this one. A voice flows
		// on; what can be repeated is kept for when somebody can hear it.
		p.play(now)
		out = append(out, a.commit(p, Ruling{Kind: RulePlay, By: by.session(), Reason: a.words(by, now)}))
		if !req.Live {
			p.unheard = true
			out = append(out, a.pause(now, p, by))
		}
	case req.Live || req.MaxWait <= 0:
		out = append(out, a.refuse(now, p, by))
	default:
		p.state, p.until = StateWaiting, now.Add(req.MaxWait)
		out = append(out, a.wait(now, p, by))
	}
	return out
}

func (a *Arbiter) refuse(now time.Time, p *part, by grip) Ruling {
	r := a.finish(p, RuleRefuse, OutcomeBusy)
	r.By, r.Reason, r.Targets = by.session(), a.words(by, now), a.list(p, nil)
	return r
}

func (a *Arbiter) wait(now time.Time, p *part, by grip) Ruling {
	return Ruling{
		Kind: RuleWait, Session: p.id, Rank: p.of.rank, Targets: a.list(p, nil),
		By: by.session(), Reason: a.words(by, now),
	}
}

// commit makes what was decided what is ruled, and fills in the ruling.
func (a *Arbiter) commit(p *part, r Ruling) Ruling {
	p.now, p.then = p.then, p.now
	p.changed = false
	p.audible = slices.ContainsFunc(p.now, level.sounds)
	r.Session, r.Rank = p.id, p.of.rank
	r.Full = a.list(p, func(l level) bool { return l == atFull })
	r.Ducked = a.list(p, func(l level) bool { return l == atDucked })
	r.Targets = a.list(p, func(l level) bool { return l != barred })
	return r
}

// list names the targets whose level is wanted; nil wants all.
func (a *Arbiter) list(p *part, want func(level) bool) []SpeakerID {
	n := 0
	for _, l := range p.now {
		if want == nil || want(l) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	out := make([]SpeakerID, 0, n)
	for i, l := range p.now {
		if want == nil || want(l) {
			out = append(out, a.names[p.targets[i]])
		}
	}
	return out
}

// lose takes targets from a part and keeps them, until then, for a further
// part. Where no number is left for one, they are dropped.
func (a *Arbiter) lose(p *part, until time.Time, gone func(i int) bool) {
	g := p.of
	if w := g.waiting(); g.numbers < maxParts || w != nil && w != p {
		for i, s := range p.targets {
			if gone(i) {
				g.lost = append(g.lost, s)
			}
		}
		g.lostUntil = until
	}
	p.drop(gone)
}

// follow puts what a programme lost into the part of it that waits, or into a
// new one.
func (a *Arbiter) follow(now time.Time, g *programme, out []Ruling) []Ruling {
	lost := g.lost
	g.lost = nil
	p := g.waiting()
	if len(lost) == 0 || p == nil && g.numbers >= maxParts {
		return out
	}
	if p != nil {
		lost = append(lost, p.targets...)
	}
	slices.SortFunc(lost, func(s, t int) int { return cmp.Compare(a.names[s], a.names[t]) })
	if p == nil {
		p = a.add(g, lost)
	} else {
		p.targets, p.now, p.then = lost, make([]level, len(lost)), make([]level, len(lost))
	}
	if g.lostUntil.After(p.until) {
		p.until = g.lostUntil
	}
	if !p.until.After(now) {
		return append(out, a.refuse(now, p, a.blocker(p)))
	}
	p.state = StateWaiting
	return append(out, a.wait(now, p, a.blocker(p)))
}
