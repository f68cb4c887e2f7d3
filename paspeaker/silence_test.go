package paspeaker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheProofOfSilenceInOneLine(t *testing.T) {
	s := Silence{}
	for i := range 46 {
		s.Speakers = append(s.Speakers, SpeakerSilence{Speaker: SpeakerID(fmt.Sprintf("gate-%d", 100+i)), State: IsSilent})
	}
	assert.True(t, s.Whole() && s.Proven())
	assert.Equal(t, "silent: 46 of 46", s.String())
	s.Speakers = append(s.Speakers, SpeakerSilence{Speaker: "gate-7", State: SilenceUnsure, Why: "offline"})
	assert.True(t, s.Proven(), "nobody is known to sound")
	assert.False(t, s.Whole())
	s.Speakers = append(s.Speakers, SpeakerSilence{Speaker: "truck-2", State: IsSounding, LevelDB: -18.2})
	assert.False(t, s.Proven())
	assert.Equal(t, "silent: 46 of 48; truck-2: still sounding at −18 dBFS; gate-7: offline, cannot be known", s.String())
	for i := range 30 {
		s.Speakers = append(s.Speakers, SpeakerSilence{Speaker: SpeakerID(fmt.Sprintf("horn-%d", i)), State: SilenceUnsure, Why: "third-party"})
	}
	assert.Less(t, len(s.String()), 600)
	assert.True(t, strings.HasSuffix(s.String(), "and 20 more"), s.String())
}

func TestWhatAReportSaysOfSilence(t *testing.T) {
	for name, test := range map[string]struct {
		report NodeReport
		want   bool
	}{
		"at the floor":      {NodeReport{Quiet: &Quiet{OutputDB: -120, Since: 1}}, true},
		"a tail":            {NodeReport{Quiet: &Quiet{OutputDB: -120}}, false},
		"sounds":            {NodeReport{Quiet: &Quiet{OutputDB: -20, Since: 1}}, false},
		"holds a session":   {NodeReport{Quiet: &Quiet{OutputDB: -120, Since: 1}, Playing: []Playing{{}}}, false},
		"an older node":     {NodeReport{LevelDB: -120}, true},
		"an older one, not": {NodeReport{LevelDB: -30}, false},
	} {
		assert.Equal(t, test.want, test.report.Silent(), name)
	}
}
