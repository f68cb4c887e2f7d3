package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// messageOptions are the flags of what makes a new version.
type messageOptions struct {
	note, text, voice string
	replace, asItIs   bool
	gap               time.Duration
	loudness          float64
}

func (o *messageOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.note, "note", "", "a note for people")
	f.BoolVar(&o.replace, "replace", false, "make a new version of a message that exists")
	f.Float64Var(&o.loudness, "loudness", 0, "LUFS it is brought to (default: the site's, -16)")
}

func (o *messageOptions) body(cmd *cobra.Command) body.NewMessage {
	n := body.NewMessage{Note: o.note, Text: o.text, Voice: o.voice, Replace: o.replace, AsItIs: o.asItIs, Gap: paspeaker.Duration(o.gap)}
	if cmd.Flags().Changed("loudness") {
		n.Loudness = &o.loudness
	}
	return n
}

func newMessageAddCommand(g *globals) *cobra.Command {
	var o messageOptions
	cmd := &cobra.Command{
		Use:   "add NAME FILE...",
		Short: "Upload a recording as a message",
		Long: `Upload a recording of any format that the controller can decode. Silence is cut
off its ends, and it is brought to the site's loudness. Several files become one
message, one after another. It warns of clipping, hum, noise and length.`,
		Example: `  paspeaker message add "Chào buổi sáng" sang.mp3 --text "Chào buổi sáng các anh chị"
  paspeaker message add "Giờ nghỉ" tieng-viet.wav english.wav --gap 1s
  paspeaker message add "Giờ nghỉ" moi.flac --replace`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(2)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				return g.addMessage(cmd.Context(), c, args[0], args[1:], o.body(cmd))
			})
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return messageNames(g)(cmd, args, typed)
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.text, "text", "", "what is said, for people who look for it")
	f.BoolVar(&o.asItIs, "as-it-is", false, "neither trim nor level it")
	f.DurationVar(&o.gap, "gap", 0, "silence between several files")
	return cmd
}

// addMessage uploads files, one behind the other.
func (g *globals) addMessage(ctx context.Context, c *client.Client, name string, paths []string, n body.NewMessage) error {
	var readers []io.Reader
	var total int64
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return usageError{err}
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return usageError{fmt.Errorf("%s: not a file", path)}
		}
		n.Files = append(n.Files, filepath.Base(path))
		if len(paths) > 1 {
			n.Sizes = append(n.Sizes, info.Size())
		}
		total += info.Size()
		readers = append(readers, io.LimitReader(f, info.Size()))
	}
	m, err := c.AddMessage(ctx, name, n, g.newProgress(io.MultiReader(readers...), total))
	if err != nil {
		return err
	}
	return g.stored(m)
}

func newMessageSayCommand(g *globals) *cobra.Command {
	var o messageOptions
	var file string
	cmd := &cobra.Command{
		Use:   `say NAME "TEXT"`,
		Short: "Have a text spoken as a message",
		Long: `Have a text spoken by the controller's speech program (messages.speech in
zones.yaml; espeak-ng when nothing is said) and keep it as a message, with its
text. "-" reads the text from standard input.`,
		Example: `  paspeaker message say "Giờ nghỉ" "Đã đến giờ nghỉ trưa."
  paspeaker message say "Giờ nghỉ" --voice vi-vn-x-south "Đã đến giờ nghỉ trưa." --replace
  paspeaker message say "Thông báo" --file thong-bao.txt`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.RangeArgs(1, 2)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := g.text(args[1:], file)
			if err != nil {
				return err
			}
			o.text = text
			return g.withClient(func(c *client.Client) error {
				m, err := c.SayMessage(cmd.Context(), args[0], o.body(cmd))
				if err != nil {
					return err
				}
				return g.stored(m)
			})
		},
		ValidArgsFunction: oneMessage(g),
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.voice, "voice", "", "which voice (default: the site's): vi, vi-vn-x-central, vi-vn-x-south, en")
	f.StringVarP(&file, "file", "f", "", "read the text from this file")
	return cmd
}

// maxText is the longest text, bytes.
const maxText = 40_000

// text returns what is to be said: the argument, standard input for "-", or a
// file.
func (g *globals) text(args []string, file string) (string, error) {
	var r io.Reader
	switch {
	case len(args) == 1 && file != "":
		return "", usageError{errors.New("say what? a text or --file, not both")}
	case len(args) == 1 && args[0] != "-":
		return args[0], nil
	case len(args) == 1:
		r = g.in
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", usageError{err}
		}
		defer f.Close()
		r = f
	default:
		return "", usageError{errors.New(`say what? give a text, "-" for standard input, or --file`)}
	}
	b, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return "", fmt.Errorf("read text: %w", err)
	}
	if len(b) > maxText {
		return "", usageError{errors.New("the text is longer than 10000 characters")}
	}
	return strings.TrimSpace(string(b)), nil
}
