package source

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhichMicrophoneAPersonMeans(t *testing.T) {
	list := []Device{
		{ID: "alsa_input.usb-desk", Name: "USB Gooseneck"},
		{ID: "alsa_input.pci-mic", Name: "Built-in Microphone", Default: true},
		{ID: "speaker.monitor", Name: "Monitor of Speaker", Monitor: true},
	}
	for device, want := range map[string]string{
		"":                    "alsa_input.pci-mic",
		"alsa_input.usb-desk": "alsa_input.usb-desk",
		"gooseneck":           "alsa_input.usb-desk",
		"MONITOR":             "speaker.monitor",
	} {
		d, err := pick(list, device)
		assert.NoError(t, err, device)
		assert.Equal(t, want, d.ID, device)
	}
	for device, want := range map[string]string{"alsa": "give the whole id", "bluetooth": "see --list-devices"} {
		_, err := pick(list, device)
		assert.ErrorContains(t, err, want)
	}
	d, err := pick(list[:1], "") // no default: any is better than none
	assert.NoError(t, err)
	assert.Equal(t, "alsa_input.usb-desk", d.ID)
	_, err = pick(nil, "")
	assert.ErrorContains(t, err, "--stdin or --file")
}

func TestWithoutASoundServerTheErrorSaysWhatElseThereIs(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:/nonexistent/pulse")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	_, err := ListMicrophones()
	assert.ErrorIs(t, err, ErrNoSoundServer)
	_, err = OpenMicrophone("")
	assert.ErrorIs(t, err, ErrNoSoundServer)
	assert.ErrorContains(t, err, "--stdin or --file")
}
