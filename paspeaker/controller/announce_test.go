package controller

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/api"
)

var toGates = paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, By: "Lan"}

// tone is a source of a given length.
func tone(d time.Duration) api.Source { return api.Source{Kind: api.SourceTone, Length: d} }

func TestATonePlaysEndsAndIsRecorded(t *testing.T) {
	r := newRig(t, "")
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("gates"))}, r.group("gates"))
	s, err := r.Announce(t.Context(), toGates, tone(200*time.Millisecond))
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2"}, s.Sounding)

	first := ear.heard(t, "the first packet", func(p wire.Packet) bool { return p.Flags&wire.FlagStart != 0 })
	assert.Equal(t, uint64(s.ID), first.Session)
	assert.Equal(t, paspeaker.PriorityRoutine, paspeaker.Rank(first.Rank).Priority())
	ear.heard(t, "its end", func(p wire.Packet) bool { return p.Flags&wire.FlagEnd != 0 })

	assert.Equal(t, paspeaker.OutcomeDone, r.ended(s.ID).Outcome)
	assert.Equal(t, "asked play end", sorted(r.what(s.ID)))
}

// sorted puts "asked" first: it is appended beside the rulings it caused.
func sorted(words string) string {
	if i := strings.Index(words, "asked"); i > 0 {
		words = "asked " + strings.TrimSpace(strings.Replace(words, "asked", "", 1))
	}
	return strings.Join(strings.Fields(words), " ")
}

func TestASecondRoutineCallIsToldWhoSpeaks(t *testing.T) {
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	defer mouth.Close()
	go speak(mouth)
	_, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)

	_, err = r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"roads"}, By: "Minh"},
		api.Source{Kind: api.SourceLive, Body: strings.NewReader("")})
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "Lan")
	assert.ErrorContains(t, err, "gate-2", "it stands in both zones")
}

// speak writes silence as a live client does, until nobody reads.
func speak(w io.Writer) {
	frame := make([]byte, 960)
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		if _, err := w.Write(frame); err != nil {
			tick.Stop()
			return
		}
	}
}

func TestADeadClientEndsItsCall(t *testing.T) {
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	s, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)
	_, err = mouth.Write(make([]byte, 9600))
	require.NoError(t, err)
	// Nothing more is said, and the connection stays open.
	assert.Equal(t, paspeaker.OutcomeLost, r.ended(s.ID).Outcome)
	mouth.Close()
}

func TestABrokenConnectionEndsItsCallAtOnce(t *testing.T) {
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	s, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)
	mouth.CloseWithError(errors.New("reset by peer"))
	assert.Equal(t, paspeaker.OutcomeLost, r.ended(s.ID).Outcome)
}

func TestTheLastWordIsHeard(t *testing.T) {
	r := newRig(t, "")
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("gates"))}, r.group("gates"))
	loud := make([]byte, 2*4800)
	for i := 1; i < len(loud); i += 2 {
		loud[i] = 0x20
	}
	s, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: strings.NewReader(string(loud))})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeDone, r.ended(s.ID).Outcome)
	ear.heard(t, "its end", func(p wire.Packet) bool { return p.Flags&wire.FlagEnd != 0 })
	sound := 0
	for _, p := range ear.copyPackets() {
		for i := 0; i+1 < len(p.Payload); i += 2 {
			if p.Payload[i] != 0 {
				sound++
			}
		}
	}
	assert.InDelta(t, 4800, sound, 480, "all that was said went out, give or take the queue's fades")
}

func TestAForgottenMicrophoneExpires(t *testing.T) {
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	defer mouth.Close()
	go speak(mouth)
	a := toGates
	a.MaxLength = paspeaker.Duration(300 * time.Millisecond)
	s, err := r.Announce(t.Context(), a, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeExpired, r.ended(s.ID).Outcome)
}

func TestEverySourceOfSoundPlays(t *testing.T) {
	r := newRig(t, "")
	slogan, err := os.ReadFile("../../cmd/paspeakerd/sounds/drill-vi.opus")
	require.NoError(t, err)
	for _, src := range []api.Source{
		tone(50 * time.Millisecond),
		{Kind: api.SourceSweep, Length: 50 * time.Millisecond},
		{Kind: api.SourceChime, Name: "gong"},
		{Kind: api.SourceBuiltin, Name: "slogan-1"},
		{Kind: api.SourceFile, Name: "drill.opus", Body: strings.NewReader(string(slogan))},
	} {
		s, err := r.Announce(t.Context(), toGates, src)
		require.NoError(t, err, src.Kind)
		assert.Equal(t, paspeaker.StatePlaying, s.State, src.Kind)
		_, err = r.Stop(t.Context(), paspeaker.Caller{By: "Lan"}, []paspeaker.SessionID{s.ID}, nil, false)
		require.NoError(t, err, src.Kind)
		assert.Equal(t, paspeaker.OutcomeStopped, r.ended(s.ID).Outcome, src.Kind)
	}
}

func TestWhatIsAskedWronglyIsRefusedWithARemedy(t *testing.T) {
	r := newRig(t, "")
	drill := paspeaker.PriorityRecorded
	for name, c := range map[string]struct {
		a    paspeaker.Announcement
		src  api.Source
		code paspeaker.Code
		says string
	}{
		"no such zone":    {paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gtaes"}}, tone(0), paspeaker.CodeNotFound, "gates"},
		"nowhere":         {paspeaker.Announcement{}, tone(0), paspeaker.CodeInvalid, ""},
		"no such chime":   {paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, Chime: "bell"}, tone(0), paspeaker.CodeInvalid, "gong"},
		"no such sound":   {toGates, api.Source{Kind: api.SourceBuiltin, Name: "../../x"}, paspeaker.CodeNotFound, "slogan-1"},
		"not a sound":     {toGates, api.Source{Kind: api.SourceFile, Name: "x.txt", Body: strings.NewReader("hello, this is text")}, "", "x.txt"},
		"a masking drill": {paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, Drill: true, Priority: &drill}, tone(0), paspeaker.CodeInvalid, "223"},
		"too long":        {paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, MaxLength: paspeaker.Duration(300 * 24 * time.Hour)}, tone(0), paspeaker.CodeInvalid, "limits"},
		"a looped voice":  {paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, Repeat: -1}, api.Source{Kind: api.SourceLive, Body: strings.NewReader("")}, paspeaker.CodeInvalid, "--repeat"},
	} {
		_, err := r.Announce(t.Context(), c.a, c.src)
		require.Error(t, err, name)
		if c.code != "" {
			assert.Equal(t, c.code, paspeaker.CodeOf(err), name)
		}
		assert.ErrorContains(t, err, c.says, name)
	}
	assert.Empty(t, r.onAir())
}

// Who is refused reads the time on the wall of the park, wherever the daemon's
// own clock is set to.
func TestARefusalSaysTheTimeOfTheSite(t *testing.T) {
	r := newRig(t, "")
	now := r.now()
	assert.Equal(t, r.site.Load().Location, now.Location())
	_, offset := now.Zone()
	assert.Equal(t, 7*3600, offset)
}
