package output

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMissingCardIsToldInALine(t *testing.T) {
	err := errors.New(`PulseAudio: connection refused; ALSA: "default": no such file, "plug:default": no such file, "lavrate": no such file`)
	assert.Equal(t, `PulseAudio: connection refused; ALSA: "default": no such file`, brief(err))
	assert.Equal(t, "no sound", brief(errors.New("no sound")))
}
