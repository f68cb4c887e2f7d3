package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newStatusCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show what is on air, where, since when, by whom; loudspeakers and faults", Args: noArgs,
		Example: "  paspeaker status\n  paspeaker status --json | jq '.on_air[].name'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(g, func(c *client.Client) (paspeaker.Status, error) { return c.Status(cmd.Context()) }, printStatus)
		}}
}

func newZonesCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "zones", Short: "List the zones and what is on air in them", Args: noArgs,
		Example: "  paspeaker zones\n  paspeaker zones --json | jq -r '.[] | select(.online == 0) | .id'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(g, func(c *client.Client) ([]paspeaker.ZoneStatus, error) { return c.Zones(cmd.Context()) }, printZones)
		}}
}

func newSpeakersCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "speakers", Short: "List the loudspeakers and what their nodes say", Args: noArgs,
		Example: "  paspeaker speakers\n  paspeaker speakers --json | jq '.[] | select(.online | not) | .name'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(g, func(c *client.Client) ([]paspeaker.SpeakerStatus, error) { return c.Speakers(cmd.Context()) }, printSpeakers)
		}}
}

// ask gets something from the controller and prints it as JSON or for people.
func ask[T any](g *globals, get func(*client.Client) (T, error), print func(io.Writer, T)) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	v, err := get(c)
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, v)
	}
	print(g.out, v)
	return nil
}

func printStatus(w io.Writer, s paspeaker.Status) {
	fmt.Fprintf(w, "%s · %s · paspeakerd %s, up %s\n", s.Site, s.Now.Format("2006-01-02 15:04:05"), s.Version, s.Now.Sub(s.Started).Truncate(time.Second))
	printSessions(w, s.OnAir, s.Now)
	printSpeakers(w, s.Speakers)
	printStatusFaults(w, s)
}

func printSessions(w io.Writer, sessions []paspeaker.Session, now time.Time) {
	if len(sessions) == 0 {
		fmt.Fprintln(w, "nothing is on air")
		return
	}
	t := newTable(w, "on air", "what", "where", "priority", "state", "since", "by")
	t.without("state", "priority")
	for _, s := range sessions {
		name := s.Name
		if s.Drill && !strings.HasPrefix(name, "DRILL") {
			name = "DRILL · " + name
		}
		t.row(s.ID.String(), name, where(s), fmt.Sprintf("%d %s", s.Level, s.Level.Class()), string(s.State),
			since(s).In(now.Location()).Format("15:04:05"), s.By)
	}
	t.print()
}

// since is when a session began to sound or, while it waits, to wait.
func since(s paspeaker.Session) time.Time {
	if s.Started.IsZero() {
		return s.Asked
	}
	return s.Started
}

func where(s paspeaker.Session) string {
	var words []string
	for _, z := range s.Zones {
		words = append(words, string(z))
	}
	for _, sp := range s.Speakers {
		words = append(words, string(sp))
	}
	return fmt.Sprintf("%s (%d/%d)", strings.Join(words, ","), len(s.Sounding), len(s.Targets))
}

func printZones(w io.Writer, zones []paspeaker.ZoneStatus) {
	t := newTable(w, "id", "name", "group", "codec", "plain", "loudspeakers", "online", "on air")
	for _, z := range zones {
		plain := ""
		if z.Plain != nil {
			plain = z.Plain.Codec + " " + z.Plain.Group.String()
		}
		var onAir []string
		for _, id := range z.OnAir {
			onAir = append(onAir, id.String())
		}
		t.row(string(z.ID), z.Name, z.Group.String(), z.Profile, plain, fmt.Sprint(len(z.Members)), fmt.Sprint(z.Online), strings.Join(onAir, " "))
	}
	t.print()
}

func printSpeakers(w io.Writer, speakers []paspeaker.SpeakerStatus) {
	t := newTable(w, "id", "name", "kind", "online", "plays", "packets", "lost", "late", "conc.", "refused", "level", "clock", "groups")
	t.without("groups", "kind", "name", "packets", "clock")
	for _, sp := range speakers {
		t.row(speakerCells(sp)...)
	}
	t.print()
	for _, sp := range speakers {
		if sp.Note != "" {
			fmt.Fprintf(w, "NOTE %s: %s\n", sp.ID, sp.Note)
		}
		printBench(w, sp)
	}
}

// printBench tells what somebody has set at a loudspeaker itself.
func printBench(w io.Writer, sp paspeaker.SpeakerStatus) {
	if sp.Report == nil {
		return
	}
	if m := sp.Report.Muted; m != nil {
		fmt.Fprintf(w, "MUTED %s by %s until %s%s; paspeaker unmute %s ends it\n", sp.ID, m.By, m.Until.Format("15:04:05"), exceptEmergencies(*m), sp.ID)
	}
	if p := sp.Report.Program; p != nil && p.Failed != nil {
		fmt.Fprintf(w, "UPGRADE of %s taken back at %s: %s\n", sp.ID, p.Failed.At.Format("2006-01-02 15:04"), p.Failed.Why)
	}
	if db := sp.Report.TrimDB; db != 0 {
		fmt.Fprintf(w, "TRIM %s %+g dB; paspeaker volume %s 0 takes it back\n", sp.ID, db, sp.ID)
	}
}

// speakerCells is one loudspeaker's row: what its node last said of itself.
func speakerCells(sp paspeaker.SpeakerStatus) []string {
	online := "no"
	if sp.Online {
		online = "yes"
	}
	if sp.Kind == paspeaker.KindThirdParty {
		online = "-"
	}
	cells := []string{string(sp.ID), sp.Name, string(sp.Kind), online, plays(sp)}
	if sp.Report == nil {
		return append(cells, "", "", "", "", "", "", "", "")
	}
	n, level, clock := sp.Report.Counters, "", ""
	if sp.Online { // of a node that is gone neither is true any more
		level, clock = fmt.Sprintf("%.0f dB", sp.Report.LevelDB), sp.Report.Clock.State
	}
	return append(cells, fmt.Sprint(n.Packets), fmt.Sprint(n.Lost), fmt.Sprint(n.Late), fmt.Sprint(n.Concealed),
		refused(n.Refused), level, clock, groups(sp.Report.Groups))
}

// groups writes multicast addresses short: what they share is written once, and
// the port, which is the site's, not at all.
func groups(joined []string) string {
	var words []string
	last := ""
	for _, g := range joined {
		addr, _, _ := strings.Cut(g, ":")
		net := addr[:strings.LastIndex(addr, ".")+1]
		if net != "" && net == last {
			addr = addr[len(net)-1:]
		}
		last = net
		words = append(words, addr)
	}
	return strings.Join(words, " ")
}

// plays says what sounds there: by the node's own word, else by the ruling.
func plays(sp paspeaker.SpeakerStatus) string {
	if sp.Report != nil && sp.Online {
		for _, p := range sp.Report.Playing {
			if p.Full {
				return p.Session.String()
			}
		}
		return ""
	}
	if sp.Session != 0 {
		return sp.Session.String() + "?"
	}
	return ""
}

func refused(by map[string]uint64) string {
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		words = append(words, fmt.Sprintf("%s %d", kind, by[kind]))
	}
	return strings.Join(words, "\n")
}
