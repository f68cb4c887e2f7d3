package paspeaker

import (
	"slices"
	"time"
)

// Severity says how bad a finding is.
type Severity string

// The severities, mildest first. Unknown is what could not be looked at: it is
// no fault, and no proof that there is none.
const (
	SeverityOK      Severity = "ok"
	SeverityNote    Severity = "note"
	SeverityUnknown Severity = "not known"
	SeverityWarning Severity = "warning"
	SeverityFault   Severity = "fault"
)

var severities = []Severity{SeverityOK, SeverityNote, SeverityUnknown, SeverityWarning, SeverityFault}

// Worse says whether s is worse than o.
func (s Severity) Worse(o Severity) bool {
	return slices.Index(severities, s) > slices.Index(severities, o)
}

// Finding is one thing that a diagnosis looked at.
type Finding struct {
	ID       string   `json:"id"` // "interface", "route", "igmp", …: what was looked at
	Severity Severity `json:"severity"`
	What     string   `json:"what"`               // in one line
	Evidence string   `json:"evidence,omitempty"` // where that is seen: numbers, a file, a rule
	Next     string   `json:"next,omitempty"`     // what to type next
}

// Examination is what was found on one machine.
type Examination struct {
	Machine  string    `json:"machine"` // "controller", a loudspeaker's id, or "here"
	At       time.Time `json:"at"`
	Listened Duration  `json:"listened"` // for how long the network was listened to
	Findings []Finding `json:"findings"`
}

// DoctorOrder says which machines are to be examined, and for how long the
// network is listened to.
type DoctorOrder struct {
	Speakers []SpeakerID `json:"speakers,omitempty" maxItems:"1024" doc:"loudspeakers whose machines are examined, too"`
	All      bool        `json:"all,omitempty" doc:"those of all loudspeakers"`
	NotHere  bool        `json:"not_here,omitempty" doc:"leave out the controller's own machine"`
	Listen   Duration    `json:"listen,omitempty" doc:"how long to listen, at most 135s; 3s when left out"`
}

// Worst is the severity of the worst finding.
func (d Examination) Worst() Severity {
	worst := SeverityOK
	for _, f := range d.Findings {
		if f.Severity.Worse(worst) {
			worst = f.Severity
		}
	}
	return worst
}

// Patient is what a diagnosis is told of the site: what ought to be.
type Patient struct {
	Role      string     `json:"role"`                // RoleController, RoleNode or RoleHere
	Machine   string     `json:"machine"`             // "controller", a loudspeaker's id, or "here"
	Interface string     `json:"interface,omitempty"` // of the groups; "" leaves it to routing
	Groups    []Group    `json:"groups"`              // those that it should hear; of a controller all
	TTL       int        `json:"ttl"`                 // with which packets are sent; 0: not known
	Senders   []string   `json:"senders,omitempty"`   // addresses that may speak on the groups; none: not known
	Longest   int        `json:"longest"`             // bytes of the longest packet that is sent, headers of IP and UDP included
	Listen    Duration   `json:"listen"`              // how long to listen to the network
	Peer      string     `json:"peer,omitempty"`      // of a node: the controller's host
	Joined    bool       `json:"joined"`              // its program should be a member of the groups
	Mobile    bool       `json:"mobile,omitempty"`    // its voice comes by unicast
	Clock     ClockState `json:"clock,omitzero"`      // of a node: what it believes of the media clock
}

// Group is a multicast group and whose it is.
type Group struct {
	Addr  string `json:"addr"`            // "239.255.12.1:5004"
	Whose string `json:"whose,omitempty"` // "zone gates"
	Plain bool   `json:"plain,omitempty"` // plain RTP, for third-party loudspeakers
}

// The roles of a patient.
const (
	RoleController = "controller"
	RoleNode       = "node"
	RoleHere       = "here" // a technician's computer
)
