package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"pa/paspeaker"
)

// How simulated loudspeakers come and go.
const (
	restartTakes  = time.Second            // from a restart's stop to its start
	restartsApart = 100 * time.Millisecond // at least
	rollEvery     = 2 * time.Second
	rollShare     = 20 // of all at once: one in so many
	flapEvery     = 15 * time.Second
	flapDown      = 5 * time.Second
	// A node that was just started hears at once and is in time with the
	// controller soon; what it missed until then is no mystery.
	restartSettles = 2 * time.Second
)

// lives says which simulated loudspeakers are down when. It is pure: who calls
// it tells the time and does what it says.
type lives struct {
	next     []change                           // what is planned, in no order
	down     map[paspeaker.SpeakerID]time.Time  // since when
	outages  map[paspeaker.SpeakerID][]interval // that are over
	restart  []paspeaker.SpeakerID              // one after another
	every    time.Duration
	at       int                   // of restart
	due      time.Time             // the next restart; zero: none
	rolling  []paspeaker.SpeakerID // still to be restarted
	size     int                   // of a group
	rollAt   time.Time
	rollEnds time.Time // when the last group is up again
}

// change is a loudspeaker that goes or comes at a time.
type change struct {
	at    time.Time
	id    paspeaker.SpeakerID
	up    bool
	again bool // it flaps
}

type interval struct{ from, to time.Time }

// newLives plans a simulation's outages from now on. The dead and the flapping
// are drawn by lot; the others restart, if that is asked for.
func newLives(o simulation, ids []paspeaker.SpeakerID, now time.Time) *lives {
	dice := rand.New(rand.NewPCG(o.seed, 5))
	ids = slices.Clone(ids)
	dice.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	l := &lives{down: make(map[paspeaker.SpeakerID]time.Time), outages: make(map[paspeaker.SpeakerID][]interval), every: o.restartEvery}
	dead := min(o.dead, len(ids))
	flapping := min(o.flapping, len(ids)-dead)
	for _, id := range ids[:dead] {
		l.next = append(l.next, change{at: now, id: id})
	}
	for _, id := range ids[dead : dead+flapping] {
		l.next = append(l.next, change{at: now.Add(time.Duration(dice.Int64N(int64(flapEvery)))), id: id, again: true})
	}
	rest := ids[dead+flapping:]
	if o.restartEvery > 0 && len(rest) > 0 {
		l.restart, l.due = rest, now.Add(o.restartEvery)
	}
	if o.rolling {
		l.rolling, l.size, l.rollAt = rest, max(1, (len(rest)+rollShare-1)/rollShare), now.Add(rollEvery)
	}
	return l
}

// tend returns who is to stop and who to start now.
func (l *lives) tend(now time.Time) (stop, start []paspeaker.SpeakerID) {
	if l.restart != nil && !now.Before(l.due) {
		l.due = l.due.Add(l.every)
		l.reboot(now, l.restart[l.at:l.at+1])
		l.at = (l.at + 1) % len(l.restart)
	}
	if len(l.rolling) > 0 && !now.Before(l.rollAt) {
		l.rollAt = l.rollAt.Add(rollEvery)
		n := min(l.size, len(l.rolling))
		l.reboot(now, l.rolling[:n])
		l.rolling, l.rollEnds = l.rolling[n:], now.Add(restartTakes+tendEvery)
	}
	var later []change
	for _, c := range l.next {
		switch {
		case now.Before(c.at):
			later = append(later, c)
		case c.up && l.down[c.id].IsZero(): // it was restarted twice at once
		case c.up:
			start = append(start, c.id)
			l.outages[c.id] = append(l.outages[c.id], interval{l.down[c.id], now.Add(restartSettles)})
			delete(l.down, c.id)
			if c.again {
				later = append(later, change{at: now.Add(flapEvery - flapDown), id: c.id, again: true})
			}
		default:
			if _, already := l.down[c.id]; already {
				break
			}
			stop = append(stop, c.id)
			l.down[c.id] = now
			if c.again {
				later = append(later, change{at: now.Add(flapDown), id: c.id, up: true, again: true})
			}
		}
	}
	l.next = later
	return stop, start
}

// reboot plans a stop now and a start soon.
func (l *lives) reboot(now time.Time, ids []paspeaker.SpeakerID) {
	for _, id := range ids {
		if _, already := l.down[id]; !already {
			l.next = append(l.next, change{at: now, id: id}, change{at: now.Add(restartTakes), id: id, up: true})
		}
	}
}

// rolled says that a rolling restart, if there is one, is over.
func (l *lives) rolled(now time.Time) bool { return len(l.rolling) == 0 && !now.Before(l.rollEnds) }

// wasDown says whether a loudspeaker was down for any of a time.
func (l *lives) wasDown(id paspeaker.SpeakerID, from, to time.Time) bool {
	if since, down := l.down[id]; down && since.Before(to) {
		return true
	}
	return slices.ContainsFunc(l.outages[id], func(i interval) bool { return i.from.Before(to) && from.Before(i.to) })
}
