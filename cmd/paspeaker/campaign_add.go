package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// campaignFlags are the flags of campaign add.
type campaignFlags struct {
	messages, zones, speakers, at, shifts, weekdays, keep, skip, except, also []string
	name, notes, order, priority, routing, preempted, chime, gain             string
	from, to, cron, rrule, start, begin, end                                  string
	every, before, after, pause, maxWait, missed                              time.Duration
	repeat                                                                    int
	yes, force, paused                                                        bool
}

func newCampaignAddCommand(g *globals) *cobra.Command {
	var o campaignFlags
	cmd := &cobra.Command{
		Use: "add ID", Short: "Add a campaign", Args: exactArgs(1),
		Long: `Add a campaign. Its one rule is given by flags: times of day (--at), every so
often (--every, --from, --to), cron (--cron), RFC 5545 (--rrule, --start) or the
site's changes of shift (--shifts). A campaign with several rules is written in a
file: see "paspeaker apply".`,
		Example: `  paspeaker campaign add slogans -m slogan-1 -m slogan-2 -z gates,roads --every 30m --from 06:00 --to 18:00 --keep working-days --chime gong
  paspeaker campaign add gio-nghi -m "Giờ nghỉ" -z offices --at 11:30 --weekdays mon-fri
  paspeaker campaign add doi-ca -m "Đổi ca" -z all --shifts all --before 10m --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := o.campaign(args[0])
			if err != nil {
				return usageError{err}
			}
			return g.withClient(func(c *client.Client) error {
				if err := g.confirmZones(o.yes, v); err != nil {
					return err
				}
				return g.putCampaign(cmd.Context(), c, v, o.force)
			})
		},
	}
	o.flags(cmd)
	completeZones(cmd, g)
	completeOptions(cmd)
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	_ = cmd.RegisterFlagCompletionFunc("message", messageNames(g))
	_ = cmd.RegisterFlagCompletionFunc("order", choices(string(paspeaker.RotateInOrder), string(paspeaker.RotateShuffled), string(paspeaker.RotateWeighted)))
	return cmd
}

func (o *campaignFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.messages, "message", "m", nil, "a message of the library; NAME=3 for its share in a weighted order; give it again for more")
	f.StringVar(&o.order, "order", "", "which comes next: in-order, shuffled, weighted")
	f.StringSliceVarP(&o.zones, "zones", "z", nil, "zones, comma separated")
	f.StringSliceVarP(&o.speakers, "speakers", "s", nil, "single loudspeakers")
	f.StringVar(&o.name, "name", "", "what people see")
	f.StringVar(&o.notes, "notes", "", "for people")
	f.StringSliceVar(&o.at, "at", nil, "times of day: 06:30,18:00")
	f.DurationVar(&o.every, "every", 0, "again and again: 30m")
	f.StringVar(&o.from, "from", "", "with --every: first time of the day")
	f.StringVar(&o.to, "to", "", "with --every: last time of the day")
	f.StringVar(&o.cron, "cron", "", "minute hour day month weekday")
	f.StringVar(&o.rrule, "rrule", "", "RFC 5545: FREQ=MONTHLY;BYDAY=1MO;BYHOUR=7")
	f.StringVar(&o.start, "start", "", "with --rrule: its first moment, 2026-10-05T06:30")
	f.StringSliceVar(&o.shifts, "shifts", nil, "changes of shift by their ids; all = every one")
	f.DurationVar(&o.before, "before", 0, "with --shifts: so long before")
	f.DurationVar(&o.after, "after", 0, "with --shifts: so long after")
	f.StringSliceVar(&o.weekdays, "weekdays", nil, "only on these: mon,tue or mon-fri")
	f.StringVar(&o.begin, "begin", "", "first day: 2026-12-01")
	f.StringVar(&o.end, "end", "", "last day")
	f.StringSliceVar(&o.keep, "keep", nil, "calendars: only on their days, such as working-days")
	f.StringSliceVar(&o.skip, "skip", nil, "calendars: never on their days, such as public-holidays")
	f.StringSliceVar(&o.except, "except", nil, "not then: 2026-11-20, 2026-11-20T06:30 or 2026-12-24..2026-12-31")
	f.StringSliceVar(&o.also, "also", nil, "also then: 2026-11-20T06:30")
	f.StringVarP(&o.priority, "priority", "p", "", "0-223, or background, routine")
	f.StringVar(&o.routing, "routing", "", "partial, whole, stacked")
	f.StringVar(&o.preempted, "preempted", "", "after a preemption: resume, restart or drop")
	f.StringVar(&o.chime, "chime", "", "a chime before")
	f.IntVarP(&o.repeat, "repeat", "n", 0, "times the message is said in one run")
	f.DurationVar(&o.pause, "pause", 0, "silence between repeats")
	f.StringVar(&o.gain, "gain", "", "dB, -60 to 20")
	f.DurationVar(&o.maxWait, "max-wait", 0, "how long a run may wait for its zones")
	f.DurationVar(&o.missed, "missed-within", 0, "a run that was missed still plays so much later (default: it is skipped)")
	f.BoolVar(&o.paused, "paused", false, "keep it, but play nothing yet")
	f.BoolVar(&o.force, "force", false, "save it although the guard refuses some of its runs")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

// campaign translates the flags.
func (o *campaignFlags) campaign(id string) (paspeaker.Campaign, error) {
	c := paspeaker.Campaign{
		ID: id, Name: o.name, Notes: o.notes, Order: paspeaker.Rotation(o.order),
		Zones: splitIDs[paspeaker.ZoneID](o.zones), Speakers: splitIDs[paspeaker.SpeakerID](o.speakers),
		Routing: paspeaker.Routing(o.routing), Preempted: paspeaker.Resumption(o.preempted), Chime: o.chime,
		Repeat: o.repeat, Pause: paspeaker.Duration(o.pause), MaxWait: paspeaker.Duration(o.maxWait),
		Begin: o.begin, End: o.end, Keep: o.keep, Skip: o.skip, Except: o.except, Also: o.also,
		MissedWithin: paspeaker.Duration(o.missed), Paused: o.paused,
	}
	if !paspeaker.ValidID(id) {
		return c, fmt.Errorf("id %q: want 1 to 32 of a-z, 0-9 and hyphens; --name takes any words", id)
	}
	if len(o.messages) == 0 {
		return c, errors.New("say what? name messages with --message")
	}
	if len(c.Zones)+len(c.Speakers) == 0 {
		return c, errors.New("where? name zones with --zones, or loudspeakers with --speakers")
	}
	for _, m := range o.messages {
		c.Messages = append(c.Messages, weighted(m))
	}
	rule := paspeaker.Rule{
		At: o.at, Every: paspeaker.Duration(o.every), From: o.from, To: o.to, Cron: o.cron, RRule: o.rrule, Start: o.start,
		Shifts: o.shifts, Before: paspeaker.Duration(o.before), After: paspeaker.Duration(o.after), Weekdays: o.weekdays,
	}
	if len(o.at)+len(o.shifts) > 0 || o.every != 0 || o.cron != "" || o.rrule != "" {
		c.Rules = []paspeaker.Rule{rule}
	} else if len(o.also) == 0 {
		return c, errors.New("when? say --at, --every, --cron, --rrule, --shifts or --also")
	}
	return c, o.numbers(&c)
}

func (o *campaignFlags) numbers(c *paspeaker.Campaign) error {
	if o.priority != "" {
		p, err := paspeaker.ParsePriority(o.priority)
		if err != nil {
			return err
		}
		c.Priority = &p
	}
	if o.gain != "" {
		v, err := strconv.ParseFloat(o.gain, 64)
		if err != nil {
			return fmt.Errorf("--gain %q: want dB, such as -3", o.gain)
		}
		c.GainDB = v
	}
	return nil
}

// weighted reads NAME or NAME=SHARE.
func weighted(s string) paspeaker.CampaignMessage {
	if i := strings.LastIndex(s, "="); i > 0 {
		if w, err := strconv.Atoi(s[i+1:]); err == nil {
			return paspeaker.CampaignMessage{Name: s[:i], Weight: w}
		}
	}
	return paspeaker.CampaignMessage{Name: s}
}

// confirmZones asks before a campaign is planned to sound in many places.
func (g *globals) confirmZones(yes bool, campaigns ...paspeaker.Campaign) error {
	for _, c := range campaigns {
		if many(c.Zones) && !c.Paused {
			return g.confirm(yes, c.Title()+": "+g.language().trf("this sounds in %s", inPlaces(c.Zones, c.Speakers)))
		}
	}
	return nil
}

// putCampaign stores a campaign and says when it sounds next.
func (g *globals) putCampaign(ctx context.Context, c *client.Client, v paspeaker.Campaign, force bool) error {
	info, err := c.PutCampaign(ctx, v, force)
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, info)
	}
	l := g.language()
	next := l.tr("never again")
	if info.Next != nil {
		next = occurrenceText(info.Next)
	}
	if info.Paused {
		next = l.tr("paused")
	}
	_, err = fmt.Fprintf(g.out, "%s: %s: %s\n", info.ID, l.tr("next"), next)
	return err
}
