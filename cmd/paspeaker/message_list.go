package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newMessageListCommand(g *globals) *cobra.Command {
	var builtin bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the messages, or with --builtin the sounds that are always there", Args: noArgs,
		Example: `  paspeaker message list
  paspeaker message list --builtin`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withClient(func(c *client.Client) error {
				if builtin {
					return g.listBuiltin(cmd.Context(), c)
				}
				list, err := c.Messages(cmd.Context())
				if err != nil {
					return err
				}
				return g.messageTable(list, false)
			})
		},
	}
	cmd.Flags().BoolVar(&builtin, "builtin", false, "chimes, alert tones and shipped recordings")
	return cmd
}

// messageTable prints messages, or the versions of one.
func (g *globals) messageTable(list []paspeaker.Message, versions bool) error {
	if g.json {
		return encode(g.out, list)
	}
	l := g.language()
	if len(list) == 0 {
		fmt.Fprintln(g.out, l.tr("nothing to show"))
		return nil
	}
	head := l.trs("name", "version", "length", "level", "voice", "by", "time", "notes")
	if versions {
		head[0] = l.tr("what")
	}
	t := newTable(g.out, head...)
	for _, m := range list {
		what := m.Name
		if versions {
			what = l.tr(string(m.Change))
		}
		t.row(what, fmt.Sprint(m.Version), lengthText(time.Duration(m.Length)), fmt.Sprintf("%.1f LUFS", m.Level.After), m.Voice, m.By,
			m.At.Local().Format("2006-01-02 15:04"), warningNames(l, m))
	}
	t.print()
	return nil
}

func (g *globals) listBuiltin(ctx context.Context, c *client.Client) error {
	list, err := c.BuiltinSounds(ctx)
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, list)
	}
	l := g.language()
	t := newTable(g.out, l.trs("name", "kind", "length", "what")...)
	for _, b := range list {
		length := ""
		if b.Length > 0 {
			length = lengthText(time.Duration(b.Length))
		}
		t.row(b.Name, l.tr(b.Kind), length, b.About)
	}
	t.print()
	return nil
}

func newMessageShowCommand(g *globals) *cobra.Command {
	var version int
	var versions bool
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a message: its text, loudness, warnings and wave", Args: exactArgs(1),
		Example: `  paspeaker message show "Giờ nghỉ"
  paspeaker message show "Giờ nghỉ" --versions
  paspeaker message show "Giờ nghỉ" --version 2 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				if versions {
					list, err := c.MessageVersions(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					return g.messageTable(list, true)
				}
				m, err := c.Message(cmd.Context(), args[0], version)
				if err != nil {
					return err
				}
				return g.showMessage(m)
			})
		},
		ValidArgsFunction: oneMessage(g),
	}
	cmd.Flags().IntVar(&version, "version", 0, "an older version")
	cmd.Flags().BoolVar(&versions, "versions", false, "list what is kept of it")
	return cmd
}

func (g *globals) showMessage(m paspeaker.Message) error {
	if g.json {
		return encode(g.out, m)
	}
	l := g.language()
	line := func(head, format string, args ...any) {
		fmt.Fprintf(g.out, "%s: %s\n", l.tr(head), fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(g.out, m.Name)
	line("version", "%d (%s, %s, %s)", m.Version, l.tr(string(m.Change)), m.By, m.At.Local().Format("2006-01-02 15:04:05"))
	line("length", "%s, %s", lengthText(time.Duration(m.Length)), megabytes(m.Bytes))
	line("level", "%s", levelText(l, m))
	if m.SNR > 0 {
		line("above the noise", "%.0f dB", m.SNR)
	}
	if m.Voice != "" {
		line("voice", "%s", m.Voice)
	}
	for i, f := range m.Files {
		if i == 0 {
			line("file", "%s", f)
			continue
		}
		fmt.Fprintln(g.out, "  "+f)
	}
	if m.Text != "" {
		line("text", "%s", m.Text)
	}
	if m.Note != "" {
		line("note", "%s", m.Note)
	}
	line("sound", "%s", m.Hash)
	for _, n := range notes(l, m) {
		fmt.Fprintln(g.out, n)
	}
	drawWave(g.out, m.Overview, time.Duration(m.Length))
	return nil
}
