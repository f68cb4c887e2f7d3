package paspeaker

import (
	"fmt"
	"time"
)

// grip is a part that holds a loudspeaker, the reason why another cannot have
// it.
type grip struct {
	speaker int
	q       *part // nil: nothing holds it
}

// session returns the id of what holds; 0: nothing.
func (g grip) session() SessionID {
	if g.q == nil {
		return 0
	}
	return g.q.id
}

// taker returns what took the first of the loudspeakers where p sounded until
// this decision, or sounded louder.
func (a *Arbiter) taker(p *part) grip {
	for i, s := range p.targets {
		worse := p.now[i] == atFull && p.then[i] != atFull || p.now[i] == atDucked && !p.then[i].sounds()
		if worse {
			return grip{s, a.nextFull[s]}
		}
	}
	return grip{}
}

// blocker returns what keeps p out of the first loudspeaker that it cannot
// have.
func (a *Arbiter) blocker(p *part) grip {
	for _, s := range p.targets {
		if q := a.holder(p, s); q != nil {
			return grip{s, q}
		}
	}
	return grip{}
}

// words says who holds what since when, in the time zone of now: "gate-1: Anh
// Minh is speaking since 10:04".
func (a *Arbiter) words(g grip, now time.Time) string {
	if g.q == nil {
		return ""
	}
	who, does := g.q.of.req.Name, "is playing"
	if g.q.of.req.Live {
		does = "is speaking"
		if g.q.of.req.By != "" {
			who = g.q.of.req.By
		}
	}
	if who == "" {
		who = "session " + g.q.id.String()
	}
	since := g.q.started
	if since.IsZero() {
		since = now // it begins by the same decision
	}
	return fmt.Sprintf("%s: %s %s since %s", a.names[g.speaker], who, does, since.In(now.Location()).Format("15:04"))
}
