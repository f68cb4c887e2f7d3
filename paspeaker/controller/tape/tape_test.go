package tape

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio/source"
	"pa/paspeaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store in memory that can be out of order.
type shelf struct {
	mu    sync.Mutex
	pages [][]byte
	fail  func(n int) error
}

func (s *shelf) Put(ctx context.Context, _ paspeaker.SessionID, n int, page []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return err
		}
	}
	if n != len(s.pages) {
		return errors.New("pages out of order")
	}
	s.pages = append(s.pages, bytes.Clone(page))
	return nil
}

func (s *shelf) clip(t *testing.T) *source.Clip {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	clip, err := source.Decode(t.Context(), bytes.NewReader(bytes.Join(s.pages, nil)), source.Limits{})
	require.NoError(t, err)
	return clip
}

// record says a tone of so many seconds at rate into a tape and returns what
// became of it.
func record(t *testing.T, s *shelf, rate int, seconds float64) Result {
	t.Helper()
	tape, err := New(0x100, rate, s, "Lan")
	require.NoError(t, err)
	tape.every, tape.last = time.Millisecond, 50*time.Millisecond
	done := make(chan Result)
	go func() { done <- tape.Run(t.Context()) }()
	pcm := make([]float32, int(seconds*float64(rate)))
	for i := range pcm {
		pcm[i] = 0.5 * float32(math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
	}
	block := rate / 100
	for i := 0; i+block <= len(pcm); i += block {
		tape.Write(pcm[i : i+block])
		for full := true; full; { // as slow as the keeper
			tape.mu.Lock()
			full = len(tape.pcm) > rate
			tape.mu.Unlock()
		}
	}
	tape.End()
	return <-done
}

func TestACallIsKept(t *testing.T) {
	for _, rate := range []int{48000, 16000, 8000, 44100} {
		s := &shelf{}
		r := record(t, s, rate, 4.5)
		assert.NoError(t, r.Err)
		assert.Zero(t, r.Missing)
		assert.InDelta(t, 4.5, r.Kept.Seconds(), 0.045, rate)
		clip := s.clip(t)
		assert.InDelta(t, 4.5, clip.Len().Seconds(), 0.045, rate)
		var energy float64
		pcm := clip.Float32()[4800 : len(clip.Float32())-4800]
		for _, x := range pcm {
			energy += float64(x) * float64(x)
		}
		assert.InDelta(t, 0.354, math.Sqrt(energy/float64(len(pcm))), 0.03, "its level at %d Hz", rate)
		assert.Len(t, s.pages, 6, "a head, and a page a second")
	}
}

func TestAStoreThatComesBackGetsAllOfIt(t *testing.T) {
	fails := 3
	s := &shelf{}
	s.fail = func(n int) error {
		if n == 2 && fails > 0 {
			fails--
			return errors.New("no space left on device")
		}
		return nil
	}
	r := record(t, s, 48000, 4)
	assert.NoError(t, r.Err, "it came back in time")
	assert.Zero(t, r.Missing)
	assert.InDelta(t, 4, s.clip(t).Len().Seconds(), 0.045)
}

func TestAStoreThatIsGoneIsToldAndNobodyWaits(t *testing.T) {
	gone := errors.New("no space left on device")
	s := &shelf{fail: func(n int) error {
		if n >= 2 {
			return gone
		}
		return nil
	}}
	r := record(t, s, 48000, 4)
	assert.ErrorIs(t, r.Err, gone)
	assert.InDelta(t, 1, r.Kept.Seconds(), 0.01)
	assert.InDelta(t, 3, r.Missing.Seconds(), 0.1)
	assert.InDelta(t, 1, s.clip(t).Len().Seconds(), 0.05, "what is there can be played")
}

func TestACallerThatIsFasterThanTheKeeperLosesSoundAndNotTime(t *testing.T) {
	tape, err := New(0x100, 48000, &shelf{}, "")
	require.NoError(t, err)
	for range 50 {
		tape.Write(make([]float32, 4800)) // nobody keeps it
	}
	tape.End()
	r := tape.Run(t.Context())
	assert.InDelta(t, 3, r.Kept.Seconds(), 0.05)
	assert.InDelta(t, 2, r.Missing.Seconds(), 0.05)
}

func TestTheEndOfTheControllerEndsTheTape(t *testing.T) {
	s := &shelf{}
	tape, err := New(0x100, 48000, s, "")
	require.NoError(t, err)
	tape.Write(make([]float32, 48000))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := tape.Run(ctx)
	assert.Zero(t, r.Missing)
	assert.InDelta(t, 1, r.Kept.Seconds(), 0.05)
}

func TestMuchThatWaitsIsBounded(t *testing.T) {
	s := &shelf{fail: func(int) error { return errors.New("down") }}
	tape, err := New(0x100, 48000, s, "")
	require.NoError(t, err)
	noise := make([]float32, 48000)
	for i := range noise {
		noise[i] = float32((i*7919)%2000)/1000 - 1
	}
	for range 200 {
		tape.encode(noise)
	}
	assert.LessOrEqual(t, tape.waiting, maxWaiting)
	assert.Positive(t, tape.lost)
}
