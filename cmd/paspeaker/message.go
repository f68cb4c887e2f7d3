package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newMessageCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "message",
		Aliases: []string{"messages"},
		Short:   "Keep the message library: recordings and spoken texts",
		Long: `Keep the message library. A message has a name in any script, versions that stay
retrievable, and a sound that was trimmed and brought to the site's loudness
when it came in. Announce one with "paspeaker announce --message NAME ZONE...".`,
		Example: `  paspeaker message add "Chào buổi sáng" sang.mp3
  paspeaker message say "Giờ nghỉ" "Đã đến giờ nghỉ trưa."
  paspeaker message list
  paspeaker announce --message "Giờ nghỉ" offices --chime gong`,
	}
	cmd.AddCommand(newMessageAddCommand(g), newMessageSayCommand(g), newMessageListCommand(g), newMessageShowCommand(g),
		newMessagePlayCommand(g), newMessageEditCommand(g), newMessageRmCommand(g), newMessageExportCommand(g), newMessageImportCommand(g))
	return cmd
}

// messageNames completes names of messages.
func messageNames(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		list, _ := c.Messages(ctx)
		for _, m := range list {
			out = append(out, m.Name+"\t"+lengthText(time.Duration(m.Length)))
		}
		return out
	})
}

// oneMessage completes the first argument alone.
func oneMessage(g *globals) completer {
	names := messageNames(g)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cmd, args, typed)
	}
}

// withClient runs f with a client.
func (g *globals) withClient(f func(c *client.Client) error) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	return f(c)
}

// stored says what became of a message that was stored.
func (g *globals) stored(m paspeaker.Message) error {
	if g.json {
		return encode(g.out, m)
	}
	l := g.language()
	fmt.Fprintf(g.out, "%s: %s\n", m.Name, l.trf("version %d, %s, %s", m.Version, lengthText(time.Duration(m.Length)), levelText(l, m)))
	for _, line := range notes(l, m) {
		fmt.Fprintln(g.out, "  "+line)
	}
	if isTerminal(g.out) {
		drawWave(g.out, m.Overview, time.Duration(m.Length))
	}
	return nil
}

// levelText says how loud a message came and is.
func levelText(l language, m paspeaker.Message) string {
	if m.Level.Target == 0 {
		return l.trf("%.1f LUFS as it came, peak %.1f dBTP", m.Level.After, m.Level.Peak)
	}
	return l.trf("%.1f → %.1f LUFS, peak %.1f dBTP", m.Level.Before, m.Level.After, m.Level.Peak)
}

// notes are what a person should know about a sound: what was cut, and the
// warnings.
func notes(l language, m paspeaker.Message) []string {
	var out []string
	if cut := time.Duration(m.CutHead + m.CutTail); cut >= 100*time.Millisecond {
		out = append(out, l.trf("cut %s of silence off its ends", lengthText(cut)))
	}
	for _, w := range m.Warnings {
		out = append(out, "! "+warningText(l, w))
	}
	return out
}

// warningText is a warning in the reader's language.
func warningText(l language, w paspeaker.Warning) string {
	switch w.Kind {
	case "clipping":
		return l.trf("clipped in %.0f places: record it again with less gain", w.Value)
	case "hum":
		return l.trf("hum at %.0f Hz: look at the cable and the ground of the microphone", w.Value)
	case "noise":
		return l.trf("the voice stands only %.0f dB above the noise: record it closer, in a quieter room", w.Value)
	case "long":
		return l.trf("%s long: few listen that long", lengthText(time.Duration(w.Value*float64(time.Second))))
	case "soft":
		return l.trf("%.1f LU softer than the target: single peaks leave no headroom", w.Value)
	}
	return w.Text
}

// warningNames are a message's warnings in a word each.
func warningNames(l language, m paspeaker.Message) string {
	words := map[string]string{"clipping": l.tr("clipped"), "hum": l.tr("hum"), "noise": l.tr("noisy"), "long": l.tr("long"), "soft": l.tr("soft")}
	var out []string
	for _, w := range m.Warnings {
		out = append(out, first(words[w.Kind], w.Kind))
	}
	return strings.Join(out, ", ")
}
