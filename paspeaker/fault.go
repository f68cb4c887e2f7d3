package paspeaker

import "time"

// Fault is something that is wrong and that somebody should mend: with its
// onset, its cause, its remedy, who has seen it, and its end.
type Fault struct {
	ID       string      `json:"id"` // "offline/gate-1", "offline/switch:sw-2", "nats": kind and subject
	Kind     FaultKind   `json:"kind"`
	Subject  string      `json:"subject,omitempty"` // a loudspeaker, a domain ("switch:sw-2", "zone:gates", "site"); "" is the controller
	Of       FaultKind   `json:"of,omitempty"`      // of FaultFlapping: what comes and goes
	Urgency  Urgency     `json:"urgency"`
	Since    time.Time   `json:"since"`
	What     string      `json:"what"`
	Cause    string      `json:"cause,omitempty"` // the likely ones, the likeliest first
	Remedy   string      `json:"remedy,omitempty"`
	Speakers []SpeakerID `json:"speakers,omitempty"` // those it concerns, when it is not one alone; sorted
	Times    int         `json:"times,omitempty"`    // of FaultFlapping: onsets so far
	Ack      *Ack        `json:"ack,omitempty"`      // nil: nobody has said that he has seen it
	Ended    time.Time   `json:"ended,omitzero"`     // zero: it is still so
}

// Ack says that somebody has seen a fault and looks after it. A new onset
// needs a new one.
type Ack struct {
	By   string    `json:"by"`
	From string    `json:"from,omitempty"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// FaultKind says what kind of thing is wrong.
type FaultKind string

// The kinds of fault of a loudspeaker. The controller's own are named where
// they are found: "nats", "network", "config" and so on.
const (
	FaultOffline   FaultKind = "offline"   // nothing is heard of it
	FaultReports   FaultKind = "reports"   // it keeps time, but does not report
	FaultMulticast FaultKind = "multicast" // nothing sent to its groups reaches it
	FaultLoss      FaultKind = "loss"      // much is lost on the way
	FaultClock     FaultKind = "clock"     // its media clock is not locked
	FaultOutput    FaultKind = "output"    // its sound card is gone
	FaultSilent    FaultKind = "silent"    // it plays, and nothing comes out
	FaultClipping  FaultKind = "clipping"  // it is driven beyond full scale
	FaultDisk      FaultKind = "disk"      // what it must remember cannot be written
	FaultTime      FaultKind = "time"      // its wall clock is wrong
	FaultKey       FaultKind = "key"       // it refuses what the controller signs
	FaultReceipts  FaultKind = "receipts"  // what is said in its name is not signed by its key
	FaultDuplicate FaultKind = "duplicate" // two programs say that they are it
	FaultVersion   FaultKind = "version"   // its program is not of the controller's version
	FaultHot       FaultKind = "hot"       // its processor is too hot
	FaultPower     FaultKind = "power"     // its supply is too weak
	FaultStray     FaultKind = "stray"     // its output sounds with nothing on air
	FaultGhost     FaultKind = "ghost"     // its monitor hears something with nothing on air
	FaultForeign   FaultKind = "foreign"   // somebody else sends sound on our groups; the subject is his address

	FaultInterface FaultKind = "interface" // the controller's network interface is down
	FaultFlapping  FaultKind = "flapping"  // another fault comes and goes
)

// Urgency says how soon a fault wants somebody.
type Urgency string

// The urgencies, from what can wait to what cannot.
const (
	UrgencyNote    Urgency = "note"    // at the next visit
	UrgencyWarning Urgency = "warning" // sound suffers, or soon will
	UrgencyAlarm   Urgency = "alarm"   // people are not reached
)

// Urgencies lists them, the mildest first.
func Urgencies() []Urgency { return []Urgency{UrgencyNote, UrgencyWarning, UrgencyAlarm} }

// AtLeast says whether s is as urgent as least, or more so. An unknown word is
// the mildest.
func (s Urgency) AtLeast(least Urgency) bool { return s.rank() >= least.rank() }

func (s Urgency) rank() int {
	for i, known := range Urgencies() {
		if s == known {
			return i
		}
	}
	return 0
}

// FaultID names a fault by its kind and its subject.
func FaultID(kind FaultKind, subject string) string {
	if subject == "" {
		return string(kind)
	}
	return string(kind) + "/" + subject
}

// FaultChange is what has become of a fault.
type FaultChange string

// The changes of a fault.
const (
	FaultBegan   FaultChange = "began"
	FaultEnded   FaultChange = "ended"
	FaultAcked   FaultChange = "acked"
	FaultUpdated FaultChange = "updated" // other loudspeakers, another wording: not worth a call
	FaultCarried FaultChange = "carried" // it began before this controller did: nobody is called again
)

// FaultKinds lists every kind, those of the controller itself too.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultOffline, FaultReports, FaultMulticast, FaultLoss, FaultClock, FaultOutput, FaultSilent, FaultClipping,
		FaultDisk, FaultTime, FaultKey, FaultDuplicate, FaultVersion, FaultHot, FaultPower, FaultReceipts, FaultStray, FaultGhost, FaultForeign, FaultInterface, FaultFlapping,
		"nats", "storage", "network", "journal", "config", "sounds", "last-good", "recording", "voice", "codec", "alerts", "self-test"}
}
