package paspeaker

import (
	"slices"
	"time"
)

// Caller is who asks and from where; both go to the journal.
type Caller struct {
	By   string `json:"by"`
	From string `json:"from"`
}

// EmergencyInfo is one emergency that the site defines.
type EmergencyInfo struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Priority  Priority  `json:"priority"`
	MaxLength Duration  `json:"max_length"`
	Running   []Session `json:"running,omitempty"`
}

// ReloadResult says what a reload changed.
type ReloadResult struct {
	Changed bool     `json:"changed"`
	Digest  string   `json:"digest"`
	Notes   []string `json:"notes,omitempty"`
}

// JournalQuery selects journal entries; zero fields select all. What is given
// must all hold.
type JournalQuery struct {
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`     // before this time
	Zones    []ZoneID  `json:"zones,omitempty"`    // asked for in any of these
	By       string    `json:"by,omitempty"`       // asked by
	Session  SessionID `json:"session,omitzero"`   // about this announcement, whichever of its parts
	What     []string  `json:"what,omitempty"`     // any of these words
	Campaign string    `json:"campaign,omitempty"` // about this campaign
	Planned  bool      `json:"planned,omitempty"`  // about any campaign
	Before   uint64    `json:"before,omitempty"`   // Seq below this: the cursor of a page, its first entry's Seq, gives the page before it
	After    uint64    `json:"after,omitempty"`    // Seq above this
	Limit    int       `json:"limit,omitempty"`    // the newest so many; 0 = 1000
}

// Selects says whether the query wants an entry, its limit aside.
func (q JournalQuery) Selects(e Entry) bool {
	return (q.Since.IsZero() || !e.Time.Before(q.Since)) &&
		(q.Until.IsZero() || e.Time.Before(q.Until)) &&
		(len(q.Zones) == 0 || slices.ContainsFunc(e.Zones, func(z ZoneID) bool { return slices.Contains(q.Zones, z) })) &&
		(q.By == "" || e.By == q.By) &&
		(q.Session == 0 || e.Session.Announcement() == q.Session.Announcement()) &&
		(len(q.What) == 0 || slices.Contains(q.What, e.What)) &&
		(q.Campaign == "" || e.Campaign == q.Campaign) &&
		(!q.Planned || e.Campaign != "") &&
		(q.Before == 0 || e.Seq < q.Before) && e.Seq > q.After
}

// JoinToken lets one node enrol once.
type JoinToken struct {
	Token   string    `json:"token"` // carries the fingerprint of the API's certificate
	Node    SpeakerID `json:"node"`
	Expires time.Time `json:"expires"`
}
