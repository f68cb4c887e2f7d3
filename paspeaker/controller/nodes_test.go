package controller

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/site"
	"pa/paspeaker/supervise"
)

func TestANodeThatFallsSilentIsOfflineBeforeFiveSeconds(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	n := newNodes(func() time.Time { return now })
	assert.True(t, n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"}))
	now = now.Add(time.Second)
	assert.False(t, n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"}))
	now = now.Add(3 * time.Second)
	assert.Empty(t, fallen(n), "two missed reports are no fault")
	now = now.Add(time.Second)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1"}, fallen(n))
	assert.Empty(t, fallen(n), "said once")
	assert.True(t, n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"}), "and it is back")
}

func TestTwoProgramsWithOneIdAreFoundAndARestartIsNot(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	n := newNodes(func() time.Time { return now })
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "b"})
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "b"})
	assert.Empty(t, n.doubles(), "it was restarted")
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1"}, n.doubles())
	now = now.Add(10 * time.Second)
	assert.Empty(t, n.doubles(), "the other one is gone")
}

func TestAReportShowsInTheStatus(t *testing.T) {
	r := newRig(t, "")
	node := nodeBus(t, r, "gate-1")
	r.until("gate-1 online", func(ev paspeaker.Event) bool {
		return ev.Speaker != nil && ev.Speaker.ID == "gate-1" && ev.Speaker.Online
	}, func() {
		require.NoError(t, node.PublishReport(paspeaker.NodeReport{ID: "gate-1", Instance: "a", LevelDB: -20}))
	})
	st := r.Status()
	assert.Equal(t, "Khu thử", st.Site)
	assert.True(t, st.Speakers[0].Online)
	assert.Equal(t, -20.0, st.Speakers[0].Report.LevelDB)
	assert.Equal(t, 1, r.Zones()[0].Online)
}

func TestAReceiptBelongsToItsSession(t *testing.T) {
	r := newRig(t, "")
	node := nodeBus(t, r, "gate-1")
	s, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	r.until("the receipt", func(ev paspeaker.Event) bool { return ev.Receipt != nil && ev.Receipt.Done }, func() {
		require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Session: s.ID, Played: 3}))
		require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Session: s.ID, Played: 9, Done: true}))
	})
	got := r.session(s.ID).Receipts
	require.Len(t, got, 1, "the newer one replaces the older")
	assert.EqualValues(t, 9, got[0].Played)
}

// nodeBus connects as a node does, with the key that the controller derives,
// and returns when each hears the other. A report that comes before the
// controller listens is heard by nobody: a real node says it again a second
// later, a test says it once.
func nodeBus(t *testing.T, r *rig, id paspeaker.SpeakerID) *bus.Bus {
	t.Helper()
	require.NoError(t, r.Alive()) // it has subscribed
	signed, err := r.nodeConfig(id)
	require.NoError(t, err)
	var conf paspeaker.NodeConfig
	require.NoError(t, json.Unmarshal(signed.Body, &conf))
	b, err := bus.Connect(t.Context(), bus.Config{URL: conf.NATSURL, NkeySeed: conf.NATSSeed, Name: string(id)})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	r.again("the server knows what the controller listens to", func() error {
		_, err := b.FetchConfig(t.Context(), id)
		return err
	})
	return b
}

func TestANodeEnrolsOnce(t *testing.T) {
	r := newRig(t, "")
	join, err := r.JoinToken(t.Context(), chief, "gate-1", time.Minute)
	require.NoError(t, err)
	_, err = r.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-2", Token: join.Token})
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "the token is gate-1's")

	signed, err := r.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-1", Token: join.Token})
	require.NoError(t, err)
	var conf paspeaker.NodeConfig
	require.NoError(t, json.Unmarshal(signed.Body, &conf))
	assert.True(t, ed25519.Verify(conf.Root, append([]byte(configContext), signed.Body...), signed.Sig))
	assert.Contains(t, conf.Tags, paspeaker.TagOf("gate-1"))
	assert.Contains(t, conf.Tags, paspeaker.TagOf("gates"))
	assert.Contains(t, conf.Groups, r.group("all").String())

	_, err = r.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-1", Token: join.Token})
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "a token is good for once")
}

func TestWhoCannotEnrolIsTold(t *testing.T) {
	r := newRig(t, "")
	_, err := r.JoinToken(t.Context(), chief, "horn", 0)
	assert.ErrorContains(t, err, "sdp yard")
	_, err = r.JoinToken(t.Context(), chief, "gate-9", 0)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	_, err = r.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-1", Token: "let me in"})
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}

func TestAStrangersKeyIsNobodys(t *testing.T) {
	r := newRig(t, "")
	_, public, err := NodeKey(r.identity.Secret, "gate-1")
	require.NoError(t, err)
	id, ok := r.NodeOfKey(public)
	assert.True(t, ok)
	assert.Equal(t, "gate-1", id)
	_, public, err = NodeKey([]byte("another site"), "gate-1")
	require.NoError(t, err)
	_, ok = r.NodeOfKey(public)
	assert.False(t, ok)
}

func TestConfigurationsRiseWithEveryReload(t *testing.T) {
	r := newRig(t, "")
	before := r.serial()
	_, err := r.Reload(t.Context(), chief)
	require.NoError(t, err)
	assert.Greater(t, r.serial(), before)
}

// fallen is who fell silent when nobody asks for the time.
func fallen(n *nodes) []paspeaker.SpeakerID {
	return n.tend(func(paspeaker.SpeakerID) bool { return false }, true).fallen
}

func TestANodeThatKeepsTimeIsThereWithoutNATS(t *testing.T) {
	r := newRig(t, "")
	now := time.Unix(1_800_000_000, 0)
	n := newNodes(func() time.Time { return now })
	n.expect(r.site.Load())
	ticking := map[paspeaker.SpeakerID]bool{"gate-1": true, "gate-2": true}
	tend := func(nats bool) change {
		return n.tend(func(id paspeaker.SpeakerID) bool { return ticking[id] }, nats)
	}
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	assert.Equal(t, change{risen: []paspeaker.SpeakerID{"gate-2"}}, tend(false), "one that never reported")
	now = now.Add(time.Hour)
	c := tend(false)
	assert.NotContains(t, c.fallen, paspeaker.SpeakerID("gate-1"))
	assert.NotContains(t, c.fallen, paspeaker.SpeakerID("gate-2"))
	assert.Empty(t, c.mute, "while NATS is down nobody can report")
	_, _, online := n.get("gate-2")
	assert.True(t, online)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2"}, tend(true).mute)
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	assert.Equal(t, []paspeaker.SpeakerID{"gate-2"}, tend(true).mute)
	clear(ticking)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-2"}, tend(false).fallen, "gate-1 has just reported")
	ticking["gate-2"] = true
	assert.Equal(t, []paspeaker.SpeakerID{"gate-2"}, tend(false).risen)
}

func TestANodeThatNeverSpokeIsMissedOnce(t *testing.T) {
	r := newRig(t, "")
	now := time.Unix(1_800_000_000, 0)
	n := newNodes(func() time.Time { return now })
	st := r.site.Load()
	assert.Empty(t, n.expect(st))
	now = now.Add(unheard)
	assert.Empty(t, fallen(n), "a site may be slow to start")
	n.report(&paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	now = now.Add(time.Second)
	missed := fallen(n)
	assert.Contains(t, missed, paspeaker.SpeakerID("road-1"))
	assert.NotContains(t, missed, paspeaker.SpeakerID("gate-1"))
	assert.NotContains(t, missed, paspeaker.SpeakerID("horn"), "a third-party loudspeaker never speaks")
	assert.Empty(t, fallen(n), "it is said once")
	_, last, online := n.get("road-1")
	assert.True(t, last.IsZero())
	assert.False(t, online)
	assert.True(t, n.report(&paspeaker.NodeReport{ID: "road-1", Instance: "b"}), "late is not never")

	small, err := site.Parse([]byte("site: {id: small, name: Small, time_zone: UTC, groups: 239.9.9.0/24, port: 5004}\nspeakers: [{id: gate-1, name: Gate}]\n"), t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, n.expect(small), paspeaker.SpeakerID("road-1"))
	now = now.Add(time.Hour)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1"}, fallen(n))
}

func TestWhatANodeComplainsOfIsAFault(t *testing.T) {
	r := newRig(t, "")
	r.onReport(paspeaker.NodeReport{ID: "gate-1", Instance: "a", Faults: []string{"disk: full"}})
	require.Equal(t, []string{"disk/gate-1"}, faultIDs(r.faults.list()))
	assert.Contains(t, r.faults.list()[0].What, "disk: full")
	assert.Equal(t, 1, r.faultsByKind()[paspeaker.FaultDisk])
	r.onReport(paspeaker.NodeReport{ID: "gate-1", Instance: "a"})
	_, err := r.AckFault(t.Context(), chief, "disk/gate-1", "thay thẻ nhớ")
	require.NoError(t, err)
	assert.Equal(t, "thay thẻ nhớ", r.Faults(false)[0].Ack.Note)
	_, err = r.AckFault(t.Context(), chief, "disk/gate-2", "")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
}

func TestFaultsKeepTheirOnset(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var said []string
	f := newFaults(func() time.Time { return now }, supervise.Config{}, func(c supervise.Change) {
		said = append(said, string(c.What)+" "+c.Fault.ID)
	})
	f.set("nats", "down", "look")
	now = now.Add(time.Minute)
	f.set("nats", "still down", "look")
	assert.Equal(t, now.Add(-time.Minute), f.list()[0].Since)
	assert.Equal(t, "still down", f.list()[0].What)
	f.when(false, "nats", "", "")
	f.clear("nats")
	assert.Equal(t, []string{"began nats", "ended nats"}, said)
	assert.Empty(t, f.list())
	assert.Len(t, f.ended(), 1)
}

func TestAnInterfaceThatIsNotThereIsAFault(t *testing.T) {
	r := newRig(t, "")
	site := *r.site.Load()
	for _, name := range []string{"none0", "lo", "none0", ""} {
		site.Interface = name
		r.lookAtInterface(&site)
		if name == "none0" {
			require.Contains(t, faultIDs(r.faults.list()), "interface")
			assert.Contains(t, r.Faults(false)[0].What, "none0 is gone")
		}
	}
}
