package paspeaker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAJoinTokenSurvivesCopyAndPaste(t *testing.T) {
	j := JoinSecret{Node: "gate-1", Fingerprint: [32]byte{1, 2, 255}, Secret: strings.Repeat("s", 32)}
	got, err := ParseJoinSecret("  " + j.String() + "\n")
	require.NoError(t, err)
	assert.Equal(t, j, got)
}

func TestWhatIsNotAJoinTokenIsSaidToBeNone(t *testing.T) {
	good := JoinSecret{Node: "gate-1", Secret: strings.Repeat("s", 32)}.String()
	for _, s := range []string{"", "pajoin", "pajoin...", good[:40], strings.Replace(good, "gate-1", "Gate 1", 1),
		strings.Replace(good, "pajoin", "token", 1), good + ".x", strings.Replace(good, ".00", ".zz", 1)} {
		_, err := ParseJoinSecret(s)
		assert.ErrorContains(t, err, "not a join token", s)
	}
}

func FuzzParseJoinSecret(f *testing.F) {
	f.Add(JoinSecret{Node: "gate-1", Secret: strings.Repeat("s", 32)}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if j, err := ParseJoinSecret(s); err == nil {
			again, err := ParseJoinSecret(j.String())
			require.NoError(t, err)
			require.Equal(t, j, again)
		}
	})
}
