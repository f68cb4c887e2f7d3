package wire

// phaseSlot is how far apart the phases lie that Spread hands out: the work of
// a few programmes.
const phaseSlot = int64(250_000) // ns

// phases counts the spread ticks of one period by their place in it.
type phases struct {
	period int64
	load   []int
}

func newPhases(period int64) *phases {
	return &phases{period: period, load: make([]int, max(1, period/phaseSlot))}
}

func (f *phases) slot(due int64) int {
	return min(int(due%f.period/phaseSlot), len(f.load)-1)
}

// take returns the next beginning of the emptiest slot after now, the soonest
// of equals, and counts it as used.
func (f *phases) take(now int64) int64 {
	best := int64(-1)
	for i := range f.load {
		due := now - now%f.period + int64(i)*phaseSlot
		if due <= now {
			due += f.period
		}
		if best < 0 || f.load[i] < f.load[f.slot(best)] || f.load[i] == f.load[f.slot(best)] && due < best {
			best = due
		}
	}
	f.load[f.slot(best)]++
	return best
}

// leave gives the slot of due back.
func (f *phases) leave(due int64) { f.load[f.slot(due)]-- }
