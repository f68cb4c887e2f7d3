package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
	"pa/paspeaker/doctor"
)

type doctorOptions struct {
	all, here bool
	config    string
	groups    string
	iface     string
	listen    time.Duration
	verbose   bool
}

func newDoctorCommand(g *globals) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [SPEAKER...]",
		Short: "Look for what is wrong with the network, and say what to type next",
		Long: `Look for what is wrong with the network: interface, route, IGMP memberships,
querier, groups that collide, other senders on the site's groups, TTL, MTU, order
and copies of packets, firewall, time, buffers and priorities. Every finding says
what to type next.

It looks from the controller, and from the machines of the loudspeakers named, or
of --all. --here looks from this computer, without any controller: a technician
with a laptop at a loudspeaker's socket in the wall needs zones.yaml alone. As
root, or with CAP_NET_RAW and CAP_NET_ADMIN, it sees queriers and firewalls too.

Queriers ask every 125 s: --listen 130s is long enough to be sure. Loss, order
and TTL are seen while something is on air.

Exit status: 0 no fault was found (warnings and notes may be there); 1 a fault
was found; others as everywhere.`,
		Example: `  paspeaker doctor                        # the controller's machine
  paspeaker doctor gate-1 gate-2          # and those of two loudspeakers
  paspeaker doctor --all --listen 130s
  sudo paspeaker doctor --here --config zones.yaml --interface eth0`,
		ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.here && (o.all || len(args) > 0):
				return usageError{errors.New("--here looks from this computer alone: name no loudspeakers")}
			case o.all && len(args) > 0:
				return usageError{errors.New("name loudspeakers, or say --all")}
			case o.here:
				return g.doctorHere(cmd.Context(), o)
			}
			return g.doctor(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "look from every loudspeaker's machine, too")
	f.BoolVar(&o.here, "here", false, "look from this computer, without a controller")
	f.StringVar(&o.config, "config", "zones.yaml", "the site's file, with --here")
	f.StringVar(&o.groups, "groups", "", "the controller's groups.json, with --here, for zones whose group the file leaves out")
	f.StringVar(&o.iface, "interface", "", "network interface, with --here (default: what the site says, else by route)")
	f.DurationVar(&o.listen, "listen", doctor.DefaultListen, "how long to listen to the network, at most "+doctor.MostListen.String())
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the evidence of what is well, too")
	return cmd
}

// askedAtOnce bounds how many machines are asked side by side.
const askedAtOnce = 16

// doctor has the controller and the nodes look, each by a request of its own,
// so that each is shown when it is there.
func (g *globals) doctor(ctx context.Context, o doctorOptions, names []string) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	listen := paspeaker.Duration(o.listen)
	orders := []paspeaker.DoctorOrder{{Listen: listen}}
	if o.all {
		speakers, err := c.Speakers(ctx)
		if err != nil {
			return err
		}
		for _, sp := range speakers {
			names = append(names, string(sp.ID))
		}
	}
	for _, name := range names {
		orders = append(orders, paspeaker.DoctorOrder{Listen: listen, NotHere: true, Speakers: []paspeaker.SpeakerID{paspeaker.SpeakerID(name)}})
	}
	list, err := g.examine(ctx, c, orders, o.verbose)
	if err != nil {
		return err
	}
	return g.diagnosed(list)
}

// examine carries out orders, and shows each machine as soon as it is there.
func (g *globals) examine(ctx context.Context, c *client.Client, orders []paspeaker.DoctorOrder, verbose bool) ([]paspeaker.Examination, error) {
	out := make([][]paspeaker.Examination, len(orders))
	failed := make([]error, len(orders))
	shown := g.newTicker(len(orders))
	places := make(chan struct{}, askedAtOnce)
	var running sync.WaitGroup
	for i, order := range orders {
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out[i], failed[i] = c.Doctor(ctx, order)
			shown.step(func() {
				for _, e := range out[i] {
					if !g.json {
						printExamination(g.out, e, verbose)
					}
				}
			})
		})
	}
	running.Wait()
	shown.end()
	var list []paspeaker.Examination
	for _, some := range out {
		list = append(list, some...)
	}
	return list, errors.Join(failed...)
}

// ticker says on a terminal how many of several things are done.
type ticker struct {
	mu        sync.Mutex
	w         io.Writer // nil: nobody looks
	done, all int
}

func (g *globals) newTicker(all int) *ticker {
	t := &ticker{all: all}
	if isTerminal(g.errOut) && !g.json {
		t.w = g.errOut
	}
	t.draw()
	return t
}

// step is one more done; show writes what came of it.
func (t *ticker) step(show func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	show()
	t.done++
	t.draw()
}

func (t *ticker) draw() {
	if t.w != nil {
		fmt.Fprintf(t.w, "\rlooking … %d of %d", t.done, t.all)
	}
}

func (t *ticker) clear() {
	if t.w != nil {
		fmt.Fprint(t.w, "\r\x1b[K")
	}
}

func (t *ticker) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

// diagnosed prints what was found as JSON where that is wanted; it is an error
// when there is a fault.
func (g *globals) diagnosed(list []paspeaker.Examination) error {
	if g.json {
		if err := encode(g.out, list); err != nil {
			return err
		}
	}
	faults := 0
	for _, e := range list {
		for _, f := range e.Findings {
			if f.Severity == paspeaker.SeverityFault {
				faults++
			}
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d faults were found: %w", faults, errSaid)
	}
	return nil
}

var marks = map[paspeaker.Severity]string{
	paspeaker.SeverityOK: "ok", paspeaker.SeverityNote: "note", paspeaker.SeverityUnknown: "?", paspeaker.SeverityWarning: "WARN", paspeaker.SeverityFault: "FAULT",
}

// printExamination writes one machine's findings for people.
func printExamination(w io.Writer, e paspeaker.Examination, verbose bool) {
	fmt.Fprintf(w, "%s: %s\n", e.Machine, summary(e))
	for _, f := range e.Findings {
		fmt.Fprintf(w, "  %-5s %-11s %s\n", marks[f.Severity], f.ID, f.What)
		if f.Evidence != "" && (verbose || f.Severity != paspeaker.SeverityOK) {
			fmt.Fprintf(w, "                    %s\n", f.Evidence)
		}
		if f.Next != "" {
			fmt.Fprintf(w, "                  → %s\n", f.Next)
		}
	}
}

// summary counts what was found.
func summary(e paspeaker.Examination) string {
	counts := make(map[paspeaker.Severity]int)
	for _, f := range e.Findings {
		counts[f.Severity]++
	}
	var words []string
	for _, s := range []struct {
		sev       paspeaker.Severity
		one, many string
	}{{paspeaker.SeverityFault, "fault", "faults"}, {paspeaker.SeverityWarning, "warning", "warnings"}, {paspeaker.SeverityUnknown, "not known", "not known"},
		{paspeaker.SeverityNote, "note", "notes"}} {
		switch n := counts[s.sev]; n {
		case 0:
		case 1:
			words = append(words, "1 "+s.one)
		default:
			words = append(words, fmt.Sprintf("%d %s", n, s.many))
		}
	}
	if counts[paspeaker.SeverityFault] == 0 && counts[paspeaker.SeverityWarning] == 0 {
		words = append([]string{"nothing is wrong"}, words...)
	}
	return strings.Join(words, ", ")
}
