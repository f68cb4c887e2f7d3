package supervise

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"pa/paspeaker"
)

// Sight is one observation: of this kind, this subject is in trouble, or well.
type Sight struct {
	Kind    paspeaker.FaultKind
	Subject string // a loudspeaker's id; "" is the controller
	Bad     bool

	// Of one that is in trouble.
	What          string
	Cause, Remedy string    // "": the table's
	Since         time.Time // when it began, if that was earlier
}

// Change is what has become of a fault. Told is false for what nobody needs to
// be called about.
type Change struct {
	What  paspeaker.FaultChange
	Fault paspeaker.Fault
	Into  string // of one that ended because it is part of this fault from now on
}

// Config is what a Book judges by.
type Config struct {
	// Domains are what a loudspeaker shares with others, "switch:sw-1",
	// "zone:gates", "site", the narrowest first. It may change.
	Domains func(subject string) []string
	// Size is how many loudspeakers a domain has.
	Size func(domain string) int
}

// Book keeps what is wrong. Its methods are called by one goroutine at a time,
// with times that never go back.
type Book struct {
	cfg      Config
	rules    map[paspeaker.FaultKind]Rule
	of       map[key]*condition
	restless map[key]*condition // those of which time alone may make something
	subjects map[string]int     // conditions of each
	ended    []paspeaker.Fault  // the newest last
	out      []Change
}

// keepEnded is how many faults are remembered after their end.
const keepEnded = 200

type key struct {
	kind    paspeaker.FaultKind
	subject string
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.kind, o.kind), cmp.Compare(k.subject, o.subject))
}

// condition is one kind of trouble of one subject, from its first sign until it
// is forgotten.
type condition struct {
	key
	rule   Rule
	bad    bool
	turned time.Time // it became bad, or good
	began  time.Time // of the trouble
	sight  Sight     // the newest bad one

	fault    *paspeaker.Fault // that is open for it; nil: none
	group    *condition       // that it is part of
	members  map[string]*condition
	lastLeft time.Time // of a group: a member was lost from it
	onsets   []time.Time
	flapping bool
	unsure   time.Time // it was taken over from an earlier life and not yet seen
}

// NewBook returns a Book in which nothing is wrong.
func NewBook(cfg Config) *Book {
	b := &Book{cfg: cfg, rules: make(map[paspeaker.FaultKind]Rule), of: make(map[key]*condition),
		restless: make(map[key]*condition), subjects: make(map[string]int)}
	for _, r := range rules {
		b.rules[r.Kind] = r
	}
	return b
}

// See takes in one observation.
func (b *Book) See(now time.Time, s Sight) []Change {
	b.see(now, s)
	return b.take()
}

func (b *Book) see(now time.Time, s Sight) {
	k := key{s.Kind, s.Subject}
	c := b.of[k]
	switch {
	case c == nil && !s.Bad:
		return
	case c == nil:
		c = b.open(k)
	}
	c.unsure = time.Time{}
	if s.Bad {
		c.sight = s
		b.reword(c)
	}
	if c.bad != s.Bad {
		c.turn(now, s)
	}
	if s.Bad && s.Kind == paspeaker.FaultOffline {
		b.forgetSigns(s.Subject)
	}
	b.settle(now, c)
}

// turn notes that trouble came or went.
func (c *condition) turn(now time.Time, s Sight) {
	c.bad, c.turned = s.Bad, now
	if !s.Bad {
		return
	}
	c.began = now
	if !s.Since.IsZero() && s.Since.Before(now) {
		c.began = s.Since
	}
	if c.flapping {
		c.onsets = append(c.onsets, now)
		c.fault.Times++
	}
}

// Tick makes of the observations what time has made of them. It is called a
// few times a second.
func (b *Book) Tick(now time.Time) []Change {
	if len(b.restless) > 0 {
		for _, k := range slices.SortedFunc(maps.Keys(b.restless), key.compare) {
			if c := b.restless[k]; c != nil {
				b.settle(now, c)
			}
		}
	}
	return b.take()
}

func (b *Book) take() []Change {
	out := b.out
	b.out = nil
	return out
}

func (b *Book) open(k key) *condition {
	r, known := b.rules[k.kind]
	if !known {
		r = unknown(k.kind)
	}
	c := &condition{key: k, rule: r}
	b.of[k] = c
	b.subjects[k.subject]++
	return c
}

// settle looks whether a condition has lasted long enough to be something else.
func (b *Book) settle(now time.Time, c *condition) {
	for len(c.onsets) > 0 && now.Sub(c.onsets[0]) > flapWithin {
		c.onsets = c.onsets[1:]
	}
	switch {
	case !c.unsure.IsZero():
		if now.Sub(c.unsure) >= unsureFor {
			c.unsure, c.bad, c.turned = time.Time{}, false, now
			c.flapping, c.onsets = false, nil
			b.scatter(now, c, grace)
			c.members = nil
			b.over(now, c)
		}
	case c.flapping:
		b.settleFlapping(now, c)
	case c.members != nil:
		b.settleGroup(now, c)
	case c.bad && !c.shown() && now.Sub(c.turned) >= c.rule.Onset:
		b.onset(now, c)
	case !c.bad && c.shown() && now.Sub(c.turned) >= c.rule.Clear:
		b.over(now, c)
	}
	b.rest(c)
}

// rest forgets what is over, and keeps what only waits for time.
func (b *Book) rest(c *condition) {
	delete(b.restless, c.key)
	switch {
	case !c.bad && !c.shown() && len(c.onsets) == 0:
		b.forget(c)
	case c.flapping, !c.unsure.IsZero(), c.members != nil, c.bad != c.shown(), !c.bad:
		b.restless[c.key] = c
	}
}

func (b *Book) forget(c *condition) {
	if b.of[c.key] != c {
		return
	}
	delete(b.of, c.key)
	delete(b.restless, c.key)
	if b.subjects[c.subject]--; b.subjects[c.subject] == 0 {
		delete(b.subjects, c.subject)
	}
}

// shown says whether people know of it.
func (c *condition) shown() bool { return c.fault != nil || c.group != nil }

// onset makes a fault of trouble that has lasted.
func (b *Book) onset(now time.Time, c *condition) {
	if b.joinGroup(now, c) {
		return
	}
	b.begin(now, c)
}

// begin opens a condition's own fault, or that of its flapping.
func (b *Book) begin(now time.Time, c *condition) {
	c.onsets = append(c.onsets, now)
	if len(c.onsets) >= flapTimes {
		c.flapping = true
	}
	c.fault = b.write(c)
	b.say(paspeaker.FaultBegan, c, "")
}

// over ends a condition's fault, or its part in a group.
func (b *Book) over(now time.Time, c *condition) {
	if c.group != nil {
		b.leave(now, c)
		return
	}
	b.close(now, c, "")
}

func (b *Book) close(now time.Time, c *condition, into string) {
	if c.fault == nil {
		return
	}
	c.fault.Ended = now
	b.ended = append(b.ended, *c.fault)
	b.ended = b.ended[max(0, len(b.ended)-keepEnded):]
	b.say(paspeaker.FaultEnded, c, into)
	c.fault = nil
}

// settleFlapping ends a flapping when nothing has changed for long: what it
// left behind is an ordinary fault, or none.
func (b *Book) settleFlapping(now time.Time, c *condition) {
	if c.kind == paspeaker.FaultInterface && !c.bad && now.Sub(c.turned) >= c.rule.Clear {
		b.scatter(now, c, grace)
	}
	if now.Sub(c.turned) < flapQuiet {
		return
	}
	c.flapping, c.onsets = false, nil
	b.close(now, c, "")
	if len(c.members) == 0 {
		c.members = nil
	}
	switch {
	case c.bad && c.members == nil:
		b.onset(now, c)
	case c.bad:
		c.fault = b.write(c)
		b.say(paspeaker.FaultBegan, c, "")
	}
}

// forgetSigns drops what a node that is gone was about to be blamed for: nobody
// looks any more whether it is so.
func (b *Book) forgetSigns(subject string) {
	if b.subjects[subject] < 2 {
		return
	}
	for _, r := range rules {
		c := b.of[key{r.Kind, subject}]
		if c != nil && r.Kind != paspeaker.FaultOffline && c.bad && !c.shown() {
			c.bad = false
			b.rest(c)
		}
	}
}

// Clean says whether nothing at all is known against a subject.
func (b *Book) Clean(subject string) bool { return b.subjects[subject] == 0 }

// Forget ends everything about a subject that is no more.
func (b *Book) Forget(now time.Time, subject string) []Change {
	for _, k := range slices.SortedFunc(maps.Keys(b.of), key.compare) {
		c := b.of[k]
		if c == nil || k.subject != subject || c.members != nil {
			continue
		}
		c.bad, c.flapping = false, false
		b.over(now, c)
		b.forget(c)
	}
	return b.take()
}

// Open returns the faults that are open, by their ids.
func (b *Book) Open() []paspeaker.Fault {
	var out []paspeaker.Fault
	for _, c := range b.of {
		if c.fault != nil {
			out = append(out, snapshot(c.fault))
		}
	}
	slices.SortFunc(out, func(a, b paspeaker.Fault) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Ended returns the newest faults that are over, the newest last.
func (b *Book) Ended() []paspeaker.Fault { return slices.Clone(b.ended) }

func snapshot(f *paspeaker.Fault) paspeaker.Fault {
	out := *f
	out.Speakers = slices.Clone(f.Speakers)
	if f.Ack != nil {
		ack := *f.Ack
		out.Ack = &ack
	}
	return out
}

func (b *Book) say(what paspeaker.FaultChange, c *condition, into string) {
	b.out = append(b.out, Change{What: what, Fault: snapshot(c.fault), Into: into})
}
