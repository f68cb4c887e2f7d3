package supervise

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// Limits of what a node may say of itself. Between two of a pair nothing
// changes, so that a value on the edge does not flutter.
const (
	lossBad, lossGood = 2.0, 1.0 // percent of the last minute's frames
	lossLeast         = 500      // frames of 10 ms, below which a percentage says nothing
	clippedBad        = 4800     // samples of a minute: a tenth of a second
	clippedGood       = 480
	silentBad         = 2 * time.Second
	diskBad, diskGood = 99.0, 98.0 // percent used
	wallBad, wallGood = 5 * time.Second, 3 * time.Second
	hotBad, hotGood   = 80.0, 75.0 // °C
	refusedLeast      = 3          // packets of a look
	lookEvery         = 10 * time.Second
	mostCelsius       = 200.0 // a sensor that reads more is broken
)

// Own is what the controller knows of itself when it looks at a node.
type Own struct {
	Version string
	WallNS  int64 // its wall clock less media time
}

// Nodes looks at what nodes say of themselves. It remembers what it must
// compare with.
type Nodes struct {
	book *Book
	of   map[paspeaker.SpeakerID]*seen
}

// seen is the counters of a node's earlier report.
type seen struct {
	instance       string
	at             time.Time
	taken, refused uint64 // packets
	mismatch       bool   // the last look found all refused
}

// NewNodes returns a Nodes that writes into a book.
func NewNodes(b *Book) *Nodes {
	return &Nodes{book: b, of: make(map[paspeaker.SpeakerID]*seen)}
}

// verdict is what one look says: bad, good, or nothing.
type verdict int8

const (
	neither verdict = iota
	good
	bad
)

func band(isBad, isGood bool) verdict {
	switch {
	case isBad:
		return bad
	case isGood:
		return good
	}
	return neither
}

func either(isBad bool) verdict { return band(isBad, !isBad) }

// look is one thing that is looked at in a report.
type look struct {
	kind  paspeaker.FaultKind
	judge func(r *paspeaker.NodeReport, own *Own, s *seen) verdict
	say   func(r *paspeaker.NodeReport, own *Own) string // after the loudspeaker's id
}

// looks is the table of them.
var looks = []look{
	{paspeaker.FaultOutput, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict { return either(r.Output.Fault != "") },
		func(r *paspeaker.NodeReport, _ *Own) string { return ": " + r.Output.Fault }},
	{paspeaker.FaultDisk, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		return band(len(r.Faults) > 0 || r.Health.UsedPercent > diskBad, len(r.Faults) == 0 && r.Health.UsedPercent < diskGood)
	}, sayDisk},
	{paspeaker.FaultLoss, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		h := &r.Health
		return band(h.Due >= lossLeast && h.LossPercent >= lossBad, h.Due < lossLeast || h.LossPercent < lossGood)
	}, func(r *paspeaker.NodeReport, _ *Own) string {
		return fmt.Sprintf(" lost %.1f %% of the last minute's packets", r.Health.LossPercent)
	}},
	{paspeaker.FaultClock, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict { return either(r.Clock.State != "locked") },
		func(r *paspeaker.NodeReport, _ *Own) string {
			return fmt.Sprintf("'s clock is not locked (%s)", r.Clock.State)
		}},
	{paspeaker.FaultMulticast, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		return band(len(r.Health.Deaf) > 0 && r.Clock.State == "locked", len(r.Health.Deaf) == 0)
	}, sayDeaf},
	{paspeaker.FaultSilent, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		return band(time.Duration(r.Health.SilentFor) >= silentBad && r.Output.Fault == "" && r.Muted == nil, r.Health.SilentFor == 0 || r.Muted != nil)
	}, func(r *paspeaker.NodeReport, _ *Own) string {
		return " should sound and does not: " + r.Health.SilentWhy
	}},
	{paspeaker.FaultClipping, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		return band(r.Health.Clipped > clippedBad, r.Health.Clipped < clippedGood)
	}, func(r *paspeaker.NodeReport, _ *Own) string {
		return fmt.Sprintf(" is driven beyond full scale: %d samples of the last minute", r.Health.Clipped)
	}},
	{paspeaker.FaultTime, func(r *paspeaker.NodeReport, own *Own, _ *seen) verdict {
		off := wallError(r, own).Abs()
		return band(off > wallBad, r.Health.WallNS != 0 && off < wallGood)
	}, func(r *paspeaker.NodeReport, own *Own) string { return sayTime(wallError(r, own)) }},
	{paspeaker.FaultKey, func(_ *paspeaker.NodeReport, _ *Own, s *seen) verdict { return either(s.mismatch) },
		func(*paspeaker.NodeReport, *Own) string {
			return " refuses everything that this controller signs (unknown key or bad signature)"
		}},
	{paspeaker.FaultVersion, func(r *paspeaker.NodeReport, own *Own, _ *seen) verdict { return either(r.Version != own.Version) },
		func(r *paspeaker.NodeReport, own *Own) string {
			return fmt.Sprintf(" runs version %s, the controller %s", r.Version, own.Version)
		}},
	{paspeaker.FaultHot, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict {
		c := r.Health.Celsius
		return band(c >= hotBad && c < mostCelsius, c < hotGood)
	}, func(r *paspeaker.NodeReport, _ *Own) string {
		return fmt.Sprintf("'s processor is at %.0f °C", r.Health.Celsius)
	}},
	{paspeaker.FaultPower, func(r *paspeaker.NodeReport, _ *Own, _ *seen) verdict { return either(r.Health.UnderVoltage) },
		func(*paspeaker.NodeReport, *Own) string { return "'s supply voltage is too low" }},
}

// Report looks at what a node says of itself. r is not kept.
func (n *Nodes) Report(now time.Time, r *paspeaker.NodeReport, own Own) []Change {
	s := n.of[r.ID]
	if s == nil {
		s = &seen{}
		n.of[r.ID] = s
	}
	s.count(now, r)
	subject := string(r.ID)
	clean := n.book.Clean(subject)
	for i := range looks {
		l := &looks[i]
		switch v := l.judge(r, &own, s); {
		case v == bad:
			n.book.see(now, Sight{Kind: l.kind, Subject: subject, Bad: true, What: subject + l.say(r, &own)})
		case v == good && !clean:
			n.book.see(now, Sight{Kind: l.kind, Subject: subject})
		}
	}
	return n.book.take()
}

// Forget forgets a node.
func (n *Nodes) Forget(id paspeaker.SpeakerID) { delete(n.of, id) }

// count compares a report's counters with those of a while ago: a node that
// refuses everything by its key has another one than this controller.
func (s *seen) count(now time.Time, r *paspeaker.NodeReport) {
	if s.instance == r.Instance && now.Sub(s.at) < lookEvery {
		return
	}
	var refused, wrongKey uint64
	for why, count := range r.Counters.Refused {
		refused += count
		if why == "unknown key" || why == "signature" || why == "flood" {
			wrongKey += count
		}
	}
	taken := r.Counters.Packets - min(refused, r.Counters.Packets)
	if s.instance == r.Instance {
		switch {
		case taken > s.taken:
			s.mismatch = false
		case wrongKey >= s.refused+refusedLeast:
			s.mismatch = true
		}
	} else {
		s.mismatch = false
	}
	s.instance, s.at, s.taken, s.refused = r.Instance, now, taken, wrongKey
}

func wallError(r *paspeaker.NodeReport, own *Own) time.Duration {
	if r.Health.WallNS == 0 {
		return 0
	}
	return time.Duration(r.Health.WallNS - own.WallNS)
}

func sayTime(off time.Duration) string {
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	return fmt.Sprintf("'s wall clock is %s %s the controller's", short(off.Abs()), way)
}

func sayDisk(r *paspeaker.NodeReport, _ *Own) string {
	if len(r.Faults) > 0 {
		return ": " + strings.Join(r.Faults, "; ")
	}
	return fmt.Sprintf("'s disk is full: %.1f %% used", r.Health.UsedPercent)
}

func sayDeaf(r *paspeaker.NodeReport, _ *Own) string {
	deaf := slices.Clone(r.Health.Deaf)
	if len(deaf) == len(r.Groups) {
		return " hears nothing on any of its groups, though it is in touch with the controller"
	}
	return " hears nothing on " + strings.Join(deaf, ", ")
}

// short writes a length of time for people: 3h12m, 45s.
func short(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		return strings.TrimSuffix(s, "0s")
	}
	return s
}
