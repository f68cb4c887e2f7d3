package air

import (
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/source"
)

func TestAFeedIsThereAtOnceAndStaysAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 3*audio.Rate + 123
		f, err := NewFeed(tone(total))
		require.NoError(t, err)
		assert.Greater(t, f.ring.Queued(), audio.Rate/2, "a programme can start before Run")
		go f.Run(nil)
		want, got := tone(total), 0
		a, b := make([]float32, audio.FrameLen), make([]float32, audio.FrameLen)
		for end := false; !end; {
			synctest.Wait()
			var n int
			n, end = f.ring.Read(a)
			m, _ := want.Read(b)
			require.Equal(t, m, n, "never short before the end, at %d", got)
			require.Equal(t, b[:m], a[:n])
			got += n
			<-time.After(10 * time.Millisecond)
		}
		assert.Equal(t, total, got)
	})
}

func TestAFeedEndsWhenNobodyWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		for i, end := range []func(*Feed){(*Feed).Stop, func(*Feed) { close(over) }} {
			f, err := NewFeed(tone(1 << 30))
			require.NoError(t, err)
			done := make(chan struct{})
			go func() { f.Run(over); close(done) }()
			<-time.After(time.Hour)
			assert.Equal(t, ringSamples-ringSamples%audio.FrameLen, f.ring.Queued(), "full, and not fuller: %d", i)
			end(f)
			<-done
			f.Stop() // no harm
		}
	})
}

func TestAVoiceIsHeardWhileItIsOnAir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVoice(LiveFormat{Rate: 16000})
		var playing, waiting atomic.Bool
		first, err := v.part(&playing)
		require.NoError(t, err)
		second, err := v.part(&waiting)
		require.NoError(t, err)
		word := make([]float32, 160)
		v.Write(word)
		assert.Zero(t, first.Queued(), "what is said before it is on air is not said later")
		playing.Store(true)
		v.Write(word)
		assert.Equal(t, 160, first.Queued())
		assert.Zero(t, second.Queued())
		<-time.After(3 * time.Second)
		assert.Equal(t, 3*time.Second, v.Quiet())
		v.Write(word)
		assert.Zero(t, v.Quiet())
		v.Leave(&playing)
		v.Write(word)
		assert.Equal(t, 320, first.Queued())
		v.CloseWrite()
		_, end := second.Read(word)
		assert.True(t, end)
		third, err := v.part(&playing)
		require.NoError(t, err)
		_, end = third.Read(word)
		assert.True(t, end, "a part that begins after the last word has nothing to say")
	})
}

// soundOf is a programme's source of what a controller loads.
func soundOf(t *testing.T, f *Feed, v *Voice) (*sound, *atomic.Uint64) {
	t.Helper()
	playing := new(atomic.Bool)
	playing.Store(true)
	l, err := NewLoad(1, f, v, playing)
	require.NoError(t, err)
	starved := new(atomic.Uint64)
	s := &sound{ring: l.sound, starved: starved}
	if l.Live != nil {
		s.live = newLiveQueue(l.live, *l.Live, audio.FrameLen)
	}
	return s, starved
}

func TestAChimeComesBeforeTheVoice(t *testing.T) {
	f, err := NewFeed(tone(700)) // not a whole number of frames
	require.NoError(t, err)
	v := NewVoice(LiveFormat{Rate: audio.Rate, Target: 20 * time.Millisecond, Max: 120 * time.Millisecond})
	s, starved := soundOf(t, f, v)
	frame, word := make([]float32, audio.FrameLen), make([]float32, 4*audio.FrameLen)
	for i := range word {
		word[i] = 0.5
	}
	var heard []float32
	for range 6 {
		v.Write(word[:audio.FrameLen])
		n, err := s.Read(frame)
		require.NoError(t, err)
		heard = append(heard, frame[:n]...)
	}
	v.CloseWrite()
	for err = nil; err == nil; {
		var n int
		n, err = s.Read(frame)
		heard = append(heard, frame[:n]...)
	}
	assert.ErrorIs(t, err, io.EOF)
	want := make([]float32, 700)
	_, _ = tone(700).Read(want)
	assert.Equal(t, want, heard[:700], "all of the chime")
	loud := 0
	for _, x := range heard[700:] {
		if x > 0.49 {
			loud++
		}
	}
	assert.Greater(t, loud, 4*audio.FrameLen, "then the voice, its last word included")
	assert.Zero(t, starved.Load())
}

func TestALateReaderIsSilenceAndIsCounted(t *testing.T) {
	f, err := NewFeed(source.Silence(0))
	require.NoError(t, err)
	s, _ := soundOf(t, f, nil)
	n, err := s.Read(make([]float32, 480))
	assert.Zero(t, n)
	assert.Equal(t, io.EOF, err, "a recording without a sample ends at once")

	f, err = NewFeed(tone(1 << 30))
	require.NoError(t, err)
	s, starved := soundOf(t, f, nil)
	frame := make([]float32, audio.FrameLen)
	for range ringSamples/audio.FrameLen + 2 {
		frame[479] = 9
		n, err := s.Read(frame)
		require.NoError(t, err)
		require.Equal(t, len(frame), n)
	}
	assert.Equal(t, uint64(2), starved.Load())
	assert.Zero(t, frame[479])
	f.fill()
	_, _ = s.Read(frame)
	assert.NotZero(t, frame[479], "and it goes on")
}
