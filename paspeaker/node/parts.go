package node

import (
	"context"
	"net/netip"
	"time"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
)

// Parts are given to nodes that live in one process by the thousand, in the
// place of what each would have for itself. The zero value is a node alone.
type Parts struct {
	Ears    func(wire.ReceiverConfig) Ears // nil: a receiver of its own
	Mixer   func(playout.Config) Mixer     // nil: playout.New
	Witness *wire.Witness                  // nil: it checks every signature itself
	Said    func(Word)                     // is told what goes out to the controller; nil: nobody is
}

// Word is something that a node says to the controller.
type Word uint8

// The words.
const (
	WordReport  Word = iota // it is well, or not
	WordReceipt             // this is what it played
)

// Ears joins groups and brings what comes over them. wire.Receiver does.
type Ears interface {
	SetGroups(groups []netip.AddrPort) error
	Joined() map[string]bool
	Run(ctx context.Context, take func(wire.Datagram)) error
}

// Mixer makes of packets what the output plays. playout.Mixer does.
type Mixer interface {
	Push(p playout.Packet) playout.PushResult
	Stop(session uint64, fade time.Duration)
	StopAll(before int64)
	SetGain(db float64)
	SetDelay(d time.Duration)
	SetMute(below uint64)
	Read(out []float32, b audio.Beat)
	Snapshot() playout.Snapshot
	Finished() []playout.StreamStatus
}

// Store keeps what a node must not forget. state.Dir does.
type Store interface {
	Read(name string) ([]byte, error) // fs.ErrNotExist when there is none
	Write(name string, b []byte) error
	Path(name string) string
}

// ears returns the node's own receiver unless it was given ears.
func (p Parts) ears(cfg wire.ReceiverConfig) Ears {
	if p.Ears != nil {
		return p.Ears(cfg)
	}
	return wire.NewReceiver(cfg)
}

// mixer returns a mixer of the kind that was asked for.
func (p Parts) mixer(cfg playout.Config) Mixer {
	if p.Mixer != nil {
		return p.Mixer(cfg)
	}
	return playout.New(cfg)
}

// say tells who counts that a word has gone out.
func (p Parts) say(w Word) {
	if p.Said != nil {
		p.Said(w)
	}
}
