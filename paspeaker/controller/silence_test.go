package controller

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestWhatAReportProvesAboutAnOrder(t *testing.T) {
	asked := time.Unix(1_800_000_000, 0)
	const before = 1000
	quiet := func(stopped int64, db float64, since time.Duration) *paspeaker.NodeReport {
		return &paspeaker.NodeReport{Quiet: &paspeaker.Quiet{Stopped: stopped, OutputDB: db, Since: paspeaker.Duration(since)}}
	}
	for name, test := range map[string]struct {
		report *paspeaker.NodeReport
		after  time.Duration
		want   paspeaker.SilenceState
	}{
		"obeyed and silent":               {quiet(before, -120, time.Millisecond), 120 * time.Millisecond, paspeaker.IsSilent},
		"obeyed, and sounds":              {quiet(before, -18, 0), 120 * time.Millisecond, paspeaker.IsSounding},
		"silent, before it was told":      {quiet(before-1, -120, time.Hour), 120 * time.Millisecond, paspeaker.SilenceUnsure},
		"silent, never told, later":       {quiet(0, -120, time.Hour), time.Second, paspeaker.IsSilent},
		"sounds, never told, later":       {quiet(0, -18, 0), time.Second, paspeaker.IsSounding},
		"sounds, from before":             {quiet(0, -18, 0), -time.Second, paspeaker.SilenceUnsure},
		"an older program, silent later":  {&paspeaker.NodeReport{LevelDB: -120}, time.Second, paspeaker.IsSilent},
		"an older program, sounds later":  {&paspeaker.NodeReport{LevelDB: -20}, time.Second, paspeaker.IsSounding},
		"silent, but it holds something":  {&paspeaker.NodeReport{LevelDB: -120, Playing: []paspeaker.Playing{{}}}, time.Second, paspeaker.IsSounding},
		"it keeps time and never reports": {nil, 0, paspeaker.SilenceUnsure},
	} {
		assert.Equal(t, test.want, isSilent(test.report, asked.Add(test.after), asked, before), name)
	}
}

// The node of gate-1 obeys, that of gate-2 sounds on, road-1 is not there, and
// the horn cannot tell.
func TestStopAllIsProvenLoudspeakerByLoudspeaker(t *testing.T) {
	r := newRig(t, "")
	good, bad := nodeBus(t, r, "gate-1"), nodeBus(t, r, "gate-2")
	report := func(id paspeaker.SpeakerID, q paspeaker.Quiet) paspeaker.NodeReport {
		return paspeaker.NodeReport{ID: id, Instance: "a", Quiet: &q}
	}
	require.NoError(t, good.PublishReport(report("gate-1", paspeaker.Quiet{OutputDB: -20})))
	require.NoError(t, bad.PublishReport(report("gate-2", paspeaker.Quiet{OutputDB: -20})))
	r.again("both are there", func() error {
		_, _, one := r.nodes.get("gate-1")
		_, _, two := r.nodes.get("gate-2")
		if !one || !two {
			return errors.New("not yet")
		}
		return nil
	})
	session, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	over := make(chan struct{})
	defer func() { <-over }()
	done := make(chan struct{})
	defer close(done)
	go func() { // the nodes: one obeys the order of now, one does not
		defer close(over)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = good.PublishReport(report("gate-1", paspeaker.Quiet{Stopped: r.media(), OutputDB: -120, Since: 1}))
				_ = bad.PublishReport(report("gate-2", paspeaker.Quiet{Stopped: r.media(), OutputDB: -18}))
			}
		}
	}()
	s, err := r.Silence(t.Context(), paspeaker.Caller{By: "Lan", From: "10.0.0.9"})
	require.NoError(t, err)
	require.Len(t, s.Stopped, 1)
	assert.Equal(t, session.ID, s.Stopped[0].ID)
	assert.Equal(t, "silent: 1 of 5; gate-2: still sounding at −18 dBFS; road-1: offline, cannot be known; unit-1: offline, cannot be known; horn: third-party, cannot be known", s.String())
	assert.False(t, s.Proven())
	assert.Positive(t, s.Took)
	r.again("the journal says it", func() error {
		log, err := r.Journal(t.Context(), paspeaker.JournalQuery{What: []string{paspeaker.WhatSilence}})
		if err != nil || len(log) == 0 {
			return errors.Join(err, errors.New("not yet"))
		}
		assert.Equal(t, "sounding", log[0].Outcome)
		assert.Equal(t, s.String(), log[0].Detail)
		assert.Equal(t, "Lan", log[0].By)
		assert.Equal(t, []paspeaker.SpeakerID{"gate-2", "road-1", "unit-1", "horn"}, log[0].Speakers)
		return nil
	})
}

func TestWhatBeganAfterTheOrderIsNotHeldAgainstIt(t *testing.T) {
	r := newRig(t, "")
	asked := time.Now()
	session, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.SessionID{session.ID}, r.begunAfter(asked))
	assert.Empty(t, r.begunAfter(time.Now()))
	plays := &paspeaker.NodeReport{Playing: []paspeaker.Playing{{Session: session.ID.WithPart(3)}}}
	assert.True(t, playsOnly(plays, r.begunAfter(asked)))
	assert.False(t, playsOnly(plays, nil))
	assert.False(t, playsOnly(&paspeaker.NodeReport{}, r.begunAfter(asked)))
}
