package node

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
)

const (
	healthWindow = time.Minute
	diskEvery    = 10 * time.Second
	stalledAfter = 3 * time.Second // without a frame pulled
	atLevel      = -50             // dBFS: what is louder should be heard
	tooQuiet     = -70             // dBFS at the output, while something is at level
)

// health is what a node measures of itself from report to report. The
// reporting goroutine alone uses it.
type health struct {
	minute []sample
	board  board
	diskAt time.Time
	used   float64

	frames   int64     // of the sink, at the last look
	framesAt time.Time // they last moved
	silentAt time.Time // something should have been heard and was not, since; zero: all is well
	joinedAt map[string]int64
}

// sample is what was counted at one look.
type sample struct {
	at                      time.Time
	received, lost, clipped uint64
}

// examine is the health of now. It is called once for each report.
func (n *Node) examine(snap playout.Snapshot, sink audio.SinkState, clock wire.ClockState, groups []string) paspeaker.NodeHealth {
	now := time.Now()
	h := &n.health
	var out paspeaker.NodeHealth
	h.count(now, snap, &out)
	out.SilentFor, out.SilentWhy = h.listen(now, snap, sink)
	out.Deaf = h.deaf(n.cfg.Now(), groups, n.intake.lastHeard)
	if now.Sub(h.diskAt) >= diskEvery {
		h.diskAt = now
		h.used = usedPercent(n.cfg.State.Path(""))
		h.board.look()
	}
	out.UsedPercent = h.used
	out.Celsius, out.Throttled, out.UnderVoltage = h.board.celsius, h.board.throttled, h.board.underVoltage
	if clock.State == "locked" {
		wall := now.UnixNano()
		if n.cfg.Wall != nil {
			wall = n.cfg.Wall(wall)
		}
		out.WallNS = wall - n.time.Read(n.cfg.Now()).Media
	}
	return out
}

// count compares the mixer's counters with those of a minute ago.
func (h *health) count(now time.Time, snap playout.Snapshot, out *paspeaker.NodeHealth) {
	s := sample{now, snap.Totals.Received, snap.Totals.Lost, snap.Clipped}
	h.minute = append(h.minute, s)
	for now.Sub(h.minute[0].at) > healthWindow {
		h.minute = h.minute[1:]
	}
	first := h.minute[0]
	lost := s.lost - min(first.lost, s.lost)
	out.Due = s.received - min(first.received, s.received) + lost
	if out.Due > 0 {
		out.LossPercent = 100 * float64(lost) / float64(out.Due)
	}
	out.Clipped = s.clipped - min(first.clipped, s.clipped)
}

// listen finds what the output itself knows: that it has stopped asking for
// sound, or that what should be heard leaves it as nothing.
func (h *health) listen(now time.Time, snap playout.Snapshot, sink audio.SinkState) (paspeaker.Duration, string) {
	if sink.Frames != h.frames || sink.Frames == 0 || sink.Fault != "" || h.framesAt.IsZero() {
		h.frames, h.framesAt = sink.Frames, now
	}
	why := ""
	loudest := float64(silent)
	for _, s := range snap.Streams {
		if s.Full && !s.Ended {
			loudest = max(loudest, s.LevelDB)
		}
	}
	switch stalled := now.Sub(h.framesAt); {
	case stalled >= stalledAfter:
		why = fmt.Sprintf("the sound card has not asked for sound for %.0f s", stalled.Seconds())
	case loudest > atLevel && snap.LevelDB < tooQuiet:
		why = fmt.Sprintf("what it plays is at %.0f dBFS, what leaves it at %.0f dBFS", loudest, snap.LevelDB)
	}
	if why == "" {
		h.silentAt = time.Time{}
		return 0, ""
	}
	if h.silentAt.IsZero() {
		h.silentAt = now
	}
	return paspeaker.Duration(max(now.Sub(h.silentAt), now.Sub(h.framesAt)).Truncate(time.Millisecond)), why
}

// deaf are the groups from which nothing has come for too long, though they
// were joined all the while.
func (h *health) deaf(local int64, groups []string, last func(group string) int64) (out []string) {
	joined := make(map[string]int64, len(groups))
	for _, g := range groups {
		at, known := h.joinedAt[g]
		if !known {
			at = local
		}
		joined[g] = at
		if local-max(at, last(g)) > int64(paspeaker.DeafAfter) {
			out = append(out, g)
		}
	}
	h.joinedAt = joined
	return out
}

// usedPercent is how full the disk under path is for us; 0 when that cannot be
// known.
func usedPercent(path string) float64 {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil || st.Blocks == 0 {
		return 0
	}
	used := float64(st.Blocks - st.Bfree)
	return 100 * used / max(1, used+float64(st.Bavail))
}
