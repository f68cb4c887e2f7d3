package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

func TestMachinesAreExaminedThroughTheAPI(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	list, err := p.client.Doctor(t.Context(), paspeaker.DoctorOrder{Speakers: []paspeaker.SpeakerID{"gate-1"}, Listen: paspeaker.Duration(time.Second)})
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.Examination{{Machine: "gate-1", Listened: paspeaker.Duration(time.Second),
		Findings: []paspeaker.Finding{{ID: "mtu", Severity: paspeaker.SeverityOK, What: "it fits"}}}}, list)
	list, err = p.client.Doctor(t.Context(), paspeaker.DoctorOrder{NotHere: true})
	require.NoError(t, err)
	assert.NotNil(t, list)
}

func TestATechnicianReachesOneLoudspeaker(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, db := t.Context(), -6.0
	until := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		verb, args, answer string
		call               func() (any, error)
		want               any
	}{
		{"identify", `{"for":"3s","blink":true}`, `{"sounded":0,"blinked":true}`,
			func() (any, error) {
				return p.client.Identify(ctx, "gate-1", paspeaker.Identify{For: paspeaker.Duration(3 * time.Second), Blink: true})
			},
			paspeaker.Identified{Blinked: true}},
		{"calibrate", `{"level_db":-30}`, `{"response_db":-20,"delay":"15ms","likeness":0.9,"noise_db":-70,"gain_db":-3,"trim_db":0,"site_delay":"0s","delay_trim":"0s"}`,
			func() (any, error) { return p.client.Calibrate(ctx, "gate-1", paspeaker.Calibrate{LevelDB: -30}) },
			paspeaker.Calibrated{ResponseDB: -20, Delay: paspeaker.Duration(15 * time.Millisecond), Likeness: 0.9, NoiseDB: -70, GainDB: -3}},
		{"adjust", `{"trim_db":-6,"delay_trim":"4ms"}`, `{"trim_db":-6,"delay_trim":"4ms"}`,
			func() (any, error) {
				return p.client.Adjust(ctx, "gate-1", paspeaker.Adjust{TrimDB: -6, DelayTrim: paspeaker.Duration(4 * time.Millisecond)})
			}, paspeaker.Adjust{TrimDB: -6, DelayTrim: paspeaker.Duration(4 * time.Millisecond)}},
		{"volume", `{"db":-6}`, `{"trim_db":-6,"gain_db":-3}`,
			func() (any, error) { return p.client.Volume(ctx, "gate-1", paspeaker.Volume{DB: &db}) }, paspeaker.Trim{TrimDB: -6, GainDB: -3}},
		{"volume", `{}`, `{"trim_db":0,"gain_db":-3}`,
			func() (any, error) { return p.client.Volume(ctx, "gate-1", paspeaker.Volume{}) }, paspeaker.Trim{GainDB: -3}},
		{"mute", `{"for":"10m0s","emergencies_too":true,"confirmed":true}`, `{"by":"Anh Minh","until":"2026-11-24T10:00:00Z"}`,
			func() (any, error) {
				return p.client.Mute(ctx, "gate-1", paspeaker.Mute{For: paspeaker.Duration(10 * time.Minute), EmergenciesToo: true, Confirmed: true})
			}, paspeaker.Muting{By: "Anh Minh", Until: until}},
		{"unmute", `null`, `{"by":"Anh Minh","until":"2026-11-24T10:00:00Z"}`,
			func() (any, error) { return p.client.Unmute(ctx, "gate-1") }, paspeaker.Muting{By: "Anh Minh", Until: until}},
		{"adopt", `3600000000000`, `{"token":"join","node":"gate-1","expires":"2026-11-24T10:00:00Z"}`,
			func() (any, error) { return p.client.Adopt(ctx, "gate-1", time.Hour) }, paspeaker.JoinToken{Token: "join", Node: "gate-1", Expires: until}},
		{"replace", `0`, `{"token":"join","node":"gate-1","expires":"2026-11-24T10:00:00Z"}`,
			func() (any, error) { return p.client.Replace(ctx, "gate-1", 0) }, paspeaker.JoinToken{Token: "join", Node: "gate-1", Expires: until}},
		{"logs", `{"after":7,"wait":"15s"}`, `{"lines":["a","b"],"next":9}`,
			func() (any, error) {
				return p.client.NodeLogs(ctx, "gate-1", paspeaker.Logs{After: 7, Wait: paspeaker.Duration(15 * time.Second)})
			}, paspeaker.LogPage{Lines: []string{"a", "b"}, Next: 9}},
	} {
		p.fake.answer = json.RawMessage(c.answer)
		got, err := c.call()
		require.NoError(t, err, c.verb)
		assert.Equal(t, c.want, got)
		last := p.fake.commands[len(p.fake.commands)-1]
		assert.Equal(t, c.verb, last.verb)
		assert.Equal(t, "gate-1", last.id)
		assert.JSONEq(t, c.args, last.args)
		assert.Equal(t, "Anh Minh", p.fake.by.By)
	}
	prog, err := p.client.AddProgram(ctx, strings.NewReader("a program"))
	require.NoError(t, err)
	assert.EqualValues(t, 9, prog.Size)
	assert.Equal(t, "a program", string(p.fake.heard))
	p.fake.answer = json.RawMessage(`{"arch":"arm64","sha256":"` + strings.Repeat("ab", 32) + `"}`)
	running, err := p.client.UpgradeNode(ctx, "gate-1", paspeaker.UpgradeTo{SHA256: strings.Repeat("ab", 32)})
	require.NoError(t, err)
	assert.Equal(t, "arm64", running.Arch)
	_, err = p.client.UpgradeNode(ctx, "gate-1", paspeaker.UpgradeTo{SHA256: "ab"})
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	p.fake.fail = &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "gate-1 is offline", Hint: "is it powered?"}
	_, err = p.client.Unmute(ctx, "gate-1")
	var e *paspeaker.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, *p.fake.fail.(*paspeaker.Error), *e)
}

func TestOrdersOutsideTheirBoundsAreRefused(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	for path, text := range map[string]string{
		"volume":   `{"db":99}`,
		"identify": `{"level_db":0.5}`,
		"mute":     `{"for":{}}`,
		"logs":     `{"after":-1}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/v1/speakers/gate-1/"+path, strings.NewReader(text))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, path)
	}
	assert.Empty(t, p.fake.commands)
}
