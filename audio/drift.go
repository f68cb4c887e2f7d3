package audio

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Drift is how a clock runs against the host's, for tests: a constant, and a
// slow bounded wander as temperature gives it. The zero Drift runs exactly.
// It is a function of time alone, so that whoever knows the seed knows the
// truth.
type Drift struct {
	PPM    float64       // by which the clock is fast, −1000…+1000
	Wander float64       // ppm, the most that the rate strays from PPM
	Period time.Duration // of the wander's slowest part
	Seed   uint64        // of its phases
}

// The wander is a sum of sines whose periods have no common multiple.
var wanderParts = [...]struct{ weight, faster float64 }{{0.6, 1}, {0.3, math.E}, {0.1, 7.3}}

const (
	driftMost    = 1000 // ppm
	wanderMost   = 100  // ppm
	wanderPeriod = 5 * time.Minute
)

// Gain is how many ns the clock has gained when t ns have passed on the host.
func (d Drift) Gain(t int64) float64 {
	gain := float64(t) * d.PPM * 1e-6
	if d.Wander == 0 {
		return gain
	}
	for i, p := range wanderParts {
		// The integral of weight·sin(ωt + φ).
		omega := 2 * math.Pi * p.faster / float64(d.period())
		phase := d.phase(i)
		gain += d.Wander * 1e-6 * p.weight * (math.Cos(phase) - math.Cos(omega*float64(t)+phase)) / omega
	}
	return gain
}

// When is how many ns have passed on the host when the clock has counted n:
// the inverse of t + Gain(t).
func (d Drift) When(n int64) int64 {
	t := n
	for range 4 { // each step is a thousand times nearer
		t = n - int64(math.Round(d.Gain(t)))
	}
	return t
}

func (d Drift) period() time.Duration {
	if d.Period > 0 {
		return d.Period
	}
	return wanderPeriod
}

// phase is a number of the seed's for part i, radians.
func (d Drift) phase(i int) float64 {
	x := d.Seed + uint64(i+1)*0x9e3779b97f4a7c15 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53) * 2 * math.Pi
}

// Set takes one KEY=VALUE of a flag: ppm=+80, wander=PPM[:PERIOD] or seed=N.
// It returns false for any other key.
func (d *Drift) Set(key, value string) (known bool, err error) {
	switch key {
	case "ppm":
		d.PPM, err = number(key, value, -driftMost, driftMost)
	case "wander":
		most, period, given := strings.Cut(value, ":")
		if d.Wander, err = number(key, most, 0, wanderMost); err == nil && given {
			d.Period, err = time.ParseDuration(period)
			if err != nil || d.Period < time.Second || d.Period > 24*time.Hour {
				err = fmt.Errorf("wander's period %q is not a duration from 1s to 24h", period)
			}
		}
	case "seed":
		if d.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			err = fmt.Errorf("seed %q is not a whole number", value)
		}
	default:
		return false, nil
	}
	return true, err
}

func number(what, text string, least, most float64) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= least && x <= most) { // NaN too
		return 0, fmt.Errorf("%s %q is not a number from %+g to %+g", what, text, least, most)
	}
	return x, nil
}
