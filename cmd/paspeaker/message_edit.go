package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

func newMessageEditCommand(g *globals) *cobra.Command {
	var name, note, text, voice string
	var loudness float64
	var restore int
	cmd := &cobra.Command{
		Use: "edit NAME", Short: "Change a message: name, note, text, voice, loudness, or back to an old version", Args: exactArgs(1),
		Long: `Change a message; every edit makes a new version. Without flags it opens $EDITOR.
A message that was spoken is spoken anew when its text or voice changes.`,
		Example: `  paspeaker message edit "Giờ nghỉ"
  paspeaker message edit "Giờ nghỉ" --text "Mời các anh chị nghỉ trưa." --voice vi-vn-x-south
  paspeaker message edit "Giờ nghỉ" --restore 2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var e body.EditMessage
			changed := cmd.Flags().Changed
			for flag, v := range map[string]struct {
				field **string
				value *string
			}{"rename": {&e.Name, &name}, "note": {&e.Note, &note}, "text": {&e.Text, &text}, "voice": {&e.Voice, &voice}} {
				if changed(flag) {
					*v.field = v.value
				}
			}
			if changed("loudness") {
				e.Loudness = &loudness
			}
			e.Restore = restore
			return g.withClient(func(c *client.Client) error {
				if e == (body.EditMessage{}) {
					var err error
					if e, err = g.editMessage(cmd.Context(), c, args[0]); err != nil {
						return err
					}
				}
				m, err := c.EditMessage(cmd.Context(), args[0], e)
				if err != nil {
					return err
				}
				return g.stored(m)
			})
		},
		ValidArgsFunction: oneMessage(g),
	}
	f := cmd.Flags()
	f.StringVar(&name, "rename", "", "a new name")
	f.StringVar(&note, "note", "", "a note for people")
	f.StringVar(&text, "text", "", "what is said")
	f.StringVar(&voice, "voice", "", "have the text spoken by this voice")
	f.Float64Var(&loudness, "loudness", 0, "LUFS it is brought to")
	f.IntVar(&restore, "restore", 0, "make this old version the newest again")
	return cmd
}

// editable is a message as the editor shows it.
type editable struct {
	Name     string   `yaml:"name"`
	Note     string   `yaml:"note"`
	Text     string   `yaml:"text"`
	Voice    string   `yaml:"voice"`
	Loudness *float64 `yaml:"loudness"`
}

// editMessage has a person edit a message, and returns what they changed.
func (g *globals) editMessage(ctx context.Context, c *client.Client, name string) (body.EditMessage, error) {
	m, err := c.Message(ctx, name, 0)
	if err != nil {
		return body.EditMessage{}, err
	}
	before := editable{Name: m.Name, Note: m.Note, Text: m.Text, Voice: m.Voice}
	if m.Level.Target != 0 {
		before.Loudness = &m.Level.Target
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", g.language().trf("%s, version %d; save to make a new version", m.Name, m.Version))
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(before); err != nil {
		return body.EditMessage{}, fmt.Errorf("write message for the editor: %w", err)
	}
	saved, err := g.edit(ctx, "message.yaml", b.Bytes(), func(text []byte) error {
		_, err := readEditable(text)
		return err
	})
	if err != nil {
		return body.EditMessage{}, err
	}
	after, err := readEditable(saved)
	if err != nil {
		return body.EditMessage{}, usageError{err}
	}
	return changes(m, before, after)
}

func readEditable(text []byte) (editable, error) {
	var e editable
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&e); err != nil && !errors.Is(err, io.EOF) {
		return e, fmt.Errorf("read message: %w", err)
	}
	if err := paspeaker.CheckMessageName(e.Name); err != nil {
		return e, err
	}
	if e.Loudness != nil && (*e.Loudness < -40 || *e.Loudness > -8) {
		return e, fmt.Errorf("loudness %g: use -40 to -8 LUFS", *e.Loudness)
	}
	return e, nil
}

// changes is what differs. Nothing is an error: nobody is kept waiting for a
// version that says nothing new.
func changes(m paspeaker.Message, before, after editable) (body.EditMessage, error) {
	e := body.EditMessage{Version: m.Version}
	note := func(field **string, was, is string) {
		if is = strings.TrimSpace(is); is != was {
			*field = &is
		}
	}
	note(&e.Name, before.Name, after.Name)
	note(&e.Note, before.Note, after.Note)
	note(&e.Text, before.Text, after.Text)
	note(&e.Voice, before.Voice, after.Voice)
	if after.Loudness != nil && (before.Loudness == nil || *after.Loudness != *before.Loudness) {
		e.Loudness = after.Loudness
	}
	if e == (body.EditMessage{Version: m.Version}) {
		return e, fmt.Errorf("%w", errNothingDone)
	}
	return e, nil
}

func newMessageRmCommand(g *globals) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "rm NAME...", Aliases: []string{"remove"}, Short: "Remove messages with all their versions",
		Long: `Remove messages with all their versions. What a campaign uses is not removed; the
error names the campaigns.`,
		Example: `  paspeaker message rm "Giờ nghỉ"
  paspeaker message rm "Giờ nghỉ" --yes`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				l := g.language()
				for _, name := range args { // all of them are there, before any goes
					if _, err := c.Message(cmd.Context(), name, 0); err != nil {
						return err
					}
				}
				if err := g.confirm(yes, l.trf("remove with all versions: %s", strings.Join(args, ", "))); err != nil {
					return err
				}
				for _, name := range args {
					if err := c.RemoveMessage(cmd.Context(), name); err != nil {
						return err
					}
					if !g.json {
						fmt.Fprintln(g.out, l.trf("removed %s", name))
					}
				}
				if g.json {
					return encode(g.out, map[string][]string{"removed": args})
				}
				return nil
			})
		},
		ValidArgsFunction: messageNames(g),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
