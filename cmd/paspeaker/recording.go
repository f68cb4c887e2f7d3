package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newRecordingCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{Use: "recording", Short: "List, fetch, hear or erase what was said live",
		Long: `What is said live is recorded, as long as zones.yaml says (recordings), so that
it can be proved. Who fetches or erases a recording is in the journal.`,
		Example: "  paspeaker recording list --since 7d\n  paspeaker recording play 4df2059dbcfc0500"}
	cmd.AddCommand(newRecordingListCommand(g), newRecordingGetCommand(g), newRecordingPlayCommand(g), newRecordingRmCommand(g))
	return cmd
}

func newRecordingListCommand(g *globals) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{Use: "list", Short: "List the live calls that were recorded", Args: noArgs,
		Example: "  paspeaker recording list --since 7d --zone gates\n  paspeaker recording list --by \"Anh Minh\" --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.limit = 1
			if err := o.check(); err != nil {
				return err
			}
			return g.withClient(func(c *client.Client) error {
				q, err := o.query(cmd.Context(), c)
				if err != nil {
					return err
				}
				list, err := c.Recordings(cmd.Context(), q)
				if err != nil {
					return err
				}
				return g.recordings(list)
			})
		}}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "30d", "from this time on, or how long ago")
	f.StringVar(&o.until, "until", "", "before this time")
	f.StringVar(&o.zone, "zone", "", "spoken in this zone, around or within it")
	f.StringVar(&o.by, "by", "", "spoken by")
	_ = cmd.RegisterFlagCompletionFunc("zone", zoneNames(g))
	return cmd
}

func (g *globals) recordings(list []paspeaker.Recording) error {
	if g.json {
		return encode(g.out, list)
	}
	l := g.language()
	t := newTable(g.out, l.trs("session", "time", "by", "where", "recording", "detail")...)
	for _, r := range list {
		var where []string
		for _, z := range r.Zones {
			where = append(where, string(z))
		}
		t.row(r.Session.String(), r.Time.Format("2006-01-02 15:04:05"), r.By, strings.Join(where, ","), l.tr(r.State), r.Detail)
	}
	t.print()
	return nil
}

func newRecordingGetCommand(g *globals) *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "get SESSION", Short: "Write a recording to a file (Ogg Opus)", Args: exactArgs(1),
		Example: "  paspeaker recording get 4df2059dbcfc0500 -o call.opus",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, file, err := g.recording(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == "-" {
				_, err = g.out.Write(file)
				return err
			}
			if out == "" {
				out = id.String() + ".opus"
			}
			if err := os.WriteFile(out, file, 0o600); err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintln(g.errOut, out)
			return err
		}, ValidArgsFunction: recordingIDs(g)}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file; - is the output; SESSION.opus when left out")
	return cmd
}

func newRecordingPlayCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "play SESSION", Short: "Listen to a recording on this computer", Args: exactArgs(1),
		Example: "  paspeaker recording play 4df2059dbcfc0500",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, file, err := g.recording(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			clip, err := source.Decode(cmd.Context(), bytes.NewReader(file), source.Limits{MaxLength: 24 * time.Hour})
			if err != nil {
				return fmt.Errorf("decode recording: %w", err)
			}
			return listen(cmd.Context(), paspeaker.Message{Name: id.String()}, clip)
		}, ValidArgsFunction: recordingIDs(g)}
}

func newRecordingRmCommand(g *globals) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{Use: "rm SESSION", Short: "Erase a recording for good; the journal keeps that there was one", Args: exactArgs(1),
		Example: "  paspeaker recording rm 4df2059dbcfc0500 --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := paspeaker.ParseSessionID(args[0])
			if err != nil {
				return usageError{err}
			}
			if err := g.confirm(yes, g.language().trf("the recording of %s will be gone for good", id)); err != nil {
				return err
			}
			return g.withClient(func(c *client.Client) error { return c.EraseRecording(cmd.Context(), id) })
		}, ValidArgsFunction: recordingIDs(g)}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// recording fetches one.
func (g *globals) recording(ctx context.Context, name string) (id paspeaker.SessionID, file []byte, err error) {
	if id, err = paspeaker.ParseSessionID(name); err != nil {
		return id, nil, usageError{err}
	}
	err = g.withClient(func(c *client.Client) (err error) {
		file, err = c.RecordingSound(ctx, id)
		return err
	})
	return id, file, err
}

func recordingIDs(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		list, _ := c.Recordings(ctx, paspeaker.JournalQuery{Since: time.Now().Add(-30 * 24 * time.Hour)})
		for _, r := range list {
			if r.Kept {
				out = append(out, r.Session.String()+"\t"+r.By)
			}
		}
		return out
	})
}
