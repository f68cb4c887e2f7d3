package controller

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/supervise"
)

// healthy is a site on which all is well, as far as a real one is: reports come
// late or are lost, values wander beneath their limits, and nodes are restarted.
type healthy struct {
	now    time.Time
	rng    *rand.Rand
	ids    []paspeaker.SpeakerID
	nodes  *nodes
	faults *faults
	said   []string
	at     map[paspeaker.SpeakerID]int
	asked  []time.Time // of the clock, by each node
	report []*paspeaker.NodeReport
}

func newHealthy(n int) *healthy {
	h := &healthy{now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), rng: rand.New(rand.NewPCG(1, 2)), asked: make([]time.Time, n), at: make(map[paspeaker.SpeakerID]int)}
	for i := range n {
		id := paspeaker.SpeakerID(fmt.Sprint("speaker-", i))
		h.ids, h.at[id] = append(h.ids, id), i
		h.report = append(h.report, &paspeaker.NodeReport{ID: id, Version: "1", Instance: "a", Clock: paspeaker.ClockState{State: "locked"},
			Health: paspeaker.NodeHealth{Due: 6000, UsedPercent: 50, WallNS: 1, Celsius: 50}})
	}
	h.start(supervise.Memory{})
	return h
}

// start is that of a controller, which knows what the one before knew.
func (h *healthy) start(m supervise.Memory) {
	clock := func() time.Time { return h.now }
	h.nodes = newNodes(clock)
	h.faults = newFaults(clock, supervise.Config{Domains: func(string) []string { return []string{"site"} }, Size: func(string) int { return len(h.ids) }},
		func(c supervise.Change) {
			h.said = append(h.said, fmt.Sprint(h.now.Format("15:04:05 "), c.What, " ", c.Fault.What))
		})
	h.faults.restore(m)
	for _, id := range h.ids {
		h.nodes.seen[id] = &node{since: h.now}
	}
}

// second is one second of the site: each node asks for the time and reports,
// most of them in time.
func (h *healthy) second() {
	begin := h.now
	for i := range h.ids {
		dice := h.rng.Uint32()
		if dice%50 != 0 { // the others are lost
			h.asked[i] = begin
		}
		switch {
		case dice>>8%400 == 0: // it comes with the next one, or never
			continue
		case dice>>8%4000 == 1:
			h.wander(i)
		}
		if h.nodes.report(h.report[i]) {
			h.faults.see(supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(h.ids[i])})
		}
		h.faults.report(h.report[i], supervise.Own{Version: "1"})
	}
	for step := range 2 {
		h.now = begin.Add(time.Duration(step+1) * time.Second / 2)
		h.tick()
	}
}

// wander lets a node's values be others, none of them a fault.
func (h *healthy) wander(i int) {
	next := *h.report[i] // what was said stays as it was said
	r := &next
	h.report[i] = r
	r.Health.LossPercent = h.rng.Float64() * 1.9
	r.Health.Celsius = 40 + h.rng.Float64()*39
	r.Health.UsedPercent = 10 + h.rng.Float64()*88
	r.Health.WallNS = 1 + h.rng.Int64N(int64(4*time.Second))
	r.Health.Clipped = h.rng.Uint64N(4000)
	r.Clock.State = "locked"
	if h.rng.IntN(10) == 0 {
		r.Instance = fmt.Sprint(h.rng.Uint32()) // it was restarted
	}
}

func (h *healthy) tick() {
	change := h.nodes.tend(func(id paspeaker.SpeakerID) bool {
		return h.now.Sub(h.asked[h.at[id]]) <= silence
	}, true)
	for _, id := range change.fallen {
		h.faults.see(supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(id), Bad: true})
	}
	for _, id := range change.risen {
		h.faults.see(supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(id)})
	}
	for _, id := range change.mute {
		h.faults.see(supervise.Sight{Kind: paspeaker.FaultReports, Subject: string(id), Bad: true})
	}
	for _, id := range h.nodes.doubles() {
		h.faults.see(supervise.Sight{Kind: paspeaker.FaultDuplicate, Subject: string(id), Bad: true})
	}
	h.faults.tick()
}

// A day of a healthy site, and an hour of a large one, in which the controller
// is started anew: nobody is called.
func TestAHealthyDayHasNoFault(t *testing.T) {
	for speakers, length := range map[int]time.Duration{40: 24 * time.Hour, 1000: time.Hour} {
		h := newHealthy(speakers)
		for end, restart := h.now.Add(length), h.now.Add(length/2); h.now.Before(end); {
			h.second()
			if h.now.Equal(restart) {
				h.start(h.faults.recall())
			}
		}
		assert.Empty(t, h.said, "%d loudspeakers", speakers)
	}
}

// The same site does notice when somebody dies.
func TestOnAHealthySiteADeadNodeIsNoticed(t *testing.T) {
	h := newHealthy(40)
	for range 30 {
		h.second()
	}
	dead := h.ids[39]
	h.ids, h.asked = h.ids[:39], append(h.asked[:39], time.Time{})
	died := h.now
	for len(h.said) == 0 {
		h.second()
		require.Less(t, h.now.Sub(died), time.Minute)
	}
	assert.LessOrEqual(t, h.now.Sub(died), 5*time.Second)
	require.Len(t, h.faults.list(), 1)
	assert.Equal(t, "offline/"+string(dead), h.faults.list()[0].ID)
}
