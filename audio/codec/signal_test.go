package codec

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"pa/audio"
)

// chirp is a sine from one frequency to another, Hz, −8 dBFS.
func chirp(samples int, from, to float64) []float32 {
	pcm := make([]float32, samples)
	phase := 0.0
	for i := range pcm {
		f := from + (to-from)*float64(i)/float64(samples)
		phase += 2 * math.Pi * f / audio.Rate
		pcm[i] = float32(0.4 * math.Sin(phase))
	}
	return pcm
}

// voice is a synthetic speaker: glottal pulses of a wandering pitch (90…220 Hz)
// through three formants that move, syllables of 250 ms, and hiss in every
// fourth of them.
func voice(samples int) []float32 {
	pcm := make([]float32, samples)
	noise := rand.New(rand.NewPCG(1, 2))
	vowels := [][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {570, 840, 2410}, {530, 1840, 2480}}
	var state [3][2]float64
	phase := 0.0
	for i := range pcm {
		t := float64(i) / audio.Rate
		syllable := int(t / 0.25)
		within := math.Mod(t, 0.25) / 0.25
		phase += (140 + 50*math.Sin(2*math.Pi*0.4*t)) / audio.Rate
		x := 0.0
		if phase >= 1 {
			phase--
			x = 1
		}
		if syllable%4 == 3 {
			x = 0.05 * noise.NormFloat64()
		}
		x *= math.Pow(math.Sin(math.Pi*within), 0.5)
		sum := 0.0
		for k, f := range vowels[syllable%len(vowels)] {
			r := math.Exp(-math.Pi * 90 / audio.Rate)
			y := x + 2*r*math.Cos(2*math.Pi*f/audio.Rate)*state[k][0] - r*r*state[k][1]
			state[k][0], state[k][1] = y, state[k][0]
			sum += y * (1 - r) / float64(k+1)
		}
		pcm[i] = float32(1.5 * sum)
	}
	return pcm
}

// pass sends pcm, whole frames, through an encoder and a decoder; lost tells
// which frames to conceal.
func pass(t testing.TB, p Profile, pcm []float32, lost func(frame int) bool) []float32 {
	t.Helper()
	enc, dec := open(t, p)
	out := make([]float32, len(pcm))
	var payload []byte
	for i := 0; i+p.Frame <= len(pcm); i += p.Frame {
		var err error
		payload, err = enc.Encode(payload[:0], pcm[i:i+p.Frame])
		require.NoError(t, err)
		require.LessOrEqual(t, len(payload), MaxPayload)
		n := 0
		if lost != nil && lost(i/p.Frame) {
			n = dec.Conceal(out[i:])
		} else {
			n, err = dec.Decode(out[i:], payload)
			require.NoError(t, err)
		}
		require.Equal(t, p.Frame, n)
	}
	return out
}

func open(t testing.TB, p Profile) (Encoder, Decoder) {
	t.Helper()
	enc, err := NewEncoder(p)
	require.NoError(t, err)
	dec, err := NewDecoder(p)
	require.NoError(t, err)
	return enc, dec
}

func profile(t testing.TB, name string) Profile {
	t.Helper()
	p, ok := ProfileByName(name)
	require.True(t, ok, name)
	return p
}

// snr compares got, late samples late, with want; dB. Both ends are left out.
func snr(want, got []float32, late int) float64 {
	var signal, noise float64
	for i := 4800; i < len(want)-4800; i++ {
		x, y := float64(want[i]), float64(got[i+late])
		signal += x * x
		noise += (x - y) * (x - y)
	}
	return 10 * math.Log10(signal/(noise+1e-20))
}

// lag is how late got is, by the best fit.
func lag(want, got []float32, most int) int {
	best, at := math.Inf(-1), 0
	for l := range most {
		if s := snr(want, got, l); s > best {
			best, at = s, l
		}
	}
	return at
}

// likeness compares how the energy of third-octave-wide bands from 200 Hz to
// top moves over 20 ms frames, 0…1: what makes speech understood, and not the
// waveform.
func likeness(want, got []float32, late int, top float64) float64 {
	const frame = 960
	sum, bands := 0.0, 0
	for f := 200.0; f < top; f *= 1.26 {
		var xy, xx, yy, sx, sy, n float64
		for i := 4800; i+frame < len(want)-4800; i += frame {
			x, y := energy(want[i:i+frame], f), energy(got[i+late:i+late+frame], f)
			xy, xx, yy, sx, sy, n = xy+x*y, xx+x*x, yy+y*y, sx+x, sy+y, n+1
		}
		sum += (n*xy - sx*sy) / math.Sqrt((n*xx-sx*sx)*(n*yy-sy*sy)+1e-20)
		bands++
	}
	return sum / float64(bands)
}

// energy is the level around f.
func energy(pcm []float32, f float64) float64 {
	sum := 0.0
	for _, g := range []float64{f * 0.93, f, f * 1.07} {
		var re, im float64
		for i, x := range pcm {
			s, c := math.Sincos(2 * math.Pi * g * float64(i) / audio.Rate)
			re, im = re+float64(x)*c, im+float64(x)*s
		}
		sum += re*re + im*im
	}
	return math.Sqrt(sum)
}

// step is the largest move from one sample to the next.
func step(pcm []float32) float64 {
	most := 0.0
	for i := 1; i < len(pcm); i++ {
		most = max(most, math.Abs(float64(pcm[i])-float64(pcm[i-1])))
	}
	return most
}
