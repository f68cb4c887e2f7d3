package controller

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/api"
)

var chief = paspeaker.Caller{By: "chief", From: "10.1.0.9"}

func evacuate(zones ...paspeaker.ZoneID) paspeaker.Announcement {
	return paspeaker.Announcement{Emergency: "evacuate", Zones: zones, By: "chief"}
}

func TestAnEmergencyTakesTheGatesWhileTheRoadPlaysOn(t *testing.T) {
	r := newRig(t, "")
	slogan, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates", "roads"}},
		api.Source{Kind: api.SourceTone, Length: time.Minute})
	require.NoError(t, err)
	require.Len(t, slogan.Sounding, 4)

	e, err := r.Emergency(t.Context(), evacuate("gates"))
	require.NoError(t, err)
	assert.Equal(t, paspeaker.PriorityRecorded, e.Level)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2"}, e.Sounding)
	assert.Equal(t, []paspeaker.SpeakerID{"road-1", "unit-1"}, r.session(slogan.ID).Sounding, "gate-2 stands at the gates too")

	stopped, err := r.StopEmergency(t.Context(), chief, "evacuate", nil)
	require.NoError(t, err)
	require.Len(t, stopped, 1)
	assert.Equal(t, paspeaker.OutcomeStopped, r.ended(e.ID).Outcome)

	var cancelled paspeaker.Session
	for _, s := range r.onAir() {
		if s.Name == e.Name+" · cancelled" {
			cancelled = s
		}
	}
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2"}, cancelled.Sounding, "the all-clear is said where the alarm was")
}

func TestADrillNeverMasksTheRealThing(t *testing.T) {
	r := newRig(t, "")
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("gates"))}, r.group("gates"))
	a := evacuate("gates")
	a.Drill = true
	drill, err := r.Emergency(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.PriorityDrillMax, drill.Level)
	assert.Contains(t, drill.Name, "DRILL")
	p := ear.heard(t, "the drill", func(p wire.Packet) bool { return p.Session == uint64(drill.ID) })
	assert.NotZero(t, p.Flags&wire.FlagDrill)

	real, err := r.Emergency(t.Context(), evacuate("gates"))
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2"}, real.Sounding)
	assert.Empty(t, r.session(drill.ID).Sounding)
	p = ear.heard(t, "the real thing", func(p wire.Packet) bool { return p.Session == uint64(real.ID) })
	assert.Zero(t, p.Flags&wire.FlagDrill)

	drillAgain, err := r.Emergency(t.Context(), a)
	if err == nil {
		assert.Empty(t, drillAgain.Sounding)
	}
}

func TestStopAllIsSaidOnAirWithTheBusGone(t *testing.T) {
	r := newRig(t, "")
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("roads"))}, r.group("roads"))
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"roads"}}, tone(time.Minute))
	require.NoError(t, err)
	ear.heard(t, "the tone", func(p wire.Packet) bool { return p.Session == uint64(s.ID) })
	r.hub.Shutdown()

	stopped, err := r.Stop(t.Context(), chief, nil, nil, true)
	require.NoError(t, err)
	require.Len(t, stopped, 1)
	ear.heard(t, "an order to stop everything", func(p wire.Packet) bool {
		return p.Stop != nil && p.Stop.Kind == wire.StopBefore
	})
	ear.heard(t, "an order to stop this session", func(p wire.Packet) bool {
		return p.Stop != nil && p.Stop.Kind == wire.StopSession && p.Stop.Session == uint64(s.ID)
	})
}

func TestAnEndingControllerSaysGoodbye(t *testing.T) {
	r := newRig(t, "")
	ear := r.listen([]uint32{0}, r.group("all"))
	s, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	r.stop()
	ear.heard(t, "goodbye", func(p wire.Packet) bool { return p.Stop != nil && p.Stop.Kind == wire.StopGoodbye })
	_, err = r.Announce(t.Context(), toGates, tone(time.Second))
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	_, ok := r.Session(s.ID)
	assert.False(t, ok, "an ended controller knows nothing any more")
}

func TestStoppingWhatIsNotThereSaysSo(t *testing.T) {
	r := newRig(t, "")
	_, err := r.StopEmergency(t.Context(), chief, "evacuate", nil)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	_, err = r.StopEmergency(t.Context(), chief, "tsunami", nil)
	assert.ErrorContains(t, err, "evacuate")
	_, err = r.Emergency(t.Context(), paspeaker.Announcement{Emergency: "tsunami", Zones: []paspeaker.ZoneID{"gates"}})
	assert.ErrorContains(t, err, "evacuate")
	_, err = r.Stop(t.Context(), chief, []paspeaker.SessionID{77 << 8}, nil, false)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	_, err = r.Stop(t.Context(), chief, nil, nil, false)
	assert.ErrorContains(t, err, "--all")
	_, err = r.Stop(t.Context(), chief, nil, nil, true)
	assert.NoError(t, err, "silence asked of a silent site is granted")
}

func TestStopByZoneLeavesTheRest(t *testing.T) {
	r := newRig(t, "")
	gates, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	yard, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"yard"}}, tone(time.Minute))
	require.NoError(t, err)
	stopped, err := r.Stop(t.Context(), chief, nil, []paspeaker.ZoneID{"gates"}, false)
	require.NoError(t, err)
	require.Len(t, stopped, 1)
	assert.Equal(t, gates.ID, stopped[0].ID)
	assert.Equal(t, paspeaker.StatePlaying, r.session(yard.ID).State)
}

func TestAThirdPartyGroupCarriesOneStream(t *testing.T) {
	r := newRig(t, "")
	zone, _ := r.site.Load().Zone("yard")
	ear := r.listen(nil, zone.Plain.Group)
	all := paspeaker.Announcement{Zones: []paspeaker.ZoneID{"yard"}}
	low, err := r.Announce(t.Context(), all, tone(time.Minute))
	require.NoError(t, err)
	ear.rawFrom(t, 3)
	_, err = r.Emergency(t.Context(), evacuate("yard"))
	require.NoError(t, err)
	ear.rawFrom(t, 20)
	assert.Equal(t, paspeaker.StatePaused, r.session(low.ID).State)

	var last uint16
	ssrcs := map[uint32]bool{}
	for i, b := range ear.copyRaw() {
		assert.Equal(t, byte(0x80), b[0], "plain RTP: version 2, no extension")
		ssrcs[binary.BigEndian.Uint32(b[8:])] = true
		seq := binary.BigEndian.Uint16(b[2:])
		assert.True(t, i == 0 || seq == last+1, "one packet at a time: %d after %d", seq, last)
		last = seq
	}
	assert.Len(t, ssrcs, 1, "one stream, whoever speaks")
}

// rawFrom waits until n datagrams have come.
func (e *ear) rawFrom(t *testing.T, n int) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for len(e.copyRaw()) < n {
		select {
		case <-e.came:
		case <-limit:
			t.Fatalf("%d datagrams came, want %d", len(e.copyRaw()), n)
		}
	}
}

func (e *ear) copyRaw() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([][]byte(nil), e.raw...)
}

func TestAThirdPartySpeakerGetsAnSDP(t *testing.T) {
	r := newRig(t, "")
	sdp, err := r.SDP("yard")
	require.NoError(t, err)
	zone, _ := r.site.Load().Zone("yard")
	assert.Contains(t, sdp, "c=IN IP4 "+zone.Plain.Group.Addr().String())
	assert.Contains(t, sdp, "m=audio")
	assert.Contains(t, sdp, "Khu thử · Sân")
	_, err = r.SDP("gates")
	assert.ErrorContains(t, err, "plain")
	_, err = r.SDP("gtaes")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
}
