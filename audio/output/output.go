// Package output holds the places where a loudspeaker's sound can go: the sound
// card through oto, or straight through the kernel's own interface (alsa), and
// for tests and demonstrations a paced nothing, a WAV file and a virtual card
// that runs by the host's clock, drifting and stalling as told.
//
// Sinks pull: each calls its audio.Pull when the device wants frames. Only this
// package imports oto.
package output

import (
	"errors"
	"log/slog"

	"pa/audio"
)

var (
	// ErrNoDevice says that there is no sound card, or that it cannot be opened.
	ErrNoDevice = errors.New("no sound device")
	// ErrDeviceLost says that the sound card went away or stopped asking for
	// sound. With oto the process has to end and be started again, as oto opens a
	// card once; alsa opens it again by itself.
	ErrDeviceLost = errors.New("sound device lost")
	// ErrSpec says that an output is not spelled as Forms tells.
	ErrSpec = errors.New("not an output")
)

// Forms lists the spellings that Open takes, for help texts and errors.
const Forms = `oto | oto:DEVICE,PLAYER[,LATENCY] (buffers, such as oto:20ms,10ms) | ` +
	`alsa:hw:CARD[,DEV][,period=5ms][,periods=3][,format=s16][,channels=2][,latency=1ms] (straight to the kernel; CARD a number or an id) | null | wav:FILE | ` +
	`virtual:ppm=+80,wander=PPM:PERIOD,seed=N,period=10ms,jitter=2ms,latency=10ms,buffer=250ms,position=pull|device,file=FILE,xrun=EVERY:STOP,dead=AFTER,gone=FILE,stuck=FILE (each part optional)`

// Options are what every sink needs.
type Options struct {
	Clock audio.Clock  // local time of the beats; audio.Now when nil
	Host  audio.Clock  // for tests: what a virtual card runs by; the system's CLOCK_MONOTONIC when nil
	Log   *slog.Logger // discards when nil
}

// Open reads a spec, one of Forms, and makes its sink. It opens no device yet:
// that is Run's, so a missing card or an unwritable file shows there. A wrong
// spec gives an error that wraps ErrSpec and lists the forms.
func Open(spec string, opts Options) (audio.Sink, error) {
	if opts.Clock == nil {
		opts.Clock = audio.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s, err := parse(spec)
	if err != nil {
		return nil, err
	}
	switch s.kind {
	case "oto":
		return newCard(s, opts), nil
	case "virtual":
		return newVirtual(s, opts), nil
	case "alsa":
		return newALSA(s, opts, linux{}), nil
	}
	return newPaced(s, opts), nil
}
