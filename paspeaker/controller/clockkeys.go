package controller

import (
	"sync"

	"pa/audio/wire"
	"pa/paspeaker"
)

// clockKeys are the keys of the clock exchange. Each is derived once: a thousand
// nodes ask for the time every second.
type clockKeys struct {
	c *Controller

	mu      sync.Mutex
	derived map[paspeaker.SpeakerID]clockKey
}

type clockKey struct {
	name paspeaker.SpeakerID // that it is derived from: a new one when the hardware is replaced
	key  [32]byte
}

func (c *Controller) clockKeys() *clockKeys {
	return &clockKeys{c: c, derived: make(map[paspeaker.SpeakerID]clockKey)}
}

// of returns the key of a node, false when it is none of this site, or its keys
// are being changed.
func (k *clockKeys) of(node string) ([32]byte, bool) {
	id := paspeaker.SpeakerID(node)
	if _, known := k.c.site.Load().Speaker(id); !known {
		return [32]byte{}, false
	}
	name, open := k.c.roster.keyName(id)
	if !open {
		return [32]byte{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.derived[id]
	if !ok || kept.name != name {
		kept = clockKey{name, wire.DeriveClockKey(k.c.cfg.Identity.Secret, string(name))}
		k.derived[id] = kept
	}
	return kept.key, true
}
