package main

import (
	"math"
	"slices"

	"pa/audio"
	"pa/integration/ears"
)

const (
	skewWindow  = 4096                // samples compared
	skewEvery   = int64(500_000_000)  // ns between windows
	skewFirst   = int64(100_000_000)  // and in a programme's first second
	firstSecond = int64(1000_000_000) // ns
	quiet       = -60.0               // dBFS: less is silence
	alike       = 0.5                 // a pair less alike plays no longer the same
)

// tally is what was heard: how far pairs of loudspeakers were apart.
type tally struct {
	all, first []float64 // µs, absolute
	unlike     int       // pairs of windows that could not be compared: concealment, or a hole
}

// listen compares the recordings, pair by pair, on the host's time.
func (c *choir) listen() (*tally, error) {
	var cards []*ears.Stamped
	for i := range singers {
		s, err := ears.OpenStamped(c.recording(i))
		if err != nil {
			return nil, err
		}
		cards = append(cards, s)
	}
	t := &tally{}
	for i, asked := range c.began {
		end := int64(math.MaxInt64)
		if i+1 < len(c.began) {
			end = c.began[i+1]
		}
		t.programme(cards, asked, end)
	}
	return t, nil
}

// programme compares what sounded between a programme's request and the next.
func (t *tally) programme(cards []*ears.Stamped, asked, end int64) {
	begin := onset(cards[0], asked)
	last := cards[0].At(len(cards[0].Samples) - 2*skewWindow)
	for at := begin; at < min(end, last); {
		t.window(cards, at, at-begin < firstSecond)
		if at-begin < firstSecond {
			at += skewFirst
		} else {
			at += skewEvery
		}
	}
}

// onset is the host time of the first sound after a host time.
func onset(s *ears.Stamped, after int64) int64 {
	from := max(0, int(s.Index(after)))
	for i, v := range s.Samples[min(from, len(s.Samples)):] {
		if math.Abs(float64(v)) > 0.001 {
			return s.At(from + i)
		}
	}
	return math.MaxInt64
}

// window compares all pairs that sound at a host time.
func (t *tally) window(cards []*ears.Stamped, at int64, first bool) {
	var heard []ears.Spectrum
	for _, s := range cards {
		if x := s.Window(at, skewWindow); ears.DB(x) > quiet {
			heard = append(heard, ears.NewSpectrum(x))
		}
	}
	for i, a := range heard {
		for _, b := range heard[i+1:] {
			lag, likeness := ears.Lag(a, b)
			if likeness < alike {
				t.unlike++
				continue
			}
			us := math.Abs(lag) * 1e6 / audio.Rate
			t.all = append(t.all, us)
			if first {
				t.first = append(t.first, us)
			}
		}
	}
}

func (t *tally) figures() []figure {
	most := func(x []float64) float64 {
		if len(x) == 0 {
			return 0
		}
		return slices.Max(x)
	}
	us := func(name string, v float64, of []float64) figure {
		return figure{Name: name, Value: v, Unit: "us", N: len(of)}
	}
	return []figure{
		us("skew_p50_us", percentile(t.all, 50), t.all),
		us("skew_p99_us", percentile(t.all, 99), t.all),
		us("skew_max_us", most(t.all), t.all),
		us("skew_first_second_p99_us", percentile(t.first, 99), t.first),
		us("skew_first_second_max_us", most(t.first), t.first),
		{Name: "skew_unlike_windows", Value: float64(t.unlike), N: len(t.all) + t.unlike},
	}
}
