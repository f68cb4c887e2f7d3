package output

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/ebitengine/oto/v3"

	"pa/audio"
)

const (
	cardPoll    = 250 * time.Millisecond
	cardReady   = 10 * time.Second // for a sound server to answer
	cardSilent  = 4                // polls without a read until the card counts as lost
	cardWarmUp  = 20               // the same in its first two seconds of sound: some stall at their start
	cardAdvice  = "check that a card is plugged in (aplay -l) or a PulseAudio or PipeWire server runs, and that this user may use it (group audio)"
	lostAdvice  = "the process must be started again to open the card anew"
	cardProgram = "paspeaker-node"
)

// card is the sound card through oto: PulseAudio when a server answers, else
// ALSA. A process has one oto context in its life, so one card runs once.
type card struct {
	spec   spec
	opts   Options
	reader *reader
}

func newCard(s spec, opts Options) *card {
	return &card{spec: s, opts: opts, reader: newReader(opts.Clock, s.latencyOf(pulseAnswers()))}
}

// latencyOf is the time from pull to sound, as measured with clicks: the sum of
// both buffers over ALSA; PulseAudio gets along with half the device buffer.
func (s spec) latencyOf(pulse bool) time.Duration {
	switch {
	case s.latency != 0:
		return s.latency
	case pulse:
		return s.device/2 + s.player
	}
	return s.device + s.player
}

// State implements audio.Sink.
func (c *card) State() audio.SinkState {
	s := c.reader.state()
	s.Name, s.Period = c.spec.text, c.spec.player
	return s
}

// Run implements audio.Sink. It may be called once in a process.
func (c *card) Run(ctx context.Context, pull audio.Pull) error {
	device, err := c.open(ctx)
	if err != nil || device == nil {
		return err
	}
	c.reader.pull = pull
	player := device.NewPlayer(c.reader)
	player.SetBufferSize(int(c.player()) * 4)
	player.Play()
	err = c.watch(ctx, device, player)
	player.PauseAndStopReading() // returns when no pull is under way any more
	runtime.KeepAlive(player)    // oto closes a player that nobody holds
	c.opts.Log.Info("sound card closed", "frames", c.reader.frames.Load(), "underruns", c.reader.guess.underruns.Load())
	return errors.Join(err, device.Suspend())
}
func (c *card) player() int64 { return int64(c.spec.player * audio.Rate / time.Second) }

// brief is oto's complaint without the dozen other names of ALSA that it tried
// after the default one.
func brief(err error) string {
	text, _, _ := strings.Cut(err.Error(), `, "plug:`)
	return text
}

// open makes oto's context; nil without an error when ctx ended the wait.
func (c *card) open(ctx context.Context) (*oto.Context, error) {
	device, ready, err := oto.NewContext(&oto.NewContextOptions{SampleRate: audio.Rate, ChannelCount: 1,
		Format: oto.FormatFloat32LE, BufferSize: c.spec.device, ApplicationName: cardProgram})
	if err != nil {
		return nil, fmt.Errorf("open sound card: %w: %w", ErrNoDevice, err)
	}
	wait := time.NewTimer(cardReady)
	defer wait.Stop()
	select {
	case <-ready:
	case <-ctx.Done():
		return nil, nil
	case <-wait.C:
		return nil, fmt.Errorf("open sound card: %w: no answer in %v; %s", ErrNoDevice, cardReady, cardAdvice)
	}
	if err := device.Err(); err != nil {
		return nil, fmt.Errorf("open sound card: %w: %s; %s", ErrNoDevice, brief(err), cardAdvice)
	}
	c.opts.Log.Info("sound card open", "device_buffer", c.spec.device, "player_buffer", c.spec.player, "latency", c.reader.guess.latency)
	return device, nil
}

// watch returns nil when ctx is done. oto tells of a lost card by its context's
// error, or not at all: then it just stops reading. Polls are counted, not
// clock time, so that a process that was itself stopped is not deceived.
func (c *card) watch(ctx context.Context, device *oto.Context, player *oto.Player) error {
	poll := time.NewTicker(cardPoll)
	defer poll.Stop()
	var last int64
	for idle := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
		if err := errors.Join(device.Err(), player.Err()); err != nil {
			return fmt.Errorf("play: %w: %w; %s", ErrDeviceLost, err, lostAdvice)
		}
		n := c.reader.frames.Load()
		if idle++; n != last {
			idle, last = 0, n
		}
		if idle >= cardWarmUp || idle >= cardSilent && n > 2*audio.Rate {
			return fmt.Errorf("play: %w: it asked for no sound for %v; %s", ErrDeviceLost, time.Duration(idle)*cardPoll, lostAdvice)
		}
	}
}
