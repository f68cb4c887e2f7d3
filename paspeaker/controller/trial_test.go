package controller

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/bus"
)

// node pretends to be a loudspeaker's program: it reports every tenth of a
// second, its packets rising, and sends a receipt for every session that ends
// there. change bends what it reports, receipt what it has played.
func (r *rig) node(id paspeaker.SpeakerID, change func(*paspeaker.NodeReport), receipt func(*paspeaker.Receipt)) {
	r.t.Helper()
	b := nodeBus(r.t, r, id)
	var groups []string
	for _, g := range r.site.Load().SpeakerGroups(id) {
		groups = append(groups, g.String())
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	var done sync.WaitGroup
	done.Go(func() { reports(ctx, b, id, groups, change) })
	done.Go(func() { r.receipts(ctx, b, id, receipt) })
	r.t.Cleanup(func() { cancel(); done.Wait() })
	r.again(string(id)+" is online", func() error {
		if r.look([]paspeaker.Speaker{{ID: id}})[id].reachable {
			return nil
		}
		return context.DeadlineExceeded
	})
}

func reports(ctx context.Context, b *bus.Bus, id paspeaker.SpeakerID, groups []string, change func(*paspeaker.NodeReport)) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := uint64(1); ; n++ {
		rep := paspeaker.NodeReport{ID: id, Instance: "a", Groups: groups, Counters: paspeaker.Counters{Packets: 100 * n, JitterNS: 200_000},
			Clock: paspeaker.ClockState{State: "locked", ErrorNS: 9000, RTTNS: 150_000}, Output: paspeaker.OutputState{Name: "virtual", RatePPM: 12}}
		if change != nil {
			change(&rep)
		}
		_ = b.PublishReport(rep) // the next one says more
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *rig) receipts(ctx context.Context, b *bus.Bus, id paspeaker.SpeakerID, change func(*paspeaker.Receipt)) {
	said := make(map[paspeaker.SessionID]bool)
	for ev := range r.Watch(ctx) {
		s := ev.Session
		if s == nil || s.Ended.IsZero() || s.Started.IsZero() || said[s.ID] {
			continue
		}
		said[s.ID] = true
		level := -20.0
		if strings.Contains(s.Name, "Test") && s.GainDB < 0 {
			level += s.GainDB
		}
		rec := paspeaker.Receipt{Node: id, Session: s.ID, Done: true, Played: uint64(s.Ended.Sub(s.Started) / paspeaker.FrameTime), LevelDB: level}
		if change != nil {
			change(&rec)
		}
		_ = b.PublishReceipt(rec)
	}
}

// tested waits until a test is over, and returns its results by loudspeaker.
func (r *rig) tested(id string) (paspeaker.TestRun, map[paspeaker.SpeakerID]paspeaker.SpeakerTest) {
	r.t.Helper()
	var run paspeaker.TestRun
	r.again("the test is over", func() error {
		var err error
		if run, err = r.Test(id, 0); err == nil && run.State == paspeaker.TestRunning {
			err = context.DeadlineExceeded
		}
		return err
	})
	out := make(map[paspeaker.SpeakerID]paspeaker.SpeakerTest)
	for _, t := range run.Results {
		out[t.Speaker] = t
	}
	return run, out
}

var gatesTogether = paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates", "yard"}, AtOnce: true}

func TestATestNamesWhatIsTheMatterWithEach(t *testing.T) {
	r := newRig(t, "")
	r.node("gate-1", nil, nil)
	r.node("gate-2", func(rep *paspeaker.NodeReport) { rep.Groups = rep.Groups[:1] }, nil)
	begun, err := r.StartTest(t.Context(), chief, gatesTogether)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.TestRunning, begun.State)
	assert.Equal(t, 3, begun.Total)
	run, got := r.tested(begun.ID)
	assert.Equal(t, paspeaker.TestDone, run.State)
	assert.Equal(t, paspeaker.TestTally{Passed: 1, Failed: 1, Untested: 1}, run.Tally)
	one := got["gate-1"]
	assert.Equal(t, paspeaker.TestPassed, one.Result, "%s", one.Cause)
	assert.Equal(t, "Cổng 1", one.Name)
	assert.Positive(t, one.Packets)
	assert.InDelta(t, -20, one.ExpectedDB, 0.3)
	assert.Equal(t, 150*time.Microsecond, time.Duration(one.RTT))
	assert.Equal(t, 200*time.Microsecond, time.Duration(one.Jitter))
	assert.Equal(t, []string{"locked", "virtual"}, []string{one.Clock, one.Card})
	assert.NotZero(t, one.Session)
	assert.Equal(t, "groups missing", got["gate-2"].Fault)
	assert.Len(t, got["gate-2"].Missing, len(r.site.Load().SpeakerGroups("gate-2"))-1)
	assert.Equal(t, "third-party", got["horn"].Fault)
	after, err := r.Test(begun.ID, 2)
	require.NoError(t, err)
	assert.Len(t, after.Results, 1, "who follows has the others")
	entries := r.entriesOf(paspeaker.WhatTest)
	require.Len(t, entries, 2)
	assert.Equal(t, "begun", entries[0].Outcome)
	assert.Equal(t, "done", entries[1].Outcome)
	assert.Equal(t, "tone, all at once: 1 passed, 1 failed, 1 untested; gate-2: groups missing", entries[1].Detail)
}

func TestAWalkingTestGoesFromOneToTheNext(t *testing.T) {
	r := newRig(t, "")
	r.node("gate-1", nil, nil)
	r.node("gate-2", nil, func(rec *paspeaker.Receipt) { rec.LevelDB = -120 })
	begun, err := r.StartTest(t.Context(), chief, paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates"}, Quiet: true})
	require.NoError(t, err)
	run, got := r.tested(begun.ID)
	require.Len(t, run.Results, 2)
	assert.True(t, run.Results[0].Began.Before(run.Results[1].Began))
	assert.NotEqual(t, got["gate-1"].Session, got["gate-2"].Session, "each has its own announcement")
	assert.Equal(t, "silent", got["gate-2"].Fault)
	assert.InDelta(t, paspeaker.QuietLevelDB, got["gate-1"].ExpectedDB, 0.3)
	s := r.session(got["gate-1"].Session)
	assert.Equal(t, testPriority, s.Level)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1"}, s.Targets)
}

func TestAnEmergencyEndsATest(t *testing.T) {
	r := newRig(t, "")
	r.node("gate-1", nil, nil)
	begun, err := r.StartTest(t.Context(), chief, paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"all"}, Kind: paspeaker.TestSweep, AtOnce: true})
	require.NoError(t, err)
	r.again("the test sounds", func() error {
		if len(r.onAir()) == 0 {
			return context.DeadlineExceeded
		}
		return nil
	})
	_, err = r.Emergency(t.Context(), paspeaker.Announcement{Emergency: "fire", Zones: []paspeaker.ZoneID{"gates"}})
	require.NoError(t, err)
	run, got := r.tested(begun.ID)
	assert.Equal(t, paspeaker.TestAborted, run.State)
	assert.Contains(t, run.Why, "an emergency began")
	assert.Len(t, got, 5, "everyone has a result")
	assert.Contains(t, got["road-1"].Cause, "an emergency began")
	for _, s := range r.onAir() {
		assert.Equal(t, paspeaker.KindEmergency, s.Kind, "the test is silent, where the emergency does not sound either")
	}
	_, err = r.StartTest(t.Context(), chief, gatesTogether)
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err), "no test during an emergency")
}

func TestATestIsCancelledAndStopped(t *testing.T) {
	r := newRig(t, "")
	r.node("gate-1", nil, nil)
	long := paspeaker.TestRequest{Speakers: []paspeaker.SpeakerID{"gate-1"}, Kind: paspeaker.TestSweep, AtOnce: true}
	for name, end := range map[string]func(string) error{
		"chief stopped it": func(id string) error { _, err := r.CancelTest(t.Context(), chief, id); return err },
		"everything was stopped": func(string) error {
			_, err := r.Stop(t.Context(), chief, nil, nil, true)
			return err
		},
	} {
		begun, err := r.StartTest(t.Context(), chief, long)
		require.NoError(t, err)
		require.NoError(t, end(begun.ID))
		run, _ := r.tested(begun.ID)
		assert.Equal(t, paspeaker.TestAborted, run.State)
		assert.Contains(t, run.Why, strings.TrimPrefix(name, "chief "))
		r.again("nothing sounds", func() error {
			if len(r.onAir()) > 0 {
				return context.DeadlineExceeded
			}
			return nil
		})
	}
	_, err := r.CancelTest(t.Context(), chief, "nosuch")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
}

func TestTheGuardLetsOnlyAQuietTestSoundAtNight(t *testing.T) {
	r := withGuard(t, "")
	_, err := r.StartTest(t.Context(), chief, paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates"}})
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "--quiet")
	begun, err := r.StartTest(t.Context(), chief, paspeaker.TestRequest{Speakers: []paspeaker.SpeakerID{"gate-1"}, Quiet: true})
	require.NoError(t, err)
	run, _ := r.tested(begun.ID)
	assert.Equal(t, paspeaker.TestDone, run.State)
}

func TestWhatCannotBeTestedIsSaid(t *testing.T) {
	r := newRig(t, "")
	for _, q := range []paspeaker.TestRequest{{}, {Zones: []paspeaker.ZoneID{"nowhere"}}, {Zones: []paspeaker.ZoneID{"gates"}, Kind: "noise"},
		{Zones: []paspeaker.ZoneID{"gates"}, Kind: paspeaker.TestSweep, Quiet: true}} {
		_, err := r.StartTest(t.Context(), chief, q)
		assert.Error(t, err, "%+v", q)
	}
}

func TestASelfTestRunsBySchedule(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte(parkYAML()+"self_tests: [{id: night, name: Kiểm tra đêm, zones: [gates], daily: 03:30}]\n"), 0o600))
	r := newRig(t, dir)
	info := r.Tests().SelfTests
	require.Len(t, info, 1)
	assert.Equal(t, "Kiểm tra đêm", info[0].Name)
	assert.True(t, info[0].Quiet, "nobody asked to hear it")
	assert.Equal(t, "03:30", info[0].Next.Format("15:04"))

	r.selfSched.mu.Lock()
	cur := r.selfSched.cursors["self-test-night"]
	r.selfSched.mu.Unlock()
	play, _, err := r.readySelfTest(t.Context(), cur.e, cur.run)
	require.NoError(t, err)
	require.NoError(t, play(t.Context(), time.Now()))
	list := r.Tests()
	require.Len(t, list.Runs, 1)
	run, _ := r.tested(list.Runs[0].ID)
	assert.Equal(t, "night", run.SelfTest)
	assert.Equal(t, 2, run.Tally.Failed, "neither gate is there")
	r.again("the fault is shown", func() error {
		for _, f := range r.Status().Faults {
			if f.ID == "self-test/night" && strings.Contains(f.What, "gate-1: never seen") {
				return nil
			}
		}
		return context.DeadlineExceeded
	})
	assert.Equal(t, run.ID, r.Tests().SelfTests[0].Last)
	r.writeSite(parkYAML())
	_, err = r.Reload(t.Context(), chief)
	require.NoError(t, err)
	assert.Empty(t, r.Tests().SelfTests)
	for _, f := range r.Status().Faults {
		assert.NotEqual(t, "self-test/night", f.ID, "a self-test that is gone has no fault")
	}
}

func TestASignalHasItsLevel(t *testing.T) {
	r := newRig(t, "")
	for kind, want := range map[paspeaker.TestKind]float64{paspeaker.TestTone: -20, paspeaker.TestSweep: -20} {
		clip := r.newVoices(paspeaker.TestRequest{Kind: kind}).signal
		assert.InDelta(t, want, loudestSecond(clip), 1, kind)
		assert.InDelta(t, testSignal[kind].Seconds(), clip.Len().Seconds(), 0.1)
	}
	quiet := r.newVoices(paspeaker.TestRequest{Kind: paspeaker.TestTone, Quiet: true}).signal
	assert.InDelta(t, paspeaker.QuietLevelDB, loudestSecond(quiet), 0.2)
	assert.Equal(t, -120.0, loudestSecond(source.NewClip(make([]float32, audio.Rate))))
}

func TestALoudspeakerSaysItsNameOrChimes(t *testing.T) {
	r := newRig(t, "")
	v := r.newVoices(paspeaker.TestRequest{Kind: paspeaker.TestTone})
	v.mute = true
	sp := paspeaker.Speaker{ID: "gate-1", Name: "Cổng 1"}
	walking, err := v.of(t.Context(), paspeaker.TestRequest{Kind: paspeaker.TestTone}, sp)
	require.NoError(t, err)
	assert.Greater(t, walking.Len(), v.signal.Len()+nameGap, "a chime comes first")
	speech, err := v.of(t.Context(), paspeaker.TestRequest{Kind: paspeaker.TestSpeech}, sp)
	require.NoError(t, err)
	assert.Greater(t, speech.Len(), 4*time.Second, "a chime and a recording")
	together, err := v.of(t.Context(), paspeaker.TestRequest{Kind: paspeaker.TestTone, AtOnce: true}, sp)
	require.NoError(t, err)
	assert.Equal(t, v.signal, together, "all the names at once are none")
}

func TestMonitorsListenToTheSTIPASignal(t *testing.T) {
	r := newRig(t, "")
	group := []paspeaker.Speaker{{ID: "gate-1"}, {ID: "gate-2"}}
	r.node("gate-1", func(rep *paspeaker.NodeReport) { rep.Monitor = &paspeaker.MonitorState{Name: "mic"} }, nil)
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, tone(20*time.Second))
	require.NoError(t, err)
	heard := r.listenAlong(t.Context(), paspeaker.TestSTIPA, s.ID, group, -listenAfter)()
	require.Len(t, heard, 1, "those that have a monitor are asked")
	assert.Nil(t, heard["gate-1"].how)
	assert.NotEmpty(t, heard["gate-1"].fault, "this one does not answer")
	assert.Empty(t, r.listenAlong(t.Context(), paspeaker.TestTone, s.ID, group, 0)(), "a tone says nothing of speech")
	_, err = r.Stop(t.Context(), chief, nil, nil, true)
	require.NoError(t, err)
	assert.Empty(t, r.listenAlong(t.Context(), paspeaker.TestSTIPA, s.ID, group, 0)(), "it is over")
}

func TestManyResultsAreToldInSeveralEvents(t *testing.T) {
	r := newRig(t, "")
	run := &testRun{run: paspeaker.TestRun{ID: "many", Total: 250}, stop: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	events := r.Watch(ctx)
	r.addResults(run, make([]paspeaker.SpeakerTest, 250))
	cancel()
	var told []int
	for ev := range events {
		if ev.Test != nil {
			told = append(told, len(ev.Test.Results))
			assert.Equal(t, 250, ev.Test.Done)
		}
	}
	assert.Equal(t, []int{100, 100, 50}, told)
	assert.Equal(t, 250, run.run.Tally.Untested)
}
