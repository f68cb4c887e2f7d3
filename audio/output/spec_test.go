package output

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// The forms that people write.
func TestSpecs(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		text    string
		latency time.Duration
		rate    float64 // as the program knows it: a virtual card's is to be learnt
	}{
		{"null", 10 * ms, 48000},
		{"wav:out/gate 1.wav", 10 * ms, 48000},
		{"wav:C:x,y.wav", 10 * ms, 48000},
		{"virtual", 10 * ms, 0},
		{"virtual:ppm=+80", 10 * ms, 0},
		{"virtual:ppm=-100,wander=1.5:10m,seed=4,period=5ms", 5 * ms, 0},
		{"virtual:latency=250us,xrun=30s:50ms,file=x.wav", 250 * time.Microsecond, 0},
		{"virtual:jitter=2ms,buffer=1s,position=device", 10 * ms, 0},
		{"alsa:hw:0", 10 * ms, 0},
		{"alsa:hw:0,1,period=2500us,periods=2,format=s16,channels=2,latency=500us", 3 * ms, 0},
		{"alsa:hw:CARD=DAC,DEV=0,period=10ms", 20 * ms, 0},
	} {
		s, err := Open(tc.text, Options{})
		require.NoError(t, err, tc.text)
		state := s.State()
		assert.InDelta(t, tc.rate, state.Rate, 1e-9, tc.text)
		assert.Positive(t, state.Period, tc.text)
		state.Rate, state.Period = 0, 0
		assert.Equal(t, audio.SinkState{Name: tc.text, Latency: tc.latency}, state)
	}
}

// The card's latency is measured for each way to it, unless somebody knows better.
func TestCardLatency(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		text        string
		alsa, pulse time.Duration
	}{
		{"oto", 30 * ms, 20 * ms},
		{"oto:40ms,20ms", 60 * ms, 40 * ms},
		{"oto:10ms,5ms", 15 * ms, 10 * ms},
		{"oto:10ms,5ms,17ms", 17 * ms, 17 * ms},
	} {
		s, err := parse(tc.text)
		require.NoError(t, err)
		assert.Equal(t, tc.alsa, s.latencyOf(false), tc.text)
		assert.Equal(t, tc.pulse, s.latencyOf(true), tc.text)
	}
}

// A wrong form is told what is wrong with it, and what would be right.
func TestWrongSpecs(t *testing.T) {
	for text, says := range map[string]string{
		"":                                `unknown kind ""`,
		"jack":                            `unknown kind "jack"`,
		"alsa":                            "alsa takes hw:CARD",
		"alsa:hw:":                        "alsa takes hw:CARD",
		"alsa:plughw:0":                   "alsa takes hw:CARD",
		"alsa:hw:32":                      `card "32" is neither`,
		"alsa:hw:-1":                      `card "-1" is neither`,
		"alsa:hw:../x":                    `card "../x" is neither`,
		"alsa:hw:0,x":                     `device "x" is not a number`,
		"alsa:hw:0,0,0":                   `unknown part "0"`,
		"alsa:hw:0,period=1.01ms":         "whole number of frames",
		"alsa:hw:0,period=1us":            "not a duration from 1ms",
		"alsa:hw:0,periods=1":             "not a number from 2 to 32",
		"alsa:hw:0,format=s24":            "neither s16 nor s32",
		"alsa:hw:0,channels=0":            "not a number from 1 to 32",
		"alsa:hw:0,latency=x":             `latency "x"`,
		"alsa:hw:0,rate=48000":            `unknown part "rate"`,
		"null:":                           "null takes nothing",
		"wav":                             "needs a file name",
		"wav:":                            "needs a file name",
		"oto:":                            "two or three durations",
		"oto:20ms":                        "two or three durations",
		"oto:20ms,10ms,1ms,1ms":           "two or three durations",
		"oto:20,10":                       `device buffer "20" is not a duration`,
		"oto:20ms,x":                      `player buffer "x"`,
		"oto:100ms,20ms":                  "less than half the device buffer",
		"oto:20ms,10ms,-1ms":              `latency "-1ms"`,
		"virtual:ppm":                     `ppm "" is not a number`,
		"virtual:ppm=NaN":                 `ppm "NaN"`,
		"virtual:ppm=1001":                `ppm "1001"`,
		"virtual:period=0":                "not a duration from 1ms to 100ms",
		"virtual:period=1.01ms":           "whole number of frames",
		"virtual:latency=never":           `latency "never"`,
		"virtual:file=":                   "file needs a name",
		"virtual:xrun=10s":                `xrun length ""`,
		"virtual:xrun=1ms:1ms":            `xrun distance "1ms"`,
		"virtual:ppm=1,,":                 `unknown part ""`,
		"virtual:speed=2":                 `unknown part "speed=2"`,
		"virtual:wander=a":                `wander "a" is not a number`,
		"virtual:seed=-1":                 `seed "-1"`,
		"virtual:jitter=1s":               `jitter "1s"`,
		"virtual:buffer=0":                `buffer "0"`,
		"virtual:position=here":           `position "here" is neither pull nor device`,
		"virtual:ppm=80 ,period=10ms,a=b": `ppm "80 "`,
	} {
		_, err := Open(text, Options{})
		require.ErrorIs(t, err, ErrSpec, text)
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, "use oto | oto:DEVICE,PLAYER")
	}
}

// A card is named as aplay lists it, by ALSA's own words too.
func TestCardNames(t *testing.T) {
	for text, want := range map[string]alsaSpec{
		"alsa:hw:2":                  {card: 2},
		"alsa:hw:2,3":                {card: 2, device: 3},
		"alsa:hw:sndrpihifiberry":    {id: "sndrpihifiberry"},
		"alsa:hw:CARD=DAC_1,DEV=1":   {id: "DAC_1", device: 1},
		"alsa:hw:1,channels=8":       {card: 1, channels: 8},
		"alsa:hw:1,0,format=s32":     {card: 1, format: formatS32},
		"alsa:hw:Headphones,DEV=0":   {id: "Headphones"},
		"alsa:hw:0,format=s16,DEV=7": {device: 7, format: formatS16},
	} {
		s, err := parse(text)
		require.NoError(t, err, text)
		want.period, want.periods = 5*time.Millisecond, 3
		assert.Equal(t, want, *s.alsa, text)
	}
}

// Whatever the text, a sink or an error, and what it accepts can run.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{"null", "alsa:hw:DAC,0,period=5ms,periods=3", "wav:x", "oto:20ms,10ms,30ms", "virtual:ppm=+80,period=10ms,latency=1ms,file=F,xrun=10s:5ms", "virtual:ppm=1e3,wander=2:5m,seed=1,jitter=1ms,buffer=1s,position=device"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Open(text, Options{})
		if (err == nil) != (s != nil) {
			t.Fatal("a sink and an error")
		}
		if a, ok := s.(*alsa); ok && (a.State().Latency < time.Millisecond || a.spec.alsa.card > 31) {
			t.Fatalf("%+v", a.spec.alsa)
		}
		if v, ok := s.(*virtual); ok && (v.block < 48 || v.block > 4800 || !(math.Abs(v.spec.drift.PPM) <= 1000)) {
			t.Fatalf("block %d, drift %v", v.block, v.spec.drift)
		}
	})
}
