package site

import (
	"net/netip"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// Site is everything that zones.yaml says, defaults filled in. Parse and Load
// make it.
type Site struct {
	ID         string         // of the site, in the form of a zone's id
	Name       string         // for people, NFC
	Location   *time.Location // schedules and records are in its time
	Interface  string         // network interface of the multicast; "" leaves it to the routing table
	TTL        int            // of multicast packets, 1–255
	DSCP       int            // of audio packets, 0–63; 46 is EF
	GroupRange GroupRange     // where zones without a group get one

	Zones       []paspeaker.Zone    // in the file's order, then paspeaker.ZoneAll unless the file lists it
	Speakers    []paspeaker.Speaker // in the file's order
	Emergencies []Emergency         // in the file's order; the shipped ones when it has none
	Classes     map[paspeaker.Class]ClassDefaults
	Limits      Limits
	Delays      Delays
	Recordings  Recordings
	SelfTests   []SelfTest // in the file's order
	Alerts      Alerts
	Messages    Messages
	Temperature float64 // of the air, °C

	ground func() *schedule.Ground
	guard  *schedule.Guard
	beside map[string][]byte // files that zones.yaml names beside itself

	dir      string
	zones    map[paspeaker.ZoneID]int    // index into Zones
	speakers map[paspeaker.SpeakerID]int // index into Speakers
	members  []bits                      // of each zone: indices into Speakers
	nodes    bits                        // loudspeakers that hear sealed packets
	fixed    bits                        // those that hear them by multicast
	mates    map[paspeaker.ZoneID]bits   // third-party loudspeakers by their home
	domains  []domains                   // of each loudspeaker
	size     map[string]int              // nodes of each domain
	near     []bits                      // of each loudspeaker: those within earshot, itself too
	groupAt  [][2]Fault                  // of each zone: where its group and its plain group are written
}

// GroupRange is where zones get their groups when the file gives them none.
type GroupRange struct {
	Prefix netip.Prefix // IPv4 multicast, /8–/30
	Port   uint16       // even (RFC 3550 §11); the next one is RTCP's
}

// ClassDefaults are the options of an announcement that does not give them
// itself, by the class of its priority.
type ClassDefaults struct {
	Low, High paspeaker.Priority   // the class's range, both ends included
	Priority  paspeaker.Priority   // what the class's name stands for
	Routing   paspeaker.Routing    // emergency: always partial
	Preempted paspeaker.Resumption // what becomes of it after a preemption
	MaxLength time.Duration        // of sounding; > 0, at most Limits.MaxLength
	MaxWait   time.Duration        // 0: refused when it cannot play at once; emergency: always 0
	GainDB    float64              // −60…+20, added to the announcement's own
	Duck      bool                 // background only: sounds on beneath higher ones
}

// Limits bound what anybody may ask for.
type Limits struct {
	MaxUpload int64         // bytes of one message file
	MaxLength time.Duration // of any announcement
	Sessions  int           // announcements on air, waiting and paused at once
}

// Delays say how far ahead of its sounding a packet is sent: T_play − sending
// time. Longer forgives the network more, shorter is closer to the lips.
type Delays struct {
	// A voice on the wired network is sent as late as its loudspeakers' outputs
	// allow, within these bounds.
	LiveLeast, LiveMost time.Duration
	Recorded            time.Duration // anything else, on the wired network
	WiFi                time.Duration // anything, to loudspeakers on Wi-Fi
	Mobile              time.Duration // anything, to mobile units
	Raise               bool          // when packets come late, from the next announcement on; else it is recommended
	Most                time.Duration // that it is raised to
	Earshot             float64       // metres within which two loudspeakers are heard together
}

// Zone returns the zone of that id.
func (s *Site) Zone(id paspeaker.ZoneID) (paspeaker.Zone, bool) {
	i, ok := s.zones[id]
	if !ok {
		return paspeaker.Zone{}, false
	}
	return s.Zones[i], true
}

// Speaker returns the loudspeaker of that id.
func (s *Site) Speaker(id paspeaker.SpeakerID) (paspeaker.Speaker, bool) {
	i, ok := s.speakers[id]
	if !ok {
		return paspeaker.Speaker{}, false
	}
	return s.Speakers[i], true
}

// Emergency returns the emergency of that id.
func (s *Site) Emergency(id string) (Emergency, bool) {
	for _, e := range s.Emergencies {
		if e.ID == id {
			return e, true
		}
	}
	return Emergency{}, false
}

// Class returns the class that p lies in by this site's ranges, and its
// defaults.
func (s *Site) Class(p paspeaker.Priority) (paspeaker.Class, ClassDefaults) {
	for _, c := range classes {
		if d, ok := s.Classes[c]; ok && d.Low <= p && p <= d.High {
			return c, d
		}
	}
	c := p.Class()
	return c, s.Classes[c]
}

// classes are the classes' names, lowest first.
var classes = []paspeaker.Class{
	paspeaker.ClassBackground, paspeaker.ClassRoutine, paspeaker.ClassLive, paspeaker.ClassEmergency,
}
