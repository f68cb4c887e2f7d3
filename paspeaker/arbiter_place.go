package paspeaker

import "time"

// settle decides anew who sounds where, after out, and appends what follows
// from it. One pass from the highest rank down is exact: nothing that comes
// later in it can take a loudspeaker from what came before.
func (a *Arbiter) settle(now time.Time, out []Ruling) []Ruling {
	clear(a.nextFull)
	clear(a.nextDuck)
	for _, p := range a.parts {
		a.place(p)
	}
	order := append([]*part(nil), a.parts...)
	for _, p := range order {
		out = a.rule(now, p, out)
	}
	for _, p := range order {
		out = a.follow(now, p.of, out)
	}
	// What ended above had been given nothing, so the new tables are clean.
	a.full, a.nextFull = a.nextFull, a.full
	a.ducked, a.nextDuck = a.nextDuck, a.ducked
	return out
}

// place gives a part the loudspeakers that it may have, parts of higher rank
// having been placed.
func (a *Arbiter) place(p *part) {
	clear(p.then)
	p.grouped = p.byGroups()
	if p.contends() {
		a.contend(p)
		return
	}
	for i, s := range p.targets {
		a.slot[s] = i + 1
	}
	if p.grouped {
		for _, g := range p.of.groups {
			if a.free(p, g) {
				a.take(p, g)
			}
		}
	} else if a.free(p, p.targets) {
		a.take(p, p.targets)
	}
	for _, s := range p.targets {
		a.slot[s] = 0
	}
}

// contend is what the mixers do: the highest rank sounds, the highest
// duckable one beneath it.
func (a *Arbiter) contend(p *part) {
	duckable := p.of.req.Duckable()
	for i, s := range p.targets {
		top := a.nextFull[s]
		switch {
		case top == nil:
			a.nextFull[s] = p
			p.then[i] = atFull
		case !duckable:
		case top.of.req.Priority == p.of.req.Priority:
			p.then[i] = barred
		case a.mixes[s] && a.nextDuck[s] == nil && !top.of.req.Priority.LatestWins():
			a.nextDuck[s] = p
			p.then[i] = atDucked
		}
	}
}

// free says whether those of the loudspeakers that are among p's targets are
// held by nothing that p may not interrupt. An equal that sounds there keeps
// it, though it came later.
func (a *Arbiter) free(p *part, speakers []int) bool {
	for _, s := range speakers {
		if a.slot[s] > 0 && a.holder(p, s) != nil {
			return false
		}
	}
	return true
}

// holder returns what keeps p, which is being placed or has been, out of a
// loudspeaker.
func (a *Arbiter) holder(p *part, s int) *part {
	if q := a.nextFull[s]; q != nil && q != p && q.of.req.Priority >= p.of.req.Priority {
		return q
	}
	if q := a.full[s]; q != nil && q != p && q.of.req.Priority >= p.of.req.Priority {
		return q
	}
	return nil
}

// take gives p those of the loudspeakers that are among its targets.
func (a *Arbiter) take(p *part, speakers []int) {
	for _, s := range speakers {
		if i := a.slot[s]; i > 0 {
			a.nextFull[s] = p
			p.then[i-1] = atFull
		}
	}
}
