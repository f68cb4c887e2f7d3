package paspeaker

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"
)

// Campaign says which messages are to be said again and again, where, and at
// which times. It is what the operator wrote: package schedule reads the texts
// in it and works out when it sounds.
type Campaign struct {
	ID    string `json:"id" maxLength:"32" doc:"a-z, 0-9 and hyphens"`
	Name  string `json:"name,omitempty" maxLength:"200" doc:"what people see; the id when it is left out"`
	Notes string `json:"notes,omitempty" maxLength:"2000"`

	Messages []CampaignMessage `json:"messages" maxItems:"100"`
	Order    Rotation          `json:"order,omitempty" enum:"in-order,shuffled,weighted" doc:"which message comes next; in-order when left out"`

	Zones     []ZoneID    `json:"zones,omitempty" maxItems:"256"`
	Speakers  []SpeakerID `json:"speakers,omitempty" maxItems:"1024"`
	Priority  *Priority   `json:"priority,omitempty" doc:"0–223; routine when left out"`
	Routing   Routing     `json:"routing,omitempty" enum:"partial,whole,stacked"`
	Preempted Resumption  `json:"preempted,omitempty" enum:"resume,restart,drop" doc:"what happens after a preemption"`
	Chime     string      `json:"chime,omitempty" maxLength:"64" doc:"name of a chime that sounds first"`
	Repeat    int         `json:"repeat,omitempty" minimum:"0" maximum:"100" doc:"times the message is said in one run; 0 = once"`
	Pause     Duration    `json:"pause,omitempty" doc:"silence between repeats"`
	GainDB    float64     `json:"gain_db,omitempty" minimum:"-60" maximum:"20"`
	MaxWait   Duration    `json:"max_wait,omitempty" doc:"how long a run may wait for its zones"`

	Begin  string   `json:"begin,omitempty" maxLength:"10" doc:"first day, 2026-10-01"`
	End    string   `json:"end,omitempty" maxLength:"10" doc:"last day"`
	Rules  []Rule   `json:"rules" maxItems:"50" doc:"it sounds when any of them says so"`
	Keep   []string `json:"keep,omitempty" maxItems:"20" doc:"calendars: only on days of at least one of them"`
	Skip   []string `json:"skip,omitempty" maxItems:"20" doc:"calendars: never on days of any of them"`
	Except []string `json:"except,omitempty" maxItems:"1000" doc:"not then: 2026-11-20, 2026-11-20T06:30 or 2026-12-24..2026-12-31"`
	Also   []string `json:"also,omitempty" maxItems:"1000" doc:"also then, whatever rules and calendars say: 2026-11-20T06:30"`

	MissedWithin Duration `json:"missed_within,omitempty" doc:"a run that was missed still plays so much later; 0: it is skipped"`
	Paused       bool     `json:"paused,omitempty" doc:"nothing plays until it is resumed"`

	// Set by the controller.
	Revision uint64    `json:"revision,omitempty" doc:"of what is stored; give it to change that and nothing newer"`
	Created  time.Time `json:"created,omitzero"`
	Changed  time.Time `json:"changed,omitzero"`
	By       string    `json:"by,omitempty" doc:"who changed it last"`
}

// CampaignMessage is one message of a campaign.
type CampaignMessage struct {
	Name   string `json:"name" minLength:"1" maxLength:"200" doc:"a message of the library, or a shipped one such as slogan-1"`
	Weight int    `json:"weight,omitempty" minimum:"0" maximum:"100" doc:"weighted: its share; 0 = 1"`
}

// Rotation says in which order a campaign's messages come.
type Rotation string

// The rotations. All of them depend on nothing but the campaign and the number
// of the run, so that what a preview shows is what will be said.
const (
	RotateInOrder  Rotation = "in-order"
	RotateShuffled Rotation = "shuffled" // every message once before any comes again, and never the same twice in a row
	RotateWeighted Rotation = "weighted" // by their shares, spread evenly
)

// Rule says when a campaign sounds, in one of five ways: At, Every, Cron, RRule
// or Shifts. All are by the wall clock of the site.
type Rule struct {
	At []string `json:"at,omitempty" maxItems:"200" doc:"times of day, 06:30"`

	Every Duration `json:"every,omitempty" doc:"again and again, at least a minute apart"`
	From  string   `json:"from,omitempty" maxLength:"8" doc:"every: the first time of the day; 00:00 when left out"`
	To    string   `json:"to,omitempty" maxLength:"8" doc:"every: the last time of the day, included; 24:00 when left out"`

	Cron string `json:"cron,omitempty" maxLength:"200" doc:"minute hour day month weekday"`

	RRule string `json:"rrule,omitempty" maxLength:"1000" doc:"RFC 5545, without or with its DTSTART line"`
	Start string `json:"start,omitempty" maxLength:"19" doc:"rrule: its first moment by the wall clock, 2026-10-05T06:30"`

	Shifts []string `json:"shifts,omitempty" maxItems:"20" doc:"changes of shift that the site's calendars name; all = every one"`
	Edge   string   `json:"edge,omitempty" enum:"begin,end" doc:"shifts: at their begin (when left out) or their end"`
	Before Duration `json:"before,omitempty" doc:"shifts: so long before the change"`
	After  Duration `json:"after,omitempty" doc:"shifts: so long after the change"`

	Weekdays []string `json:"weekdays,omitempty" maxItems:"7" doc:"only on these: mon … sun, or mon-fri"`
}

// PlanFault is one thing that is wrong in what somebody wrote: a campaign, a
// calendar, the guard. Path says where.
type PlanFault struct {
	Path string `json:"path" doc:"rules[1].cron; empty: the whole"`
	What string `json:"what"`
	Hint string `json:"hint,omitempty"`
}

// String returns "rules[1].cron: what; hint".
func (f PlanFault) String() string {
	s := f.What
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	if f.Hint != "" {
		s += "; " + f.Hint
	}
	return s
}

// OccurrenceID names one run of a campaign: the campaign and the wall clock at
// which it is due, "slogans@2026-11-24T07:00". It plays at most once, whatever
// else of the campaign is edited.
func OccurrenceID(campaign string, due Wall) string { return campaign + "@" + due.String() }

// ParseOccurrenceID takes an OccurrenceID apart.
func ParseOccurrenceID(s string) (campaign string, due Wall, err error) {
	campaign, when, ok := strings.Cut(s, "@")
	if !ok || !ValidID(campaign) {
		return "", Wall{}, Errorf(CodeInvalid, "occurrence %q: want a form like slogans@2026-11-24T07:00", s)
	}
	due, err = ParseWall(when)
	return campaign, due, err
}

// SessionOfOccurrence returns the session that an occurrence plays as. It is
// always the same one, so that a loudspeaker that has played it refuses a
// second copy.
func SessionOfOccurrence(id string) SessionID {
	sum := sha256.Sum256([]byte("occurrence\x00" + id))
	v := SessionID(binary.BigEndian.Uint64(sum[:8])).Announcement()
	if v == 0 {
		v = 1 << 8
	}
	return v
}

// Title returns the name that people read.
func (c *Campaign) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}
