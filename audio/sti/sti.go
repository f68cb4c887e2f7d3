// Package sti measures how well speech comes through: the STIPA signal of
// IEC 60268-16 and the speech transmission index of what a monitor heard of it.
//
// The controller sends the signal, whoever has a recording of it measures. The
// index leaves out masking and the threshold of hearing, for which a monitor
// would have to know absolute sound pressure.
package sti

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"time"

	"pa/audio"
)

// depth is the modulation depth of each of a carrier's two modulations.
const depth = 0.55

// carrier is one octave of the signal: half an octave of noise in its middle,
// its intensity modulated at two frequencies.
type carrier struct {
	centre  float64    // Hz
	f       [2]float64 // modulation frequencies, Hz
	levelDB float64    // of male speech, against its A-weighted level
	alpha   float64    // weight of the octave
	beta    float64    // what it has in common with the next one
}

// carriers are Tables A.3, A.4 and C.1 of IEC 60268-16, fourth edition, for a
// male voice.
var carriers = [7]carrier{
	{125, [2]float64{1.60, 8.00}, 2.9, 0.085, 0.085},
	{250, [2]float64{1.00, 5.00}, 2.9, 0.127, 0.078},
	{500, [2]float64{0.63, 3.15}, -0.8, 0.230, 0.065},
	{1000, [2]float64{2.00, 10.00}, -6.8, 0.233, 0.011},
	{2000, [2]float64{1.25, 6.25}, -12.8, 0.309, 0.047},
	{4000, [2]float64{0.80, 4.00}, -18.8, 0.224, 0.095},
	{8000, [2]float64{2.50, 12.50}, -24.8, 0.173, 0},
}

// Least is the shortest recording that says anything; the standard asks for 15
// to 25 s.
const Least = 10 * time.Second

// noiseBits is the noise's period as a power of two, samples: 5.5 s.
const noiseBits = 18

// Signal makes the STIPA signal, mono at 48 kHz, for d, its RMS at levelDB,
// dBFS. It is always the same one.
func Signal(d time.Duration, levelDB float64) []float32 {
	out := make([]float64, int(d.Seconds()*audio.Rate))
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range carriers {
		noise := c.noise(rng)
		gain := math.Pow(10, c.levelDB/20)
		for i := range out {
			out[i] += gain * c.envelope(i) * noise[i%len(noise)]
		}
	}
	var energy float64
	for _, v := range out {
		energy += v * v
	}
	scale := math.Pow(10, levelDB/20) / math.Sqrt(energy/float64(len(out))+1e-300)
	pcm := make([]float32, len(out))
	for i, v := range out {
		pcm[i] = float32(math.Max(-1, math.Min(1, scale*v*fade(i, len(out)))))
	}
	return pcm
}

// fade keeps both ends from clicking, 5 ms.
func fade(i, n int) float64 {
	const edge = audio.Rate / 200
	return math.Min(1, math.Min(float64(i), float64(n-1-i))/edge)
}

// envelope is the square root of the carrier's intensity at a sample.
func (c *carrier) envelope(i int) float64 {
	t := 2 * math.Pi * float64(i) / audio.Rate
	return math.Sqrt(math.Max(0, 0.5*(1+depth*(math.Sin(c.f[0]*t)-math.Sin(c.f[1]*t)))))
}

// noise is the carrier's half octave of noise, its RMS 1.
func (c *carrier) noise(rng *rand.Rand) []float64 {
	const n = 1 << noiseBits
	low, high := c.centre*math.Pow(2, -0.25), c.centre*math.Pow(2, 0.25)
	spectrum := make([]complex128, n)
	lines := 0
	for k := range n / 2 {
		f := float64(k) * audio.Rate / n
		if f >= low && f <= high {
			// Pink: the same energy in each part of an octave.
			spectrum[k] = cmplx.Rect(math.Sqrt(c.centre/f), 2*math.Pi*rng.Float64())
			lines++
		}
	}
	transform(spectrum)
	out := make([]float64, n)
	var energy float64
	for i := range out {
		out[i] = real(spectrum[i])
		energy += out[i] * out[i]
	}
	for i := range out {
		out[i] /= math.Sqrt(energy / n)
	}
	return out
}

// Result is what a recording of the signal says.
type Result struct {
	STI       float64     // speech transmission index, 0…1
	Transfer  [14]float64 // modulation transfer of each octave's two frequencies, 0…1
	Intensity [7]float64  // of each octave, dB against the loudest
}

// ErrShort means that a recording is too short to say anything.
var ErrShort = errors.New("recording is too short for a speech transmission index")

// ErrSilent means that there is nothing in a recording.
var ErrSilent = errors.New("there is nothing in the recording")

// Measure takes a recording of Signal, mono at 48 kHz, its silent ends cut off,
// and says how much of the modulation is left.
func Measure(x []float32) (Result, error) {
	var r Result
	if length := time.Duration(len(x)) * time.Second / audio.Rate; length < Least {
		return r, fmt.Errorf("%w: %v of %v", ErrShort, length.Round(time.Millisecond), Least)
	}
	x = halved(x)
	n := 1
	for n < len(x) {
		n *= 2
	}
	spectrum := make([]complex128, n)
	for i, v := range x {
		spectrum[i] = complex(float64(v), 0)
	}
	transform(spectrum)
	var loudest float64
	for k, c := range carriers {
		envelope, rate := octave(spectrum, c.centre)
		envelope = envelope[:int(float64(len(x))/halfRate*rate)]
		mean := 0.0
		for _, v := range envelope {
			mean += v
		}
		mean /= float64(len(envelope))
		r.Intensity[k], loudest = mean, math.Max(loudest, mean)
		for j, f := range c.f {
			r.Transfer[2*k+j] = math.Min(1, modulation(envelope, rate, f)/depth)
		}
	}
	if loudest < 1e-20 {
		return Result{}, ErrSilent
	}
	for k, v := range r.Intensity {
		r.Intensity[k] = 10 * math.Log10(v/loudest+1e-12)
	}
	r.STI = index(r.Transfer)
	return r, nil
}

// halfRate is the rate at which is measured: the highest octave ends at
// 11.3 kHz, and a small board has little memory.
const halfRate = audio.Rate / 2.0

// halved returns every other sample of what lies beneath 12 kHz.
func halved(x []float32) []float32 {
	const taps = 95
	var filter [taps]float32
	for i := range filter {
		at := float64(i - taps/2)
		window := 0.54 + 0.46*math.Cos(2*math.Pi*at/taps)
		sinc := 0.5
		if at != 0 {
			sinc = math.Sin(math.Pi*at/2) / (math.Pi * at)
		}
		filter[i] = float32(window * sinc)
	}
	out := make([]float32, len(x)/2)
	for i := range out {
		var sum float32
		for j, f := range filter {
			if at := 2*i + j - taps/2; at >= 0 && at < len(x) {
				sum += f * x[at]
			}
		}
		out[i] = sum
	}
	return out
}

// octave returns the intensity of an octave over time, and its sample rate: the
// octave's lines alone, brought down to zero, are its analytic signal at a rate
// that is just enough.
func octave(spectrum []complex128, centre float64) (intensity []float64, rate float64) {
	width := halfRate / float64(len(spectrum))
	first := int(centre * math.Sqrt2 / 2 / width)
	last := min(int(centre*math.Sqrt2/width), len(spectrum)/2)
	n := 1
	for n < last-first {
		n *= 2
	}
	band := make([]complex128, n)
	copy(band, spectrum[first:last])
	transform(band) // in the place of its inverse it runs backwards; below it is turned round
	intensity = make([]float64, n)
	for i, v := range band {
		intensity[(n-i)%n] = (real(v)*real(v) + imag(v)*imag(v)) / float64(len(spectrum)) / float64(len(spectrum))
	}
	return intensity, float64(n) * width
}

// modulation is the depth to which an intensity is modulated at f, over whole
// periods.
func modulation(intensity []float64, rate, f float64) float64 {
	periods := math.Floor(float64(len(intensity)) / rate * f)
	n := int(math.Round(periods / f * rate))
	var sum complex128
	var all float64
	for i, v := range intensity[:min(n, len(intensity))] {
		sum += complex(v, 0) * cmplx.Rect(1, -2*math.Pi*f*float64(i)/rate)
		all += v
	}
	if all == 0 {
		return 0
	}
	return 2 * cmplx.Abs(sum) / all
}

// index is the speech transmission index of a modulation transfer (A.2.1 of the
// standard).
func index(transfer [14]float64) float64 {
	var mti [7]float64
	for i, m := range transfer {
		snr := 15.0
		if m < 1 {
			snr = math.Max(-15, math.Min(15, 10*math.Log10(m/(1-m)+1e-12)))
		}
		mti[i/2] += (snr + 15) / 30 / 2
	}
	sti := 0.0
	for k, c := range carriers {
		sti += c.alpha * mti[k]
		if k+1 < len(mti) {
			sti -= c.beta * math.Sqrt(mti[k]*mti[k+1])
		}
	}
	return math.Max(0, math.Min(1, sti))
}
