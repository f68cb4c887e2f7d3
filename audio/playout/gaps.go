package playout

// Why says for what reason a stretch of a stream did not sound.
type Why uint8

// The reasons.
const (
	Missing Why = iota // its packets were not there when they were due
	Masked             // something higher sounded, or all was muted
)

// MaxGaps bounds how many gaps of a stream are told apart.
const MaxGaps = 16

// joinGaps is the sound between two gaps of one kind that makes them one, ns:
// random loss is one long gap with holes in it, not hundreds.
const joinGaps = 250_000_000

// Gap is a stretch of a stream that did not sound, or not all of it.
type Gap struct {
	From, To int64 // media ns
	Lost     int64 // ns of sound between them that did not sound
	Why      Why
}

// Gaps are the gaps of one stream in the order in which they were found. The
// zero value is ready; it has a fixed size, and nothing here allocates but List.
type Gaps struct {
	n    int
	gaps [MaxGaps]Gap
}

// Add notes that the sound from one instant to another was not heard. Sound that
// the newest gap has already is not counted again.
func (g *Gaps) Add(from, to int64, why Why) {
	if to <= from {
		return
	}
	if g.n > 0 {
		last := &g.gaps[g.n-1]
		if last.Why == why && from >= last.From && from-last.To <= joinGaps {
			if to > last.To {
				last.Lost += to - max(from, last.To)
				last.To = to
			}
			return
		}
	}
	if g.n == MaxGaps {
		g.squeeze()
	}
	g.gaps[g.n] = Gap{from, to, to - from, why}
	g.n++
}

// squeeze makes room for one: the two neighbours nearest to each other become
// one, with the reason of the larger loss.
func (g *Gaps) squeeze() {
	at := 1
	for i := 2; i < g.n; i++ {
		if g.gaps[i].From-g.gaps[i-1].To < g.gaps[at].From-g.gaps[at-1].To {
			at = i
		}
	}
	a, b := &g.gaps[at-1], g.gaps[at]
	if b.Lost > a.Lost {
		a.Why = b.Why
	}
	a.From, a.To, a.Lost = min(a.From, b.From), max(a.To, b.To), a.Lost+b.Lost
	copy(g.gaps[at:g.n-1], g.gaps[at+1:g.n])
	g.n--
}

// Join adds the gaps of a stream's later life.
func (g *Gaps) Join(o Gaps) {
	for _, gap := range o.gaps[:o.n] {
		if g.n == MaxGaps {
			g.squeeze()
		}
		g.gaps[g.n] = gap
		g.n++
	}
}

// List returns the gaps.
func (g Gaps) List() []Gap { return append([]Gap(nil), g.gaps[:g.n]...) }
