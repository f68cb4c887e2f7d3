package paspeaker

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatBecameOfRecordings(t *testing.T) {
	entries := story("recording 100 begun", "play 100", "recording 100 whole 3 s", "recording 200 begun", "recording 300 begun",
		"recording 400 begun", "recording 400 missing the disk is full", "recording 500 whole", "recording 600 whole", "recording 600 erased")
	has := map[SessionID]int{0x100: 3, 0x200: 1, 0x300: 2, 0x400: 1}
	got := RecordingsOf(entries, has, func(id SessionID) bool { return id == 0x200 })
	states, kept := map[SessionID]string{}, map[SessionID]bool{}
	for _, r := range got {
		states[r.Session], kept[r.Session] = r.State, r.Kept
	}
	assert.Equal(t, map[SessionID]string{0x100: RecordingWhole, 0x200: RecordingBegun, 0x300: RecordingCutOff, 0x400: RecordingMissing,
		0x500: RecordingExpired, 0x600: RecordingErased}, states)
	assert.Equal(t, map[SessionID]bool{0x100: true, 0x200: true, 0x300: true, 0x400: false, 0x500: false, 0x600: false}, kept)
	assert.Equal(t, "3 s", got[0].Detail)
	assert.Equal(t, dawn, got[0].Time, "when it began")
}
