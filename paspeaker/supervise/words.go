package supervise

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pa/paspeaker"
)

// write draws up the fault of a condition as it is now.
func (b *Book) write(c *condition) *paspeaker.Fault {
	f := &paspeaker.Fault{
		ID: paspeaker.FaultID(c.kind, c.subject), Kind: c.kind, Subject: c.subject, Urgency: c.rule.Urgency, Since: c.began,
		What: c.what(), Cause: cmp.Or(c.sight.Cause, c.rule.Cause), Remedy: cmp.Or(c.sight.Remedy, c.rule.Remedy),
	}
	if c.members != nil {
		f.Speakers = c.list()
		f.What = b.together(c)
	}
	if !c.flapping {
		return f
	}
	r := b.rules[paspeaker.FaultFlapping]
	f.ID, f.Kind, f.Of, f.Urgency, f.Times = flappingID(c), r.Kind, c.kind, r.Urgency, len(c.onsets)
	if c.rule.Urgency.AtLeast(f.Urgency) {
		f.Urgency = c.rule.Urgency
	}
	f.Since = c.onsets[0]
	f.What = fmt.Sprintf("%s comes and goes, %d times within %s: %s", cmp.Or(c.subject, "the controller"), f.Times, short(flapWithin), f.What)
	f.Cause, f.Remedy = r.Cause, r.Remedy
	return f
}

func flappingID(c *condition) string {
	id := paspeaker.FaultID(paspeaker.FaultFlapping, c.subject)
	if c.kind != paspeaker.FaultOffline {
		id += "/" + string(c.kind)
	}
	return id
}

// what is the condition's own word.
func (c *condition) what() string {
	return cmp.Or(c.sight.What, strings.TrimSpace(c.subject+" "+string(c.kind)))
}

// together is the word of a group.
func (b *Book) together(c *condition) string {
	if c.rule.Kind == paspeaker.FaultInterface {
		return fmt.Sprintf("%s; %d loudspeakers are not heard of", c.what(), len(c.members))
	}
	name := c.subject
	switch place, id, _ := strings.Cut(c.subject, ":"); place {
	case "site":
		name = "the site"
	case "switch", "zone":
		name = place + " " + id
	}
	return fmt.Sprintf("%d of %d loudspeakers of %s %s", len(c.members), b.cfg.Size(c.subject), name, c.rule.Many)
}

func (c *condition) list() []paspeaker.SpeakerID {
	var out []paspeaker.SpeakerID
	for _, id := range slices.Sorted(maps.Keys(c.members)) {
		out = append(out, paspeaker.SpeakerID(id))
	}
	return out
}

// reword keeps the words of an open fault true, without calling anybody.
func (b *Book) reword(c *condition) {
	if c.fault == nil || c.flapping {
		return
	}
	f := b.write(c)
	if f.What == c.fault.What && slices.Equal(f.Speakers, c.fault.Speakers) {
		return
	}
	more := !slices.Equal(f.Speakers, c.fault.Speakers)
	c.fault.What, c.fault.Cause, c.fault.Remedy, c.fault.Speakers = f.What, f.Cause, f.Remedy, f.Speakers
	if more {
		b.say(paspeaker.FaultUpdated, c, "")
	}
}
