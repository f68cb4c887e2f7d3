package source

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pa/audio"
)

// chimePeak is the peak of every chime, dBFS.
const chimePeak = -6

// chimes are struck bars, as in a station: the notes, Hz, each struck while
// the one before still rings.
var chimes = []struct {
	name  string
	notes []float64
	beat  time.Duration // from one note to the next
	ring  time.Duration // of a note, until it has died away by 60 dB
}{
	{"gong", []float64{392}, 0, 2600 * time.Millisecond},
	{"two-tone", []float64{659.26, 523.25}, 550 * time.Millisecond, 1500 * time.Millisecond},
	{"three-tone", []float64{523.25, 659.26, 783.99}, 420 * time.Millisecond, 1500 * time.Millisecond},
	{"four-tone", []float64{783.99, 523.25, 587.33, 392}, 420 * time.Millisecond, 1700 * time.Millisecond},
}

// partials of a metal bar over a resonator: what makes the sine a bell. They
// die away the faster the higher they are.
var partials = []struct{ ratio, level float64 }{{1, 1}, {2, 0.35}, {2.76, 0.18}, {5.4, 0.06}}

// Chimes lists the names that Chime knows.
func Chimes() []string {
	names := make([]string, len(chimes))
	for i, c := range chimes {
		names[i] = c.name
	}
	return names
}

// Chime makes the attention signal of that name. Its peak is −6 dBFS, its
// length 2 to 4 seconds.
func Chime(name string) (*Clip, error) {
	for _, c := range chimes {
		if c.name != name {
			continue
		}
		last := time.Duration(len(c.notes)-1) * c.beat
		buf := make([]float32, samplesIn(last+c.ring))
		for i, note := range c.notes {
			strike(buf[samplesIn(time.Duration(i)*c.beat):], note, c.ring)
		}
		settle(buf)
		return NewClip(buf), nil
	}
	return nil, fmt.Errorf("make chime: no %q; there are %s", name, strings.Join(Chimes(), ", "))
}

// strike adds one note to buf.
func strike(buf []float32, freq float64, ring time.Duration) {
	n := min(int64(len(buf)), samplesIn(ring))
	for _, p := range partials {
		decay := math.Log(1000) / (ring.Seconds() * audio.Rate) * math.Sqrt(p.ratio)
		step := 2 * math.Pi * freq * p.ratio / audio.Rate
		for i := range n {
			attack := math.Min(1, float64(i)/(audio.Rate/250)) // 4 ms: struck, not clicked
			buf[i] += float32(p.level * attack * math.Exp(-decay*float64(i)) * math.Sin(step*float64(i)))
		}
	}
}

// settle brings the peak to chimePeak and the last 50 ms down to nothing.
func settle(buf []float32) {
	fade := buf[max(0, len(buf)-audio.Rate/20):]
	for i := range fade {
		fade[i] *= float32(len(fade)-1-i) / float32(len(fade))
	}
	if peak := audio.Peak(buf); peak > 0 {
		g := audio.DB(chimePeak) / float32(peak)
		for i := range buf {
			buf[i] *= g
		}
	}
}

// alerts are the patterns of one cycle of each alert signal.
var alerts = []struct {
	name, about string
	steps       []alertStep
}{
	{"slow-whoop", "slow whoop, 500 to 1200 Hz in 3.5 s (ISO 7731, NEN 2575): leave the building",
		[]alertStep{{500, 1200, 3500 * time.Millisecond}, {0, 0, 500 * time.Millisecond}}},
	{"evacuate", "three pulses of 0.5 s (ISO 8201, temporal three): evacuate",
		[]alertStep{
			{520, 520, 500 * time.Millisecond}, {0, 0, 500 * time.Millisecond},
			{520, 520, 500 * time.Millisecond}, {0, 0, 500 * time.Millisecond},
			{520, 520, 500 * time.Millisecond}, {0, 0, 1500 * time.Millisecond}}},
	{"two-tone-alarm", "800 and 970 Hz in turn (BS 5839, much industrial practice): alarm",
		[]alertStep{{800, 800, 250 * time.Millisecond}, {970, 970, 250 * time.Millisecond}}},
	{"din-alarm", "1200 down to 500 Hz each second (DIN 33404-3, EN 54-3): danger",
		[]alertStep{{1200, 500, time.Second}}},
	{"nf-evacuate", "554 Hz for 0.1 s, 440 Hz for 0.4 s (NF S 32-001): evacuate",
		[]alertStep{{554, 554, 100 * time.Millisecond}, {440, 440, 400 * time.Millisecond}}},
	{"all-clear", "a steady tone: the danger is over",
		[]alertStep{{660, 660, time.Second}}},
}

// AlertAbout says what an alert signal is and which standard it follows, and
// how long one cycle of it is.
func AlertAbout(name string) (about string, cycle time.Duration) {
	for _, a := range alerts {
		if a.name == name {
			for _, s := range a.steps {
				cycle += s.d
			}
			return a.about, cycle
		}
	}
	return "", 0
}

// alertStep glides from one frequency to another, Hz; 0 is a pause.
type alertStep struct {
	from, to float64
	d        time.Duration
}

// maxAlert bounds the memory of one alert.
const maxAlert = 10 * time.Minute

// Alerts lists the names that Alert knows.
func Alerts() []string {
	names := make([]string, len(alerts))
	for i, a := range alerts {
		names[i] = a.name
	}
	return names
}

// Alert makes the alert signal of that name, repeated for d (up to ten
// minutes) and faded at the end. The tone has odd overtones, which horn
// loudspeakers carry far; its peak is −6 dBFS.
func Alert(name string, d time.Duration) (*Clip, error) {
	if d <= 0 || d > maxAlert {
		return nil, fmt.Errorf("make alert %q: length %v is not between 0 and %v", name, d, maxAlert)
	}
	for _, a := range alerts {
		if a.name == name {
			return NewClip(signal(a.steps, int(samplesIn(d)))), nil
		}
	}
	return nil, fmt.Errorf("make alert: no %q; there are %s", name, strings.Join(Alerts(), ", "))
}

func signal(steps []alertStep, n int) []float32 {
	buf := make([]float32, 0, n)
	phase := 0.0
	silent := func(i int) bool { return steps[i%len(steps)].from == 0 }
	for i := 0; len(buf) < n; i++ {
		s := steps[i%len(steps)]
		k := int(samplesIn(s.d))
		begin := len(buf)
		f := s.from
		growth := 1.0
		if s.from > 0 {
			growth = math.Pow(s.to/s.from, 1/float64(k))
		}
		for range min(k, n-len(buf)) {
			v := 0.0
			if s.from > 0 {
				v = math.Sin(phase) + math.Sin(3*phase)/4 + math.Sin(5*phase)/10
			}
			buf = append(buf, float32(v))
			phase = math.Mod(phase+2*math.Pi*f/audio.Rate, 2*math.Pi)
			f *= growth
		}
		tone := buf[begin:]
		if i == 0 || silent(i+len(steps)-1) {
			fadeIn(tone)
		}
		if silent(i+1) || len(buf) == n {
			fadeOut(tone)
		}
		if s.from == 0 {
			phase = 0
		}
	}
	settle(buf)
	return buf
}

func fadeIn(buf []float32) {
	for i := range min(edge, len(buf)) {
		buf[i] *= float32(i) / edge
	}
}

func fadeOut(buf []float32) {
	slices.Reverse(buf)
	fadeIn(buf)
	slices.Reverse(buf)
}
