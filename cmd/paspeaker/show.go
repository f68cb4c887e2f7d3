package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
)

// showOptions are the flags of `paspeaker show`.
type showOptions struct{ wait, verify bool }

// shown is what `paspeaker show` knows of an announcement.
type shown struct {
	paspeaker.Fate
	Summary string            `json:"summary,omitempty"`
	Rulings []paspeaker.Entry `json:"rulings"`
	Proofs  []paspeaker.Proof `json:"proofs,omitempty"`
}

func newShowCommand(g *globals) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{Use: "show SESSION", Short: "Show what became of one announcement, loudspeaker by loudspeaker", Args: exactArgs(1),
		Long: `Show all that is known of one announcement: who asked for it, what was ruled,
and for each loudspeaker the verdict, what it was made of, what was lost and
when, and what its monitor heard. It comes from the journal, so that an old one
is shown as well as one of now.

--verify checks the receipts' signatures against the nodes' enrolled keys, and
the verdict against the receipts.

Exit status: 0 every loudspeaker that can tell sounded all of it; 7 one did not,
or has not said so (yet); 1 --verify found what is not right.`,
		Example: `  paspeaker show 4df2059dbcfc0500
  paspeaker show 4df2059dbcfc0500 --verify
  paspeaker show $(paspeaker tone gates --json | jq -r .id) --wait
  paspeaker show 4df2059dbcfc0500 --json | jq '.verdicts[] | select(.verdict != "sounded")'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := paspeaker.ParseSessionID(args[0])
			if err != nil {
				return usageError{err}
			}
			return g.show(cmd.Context(), id.Announcement(), o)
		}}
	cmd.Flags().BoolVarP(&o.wait, "wait", "w", false, "wait until it is over and judged")
	cmd.Flags().BoolVar(&o.verify, "verify", false, "check the receipts' signatures")
	cmd.ValidArgsFunction = completeSessions(g)
	return cmd
}

func (g *globals) show(ctx context.Context, id paspeaker.SessionID, o showOptions) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	if o.wait {
		if _, err := c.Wait(ctx, id); err != nil && paspeaker.CodeOf(err) != paspeaker.CodeNotFound {
			return err
		}
	}
	entries, err := c.Log(ctx, paspeaker.JournalQuery{Session: id, Limit: 10_000})
	if err != nil {
		return err
	}
	fates := paspeaker.Fates(entries)
	if len(fates) == 0 {
		return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "announcement " + id.String() + ": the journal does not know it",
			Hint: "paspeaker log lists what was announced"}
	}
	s := gather(fates[0], entries)
	if o.verify {
		keys, err := c.Keys(ctx)
		if err != nil {
			return err
		}
		s.Proofs = paspeaker.Prove(entries, keys)
	}
	if err := g.printShown(s, o); err != nil {
		return err
	}
	if err := proved(s.Proofs); err != nil || allHeard(s.Verdicts) {
		return err
	}
	return fmt.Errorf("%w: %w", errNotHeard, errSaid)
}

// gather sorts out of an announcement's entries what people want to see.
func gather(f paspeaker.Fate, entries []paspeaker.Entry) shown {
	s := shown{Fate: f, Rulings: []paspeaker.Entry{}}
	for _, e := range entries {
		switch e.What {
		case paspeaker.WhatVerdict:
			s.Summary = e.Detail
		case paspeaker.WhatReceipt, paspeaker.WhatReceipts, paspeaker.WhatAsked:
		default:
			s.Rulings = append(s.Rulings, e)
		}
	}
	return s
}

func (g *globals) printShown(s shown, o showOptions) error {
	if g.json {
		return encode(g.out, s)
	}
	l := g.language()
	printHeader(g.out, l, s)
	if len(s.Rulings) > 0 {
		t := newTable(g.out, l.trs("time", "what", "where", "outcome", "detail")...)
		for _, e := range s.Rulings {
			cells := logCells(l, e)
			t.row(cells[0], cells[1], cells[5], cells[6], cells[7])
		}
		t.print()
	}
	printVerdicts(g.out, l, s.Verdicts, s.Asked.Location())
	if len(s.Verdicts) == 0 {
		fmt.Fprintln(g.out, l.tr("there is no verdict (yet)"))
	}
	if o.verify {
		printProofs(g.out, l, s.Proofs)
	}
	return nil
}

// printHeader says who asked what and what became of it.
func printHeader(w io.Writer, l language, s shown) {
	name := s.Name
	if s.Drill && !strings.HasPrefix(name, "DRILL") {
		name = "DRILL · " + name
	}
	var where []string
	for _, z := range s.Zones {
		where = append(where, string(z))
	}
	for _, sp := range s.Speakers {
		where = append(where, string(sp))
	}
	by := s.By
	if s.From != "" {
		by += " (" + s.From + ")"
	}
	line := []string{s.Session.String(), name, string(s.Kind), fmt.Sprintf("%d %s", s.Priority, s.Class()), strings.Join(where, ","), by}
	fmt.Fprintln(w, strings.Join(slices.DeleteFunc(line, func(p string) bool { return p == "" }), " · "))
	const at = "2006-01-02 15:04:05"
	line = []string{l.tr("asked") + " " + s.Asked.Format(at)}
	if !s.Started.IsZero() {
		line = append(line, l.tr("play")+" "+s.Started.Format("15:04:05.000"))
	}
	if !s.Ended.IsZero() {
		line = append(line, l.tr("end")+" "+s.Ended.Format("15:04:05.000"))
	}
	became := l.tr(string(s.Became))
	if s.Why != "" {
		became += " (" + s.Why + ")"
	}
	fmt.Fprintln(w, strings.Join(append(line, became), " · "))
	if len(s.Verdicts) > 0 {
		fmt.Fprintln(w, paspeaker.SummaryIn(s.Verdicts, s.Asked.Location(), l.tr))
	}
}

// printVerdicts shows what became of it at each loudspeaker, then what was lost
// when.
func printVerdicts(w io.Writer, l language, verdicts []paspeaker.SpeakerVerdict, in *time.Location) {
	if len(verdicts) == 0 {
		return
	}
	monitored := slices.ContainsFunc(verdicts, func(v paspeaker.SpeakerVerdict) bool { return v.Monitor != nil })
	head := l.trs("loudspeaker", "verdict", "played", "lost", "masked", "level", "due", "conc.", "late", "refused")
	if monitored {
		head = append(head, l.tr("monitor"))
	}
	t := newTable(w, head...)
	t.without(l.trs("refused", "late", "conc.", "due", "masked", "level")...)
	for _, v := range verdicts {
		cells := append(verdictCells(l, v), count(v.Frames.Due), count(v.Frames.Concealed), count(v.Frames.Late), count(v.Frames.Refused))
		if monitored {
			cells = append(cells, heard(v.Monitor))
		}
		t.row(cells...)
	}
	t.print()
	for _, v := range verdicts {
		for _, g := range v.Gaps {
			const at = "15:04:05.00"
			fmt.Fprintf(w, "%s  %s–%s  %s  %s\n", v.Speaker, g.From.In(in).Format(at), g.To.In(in).Format(at), seconds(g.Lost), l.tr(g.Why))
		}
	}
}

// heard says what a monitor heard, for a table.
func heard(h *paspeaker.Monitored) string {
	if h == nil {
		return ""
	}
	if h.Windows == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %% like, %.0f dBFS, %.0f ms", 100*h.Likeness, h.LevelDB, time.Duration(h.Delay).Seconds()*1000)
}

func count(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
