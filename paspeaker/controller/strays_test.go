package controller

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func talker(source, group string) paspeaker.ForeignSender {
	return paspeaker.ForeignSender{Source: source, Group: group, What: "plain RTP, G.711 µ-law", Packets: 50, LevelDB: -21.5}
}

func TestOneForeignSenderIsOneFault(t *testing.T) {
	var reports []paspeaker.NodeReport
	for i := range 48 {
		reports = append(reports, paspeaker.NodeReport{ID: paspeaker.SpeakerID(fmt.Sprintf("gate-%02d", i)), Foreign: []paspeaker.ForeignSender{
			talker("10.0.0.9:4000", "239.255.12.1:5004"), talker("10.0.0.9:4002", "239.255.12.2:5004")}})
	}
	reports[3].Foreign = append(reports[3].Foreign, talker("10.0.0.8:4000", "239.255.12.1:5004"))
	found := strays(reports)
	require.Len(t, found, 2, "%v", found)
	what := found[id{paspeaker.FaultForeign, "10.0.0.9"}].what
	assert.Contains(t, what, "10.0.0.9 speaks on our groups (239.255.12.1:5004, 239.255.12.2:5004), heard at gate-00, gate-01")
	assert.Contains(t, what, "and 42 more")
	assert.Contains(t, what, "G.711 µ-law, -22 dBFS")
	assert.Contains(t, found[id{paspeaker.FaultForeign, "10.0.0.8"}].what, "heard at gate-03:")
	assert.Contains(t, found[id{paspeaker.FaultForeign, "10.0.0.8"}].remedy, "ip neighbour show 10.0.0.8")
}

func TestWhatSoundsWithNothingOnAirIsAFault(t *testing.T) {
	level := -31.0
	second := paspeaker.Duration(time.Second)
	found := strays([]paspeaker.NodeReport{
		{ID: "gate-1", Quiet: &paspeaker.Quiet{OutputDB: -18, Stray: 2 * second}},
		{ID: "gate-2", Quiet: &paspeaker.Quiet{OutputDB: -120, MonitorDB: &level, Ghost: 12 * second}},
		{ID: "gate-3", Quiet: &paspeaker.Quiet{OutputDB: -18}},
		{ID: "gate-4"},
	})
	require.Len(t, found, 2)
	assert.Equal(t, "gate-1 sounds at -18 dBFS with nothing on air, for 2s", found[id{paspeaker.FaultStray, "gate-1"}].what)
	assert.Equal(t, "the monitor of gate-2 hears -31 dBFS with nothing on air, for 12s", found[id{paspeaker.FaultGhost, "gate-2"}].what)
}

func TestAForeignSenderIsShownAndItsEndToo(t *testing.T) {
	r := newRig(t, "")
	node := nodeBus(t, r, "gate-1")
	open := func() bool {
		for _, f := range r.Status().Faults {
			if f.ID == "foreign/10.0.0.9" {
				return true
			}
		}
		return false
	}
	until := func(want bool, report paspeaker.NodeReport) {
		r.again("the fault comes and goes", func() error {
			if err := node.PublishReport(report); err != nil {
				return err
			}
			if open() != want {
				return errors.New("not yet")
			}
			return nil
		})
	}
	until(true, paspeaker.NodeReport{ID: "gate-1", Instance: "a", Foreign: []paspeaker.ForeignSender{talker("10.0.0.9:4000", "239.255.12.1:5004")}})
	until(false, paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
}
