package paspeaker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However a park numbers its loudspeakers, a tenth of the second has a tenth of
// what they say, give or take what chance does.
func TestAThousandTurnsAreEven(t *testing.T) {
	for _, form := range []string{"speaker-%d", "speaker-%04d", "cong-%d-loa", "gate-%x", "%d"} {
		tenths := make([]int, 10)
		most := map[time.Duration]int{}
		for i := range 1000 {
			turn := Turn(SpeakerID(fmt.Sprintf(form, i)), time.Second)
			require.True(t, 0 <= turn && turn < time.Second)
			tenths[turn/(100*time.Millisecond)]++
			most[turn/(10*time.Millisecond)]++
		}
		for i, n := range tenths {
			assert.InDelta(t, 100, n, 40, "%s: tenth %d of the second, standard deviation 9.5", form, i)
		}
		for at, n := range most {
			assert.LessOrEqual(t, n, 28, "%s: in the 10 ms at %v, where 10 are expected", form, at)
		}
	}
}

func TestATurnComesOnceInEveryPeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := SpeakerID(rapid.StringMatching(`[a-z0-9]{1,12}`).Draw(t, "id"))
		now := rapid.Int64Range(-1e18, 1e18).Draw(t, "now")
		wait := UntilTurn(id, now, time.Second)
		require.Greater(t, wait, 100*time.Millisecond)
		require.LessOrEqual(t, wait, 1100*time.Millisecond)
		at := (now + int64(wait)) % int64(time.Second)
		require.EqualValues(t, Turn(id, time.Second), (at+int64(time.Second))%int64(time.Second))
		// Called a moment too early, by a clock that was corrected since.
		early := now + int64(wait) - rapid.Int64Range(0, int64(50*time.Millisecond)).Draw(t, "early")
		require.Greater(t, UntilTurn(id, early, time.Second), 900*time.Millisecond)
	})
}

func TestASmallSiteTellsAtOnce(t *testing.T) {
	for speakers, want := range map[int]time.Duration{
		0: 0, 3: 4500 * time.Microsecond, 50: 75 * time.Millisecond, 1000: 1500 * time.Millisecond, 5000: 2 * time.Second,
	} {
		assert.Equal(t, want, SpreadOf(speakers), "%d loudspeakers", speakers)
	}
	assert.Zero(t, Turn("gate-1", 0))
	assert.Equal(t, Turn("gate-1", time.Second), Turn("gate-1", time.Second))
}
