package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/jfreymuth/pulse"
	"github.com/spf13/cobra"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newMessagePlayCommand(g *globals) *cobra.Command {
	var version int
	cmd := &cobra.Command{
		Use: "play NAME", Short: "Listen to a message on this computer", Args: exactArgs(1),
		Long: `Listen to a message on this computer, and on no loudspeaker of the site; that is
"paspeaker announce --message NAME ZONE...".`,
		Example: `  paspeaker message play "Giờ nghỉ"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				m, err := c.Message(cmd.Context(), args[0], version)
				if err != nil {
					return err
				}
				file, err := c.MessageSound(cmd.Context(), args[0], m.Version)
				if err != nil {
					return err
				}
				clip, err := source.Decode(cmd.Context(), bytes.NewReader(file), source.Limits{MaxLength: time.Hour})
				if err != nil {
					return fmt.Errorf("decode message: %w", err)
				}
				if isTerminal(g.errOut) && !g.json {
					fmt.Fprintln(g.errOut, "♪ "+first(m.Text, m.Name))
					drawWave(g.errOut, m.Overview, time.Duration(m.Length))
				}
				return listen(cmd.Context(), m, clip)
			})
		},
		ValidArgsFunction: oneMessage(g),
	}
	cmd.Flags().IntVar(&version, "version", 0, "an older version")
	return cmd
}

// listen plays a clip through this computer's sound server, or through aplay
// where there is none.
func listen(ctx context.Context, m paspeaker.Message, clip *source.Clip) error {
	server, err := pulse.NewClient(pulse.ClientApplicationName("paspeaker"))
	if err != nil {
		return aplay(ctx, clip)
	}
	defer server.Close()
	src := clip.Source()
	stream, err := server.NewPlayback(pulse.Float32Reader(func(out []float32) (int, error) {
		n, err := src.Read(out)
		if err == io.EOF {
			err = pulse.EndOfData
		}
		return n, err
	}), pulse.PlaybackMono, pulse.PlaybackSampleRate(audio.Rate), pulse.PlaybackMediaName(m.Name), pulse.PlaybackLatency(0.1))
	if err != nil {
		return fmt.Errorf("open sound card: %w", err)
	}
	defer stream.Close()
	stream.Start()
	ended := make(chan struct{})
	go func() { defer close(ended); stream.Drain() }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return stream.Error()
}

// aplay plays a clip through ALSA's own program.
func aplay(ctx context.Context, clip *source.Clip) error {
	program, err := exec.LookPath("aplay")
	if err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "play message: no PulseAudio or PipeWire here, and no aplay",
			Hint: "save it with paspeaker message export NAME -o message.wav"}
	}
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, clip.PCM()); err != nil {
		return fmt.Errorf("play message: %w", err)
	}
	cmd := exec.CommandContext(ctx, program, "-q", "-t", "raw", "-f", "S16_LE", "-r", fmt.Sprint(audio.Rate), "-c", "1")
	cmd.Stdin, cmd.Stderr = &raw, os.Stderr
	if err := cmd.Run(); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("play message with aplay: %w", err)
	}
	return nil
}
