package controller

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/bus"
)

// nodeBus is a node's end of the bus, which has reported once.
func (r *rig) nodeBus(id paspeaker.SpeakerID) *bus.Bus {
	r.t.Helper()
	seed, _, err := NodeKey(r.identity.Secret, id)
	require.NoError(r.t, err)
	b, err := bus.Connect(r.t.Context(), bus.Config{URL: r.hub.URL(), NkeySeed: seed, Name: string(id)})
	require.NoError(r.t, err)
	r.t.Cleanup(b.Close)
	r.again("node reports", func() error {
		if err := b.PublishReport(paspeaker.NodeReport{ID: id, Version: "1"}); err != nil {
			return err
		}
		return r.reachable(id)
	})
	return b
}

func TestANodeIsToldAndTheJournalSaysSo(t *testing.T) {
	r := newRig(t, "")
	ctx, by := t.Context(), paspeaker.Caller{By: "Lan", From: "10.0.0.9"}
	node := r.nodeBus("gate-1")
	got := make(chan paspeaker.NodeCommand, 1)
	require.NoError(t, node.OnCommand(func(s paspeaker.SignedCommand) paspeaker.NodeAnswer {
		c, err := paspeaker.OpenCommand(r.identity.Root.Public().(ed25519.PublicKey), s)
		if err != nil || c.Verb == "fall" {
			return paspeaker.NodeAnswer{Error: &paspeaker.Error{Code: paspeaker.CodeBusy, What: "gate-1 is on air", Hint: "wait"}}
		}
		got <- c
		return paspeaker.NodeAnswer{Result: json.RawMessage(`{"ok":true}`)}
	}))
	var out json.RawMessage
	r.again("the node listens", func() (err error) {
		out, err = r.NodeCommand(ctx, by, "gate-1", "dance", map[string]int{"steps": 3})
		return err
	})
	assert.JSONEq(t, `{"ok":true}`, string(out))
	c := <-got
	assert.Equal(t, paspeaker.SpeakerID("gate-1"), c.Node)
	assert.JSONEq(t, `{"steps":3}`, string(c.Args))
	assert.InDelta(t, commandWait.Seconds(), c.Expires.Sub(c.Issued).Seconds(), 5)

	_, err := r.NodeCommand(ctx, by, "gate-1", "fall", nil)
	var e *paspeaker.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, paspeaker.Error{Code: paspeaker.CodeBusy, What: "gate-1 is on air", Hint: "wait"}, *e)

	want := []struct{ name, outcome, detail string }{{"dance", "done", `{"steps":3}`}, {"fall", "busy", "gate-1 is on air; wait"}}
	r.again("the journal has both", func() error {
		entries, err := r.Journal(ctx, paspeaker.JournalQuery{What: []string{paspeaker.WhatCommand}, By: "Lan"})
		if err != nil || len(entries) < len(want) || entries[len(entries)-1].Name != "fall" {
			return paspeaker.Errorf(paspeaker.CodeInternal, "%v %v", entries, err)
		}
		for i, e := range entries[len(entries)-2:] {
			assert.Equal(t, want[i].name, e.Name)
			assert.Equal(t, want[i].outcome, e.Outcome)
			assert.Equal(t, want[i].detail, e.Detail)
			assert.Equal(t, []paspeaker.SpeakerID{"gate-1"}, e.Speakers)
			assert.Equal(t, "10.0.0.9", e.From)
		}
		return nil
	})
}

// answers has a node answer every command with a text, and remembers the last.
func answers(t *testing.T, node *bus.Bus, text string) <-chan paspeaker.NodeCommand {
	t.Helper()
	got := make(chan paspeaker.NodeCommand, 16)
	require.NoError(t, node.OnCommand(func(s paspeaker.SignedCommand) paspeaker.NodeAnswer {
		var c paspeaker.NodeCommand
		if json.Unmarshal(s.Body, &c) == nil {
			got <- c
		}
		return paspeaker.NodeAnswer{Result: json.RawMessage(text)}
	}))
	return got
}

// A chirp keeps the guard's hours; a light may blink in them, and the night's
// gain makes the chirp softer.
func TestAChirpKeepsTheGuardsHours(t *testing.T) {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	require.NoError(t, err)
	h := time.Now().In(loc).Hour()
	closed := paspeaker.TimeOfDay((h+2)%24*3600).String() + "-" + paspeaker.TimeOfDay((h+4)%24*3600).String()
	r := withGuard(t, `"`+closed+`"`)
	got := answers(t, r.nodeBus("gate-1"), `{"sounded":"1s","blinked":true}`)
	_, err = r.Identify(t.Context(), chief, "gate-1", paspeaker.Identify{})
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "guard: hours (giờ phát thanh)")
	assert.ErrorContains(t, err, "--blink")
	assert.Empty(t, got)
	r.again("the node listens", func() error {
		_, err := r.Identify(t.Context(), chief, "gate-1", paspeaker.Identify{Blink: true})
		return err
	})
	assert.Equal(t, paspeaker.VerbIdentify, (<-got).Verb)
}

func TestWhatATechnicianAsksReachesTheNode(t *testing.T) {
	r := newRig(t, "")
	got := answers(t, r.nodeBus("gate-1"), `{"trim_db":-6,"gain_db":1,"by":"Lan","until":"2026-11-24T03:00:00Z","lines":["a"],"next":1,"sounded":"5s"}`)
	r.again("the node listens", func() error { return r.nodeSays(t, got) })
	ctx, db := t.Context(), -6.0
	m, err := r.Mute(ctx, paspeaker.Caller{By: "Lan"}, "gate-1", paspeaker.Mute{By: "somebody else"})
	require.NoError(t, err)
	assert.Equal(t, "10:00", m.Until.Format("15:04"), "in the site's zone")
	assert.JSONEq(t, `{"by":"Lan"}`, string((<-got).Args), "who mutes is never the client's to say")
	trim, err := r.Volume(ctx, chief, "gate-1", paspeaker.Volume{DB: &db})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.Trim{TrimDB: -6, GainDB: 1}, trim)
	_, err = r.Volume(ctx, chief, "gate-1", paspeaker.Volume{})
	require.NoError(t, err)
	_, err = r.Unmute(ctx, chief, "gate-1")
	require.NoError(t, err)
	for _, after := range []uint64{0, 1} {
		page, err := r.NodeLogs(ctx, chief, "gate-1", paspeaker.Logs{After: after})
		require.NoError(t, err)
		assert.Equal(t, []string{"a"}, page.Lines)
	}
	out, err := r.Identify(ctx, chief, "gate-1", paspeaker.Identify{})
	require.NoError(t, err)
	assert.EqualValues(t, 5*time.Second, out.Sounded)
	require.NoError(t, r.journal.Flush(ctx))
	var words []string
	for _, e := range r.entriesOf(paspeaker.WhatCommand) {
		if e.Name != "dance" {
			words = append(words, e.Name)
		}
	}
	assert.Equal(t, []string{"mute", "volume", "unmute", "logs", "identify"}, words, "what was only looked at is not in the journal")
}

// nodeSays asks once and takes the command out of got.
func (r *rig) nodeSays(t *testing.T, got <-chan paspeaker.NodeCommand) error {
	_, err := r.NodeCommand(t.Context(), chief, "gate-1", "dance", nil)
	if err == nil {
		<-got
	}
	return err
}

func TestWhoCannotBeTold(t *testing.T) {
	r := newRig(t, "")
	for id, want := range map[string]struct {
		code paspeaker.Code
		says string
	}{
		"gate-9": {paspeaker.CodeNotFound, "gate-1"},
		"horn":   {paspeaker.CodeUnsupported, "third-party"},
		"gate-2": {paspeaker.CodeUnavailable, "offline"},
	} {
		_, err := r.NodeCommand(t.Context(), paspeaker.Caller{}, id, "dance", nil)
		assert.Equal(t, want.code, paspeaker.CodeOf(err), id)
		assert.ErrorContains(t, err, want.says)
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ended.Done()
	r.nodeBus("gate-2")
	_, err := r.NodeCommand(ended, paspeaker.Caller{}, "gate-2", "dance", nil)
	assert.Error(t, err)
}
