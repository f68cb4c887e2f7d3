package node

import (
	"sync/atomic"

	"pa/audio/playout"
	"pa/audio/wire"
)

// mediaTime is the node's idea of the controller's clock. The client behind it
// is replaced when the controller moves.
type mediaTime struct {
	client atomic.Pointer[wire.ClockClient]
}

// Read implements playout.Clock.
func (t *mediaTime) Read(local int64) playout.Reading {
	if c := t.client.Load(); c != nil {
		return playout.Reading(c.Read(local))
	}
	return playout.Reading{Media: local}
}

// ask asks for the time at once.
func (t *mediaTime) ask() {
	if c := t.client.Load(); c != nil {
		c.Burst()
	}
}

// state describes the clock now.
func (t *mediaTime) state() wire.ClockState {
	if c := t.client.Load(); c != nil {
		return c.State()
	}
	return wire.ClockState{State: "free-run"}
}
