package paspeaker

import "time"

// Occurrence is one run of a campaign: as planned, and what became of it.
type Occurrence struct {
	ID       string      `json:"id" doc:"slogans@2026-11-24T07:00"`
	Campaign string      `json:"campaign"`
	Name     string      `json:"name" doc:"of the campaign"`
	At       time.Time   `json:"at" doc:"when it is due"`
	Message  string      `json:"message,omitempty" doc:"whose turn it is"`
	Length   Duration    `json:"length,omitempty" doc:"as planned: chime, message, repeats"`
	Zones    []ZoneID    `json:"zones,omitempty"`
	Speakers []SpeakerID `json:"speakers,omitempty"`
	Priority Priority    `json:"priority"`
	GainDB   float64     `json:"gain_db,omitempty" doc:"its own, its class's and the night's"`

	State    OccurrenceState `json:"state"`
	Removed  string          `json:"removed,omitempty" doc:"the calendar or exception that takes it away"`
	Refused  *Refusal        `json:"refused,omitempty" doc:"what the guard says against it"`
	Collides []Collision     `json:"collides,omitempty" doc:"what else sounds in the same loudspeakers at that time"`
	Session  SessionID       `json:"session,omitzero"`
	Started  time.Time       `json:"started,omitzero"`
	Ended    time.Time       `json:"ended,omitzero"`
	Outcome  string          `json:"outcome,omitempty" doc:"as of a session"`
	Detail   string          `json:"detail,omitempty" doc:"why, for people"`
}

// OccurrenceState is what became of an occurrence.
type OccurrenceState string

// The states of an occurrence.
const (
	OccurrencePlanned   OccurrenceState = "planned"   // still to come
	OccurrencePlaying   OccurrenceState = "playing"   // on air, or waiting for its zones
	OccurrencePlayed    OccurrenceState = "played"    // to its end
	OccurrenceShortened OccurrenceState = "shortened" // began, and was cut
	OccurrenceRefused   OccurrenceState = "refused"   // by the guard, or its zones stayed taken
	OccurrenceMissed    OccurrenceState = "missed"    // nobody was there to play it in time
	OccurrenceRemoved   OccurrenceState = "removed"   // a calendar or an exception takes it away
)

// Collision says what else sounds when an occurrence does, in at least one
// loudspeaker of its own.
type Collision struct {
	With string    `json:"with" doc:"identity of the other occurrence"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Wins bool      `json:"wins" doc:"the other one is heard; this one waits or is interrupted"`
}

// Refusal is what the guard says when something may not sound: which rule,
// which number, and when it may.
type Refusal struct {
	Rule  string    `json:"rule" enum:"hours,quiet day,sessions a day,minutes a session,minutes a day,level,gap,neighbour"`
	Limit string    `json:"limit,omitempty" doc:"name of the limit in the guard's file"`
	Zone  ZoneID    `json:"zone,omitempty"`
	Asked string    `json:"asked" doc:"what was asked, as a number: 03:15, 3, 16m, +4 dB"`
	Allow string    `json:"allow" doc:"what is allowed: 06:00-18:00, 2, 15m, -6 dB"`
	Next  time.Time `json:"next,omitzero" doc:"when it may sound; none: not within two weeks"`
}

// The rules of the guard.
const (
	GuardHours          = "hours"
	GuardQuietDay       = "quiet day"
	GuardSessions       = "sessions a day"
	GuardSessionMinutes = "minutes a session"
	GuardDayMinutes     = "minutes a day"
	GuardLevel          = "level"
	GuardGap            = "gap"
	GuardNeighbour      = "neighbour"
)

// OutcomeGuard is the outcome of what the guard refused or cut.
const OutcomeGuard = "guard"

// String says it in one sentence: "guard: hours (community broadcast), zone
// gates: 03:15, allowed 06:00-18:00; next at 2026-11-24 06:00".
func (r *Refusal) String() string {
	s := "guard: " + r.Rule
	if r.Limit != "" {
		s += " (" + r.Limit + ")"
	}
	if r.Zone != "" {
		s += ", zone " + string(r.Zone)
	}
	s += ": " + r.Asked + ", allowed " + r.Allow
	if r.Next.IsZero() {
		return s + "; not within two weeks"
	}
	return s + "; next at " + r.Next.Format("2006-01-02 15:04:05")
}

// PlanQuery asks for a part of the plan.
type PlanQuery struct {
	From     time.Time  `json:"from,omitzero" doc:"now when left out"`
	To       time.Time  `json:"to,omitzero" doc:"a week later when left out; at most 400 days"`
	Zone     ZoneID     `json:"zone,omitempty" doc:"only what sounds there"`
	Campaign string     `json:"campaign,omitempty" doc:"only this one"`
	Drafts   []Campaign `json:"drafts,omitempty" maxItems:"10000" doc:"campaigns as they would be: the plan is that with them, and Diff what they change"`
	Drop     []string   `json:"drop,omitempty" maxItems:"10000" doc:"campaigns as if they were removed"`
	Limit    int        `json:"limit,omitempty" minimum:"0" maximum:"100000" doc:"occurrences in the answer at most; 0 = 2000. The counts are of all"`
}

// Plan is a part of the plan: what sounds when.
type Plan struct {
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"`
	Occurrences []Occurrence `json:"occurrences" doc:"by time"`
	Counts      PlanCounts   `json:"counts"`
	Days        []PlanDay    `json:"days" doc:"every day of the span"`
	Diff        *PlanDiff    `json:"diff,omitempty" doc:"what the drafts change"`
}

// PlanCounts are numbers of occurrences.
type PlanCounts struct {
	Planned  int `json:"planned" doc:"will sound"`
	Refused  int `json:"refused" doc:"by the guard"`
	Removed  int `json:"removed" doc:"by calendars and exceptions"`
	Collides int `json:"collides" doc:"of those that will sound"`
}

// PlanDay is one day of a plan at a glance.
type PlanDay struct {
	Day      string       `json:"day" doc:"2026-11-24"`
	Calendar []string     `json:"calendars,omitempty" doc:"the site's calendars that the day belongs to"`
	Lunar    string       `json:"lunar,omitempty" doc:"day and month of the Vietnamese calendar"`
	Hours    [24]HourPlan `json:"hours"`
}

// HourPlan is an hour of a PlanDay.
type HourPlan struct {
	Runs    int `json:"runs,omitempty"`
	Seconds int `json:"seconds,omitempty" doc:"of sound, those of several campaigns added up"`
	Refused int `json:"refused,omitempty"`
}

// PlanDiff is what drafts change in the plan.
type PlanDiff struct {
	Added   []Occurrence `json:"added,omitempty"`
	Gone    []Occurrence `json:"gone,omitempty"`
	Changed []Occurrence `json:"changed,omitempty" doc:"as they would be: another message, zone, level or ruling of the guard"`
	Counts  struct {
		Added   int `json:"added"`
		Gone    int `json:"gone"`
		Changed int `json:"changed"`
	} `json:"counts"`
}

// Today is a day's plan and what became of it.
type Today struct {
	Day         string       `json:"day"`
	Now         time.Time    `json:"now"`
	Calendars   []string     `json:"calendars,omitempty"`
	Lunar       string       `json:"lunar,omitempty"`
	Occurrences []Occurrence `json:"occurrences" doc:"by time; those that calendars removed are only counted"`
	Counts      TodayCounts  `json:"counts"`
}

// TodayCounts are numbers of occurrences by what became of them.
type TodayCounts struct {
	Played    int `json:"played"`
	Shortened int `json:"shortened"`
	Refused   int `json:"refused"`
	Missed    int `json:"missed"`
	Playing   int `json:"playing"`
	Upcoming  int `json:"upcoming"`
	Removed   int `json:"removed"`
}

// CampaignInfo is a campaign and how it stands.
type CampaignInfo struct {
	Campaign
	State string      `json:"state" doc:"active, paused, over, or faulty: something that it names is gone"`
	Next  *Occurrence `json:"next,omitempty"`
	Last  *Occurrence `json:"last,omitempty"`
	Fault string      `json:"fault,omitempty"`
}

// CampaignCheck is what is wrong with a campaign at this site.
type CampaignCheck struct {
	ID     string      `json:"id"`
	Faults []PlanFault `json:"faults,omitempty"`
}

// CalendarInfo is one calendar or change of shift of the site.
type CalendarInfo struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	Days []string `json:"days" doc:"of the year that was asked for"`
}

// SavedCampaign is a campaign as it was stored, and what its next month is
// like.
type SavedCampaign struct {
	CampaignInfo
	Counts  PlanCounts `json:"counts" doc:"of the next 31 days"`
	Refused []string   `json:"refused,omitempty" doc:"the first runs that the guard refuses, in words"`
}
