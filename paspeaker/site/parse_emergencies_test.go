package site

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEmergencyFaults(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"without message", "emergencies:\n  - id: riot\n    name: Gây rối\n",
			"zones.yaml:3: emergencies[0].message: an emergency without a message; add the line \"message: [builtin:evacuate-vi]\", or name a recording"},
		{"empty message", "emergencies:\n  - id: fire\n    message: []\n",
			"zones.yaml:4: emergencies[0].message: an emergency without a message; add the line \"message: [builtin:evacuate-vi]\", or name a recording"},
		{"drill that does not say so", "emergencies:\n  - id: fire\n    drill: []\n",
			"zones.yaml:4: emergencies[0].drill: a drill that does not say so is taken for the real thing; delete the line for the shipped wording, or name a recording"},
		{"sound not shipped", "emergencies:\n  - id: fire\n    message: [\"builtin:fire-vn\"]\n",
			"zones.yaml:4: emergencies[0].message[0]: no sound builtin:fire-vn is shipped; did you mean fire-en?"},
		{"tone too short", "emergencies:\n  - {id: fire, tone_length: 2s}\n",
			"zones.yaml:3: emergencies[0].tone_length: 2s is out of range; use 3s to 10s"},
		{"tone too long", "emergencies:\n  - {id: fire, tone_length: 11s}\n",
			"zones.yaml:3: emergencies[0].tone_length: 11s is out of range; use 3s to 10s"},
		{"tone unknown", "emergencies:\n  - {id: fire, tone: slow-woop}\n",
			"zones.yaml:3: emergencies[0].tone: slow-woop is not known; did you mean slow-whoop?"},
		{"silence too long", "emergencies:\n  - {id: fire, pause: 11s}\n",
			"zones.yaml:3: emergencies[0].pause: 11s is out of range; use 0s to 10s"},
		{"endless", "emergencies:\n  - {id: fire, max_length: 0s}\n",
			"zones.yaml:3: emergencies[0].max_length: 0 would be endless; use 1s to 12h: a forgotten microphone must end by itself"},
		{"above the chief's microphone", "emergencies:\n  - {id: fire, priority: 255}\n",
			"zones.yaml:3: emergencies[0].priority: 255 is not a whole number in range; use 224 to 254"},
		{"no emergency at all", "emergencies:\n  - {id: fire, priority: 223}\n",
			"zones.yaml:3: emergencies[0].priority: 223 is not a whole number in range; use 224 to 254"},
		{"twice", "emergencies:\n  - fire\n  - id: fire\n",
			"zones.yaml:4: emergencies[1].id: there is an emergency fire already, in line 3; give one of them another id"},
		{"not shipped", "emergencies: [evacuation, flood]\n",
			"zones.yaml:2: emergencies[0]: no emergency evacuation is shipped; did you mean evacuate?; or give this one a message\n" +
				"zones.yaml:2: emergencies[1]: no emergency flood is shipped; use one of evacuate, fire, chemical, storm; or give this one a message"},
		{"without id", "emergencies:\n  - {message: \"builtin:fire-vi\"}\n",
			"zones.yaml:3: emergencies[0].id: is missing; give it an id, such as gate-1"},
		{"a key without value", "emergencies:\n  - id: riot\n    message:\n",
			"zones.yaml:4: emergencies[0].message: has no value; give it one, or delete the line"},
	})
}

func TestShippedEmergencies(t *testing.T) {
	s := mustParse(t, head)
	require.Len(t, s.Emergencies, 4)
	fire, ok := s.Emergency("fire")
	require.True(t, ok)
	assert.Equal(t, Emergency{
		ID: "fire", Name: "Báo cháy", Tone: "slow-whoop", ToneLength: 6 * time.Second,
		Message: []string{"builtin:fire-vi", "builtin:fire-en"},
		Drill:   []string{"builtin:drill-vi", "builtin:drill-en"},
		Cancel:  []string{"builtin:cancel-vi", "builtin:cancel-en"},
		Pause:   5 * time.Second, MaxLength: 30 * time.Minute, Priority: 240,
	}, fire)
	_, ok = s.Emergency("flood")
	assert.False(t, ok)

	for _, e := range s.Emergencies {
		assert.Contains(t, Tones(), e.Tone)
		for _, sound := range append(append(e.Message, e.Drill...), e.Cancel...) {
			name, builtin := s.File(sound)
			assert.True(t, builtin)
			assert.Contains(t, Builtins(), name)
		}
	}
}

func TestEmergenciesChanged(t *testing.T) {
	s := mustParse(t, head+`
classes: {emergency: {max_length: 20m}}
emergencies:
  - storm
  - id: fire
    message: builtin:evacuate-vi
    cancel: []
    priority: 254
  - {id: riot, message: [riot.wav], max_length: 3h}
`)
	require.Len(t, s.Emergencies, 3, "a list replaces the shipped ones")
	storm, fire, riot := s.Emergencies[0], s.Emergencies[1], s.Emergencies[2]
	assert.Equal(t, 20*time.Minute, storm.MaxLength, "of its class")
	assert.Equal(t, []string{"builtin:evacuate-vi"}, fire.Message)
	assert.Equal(t, "slow-whoop", fire.Tone, "what is left out stays as shipped")
	assert.Empty(t, fire.Cancel)
	assert.EqualValues(t, 254, fire.Priority)
	assert.Equal(t, "riot", riot.Name)
	assert.NotEmpty(t, riot.Drill)
	assert.Equal(t, 3*time.Hour, riot.MaxLength)

	assert.Empty(t, mustParse(t, head+"emergencies: []").Emergencies, "an empty list is none")
}

func TestMessageFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sounds"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sounds", "sơ tán.wav"), make([]byte, 2000), 0o600))
	yaml := "emergencies:\n  - {id: riot, message: [sounds/sơ tán.wav]}\n"

	s, err := Parse([]byte(head+yaml), dir)
	require.NoError(t, err)
	name, builtin := s.File(s.Emergencies[0].Message[0])
	assert.False(t, builtin)
	assert.FileExists(t, name)
	abs, _ := s.File("/srv/a.wav")
	assert.Equal(t, "/srv/a.wav", abs)

	const hint = "; put the recording there, or use a shipped one such as builtin:evacuate-vi"
	for _, c := range []struct{ mistake, yaml, told string }{
		{"missing", "emergencies:\n  - {id: riot, message: [a.wav, builtin:fire-vi]}\n",
			"zones.yaml:3: emergencies[0].message[0]: there is no file " + dir + "/a.wav" + hint},
		{"missing, among drill and cancel", "emergencies:\n  - {id: fire, drill: [b.wav], cancel: c.wav}\n",
			"zones.yaml:3: emergencies[0].drill[0]: there is no file " + dir + "/b.wav" + hint + "\n" +
				"zones.yaml:3: emergencies[0].cancel: there is no file " + dir + "/c.wav" + hint},
		{"a directory", "emergencies:\n  - {id: riot, message: [sounds]}\n",
			"zones.yaml:3: emergencies[0].message[0]: sounds is not a file" + hint},
		{"no name", "emergencies:\n  - {id: riot, message: [\"\"]}\n",
			"zones.yaml:3: emergencies[0].message[0]: \"\" is not a file name" + hint},
		{"too large", "limits: {max_upload: 1kB}\nemergencies:\n  - {id: riot, message: sounds/sơ tán.wav}\n",
			"zones.yaml:4: emergencies[0].message: sounds/sơ tán.wav is larger than limits.max_upload (1000 bytes); shorten or compress it, or raise limits.max_upload"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			assert.Equal(t, c.told, Faults(faultList(t, head+c.yaml, dir)).Error())
		})
	}
}

// faultList returns the faults of a file that has some.
func faultList(t *testing.T, yaml, dir string) Faults {
	t.Helper()
	_, err := Parse([]byte(yaml), dir)
	var faults Faults
	require.ErrorAs(t, err, &faults)
	return faults
}
