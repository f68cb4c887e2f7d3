package main

import (
	"fmt"
	"time"
)

// What the skew bench is about: loudspeakers whose computers and sound cards
// are as wrong as crystals get, and who must sound as one from the first
// second on, whatever happens to network, controller and clocks.

const choirSize = 8

// act is a programme and what is done to the choir meanwhile.
type act struct {
	name   string
	length time.Duration
	at     time.Duration // of what is done, from its beginning
	do     string        // "", "cut" or "kill"
	cut    time.Duration // how long cables are out
}

// skewActs are the ten minutes, or the short form.
func skewActs(quick bool) []act {
	if quick {
		return []act{
			{name: "cut", length: 4 * time.Second, at: time.Second, do: "cut", cut: 1500 * time.Millisecond},
			{name: "kill", length: 2 * time.Second, at: time.Second, do: "kill"},
			{name: "after", length: 2 * time.Second},
		}
	}
	acts := []act{
		{name: "steady", length: 120 * time.Second},
		{name: "cut", length: 150 * time.Second, at: 20 * time.Second, do: "cut", cut: 60 * time.Second},
		{name: "kill", length: 60 * time.Second, at: 30 * time.Second, do: "kill"},
		{name: "after", length: 150 * time.Second},
	}
	for range 9 { // first seconds
		acts = append(acts, act{name: "short", length: 10 * time.Second})
	}
	return acts
}

// skew measures how far loudspeakers are apart, in a LAN of its own.
func skew(r *rig) ([]figure, error) {
	if !withinLAN() {
		return inLAN(r, "skew")
	}
	c, err := startChoir(r)
	if err != nil {
		return nil, err
	}
	defer c.close()
	for i, a := range skewActs(r.quick) {
		if err := c.perform(uint64(i), a); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
	}
	resyncs, err := c.resyncs()
	if err != nil {
		return nil, err
	}
	c.hush()
	tally, err := c.listen()
	if err != nil {
		return nil, err
	}
	return append(tally.figures(), figure{Name: "skew_resyncs", Value: float64(resyncs), N: choirSize}), nil
}
