package controller

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/site"
	"pa/paspeaker/supervise"
)

// domains are what a loudspeaker shares with others, by the site of now.
func (c *Controller) domains() supervise.Config {
	return supervise.Config{
		Domains: func(id string) []string {
			if s := c.site.Load(); s != nil {
				return s.Domains(paspeaker.SpeakerID(id))
			}
			return nil
		},
		Size: func(domain string) int {
			if s := c.site.Load(); s != nil {
				return s.DomainSize(domain)
			}
			return 0
		},
	}
}

// own is what the controller compares a node's word with.
func (c *Controller) own() supervise.Own {
	return supervise.Own{Version: c.cfg.Version, WallNS: c.cfg.Now().UnixNano() - c.media()}
}

// faultChanged tells the log, the journal, those who watch, and those who want
// to be called.
func (c *Controller) faultChanged(ch supervise.Change) {
	f := ch.Fault
	e := paspeaker.Entry{What: paspeaker.WhatFault, Name: f.ID, Detail: f.What, Speakers: f.Speakers}
	switch ch.What {
	case paspeaker.FaultBegan, paspeaker.FaultCarried:
		c.log.Warn("fault", "fault", f.ID, "what", f.What, "remedy", f.Remedy)
		e.Outcome = paspeaker.FaultOpen
	case paspeaker.FaultEnded:
		c.log.Info("fault is over", "fault", f.ID)
		e.Outcome = paspeaker.FaultOver
		if ch.Into != "" {
			e.Detail += "; it is part of " + ch.Into
		}
	case paspeaker.FaultAcked:
		e.Outcome, e.By, e.From, e.Detail = paspeaker.FaultSeen, f.Ack.By, f.Ack.From, cmp.Or(f.Ack.Note, f.What)
	}
	c.events.send(paspeaker.Event{Kind: "fault", Fault: &f, Cleared: ch.What == paspeaker.FaultEnded})
	if e.Outcome != "" {
		c.record(e)
	}
	c.calls.add(ch)
}

// recordOpenFaults tells the journal what is wrong at a start: what was found
// before there was a journal, and what lasts from the life before.
func (c *Controller) recordOpenFaults() {
	for _, f := range c.faults.list() {
		c.record(paspeaker.Entry{What: paspeaker.WhatFault, Name: f.ID, Outcome: paspeaker.FaultOpen, Detail: f.What, Speakers: f.Speakers})
	}
}

// Faults returns what is wrong, the newest onset last; with all, also what was
// and is over, of the last days.
func (c *Controller) Faults(all bool) []paspeaker.Fault {
	var out []paspeaker.Fault
	if all {
		out = c.faults.ended()
	}
	out = append(out, c.faults.list()...)
	zone := c.site.Load().Location
	for i := range out {
		f := &out[i]
		f.Since = f.Since.In(zone)
		if !f.Ended.IsZero() {
			f.Ended = f.Ended.In(zone)
		}
	}
	return out
}

// AckFault says that somebody has seen a fault and looks after it.
func (c *Controller) AckFault(ctx context.Context, by paspeaker.Caller, id, note string) (paspeaker.Fault, error) {
	f, err := c.faults.ack(id, paspeaker.Ack{By: by.By, From: by.From, At: c.now(), Note: note})
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	return f, c.calls.settled(ctx)
}

// superviseNodes tells the book who fell silent and who came back. Loop only.
func (c *Controller) superviseNodes(change change) {
	for _, id := range change.fallen {
		c.faults.see(c.offline(id))
	}
	for _, id := range change.risen {
		c.faults.see(supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(id)})
	}
	c.mute = c.compare(paspeaker.FaultReports, c.mute, change.mute, "%s keeps time and plays, but its reports do not arrive")
	c.twins = c.compare(paspeaker.FaultDuplicate, c.twins, c.nodes.doubles(), "two programs say that they are %s")
	c.faults.tick()
}

// compare tells the book who is in a kind of trouble and who is not any more.
func (c *Controller) compare(kind paspeaker.FaultKind, before map[paspeaker.SpeakerID]bool, now []paspeaker.SpeakerID, what string) map[paspeaker.SpeakerID]bool {
	if len(before) == 0 && len(now) == 0 {
		return nil
	}
	after := make(map[paspeaker.SpeakerID]bool, len(now))
	for _, id := range now {
		after[id] = true
		c.faults.see(supervise.Sight{Kind: kind, Subject: string(id), Bad: true, What: fmt.Sprintf(what, id)})
	}
	for id := range before {
		if !after[id] {
			c.faults.see(supervise.Sight{Kind: kind, Subject: string(id)})
		}
	}
	return after
}

// offline is what is seen of a node of which nothing is heard.
func (c *Controller) offline(id paspeaker.SpeakerID) supervise.Sight {
	s := supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(id), Bad: true}
	_, last, _ := c.nodes.get(id)
	if last.IsZero() {
		s.What = string(id) + " has not been heard of since this controller started"
		s.Remedy = "is it powered, is its network cable in, is paspeaker-node running? Is it enrolled (paspeaker join-token " + string(id) + ")?"
		return s
	}
	s.Since = last
	s.What = fmt.Sprintf("%s has said nothing since %s", id, last.In(c.site.Load().Location).Format("15:04:05"))
	return s
}

// watchInterface looks once a second whether the interface of the loudspeakers
// is there. The kernel may take its time to answer, so this is none of the
// loop's business.
func (c *Controller) watchInterface(ctx context.Context) {
	look := time.NewTicker(healthEvery)
	defer look.Stop()
	for {
		c.lookAtInterface(c.site.Load())
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// lookAtInterface does so once. By route there is none to look at.
func (c *Controller) lookAtInterface(s *site.Site) {
	what := ""
	if s.Interface == "" {
		c.faults.clear(string(paspeaker.FaultInterface))
		return
	}
	i, err := net.InterfaceByName(s.Interface)
	switch {
	case err != nil:
		what = "is gone"
	case i.Flags&net.FlagUp == 0:
		what = "is down"
	case i.Flags&net.FlagRunning == 0:
		what = "has no carrier"
	}
	c.faults.see(supervise.Sight{Kind: paspeaker.FaultInterface, Bad: what != "",
		What: "the controller's network interface " + s.Interface + " " + what})
}

// healthEvery is how often is looked at what has no event of its own.
const healthEvery = time.Second
