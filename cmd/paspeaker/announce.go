package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// options are the flags of everything that sounds.
type options struct {
	zones, speakers                           []string
	name, priority, routing, preempted, chime string
	repeat                                    int
	untilStopped, duck, drill                 bool
	pause, maxLength, maxWait, delay          time.Duration
	gain                                      float64
}

func (o *options) flags(cmd *cobra.Command, g *globals) {
	f := cmd.Flags()
	f.StringSliceVarP(&o.zones, "zones", "z", nil, "zones, comma separated; also as arguments")
	f.StringSliceVarP(&o.speakers, "speakers", "s", nil, "single loudspeakers")
	f.StringVar(&o.name, "name", "", "what people see in lists and journal")
	f.StringVarP(&o.priority, "priority", "p", "", "0-255, or background, routine, live, emergency")
	f.StringVar(&o.routing, "routing", "", "partial (where it may, at once), whole (wait for all), stacked (each zone as it becomes free)")
	f.StringVar(&o.preempted, "preempted", "", "after a preemption: resume, restart or drop")
	f.StringVar(&o.chime, "chime", "", "a chime before: gong, two-tone, three-tone, four-tone")
	f.DurationVar(&o.maxLength, "max-length", 0, "it ends by then (default: its class's, always finite)")
	f.DurationVar(&o.maxWait, "max-wait", 0, "how long it may wait for its zones")
	delayFlag(cmd, &o.delay)
	f.Float64Var(&o.gain, "gain", 0, "dB, -60 to 20")
	f.BoolVar(&o.drill, "drill", false, "an exercise: recorded as one, priority at most 223")
	completeZones(cmd, g)
}

// delayFlag is the flag of everything that is sent ahead of its sounding.
func delayFlag(cmd *cobra.Command, d *time.Duration) {
	cmd.Flags().DurationVar(d, "delay", 0, "how far ahead of its sounding it is sent, 5ms to 4s, never less than the loudspeakers need (default: as zones.yaml says)")
}

func (o *options) repeatFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVarP(&o.repeat, "repeat", "n", 1, "times it plays")
	f.BoolVar(&o.untilStopped, "until-stopped", false, "repeat until it is stopped or its maximum length is reached")
	f.DurationVar(&o.pause, "pause", 0, "silence between repeats")
	f.BoolVar(&o.duck, "duck", false, "background only: softer beneath higher announcements instead of silent")
}

// announcement translates the flags; args are further zones.
func (o *options) announcement(args []string) (paspeaker.Announcement, error) {
	a := paspeaker.Announcement{
		Name: o.name, Zones: append(splitIDs[paspeaker.ZoneID](args), splitIDs[paspeaker.ZoneID](o.zones)...),
		Speakers: splitIDs[paspeaker.SpeakerID](o.speakers), Routing: paspeaker.Routing(o.routing),
		Preempted: paspeaker.Resumption(o.preempted), Chime: o.chime, GainDB: o.gain, Drill: o.drill, Duck: o.duck,
		MaxLength: paspeaker.Duration(o.maxLength), MaxWait: paspeaker.Duration(o.maxWait), Pause: paspeaker.Duration(o.pause), Delay: paspeaker.Duration(o.delay),
	}
	if o.repeat != 1 {
		a.Repeat = o.repeat
	}
	if o.untilStopped {
		a.Repeat = -1
	}
	if len(a.Zones)+len(a.Speakers) == 0 {
		return a, usageError{errors.New("where? name zones, or loudspeakers with --speakers")}
	}
	if o.priority != "" {
		p, err := paspeaker.ParsePriority(o.priority)
		if err != nil {
			return a, usageError{err}
		}
		a.Priority = &p
	}
	return a, nil
}

func newAnnounceCommand(g *globals) *cobra.Command {
	var o options
	var builtin, message string
	var wait, yes bool
	cmd := &cobra.Command{
		Use:   "announce FILE ZONE...",
		Short: "Play a recording, a message of the library, or a shipped one",
		Long: `Play a recording: WAV, FLAC, Ogg Vorbis or Ogg Opus, told by content; anything
else when the controller has ffmpeg. --wait returns when it has sounded, from
what the loudspeakers' outputs played, with a line for each.`,
		Example: `  paspeaker announce notice.wav gates roads --chime gong --wait
  paspeaker announce --message "Giờ nghỉ" offices --chime two-tone
  paspeaker announce --builtin slogan-1 all --repeat 3 --pause 10s
  paspeaker announce music.flac offices -p background --duck --until-stopped`,
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if builtin != "" && message != "" {
				return usageError{errors.New("announce what? --builtin or --message, not both")}
			}
			if builtin == "" && message == "" {
				if len(args) == 0 {
					return usageError{errors.New("announce what? name a file, a message with --message, or a shipped sound with --builtin")}
				}
				file, args = args[0], args[1:]
			}
			a, err := o.announcement(args)
			if err != nil {
				return err
			}
			if err := g.confirmMany(yes, a); err != nil {
				return err
			}
			return g.announce(cmd.Context(), a, wait, func(ctx context.Context, c *client.Client) (paspeaker.Session, error) {
				if builtin != "" {
					a.Name = first(a.Name, builtin)
					return c.Announce(ctx, a, body.Sound{Source: "builtin", Sound: builtin})
				}
				if message != "" {
					return c.Announce(ctx, a, body.Sound{Source: "message", Sound: message})
				}
				return g.upload(ctx, c, a, file)
			})
		},
	}
	o.flags(cmd, g)
	o.repeatFlags(cmd)
	cmd.Flags().StringVar(&builtin, "builtin", "", "a shipped recording: slogan-1, slogan-2, evacuate-vi, …")
	cmd.Flags().StringVar(&message, "message", "", "a message of the library, by its name")
	_ = cmd.RegisterFlagCompletionFunc("message", messageNames(g))
	cmd.Flags().BoolVarP(&wait, "wait", "w", false, "return when it has sounded")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask before it sounds in many zones")
	cmd.ValidArgsFunction = completeFileThenZones(g)
	completeOptions(cmd)
	return cmd
}

// upload sends a recording, with a progress bar when it is long and somebody
// looks.
func (g *globals) upload(ctx context.Context, c *client.Client, a paspeaker.Announcement, path string) (paspeaker.Session, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return paspeaker.Session{}, usageError{fmt.Errorf("%w; a message of the library is named with --message, a shipped sound with --builtin", err)}
	case err != nil:
		return paspeaker.Session{}, usageError{err}
	}
	defer f.Close()
	if a.Name == "" {
		a.Name = filepath.Base(path)
	}
	var r io.Reader = f
	if info, err := f.Stat(); err == nil {
		r = g.newProgress(f, info.Size())
	}
	return c.AnnounceFile(ctx, a, filepath.Base(path), r)
}

// width returns the columns of a terminal; 0 when v is none.
func width(v io.Writer) int {
	f, ok := v.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

func isTerminal(v io.Writer) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// announce asks, and says or waits for what becomes of it.
func (g *globals) announce(ctx context.Context, a paspeaker.Announcement, wait bool,
	ask func(context.Context, *client.Client) (paspeaker.Session, error)) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := ask(ctx, c)
	if err != nil {
		return err
	}
	if !wait {
		if g.json {
			return encode(g.out, s)
		}
		_, err = fmt.Fprintf(g.out, "%s %s: %s on %d loudspeakers\n", s.ID, s.Name, s.State, len(s.Targets))
		return err
	}
	id := s.ID
	s, err = c.Wait(ctx, id)
	if ctx.Err() != nil { // Ctrl-C stops the sound, not only the waiting
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, err = c.StopSession(stop, id)
		fmt.Fprintln(g.errOut, "stopped")
	}
	if err != nil {
		return err
	}
	return g.verdicts(s)
}

// verdicts prints what each loudspeaker sounded, from its own receipt.
func (g *globals) verdicts(s paspeaker.Session) error {
	if g.json {
		if err := encode(g.out, s); err != nil {
			return err
		}
	} else {
		if len(s.Verdicts) > 0 {
			l := g.language()
			t := newTable(g.out, l.trs(verdictHead...)...)
			for _, v := range s.Verdicts {
				t.row(verdictCells(l, v)...)
			}
			t.print()
		}
		fmt.Fprintf(g.out, "%s: %s", s.Name, s.Outcome)
		if s.Summary != "" {
			fmt.Fprintf(g.out, " · %s (paspeaker show %s)", paspeaker.SummaryIn(s.Verdicts, s.Asked.Location(), g.language().tr), s.ID)
		}
		fmt.Fprintln(g.out)
	}
	if !allHeard(s.Verdicts) {
		return fmt.Errorf("%w: %w", errNotHeard, errSaid)
	}
	return nil
}
