package wire

import (
	"cmp"
	"slices"
)

// task is a tick in the agenda.
type task struct {
	due    int64 // local ns of the next call
	period int64 // ns
	k      int64 // number of the next call
	tick   func(k int64, due int64) bool
	phases *phases // of a spread tick, else nil
}

// agenda holds tasks, the one due first in front; equals in the order in which
// they came. A sorted slice: for the hundreds of streams of a site, moving
// some pointers is cheaper than a heap.
type agenda []*task

func (a *agenda) add(t *task) {
	i, _ := slices.BinarySearchFunc(*a, t, func(o, t *task) int {
		if o.due == t.due {
			return -1
		}
		return cmp.Compare(o.due, t.due)
	})
	*a = slices.Insert(*a, i, t)
}

func (a *agenda) remove(t *task) {
	if i := slices.Index(*a, t); i >= 0 {
		*a = slices.Delete(*a, i, i+1)
	}
}
