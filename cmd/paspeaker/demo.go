package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

//go:embed demo.yaml
var demoSite string

// The loudspeakers that record; the monitor plays on this computer's card.
var demoNodes = []string{"gate-1", "road-1", "unit-1"}

// What the slogans say, word for word.
var demoWords = map[string]string{
	"slogan-1": "Công nhân KCX-KCN tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc",
	"slogan-2": "Cùng nhau giữ gìn an ninh trật tự để ổn định sản xuất và phát triển kinh tế đất nước",
}

// demoLimit ends a demonstration that hangs.
const demoLimit = 45 * time.Second

func newDemoCommand(g *globals) *cobra.Command {
	var out string
	var quiet bool
	cmd := &cobra.Command{Use: "demo", Short: "Show it all on this machine: two slogans, a drill, a WAV per loudspeaker", Args: noArgs,
		Example: "  paspeaker demo\n  paspeaker demo --out /tmp/heard --no-sound",
		Long: `Starts a controller and a gate, a road and a mobile-unit loudspeaker on loopback,
plays two slogans, then an emergency drill that takes over the gate while the
road plays on. Each loudspeaker's sound is in OUT/<id>.wav; the gate is also
heard from this computer's sound card, if it has one. It ends by itself.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), demoLimit)
			defer cancel()
			return g.demo(ctx, out, !quiet)
		}}
	cmd.Flags().StringVar(&out, "out", "out", "folder for the recordings")
	cmd.Flags().BoolVar(&quiet, "no-sound", false, "leave the sound card alone")
	return cmd
}

// demo starts the programs, plays the programme, and judges what was heard.
func (g *globals) demo(ctx context.Context, out string, sound bool) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return usageError{err}
	}
	temp, err := os.MkdirTemp("", "paspeaker-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	site := &demoPark{dir: temp, out: out}
	defer site.close()
	c, err := site.startController(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := site.startNodes(ctx, c, sound); err != nil {
		return err
	}
	board := g.startBoard(ctx, c)
	played, err := g.demoProgramme(ctx, c, board)
	board.stop()
	if err != nil {
		return err
	}
	site.close() // the recordings are whole now
	return g.demoTable(out, played)
}

// demoProgramme plays two slogans and the drill, and returns the sessions.
func (g *globals) demoProgramme(ctx context.Context, c *client.Client, b *demoBoard) ([]paspeaker.Session, error) {
	everywhere := []paspeaker.ZoneID{"gates", "roads", "mobile"}
	var ids []paspeaker.SessionID
	for _, name := range []string{"slogan-1", "slogan-2"} {
		b.say("♪ " + demoWords[name])
		s, err := c.Announce(ctx, paspeaker.Announcement{Name: name, Zones: everywhere, Chime: "two-tone",
			Preempted: paspeaker.ResumeHere, By: "demo"}, body.Sound{Source: "builtin", Sound: name})
		if err != nil {
			return nil, err
		}
		ids = append(ids, s.ID)
		if name == "slogan-1" {
			if _, err := c.Wait(ctx, s.ID); err != nil {
				return nil, err
			}
		}
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return nil, err
	}
	b.say("‼ DRILL at the gate; the road plays on · DIỄN TẬP tại cổng, ngoài đường vẫn phát")
	drill, err := c.Emergency(ctx, paspeaker.Announcement{Emergency: "evacuate", Zones: []paspeaker.ZoneID{"gates"}, Drill: true, By: "demo"})
	if err != nil {
		return nil, err
	}
	ids = append(ids, drill.ID)
	if err := pause(ctx, 10*time.Second); err != nil {
		return nil, err
	}
	b.say("■ the drill is over")
	if _, err := c.StopSession(ctx, drill.ID); err != nil {
		return nil, err
	}
	var played []paspeaker.Session
	for _, id := range ids {
		s, err := c.Wait(ctx, id)
		if err != nil {
			return nil, err
		}
		played = append(played, s)
	}
	return played, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// demoTable prints what each loudspeaker sounded; it is an error when one that
// should have sounded did not.
func (g *globals) demoTable(out string, played []paspeaker.Session) error {
	t := newTable(g.out, "loudspeaker", "announcement", "verdict", "played", "level", "recording")
	heard := true
	for _, id := range demoNodes {
		for _, s := range played {
			for _, v := range s.Verdicts {
				if string(v.Speaker) != id {
					continue
				}
				// A preemption at the gate is what the demonstration shows.
				heard = heard && v.Played > 0
				c := verdictCells(g.language(), v)
				t.row(id, s.Name, c[1], c[2], c[5], filepath.Join(out, id+".wav"))
			}
		}
	}
	t.print()
	if !heard {
		return errors.New("a loudspeaker did not sound what it should; see the table")
	}
	fmt.Fprintf(g.out, "listen: ffplay %s\n", filepath.Join(out, "gate-1.wav"))
	return nil
}
