package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
)

// liveOptions are the flags of a live call.
type liveOptions struct {
	options
	device, file         string
	list, stdin, openMic bool
	emergency            bool
}

func newLiveCommand(g *globals) *cobra.Command {
	var o liveOptions
	cmd := &cobra.Command{
		Use:   "live ZONE...",
		Short: "Speak live",
		Long: `Speak live through this computer's microphone, from standard input (raw s16le,
48 kHz, mono) or from a file. Ctrl-C ends the call with the last word heard; a
second one breaks it off.

On a terminal the microphone is closed until the space bar opens it; space again
closes it (terminals do not tell when a key is let go). --open-mic begins open.
A call ends by itself at its maximum length.`,
		Example: `  paspeaker live gates roads
  paspeaker live all --emergency
  arecord -t raw -f S16_LE -r 48000 -c 1 | paspeaker live gates --stdin`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return g.listDevices()
			}
			a, err := o.announcement(args)
			if err != nil {
				return err
			}
			if o.emergency {
				if o.drill {
					return usageError{errors.New("--emergency and --drill: a drill is never an emergency")}
				}
				p := paspeaker.PriorityLiveEmergency
				a.Priority = &p
			}
			return g.live(cmd.Context(), a, o)
		},
	}
	o.flags(cmd, g)
	f := cmd.Flags()
	f.StringVar(&o.device, "device", "", "microphone, by id or part of its name (default: the system's)")
	f.BoolVar(&o.list, "list-devices", false, "list the microphones")
	f.BoolVar(&o.stdin, "stdin", false, "raw s16le 48 kHz mono from standard input")
	f.StringVar(&o.file, "file", "", "speak a recording as if live")
	f.BoolVar(&o.emergency, "emergency", false, "priority 255: over everything, at once")
	f.BoolVar(&o.openMic, "open-mic", false, "begin with the microphone open")
	completeOptions(cmd)
	_ = cmd.RegisterFlagCompletionFunc("device", microphones)
	return cmd
}

// microphones offers the inputs of this computer.
func microphones(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	devices, _ := source.ListMicrophones() // without a sound server there is none
	for _, d := range devices {
		out = append(out, d.ID+"\t"+d.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (g *globals) listDevices() error {
	devices, err := source.ListMicrophones()
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, devices)
	}
	t := newTable(g.out, "", "id", "name")
	for _, d := range devices {
		mark := ""
		if d.Default {
			mark = "*"
		}
		t.row(mark, d.ID, d.Name)
	}
	t.print()
	return nil
}

// mouth is where a live voice comes from: it writes samples at its own pace
// until it ends.
type mouth func(ctx context.Context, write func([]float32)) error

func (g *globals) mouth(o liveOptions) (mouth, error) {
	switch {
	case o.stdin:
		return func(ctx context.Context, write func([]float32)) error { return readRaw(ctx, g.in, write) }, nil
	case o.file != "":
		f, err := os.Open(o.file)
		if err != nil {
			return nil, usageError{err}
		}
		defer f.Close()
		clip, err := source.Decode(context.Background(), f, source.Limits{})
		if err != nil {
			return nil, usageError{err}
		}
		return func(ctx context.Context, write func([]float32)) error { return playPaced(ctx, clip.Source(), write) }, nil
	}
	mic, err := source.OpenMicrophone(o.device)
	if err != nil && o.device != "" && !errors.Is(err, source.ErrNoSoundServer) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	return mic.Run, nil
}

// live runs a call from the first word to the last.
func (g *globals) live(ctx context.Context, a paspeaker.Announcement, o liveOptions) error {
	speak, err := g.mouth(o)
	if err != nil {
		return err
	}
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	t := newTalk(g)
	t.open.Store(o.openMic || o.stdin || o.file != "" || !isTerminal(os.Stdin))
	speakCtx, hush := context.WithCancel(ctx)
	defer hush()
	ended := make(chan error, 1)
	begin := func() { go func() { ended <- speak(speakCtx, t.write) }() }
	if microphone := !o.stdin && o.file == ""; microphone {
		// A card may take a second to wake up: it does so before the call.
		begin()
		select {
		case <-t.awake:
		case err := <-ended:
			return err
		}
		t.alive = true
	}
	// Ctrl-C must end the call, not break it off: the call outlives ctx.
	whole, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	call, err := c.Live(whole, a)
	if err != nil {
		return err
	}
	t.answer(call)
	if !t.alive {
		begin()
	}
	return t.run(hush, ended)
}

// readRaw reads s16le as it comes, at least a millisecond of it: what is sent at
// once is heard the sooner, the shorter it is.
func readRaw(ctx context.Context, r io.Reader, write func([]float32)) error {
	raw, pcm := make([]byte, 960), make([]float32, 480)
	half := 0 // a byte whose other half is still to come
	for ctx.Err() == nil {
		n, err := io.ReadAtLeast(r, raw[half:], 2*audio.Rate/1000)
		n += half
		for i := range n / 2 {
			pcm[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
		}
		if n > 1 {
			write(pcm[:n/2])
		}
		if half = n % 2; half == 1 {
			raw[0] = raw[n-1]
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// playPaced writes a recording at the pace of the clock, never ahead of it.
func playPaced(ctx context.Context, src audio.Source, write func([]float32)) error {
	frame := make([]float32, audio.FrameLen)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began, sent := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// A ticker drops ticks when late; the clock tells how many are owed.
		for owed := int(time.Since(began)/(10*time.Millisecond)) + 1; sent < owed; sent++ {
			n, err := src.Read(frame)
			write(frame[:n])
			if err != nil || n < len(frame) {
				return nil
			}
		}
	}
}
