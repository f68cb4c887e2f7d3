package loudness

import (
	"math"
	"time"

	"pa/audio"
)

const (
	levelAhead  = 5 * time.Millisecond // gentle on loud voices; a recording has the time
	levelMargin = 0.2                  // dB below the aim that the limiter keeps
	levelTries  = 5                    // what the limiter takes is given back
	levelEnough = 0.02                 // LU
)

// Aim is how loud a recording is to be.
type Aim struct {
	LUFS      float64 // integrated loudness, BS.1770-4
	TruePeak  float64 // dBTP that nothing exceeds
	MaxLimit  float64 // dB that the limiter may take off the highest peaks, ≥ 0: headroom beyond TruePeak
	MaxGainDB float64 // most amplification, however soft; 0 is 40 dB
}

// Measure is the loudness of a recording.
type Measure struct {
	LUFS     float64 // Floor for silence
	TruePeak float64 // dBTP
}

// Levelling is what Level did.
type Levelling struct {
	Before, After Measure
	GainDB        float64
	LimitedDB     float64 // what the limiter took off the highest peak; 0 when none was needed
}

// Short is by how many LU the result stays below what was aimed at: its peaks
// are too high above the rest of it.
func (l Levelling) Short(aim Aim) float64 { return max(0, aim.LUFS-l.After.LUFS) }

// MeasureOf measures samples of 16 bit, mono at 48 kHz. What is shorter than a
// block is measured as though it were repeated.
func MeasureOf(pcm []int16) Measure {
	return (&pass{gain: 1}).measure(pcm)
}

// Level brings samples of 16 bit, mono at 48 kHz, to an aim, in place. It
// amplifies no more than the headroom below aim.TruePeak allows, and MaxLimit
// more, which a look-ahead limiter takes off the peaks again. Silence stays
// as it is.
func Level(pcm []int16, aim Aim) Levelling {
	if aim.MaxGainDB <= 0 {
		aim.MaxGainDB = 40
	}
	out := Levelling{Before: MeasureOf(pcm)}
	out.After = out.Before
	if out.Before.LUFS <= Floor {
		return out
	}
	headroom := aim.TruePeak - out.Before.TruePeak
	most := min(headroom+max(aim.MaxLimit, 0), aim.MaxGainDB)
	gain := min(aim.LUFS-out.Before.LUFS, most)
	p := &pass{gain: audio.DB(gain)}
	if gain > headroom {
		gain = p.search(pcm, aim, gain, most)
		out.LimitedDB = gain - headroom
	}
	p.apply(pcm)
	out.GainDB, out.After = gain, MeasureOf(pcm)
	// What a short filter did not see between the samples is taken off the
	// whole.
	if over := out.After.TruePeak - aim.TruePeak; over > 0 {
		(&pass{gain: audio.DB(-over - 0.01)}).apply(pcm)
		out.GainDB -= over + 0.01
		out.After = MeasureOf(pcm)
	}
	return out
}

// search raises the gain by what the limiter costs, up to most, and returns
// it. It leaves p as it is to be applied.
func (p *pass) search(pcm []int16, aim Aim, gain, most float64) float64 {
	ceiling := aim.TruePeak - levelMargin
	for range levelTries {
		*p = pass{gain: audio.DB(gain), limiter: NewLimiter(ceiling, levelAhead)}
		short := aim.LUFS - p.measure(pcm).LUFS
		next := min(gain+short, most)
		if math.Abs(next-gain) < levelEnough {
			break
		}
		gain = next
	}
	*p = pass{gain: audio.DB(gain), limiter: NewLimiter(ceiling, levelAhead)}
	return gain
}

// pass is a walk over samples: gain, then the limiter if there is one. It is
// used once, for it remembers.
type pass struct {
	gain    float32
	limiter *Limiter
	block   [4096]float32
}

// walk gives the processed samples, block by block, with the limiter's latency
// taken out.
func (p *pass) walk(pcm []int16, use func(at int, block []float32)) {
	lag := 0
	if p.limiter != nil {
		lag = p.limiter.Latency()
	}
	for at := 0; at < len(pcm)+lag; at += len(p.block) {
		block := p.block[:min(len(p.block), len(pcm)+lag-at)]
		for i := range block {
			block[i] = 0
			if at+i < len(pcm) {
				block[i] = audio.FromInt16(pcm[at+i]) * p.gain
			}
		}
		if p.limiter != nil {
			p.limiter.Process(block)
		}
		skip := min(max(0, lag-at), len(block))
		if skip < len(block) {
			use(at+skip-lag, block[skip:])
		}
	}
}

func (p *pass) apply(pcm []int16) {
	// What is written lies behind what is read, for the limiter only delays.
	p.walk(pcm, func(at int, block []float32) {
		for i, v := range block {
			pcm[at+i] = audio.ToInt16(v)
		}
	})
}

func (p *pass) measure(pcm []int16) Measure {
	m := NewMeter(audio.Rate)
	turns := 1
	if n := len(pcm); n > 0 && n < hops*m.hop {
		turns = (hops*m.hop + n - 1) / n
	}
	for range turns {
		p.walk(pcm, func(_ int, block []float32) { m.Write(block) })
	}
	return Measure{LUFS: m.Integrated(), TruePeak: m.TruePeak()}
}
