package controller

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/state"
)

func TestABadFileKeepsTheRunningSite(t *testing.T) {
	r := newRig(t, "")
	s, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	r.writeSite(strings.Replace(parkYAML(), "kind: mobile", "kind: helicopter", 1))
	_, err = r.Reload(t.Context(), chief)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "helicopter")
	assert.Equal(t, paspeaker.StatePlaying, r.session(s.ID).State)
	assert.Equal(t, "config", r.faults.list()[0].ID)

	r.writeSite(parkYAML())
	_, err = r.Reload(t.Context(), chief)
	require.NoError(t, err)
	assert.Empty(t, r.faults.list(), "the fault is over")
}

func TestABadFileAtStartRunsTheLastGoodOne(t *testing.T) {
	r := newRig(t, "")
	before := r.site.Load().Digest()
	r.stop()
	r.writeSite("zones: [")
	again := newRig(t, r.dir)
	assert.Equal(t, before, again.site.Load().Digest())
	assert.Equal(t, "config", again.faults.list()[0].ID)
}

func TestABadFileAtTheVeryFirstStartIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte("zones: ["), 0o600))
	st, err := state.Open(filepath.Join(dir, "state"))
	require.NoError(t, err)
	defer st.Close()
	id, err := LoadIdentity(st, time.Now())
	require.NoError(t, err)
	_, err = New(Config{SitePath: filepath.Join(dir, "zones.yaml"), State: st, Identity: id, Now: time.Now})
	assert.ErrorContains(t, err, "zones.yaml:1")
}

// withMessage adds an emergency whose message is the file x.wav beside the site.
func withMessage(more string) string {
	return parkYAML() + "emergencies:\n  - {id: gas, name: Khí độc, message: [x.wav]" + more + "}\n"
}

func TestASoundThatDoesNotDecodeIsABadFile(t *testing.T) {
	r := newRig(t, "")
	before := r.site.Load().Digest()
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "x.wav"), []byte("RIFF....WAVE"), 0o600))
	r.writeSite(withMessage(""))
	_, err := r.Reload(t.Context(), chief)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "emergency gas: sound x.wav")
	assert.Equal(t, before, r.site.Load().Digest())
	r.stop()

	again := newRig(t, r.dir)
	assert.Equal(t, before, again.site.Load().Digest(), "the last good one runs")
	assert.Equal(t, "config", again.faults.list()[0].ID)
}

// One damaged recording must not keep a whole site silent.
func TestWithoutALastGoodOneASiteStartsWithoutTheSound(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.wav"), []byte("RIFF....WAVE"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte(withMessage(", drill: [x.wav]")), 0o600))
	r := newRig(t, dir)
	assert.Equal(t, "sounds", r.faults.list()[0].ID)
	_, err := r.Emergency(t.Context(), paspeaker.Announcement{Emergency: "gas", Zones: toGates.Zones, Drill: true})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "a drill that cannot say so is no drill")
	s, err := r.Emergency(t.Context(), paspeaker.Announcement{Emergency: "gas", Zones: toGates.Zones})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.StatePlaying, s.State)
	e, _ := r.site.Load().Emergency("gas")
	src, frame := r.sounds.Load().emergency(e, false), make([]float32, 48000)
	for range 60 { // the alert tone, again and again
		n, err := src.Read(frame)
		require.NoError(t, err)
		require.Equal(t, len(frame), n)
	}
}

func TestAFileThatCannotStartIsNotTheLastGoodOne(t *testing.T) {
	r := newRig(t, "")
	kept, err := r.cfg.State.Read(lastGoodFile)
	require.NoError(t, err)
	r.writeSite(strings.Replace(parkYAML(), "interface: lo", "interface: eth99", 1))
	_, err = r.Reload(t.Context(), chief)
	assert.ErrorContains(t, err, "eth99")
	after, err := r.cfg.State.Read(lastGoodFile)
	require.NoError(t, err)
	assert.Equal(t, string(kept), string(after))
}

func TestAReloadTakesAwayOnlyWhatIsGone(t *testing.T) {
	r := newRig(t, "")
	roads := r.group("roads")
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates", "roads"}}, tone(time.Minute))
	require.NoError(t, err)
	r.writeSite(strings.Replace(parkYAML(), "  - {id: road-1, name: Đường 1, kind: fixed, zones: [roads]}\n", "", 1))
	res, err := r.Reload(t.Context(), chief)
	require.NoError(t, err)
	assert.True(t, res.Changed)
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2", "unit-1"}, r.session(s.ID).Sounding)
	assert.Equal(t, roads, r.group("roads"), "a group never moves by an edit")
}

func TestGroupsSurviveARestart(t *testing.T) {
	r := newRig(t, "")
	gates := r.group("gates")
	r.stop()
	assert.Equal(t, gates, newRig(t, r.dir).group("gates"))
}

func TestEveryStartHasAHigherTerm(t *testing.T) {
	st, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer st.Close()
	now := time.Unix(1_800_000_000, 0)
	first, err := LoadIdentity(st, now)
	require.NoError(t, err)
	assert.EqualValues(t, now.Unix(), first.Term)
	assert.True(t, first.New)

	second, err := LoadIdentity(st, now.Add(-time.Hour)) // the clock went back
	require.NoError(t, err)
	assert.Equal(t, first.Term+1, second.Term)
	assert.Equal(t, first.Token, second.Token)
	assert.Equal(t, first.Fingerprint(), second.Fingerprint())
	assert.False(t, second.New)

	require.NoError(t, st.Write("term", []byte("soon")))
	_, err = LoadIdentity(st, now)
	assert.ErrorContains(t, err, "damaged")
}

func TestWhatIsSecretIsPrivate(t *testing.T) {
	r := newRig(t, "")
	for _, name := range []string{"token", "root.key", "site.secret", "tls.pem", "term"} {
		info, err := os.Stat(r.cfg.State.Path(name))
		require.NoError(t, err, name)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}
