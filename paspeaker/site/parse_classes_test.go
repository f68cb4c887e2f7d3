package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

func TestClassFaults(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"overlap", "classes:\n  background: {priorities: 0-40}\n",
			"zones.yaml:3: classes.background.priorities: background 0-40 and routine 32-127 overlap; let one end where the next begins, such as background 0-31, routine 32-127, live 128-223"},
		{"gap", "classes:\n  background: {priorities: 0-31}\n  routine: {priorities: 40-127}\n",
			"zones.yaml:4: classes.routine.priorities: priorities 32-39 are in no class; let each class begin where the one below ends"},
		{"emergency moved", "classes:\n  emergency: {priorities: 200-255}\n",
			"zones.yaml:3: classes.emergency.priorities: emergency is 224-255 everywhere; delete the line"},
		{"no range", "classes:\n  live: {priorities: high}\n",
			"zones.yaml:3: classes.live.priorities: high is not a range of priorities; write it like 128-223, within 0 to 255"},
		{"upside down", "classes:\n  live: {priorities: 223-128}\n",
			"zones.yaml:3: classes.live.priorities: 223-128 is not a range of priorities; write it like 128-223, within 0 to 255"},
		{"priority outside", "classes:\n  live: {priority: 100}\n",
			"zones.yaml:3: classes.live.priority: 100 is not a whole number in range; use 128 to 223"},
		{"class unknown", "classes:\n  emergancy: {}\n", "zones.yaml:3: classes.emergancy: no such key; did you mean emergency?"},
		{"endless", "classes:\n  live: {max_length: 0}\n",
			"zones.yaml:3: classes.live.max_length: 0 would be endless; use 1s to 12h: a forgotten microphone must end by itself"},
		{"no maximum length", "classes:\n  live:\n    max_length:\n",
			"zones.yaml:4: classes.live.max_length: has no value; give it one, or delete the line"},
		{"too long", "classes:\n  live: {max_length: 13h}\n",
			"zones.yaml:3: classes.live.max_length: 13h is too long; use at most 12h, or raise limits.max_length"},
		{"for ever", "classes:\n  live: {max_length: for ever}\n",
			"zones.yaml:3: classes.live.max_length: for ever is not a length of time; write it like 90s or 1h30m; everything ends, 12h at most"},
		{"emergency that waits its turn", "classes:\n  emergency: {routing: whole, max_wait: 1m}\n",
			"zones.yaml:3: classes.emergency.routing: an emergency is always partial: it plays where it may, at once; delete the line\n" +
				"zones.yaml:3: classes.emergency.max_wait: an emergency never waits; delete the line"},
		{"ducked voice", "classes:\n  live: {duck: true}\n", "zones.yaml:3: classes.live.duck: only background is ducked; delete the line"},
		{"words", "classes:\n  routine: {routing: parital, preempted: resmue, duck: maybe}\n",
			"zones.yaml:3: classes.routine.routing: parital is not known; did you mean partial?\n" +
				"zones.yaml:3: classes.routine.preempted: resmue is not known; did you mean resume?\n" +
				"zones.yaml:3: classes.routine.duck: maybe is not known; use one of true, false"},
	})
}

func TestClassesMoved(t *testing.T) {
	s := mustParse(t, head+`
classes:
  background: {priorities: 0-63, duck: true, gain_db: -6, max_wait: 0}
  routine: {priorities: 64–99, routing: stacked}
  live: {priorities: 100-223, priority: 180, max_length: 5m}
`)
	assert.Equal(t, ClassDefaults{
		Low: 0, High: 63, Priority: 16, Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeHere,
		MaxLength: 4 * time.Hour, GainDB: -6, Duck: true,
	}, s.Classes[paspeaker.ClassBackground])
	assert.Equal(t, paspeaker.RoutingStacked, s.Classes[paspeaker.ClassRoutine].Routing)
	assert.EqualValues(t, 180, s.Classes[paspeaker.ClassLive].Priority)

	for p, want := range map[paspeaker.Priority]paspeaker.Class{
		0: "background", 63: "background", 64: "routine", 99: "routine", 100: "live", 223: "live", 224: "emergency", 255: "emergency",
	} {
		c, d := s.Class(p)
		assert.Equal(t, want, c, p)
		assert.Equal(t, s.Classes[want], d)
	}

	s = mustParse(t, head+"classes: {background: {priorities: 0-99}, routine: {priorities: 100-127}}")
	assert.EqualValues(t, 100, s.Classes[paspeaker.ClassRoutine].Priority, "64 is no longer routine: its lowest is")
}

// Every class ends by itself, and every priority is in one class.
func TestDefaultClassesAreWhole(t *testing.T) {
	s := mustParse(t, head)
	for p := 0; p <= 255; p++ {
		c, d := s.Class(paspeaker.Priority(p))
		assert.Equal(t, paspeaker.Priority(p).Class(), c)
		assert.Positive(t, d.MaxLength)
		assert.LessOrEqual(t, d.MaxLength, s.Limits.MaxLength)
	}
}
