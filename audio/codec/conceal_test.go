package codec

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
)

// A tenth of a speech is lost, alone and in bursts: no click is heard, that is
// no step that the speech itself does not have.
func TestLossDoesNotClick(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			p := profile(t, name)
			said := voice(300 * 960)
			whole := pass(t, p, said, nil)
			chance := rand.New(rand.NewPCG(7, 7))
			burst := 0
			got := pass(t, p, said, func(int) bool {
				if burst == 0 && chance.Float64() < 0.05 {
					burst = 1 + chance.IntN(4)
				}
				burst = max(0, burst-1)
				return burst > 0
			})
			requireSane(t, got)
			assert.LessOrEqual(t, step(got), 1.1*step(whole))
			t.Logf("largest step %.4f, of the whole speech %.4f", step(got), step(whole))
		})
	}
}

// A lost frame of a steady tone is hardly missed: the wave goes on. (Opus has a
// way of its own, made for voices.)
func TestShortLossIsFilled(t *testing.T) {
	for _, name := range []string{"l16", "l16-plain", "g722", "pcmu", "pcma"} {
		for _, f := range []float64{110, 147, 440, 1000} {
			p := profile(t, name)
			tone := chirp(50*p.Frame, f, f)
			for i := range tone { // a second harmonic gives it a shape
				tone[i] += 0.2 * float32(math.Sin(4*math.Pi*f*float64(i)/audio.Rate))
			}
			lost := pass(t, p, tone, func(frame int) bool { return frame == 30 })
			from := 30*p.Frame + p.Lookahead
			var signal, noise float64
			for i := from; i < from+480; i++ {
				x := float64(tone[i-p.Lookahead])
				signal, noise = signal+x*x, noise+(x-float64(lost[i]))*(x-float64(lost[i]))
			}
			assert.Greater(t, 10*math.Log10(signal/noise), 6.0, "%s %v Hz", name, f)
		}
	}
}

// A long loss fades: a little softer after 20 ms, silent after 60 ms (Opus, with
// its own concealment: 80 ms), and silent for ever.
func TestLongLossFades(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			p := profile(t, name)
			enc, dec := open(t, p)
			said, out := chirp(50*p.Frame, 200, 200), make([]float32, p.Frame)
			for i := range 50 {
				payload, err := enc.Encode(nil, said[i*p.Frame:(i+1)*p.Frame])
				require.NoError(t, err)
				_, err = dec.Decode(out, payload)
				require.NoError(t, err)
			}
			last := audio.RMS(out)
			for ms := 0; ms < 400; ms += p.Frame / 48 {
				dec.Conceal(out)
				level := audio.RMS(out)
				assert.LessOrEqual(t, float64(level), 1.05*float64(last), "at %d ms", ms)
				if last = level; ms >= 80 {
					assert.InDelta(t, 0, level, 1e-6, "at %d ms", ms)
				}
			}
		})
	}
}

// Before anything was heard, a loss is silence.
func TestLossAtStartIsSilence(t *testing.T) {
	for _, name := range Names() {
		p := profile(t, name)
		_, dec := open(t, p)
		out := make([]float32, p.Frame)
		out[3] = 1
		for range 3 {
			require.Equal(t, p.Frame, dec.Conceal(out))
			assert.Zero(t, audio.Peak(out), name)
		}
	}
}

// Opus carries a copy of the frame before, so what was lost comes back better
// than concealment can guess it.
func TestOpusRecovers(t *testing.T) {
	p := profile(t, "opus")
	said := voice(400 * p.Frame)
	lost := func(frame int) bool { return frame > 10 && frame%9 == 0 }
	guessed := pass(t, p, said, lost)

	enc, dec := open(t, p)
	recoverer, ok := dec.(Recoverer)
	require.True(t, ok)
	recovered := make([]float32, len(said))
	var before, now []byte
	for frame := range len(said) / p.Frame {
		before = append(before[:0], now...)
		var err error
		now, err = enc.Encode(now[:0], said[frame*p.Frame:][:p.Frame])
		require.NoError(t, err)
		switch at := frame - 1; {
		case at < 0:
		case lost(at):
			assert.Equal(t, p.Frame, recoverer.Recover(recovered[at*p.Frame:], now))
		default:
			_, err = dec.Decode(recovered[at*p.Frame:], before)
			require.NoError(t, err)
		}
	}
	var signal, guess, known float64
	for i := 20 * p.Frame; i < len(said)-2*p.Frame; i++ {
		if !lost((i + p.Lookahead) / p.Frame) {
			continue
		}
		x := float64(said[i])
		a, b := x-float64(guessed[i+p.Lookahead]), x-float64(recovered[i+p.Lookahead])
		signal, guess, known = signal+x*x, guess+a*a, known+b*b
	}
	t.Logf("lost frames: concealed %.1f dB, recovered %.1f dB", 10*math.Log10(signal/guess), 10*math.Log10(signal/known))
	assert.Less(t, known, 0.7*guess)
}

// Garbage for Recover is concealed.
func TestOpusRecoverFromGarbage(t *testing.T) {
	p := profile(t, "opus")
	_, dec := open(t, p)
	out := make([]float32, p.Frame)
	for _, next := range [][]byte{nil, {0}, {0x78}, {0xFF, 0xFF}} {
		assert.Equal(t, p.Frame, dec.(Recoverer).Recover(out, next))
		requireSane(t, out)
	}
}

// Whatever comes and goes, in whatever order, sound stays within bounds.
func TestAnyPatternOfLoss(t *testing.T) {
	said := voice(40 * 960)
	rapid.Check(t, func(rt *rapid.T) {
		p, _ := ProfileByName(rapid.SampledFrom([]string{"l16", "pcmu", "g722", "l16-plain"}).Draw(rt, "profile"))
		lost := rapid.SliceOfN(rapid.Bool(), 40, 80).Draw(rt, "lost")
		got := pass(t, p, said, func(frame int) bool { return lost[frame%len(lost)] })
		if s, most := step(got), 1.5*step(said)+0.01; s > most {
			rt.Fatalf("step %v, the voice has %v", s, most)
		}
	})
}
