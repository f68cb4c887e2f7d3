package paspeaker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestLoudspeakersAreTunedAlike(t *testing.T) {
	ms := func(n float64) Duration { return Duration(n * float64(time.Millisecond)) }
	ids := []SpeakerID{"near", "far", "loud"}
	measured := []Calibrated{
		{ResponseDB: -20, Delay: ms(15), Likeness: 0.9},
		{ResponseDB: -26, Delay: ms(21), Likeness: 0.9, SiteDelay: ms(3)},
		{ResponseDB: -14, Delay: ms(15), Likeness: 0.9, GainDB: -3, TrimDB: 1},
	}
	got := Tune(ids, measured, TuneOptions{Distance: 3, Temperature: 28})
	assert.Equal(t, []float64{-40, -46, -36}, []float64{got[0].HeardDB, got[1].HeardDB, got[2].HeardDB})
	assert.Equal(t, []float64{0, 6, -3}, []float64{got[0].TrimDB, got[1].TrimDB, got[2].TrimDB}, "to the middle one")
	assert.Equal(t, []Duration{ms(6), 0, ms(6)}, []Duration{got[0].DelayTrim, got[1].DelayTrim, got[2].DelayTrim}, "to the slowest")
	assert.Equal(t, ms(3), got[1].Delay)
	assert.Equal(t, -6.0, got[2].GainDB, "and for zones.yaml the sum")
	assert.InDelta(t, 15-8.6, time.Duration(got[0].Path).Seconds()*1000, 0.05, "three metres at 28 degrees are 8.6 ms")

	got = Tune(ids[:1], measured[:1], TuneOptions{TargetDB: -20})
	assert.Equal(t, 12.0, got[0].TrimDB)
	assert.True(t, got[0].Short, "20 dB more is not to be had")
	assert.Zero(t, got[0].DelayTrim, "one alone has nobody to wait for")
	assert.InDelta(t, 343.4, SpeedOfSound(20), 0.1)
}

// Whatever is measured: what is proposed is within the bounds, never a negative
// delay, and calibrating again proposes no more.
func TestATuningHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		ids, measured := make([]SpeakerID, n), make([]Calibrated, n)
		for i := range measured {
			ids[i] = SpeakerID(rune('a' + i))
			measured[i] = Calibrated{ResponseDB: rapid.Float64Range(-60, 10).Draw(t, "response"), GainDB: rapid.Float64Range(-20, 10).Draw(t, "gain"),
				TrimDB: rapid.Float64Range(MinTrimDB, MaxTrimDB).Draw(t, "trim"), Delay: Duration(rapid.Int64Range(0, 400_000_000).Draw(t, "delay")),
				SiteDelay: Duration(rapid.Int64Range(0, 1_000_000_000).Draw(t, "site"))}
		}
		o := TuneOptions{TargetDB: -35, Delay: 100 * time.Millisecond}
		first := Tune(ids, measured, o)
		for i, p := range first {
			if p.TrimDB < MinTrimDB || p.TrimDB > MaxTrimDB || p.DelayTrim < 0 || p.Delay < p.Measured.SiteDelay || time.Duration(p.DelayTrim) > MaxDelayTrim {
				t.Fatalf("%+v", p)
			}
			measured[i].TrimDB = p.TrimDB
		}
		for i, p := range Tune(ids, measured, o) {
			if d := p.TrimDB - first[i].TrimDB; d > 0.51 || d < -0.51 {
				t.Fatalf("again: %v after %v", p.TrimDB, first[i].TrimDB)
			}
		}
	})
}
