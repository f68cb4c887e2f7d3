package controller

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"pa/audio"
	"pa/audio/ingest"
	"pa/audio/loudness"
	"pa/audio/source"
	"pa/audio/sti"
	"pa/paspeaker"
)

// What tests sound.
const (
	testLevel    = -20 // RMS of tone, sweep and STIPA, dBFS
	testFreq     = 1000
	sweepFrom    = 100
	sweepTo      = 10000
	quietLength  = 2 * time.Second
	testOverhead = 2 * time.Second // from the last sample to the result, about
	nameLength   = 3 * time.Second // of a spoken name, about
	nameGap      = 400 * time.Millisecond
	// nameRecording speaks where no program does.
	nameRecording = "slogan-1"
)

// testSignal is how long each signal is; speech, about.
var testSignal = map[paspeaker.TestKind]time.Duration{
	paspeaker.TestTone: 3 * time.Second, paspeaker.TestSweep: 5 * time.Second, paspeaker.TestSpeech: nameLength, paspeaker.TestSTIPA: 18 * time.Second,
}

// voices makes what a run of a test sounds.
type voices struct {
	c      *Controller
	signal *source.Clip // the same for all; nil of speech
	mute   bool         // there is no speech program: it is not asked again
}

// newVoices makes the signal of a test.
func (c *Controller) newVoices(q paspeaker.TestRequest) *voices {
	v := &voices{c: c}
	peak := testLevel + 10*math.Log10(2) // of a sine with that RMS
	switch d := testSignal[q.Kind]; {
	case q.Quiet:
		v.signal = recorded(source.Tone(testFreq, paspeaker.QuietLevelDB+10*math.Log10(2), quietLength), quietLength)
	case q.Kind == paspeaker.TestTone:
		v.signal = recorded(source.Tone(testFreq, peak, d), d)
	case q.Kind == paspeaker.TestSweep:
		v.signal = recorded(source.Sweep(sweepFrom, sweepTo, peak, d), d)
	case q.Kind == paspeaker.TestSTIPA:
		v.signal = source.NewClip(sti.Signal(d, testLevel))
	}
	return v
}

// recorded keeps what a source says within d.
func recorded(src audio.Source, d time.Duration) *source.Clip {
	buf := make([]float32, int(d.Seconds()*audio.Rate))
	n, _ := src.Read(buf) // it ends by itself, and has no other error
	return source.NewClip(buf[:n])
}

// of returns what one loudspeaker sounds: in a walking test its name comes
// first, so that whoever walks by knows which one it is.
func (v *voices) of(ctx context.Context, q paspeaker.TestRequest, sp paspeaker.Speaker) (*source.Clip, error) {
	switch {
	case q.Quiet, q.AtOnce && q.Kind != paspeaker.TestSpeech:
		return v.signal, nil
	case q.AtOnce: // all the names at once are none
		return v.noName(ctx, true)
	}
	name, err := v.name(ctx, sp, q.Kind == paspeaker.TestSpeech)
	if err != nil || v.signal == nil {
		return name, err
	}
	pcm := append([]int16(nil), name.PCM()...)
	pcm = append(pcm, make([]int16, int(nameGap.Seconds()*audio.Rate))...)
	return source.NewClip16(append(pcm, v.signal.PCM()...)), nil
}

// name is a loudspeaker's name, spoken by the site's speech program. Where
// there is none a chime stands for it, and a shipped recording where the voice
// itself is the test.
func (v *voices) name(ctx context.Context, sp paspeaker.Speaker, whole bool) (*source.Clip, error) {
	if v.mute {
		return v.noName(ctx, whole)
	}
	clip, err := v.c.spoken(ctx, first(sp.Name, string(sp.ID)))
	if err != nil && ctx.Err() == nil {
		v.mute = errors.Is(err, ingest.ErrNoSpeech)
		v.c.log.Info("a loudspeaker's name cannot be spoken; a chime stands for it", "loudspeaker", sp.ID, "err", err)
		return v.noName(ctx, whole)
	}
	return clip, err
}

func (v *voices) noName(ctx context.Context, whole bool) (*source.Clip, error) {
	chime, err := source.Chime("two-tone")
	if err != nil || !whole {
		return chime, err
	}
	voice, err := v.c.cfg.Sounds.clip(ctx, nameRecording)
	if err != nil {
		return nil, err
	}
	return source.NewClip16(append(append([]int16(nil), chime.PCM()...), voice.PCM()...)), nil
}

// spoken has a name said, as messages are said, and keeps it for the next time.
func (c *Controller) spoken(ctx context.Context, name string) (*source.Clip, error) {
	st := c.site.Load()
	command, voice, ok := st.Messages.Speech.With("")
	if !ok {
		return nil, ingest.ErrNoSpeech
	}
	text := "Loudspeaker test: " + name + "."
	if strings.HasPrefix(voice, "vi") {
		text = "Kiểm tra loa: " + name + "."
	}
	key := strings.Join(command, "\x00") + "\x00\x00" + text
	return c.library.ready.get(ctx, key, func() (*source.Clip, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, st.Messages.Speech.Limit, ingest.ErrOutOfTime)
		defer cancel()
		t := ingest.Treatment{Trim: true, Level: true, Aim: loudness.Aim{LUFS: st.Messages.LUFS, TruePeak: st.Messages.TruePeak, MaxLimit: st.Messages.MaxLimit},
			Speech: command}
		file, _, err := c.ingest.Prepare(ctx, strings.NewReader(text), source.Limits{MaxBytes: st.Limits.MaxUpload, MaxLength: time.Minute}, t)
		if err != nil {
			return nil, err
		}
		return c.decodeSound(ctx, file)
	})
}

// loudestSecond is the RMS of a clip's loudest second, dBFS, as a loudspeaker
// measures it: in steps of a tenth.
func loudestSecond(clip *source.Clip) float64 {
	const step = audio.Rate / 10
	var steps []float64
	for i, v := range clip.PCM() {
		if i%step == 0 {
			steps = append(steps, 0)
		}
		f := float64(audio.FromInt16(v))
		steps[len(steps)-1] += f * f
	}
	var sum, most float64
	for i, e := range steps {
		if sum += e; i >= 10 {
			sum -= steps[i-10]
		}
		most = math.Max(most, sum)
	}
	return audio.ToDB(math.Sqrt(most / audio.Rate))
}
