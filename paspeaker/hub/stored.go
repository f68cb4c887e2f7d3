package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"pa/paspeaker"
)

const (
	lookEvery = 2 * time.Second
	// As much must fit on the disk before JetStream is started anew.
	elbowRoom = 1 << 20
)

// Stored says whether JetStream takes writes: nil, or why not (a full disk).
// Run brings it back when it can. It looks at nothing itself, and so never
// waits for the disk.
func (h *Hub) Stored() error {
	why := h.trouble.Load()
	if why == nil {
		return nil
	}
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("NATS has stopped writing to %s: %s", h.dir, *why),
		Hint: "make room on the disk; it goes on by itself"}
}

// look asks the server whether it can write.
func (h *Hub) look() {
	var why string
	if !h.server.JetStreamEnabled() {
		why = "JetStream is switched off"
	} else if s := h.server.Healthz(&server.HealthzOptions{}); s.Status != "ok" {
		why = s.Error
	}
	if why == "" {
		h.trouble.Store(nil)
	} else {
		h.trouble.Store(&why)
	}
}

// tend looks, and starts JetStream again where the server has given it or one
// of its streams up: after a write that failed it would not write any more,
// room or not.
func (h *Hub) tend() {
	h.look()
	if h.Stored() == nil || !h.room() {
		return
	}
	if err := h.server.ShutdownJetStream(); err != nil {
		h.log.Warn("NATS cannot be stopped from writing", "dir", h.dir, "err", err)
		return
	}
	err := h.server.EnableJetStream(&server.JetStreamConfig{
		StoreDir: h.dir, MaxMemory: maxMemory, MaxStore: maxStore, SyncAlways: true,
	})
	if err != nil {
		h.log.Warn("NATS cannot write yet", "dir", h.dir, "err", err)
	} else {
		h.log.Info("NATS writes again", "dir", h.dir)
	}
	h.look()
}

// room says whether something can be written to the disk.
func (h *Hub) room() bool {
	name := filepath.Join(h.dir, "room")
	defer os.Remove(name)
	f, err := os.Create(name)
	if err != nil {
		return false
	}
	_, err = f.Write(make([]byte, elbowRoom))
	return f.Close() == nil && err == nil
}
