package supervise

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

var own = Own{Version: "1.4", WallNS: 3_000_000_000}

// well is the report of a node that has no trouble.
func well() paspeaker.NodeReport {
	return paspeaker.NodeReport{
		ID: "a1", Version: "1.4", Instance: "one", Groups: []string{"239.1.2.3:5004"}, Clock: paspeaker.ClockState{State: "locked"},
		Counters: paspeaker.Counters{Packets: 100}, Health: paspeaker.NodeHealth{UsedPercent: 40, WallNS: own.WallNS, Celsius: 50},
	}
}

// wells are what makes a report bad, by the fault that it is.
var troubles = map[paspeaker.FaultKind]func(r *paspeaker.NodeReport){
	paspeaker.FaultOutput:    func(r *paspeaker.NodeReport) { r.Output.Fault = "no sound card" },
	paspeaker.FaultDisk:      func(r *paspeaker.NodeReport) { r.Health.UsedPercent = 99.9 },
	paspeaker.FaultLoss:      func(r *paspeaker.NodeReport) { r.Health.Due, r.Health.LossPercent = 600, 12.5 },
	paspeaker.FaultClock:     func(r *paspeaker.NodeReport) { r.Clock.State = "degraded" },
	paspeaker.FaultMulticast: func(r *paspeaker.NodeReport) { r.Health.Deaf = []string{"239.1.2.3:5004"} },
	paspeaker.FaultSilent: func(r *paspeaker.NodeReport) {
		r.Health.SilentFor, r.Health.SilentWhy = paspeaker.Duration(3*time.Second), "the card has stopped"
	},
	paspeaker.FaultClipping: func(r *paspeaker.NodeReport) { r.Health.Clipped = 50_000 },
	paspeaker.FaultTime:     func(r *paspeaker.NodeReport) { r.Health.WallNS += int64(time.Hour) },
	paspeaker.FaultVersion:  func(r *paspeaker.NodeReport) { r.Version = "1.3" },
	paspeaker.FaultHot:      func(r *paspeaker.NodeReport) { r.Health.Celsius = 88 },
	paspeaker.FaultPower:    func(r *paspeaker.NodeReport) { r.Health.UnderVoltage = true },
}

func TestWhatANodeSaysBecomesTheFaultOfThatName(t *testing.T) {
	for kind, spoil := range troubles {
		t.Run(string(kind), func(t *testing.T) {
			p := newPark("ab")
			n := NewNodes(p.Book)
			say := func(r paspeaker.NodeReport, seconds int) {
				for range seconds {
					p.note(n.Report(p.now, &r, own))
					p.pass(time.Second)
				}
			}
			say(well(), 60)
			assert.Empty(t, p.heard())
			r := well()
			spoil(&r)
			say(r, int(p.rules[kind].Onset/time.Second)+2)
			assert.Equal(t, []string{"began " + string(kind) + "/a1"}, p.heard())
			assert.Contains(t, p.Open()[0].What, "a1")
			say(well(), int(p.rules[kind].Clear/time.Second)+2)
			assert.Equal(t, []string{"ended " + string(kind) + "/a1"}, p.heard())
		})
	}
}

func TestTheWordsOfANodesFaults(t *testing.T) {
	for kind, want := range map[paspeaker.FaultKind]string{
		paspeaker.FaultLoss:      "a1 lost 12.5 % of the last minute's packets",
		paspeaker.FaultTime:      "a1's wall clock is 1h0m ahead of the controller's",
		paspeaker.FaultMulticast: "a1 hears nothing on any of its groups, though it is in touch with the controller",
		paspeaker.FaultSilent:    "a1 should sound and does not: the card has stopped",
		paspeaker.FaultVersion:   "a1 runs version 1.3, the controller 1.4",
		paspeaker.FaultDisk:      "a1's disk is full: 99.9 % used",
	} {
		p := newPark("ab")
		n := NewNodes(p.Book)
		r := well()
		troubles[kind](&r)
		p.note(n.Report(p.now, &r, own))
		p.pass(p.rules[kind].Onset)
		assert.Equal(t, want, p.fault(t, string(kind)+"/a1").What)
	}
}

// A node that refuses by its key and takes nothing has another key. One that
// takes what is ours hears somebody else besides, which is not its fault.
func TestANodeWithAnotherKeyIsToldFromOneThatIsAttacked(t *testing.T) {
	for name, test := range map[string]struct {
		taken uint64 // a second
		want  []string
	}{"another key": {0, []string{"began key/a1"}}, "attacked": {1, nil}} {
		p := newPark("ab")
		n := NewNodes(p.Book)
		r := well()
		r.Counters.Refused = map[string]uint64{"signature": 1, "not for us": 10}
		for range 60 {
			r.Counters.Refused["unknown key"] += 5
			r.Counters.Packets += 5 + test.taken
			p.note(n.Report(p.now, &r, own))
			p.pass(time.Second)
		}
		assert.Equal(t, test.want, p.heard(), name)
		r.Instance = "two" // it was enrolled anew
		r.Counters = paspeaker.Counters{Packets: 3}
		p.note(n.Report(p.now, &r, own))
		p.pass(time.Minute)
		assert.Empty(t, p.Open(), name)
	}
}

func TestAMutedLoudspeakerIsNoFault(t *testing.T) {
	p := newPark("ab")
	n := NewNodes(p.Book)
	r := well()
	troubles[paspeaker.FaultSilent](&r)
	r.Muted = &paspeaker.Muting{}
	for range 30 {
		p.note(n.Report(p.now, &r, own))
		p.pass(time.Second)
	}
	assert.Empty(t, p.heard())
}

func TestANodeOfAnEarlierVersionHasNoHealth(t *testing.T) {
	p := newPark("ab")
	n := NewNodes(p.Book)
	r := well()
	r.Health = paspeaker.NodeHealth{}
	for range 60 {
		p.note(n.Report(p.now, &r, own))
		p.pass(time.Second)
	}
	assert.Empty(t, p.heard())
	n.Forget("a1")
	assert.Empty(t, n.of)
}
