package paspeaker

import "net/netip"

// Zone is a set of loudspeakers that are addressed together.
type Zone struct {
	ID      ZoneID         `json:"id"`
	Name    string         `json:"name"`
	Group   netip.AddrPort `json:"group"`           // sealed RTP multicast
	Profile string         `json:"profile"`         // codec profile of its sealed stream: l16, opus, g722, pcmu, pcma
	Plain   *Plain         `json:"plain,omitempty"` // where third-party loudspeakers listen
	Nested  []ZoneID       `json:"nested,omitempty"`
	Members []SpeakerID    `json:"members"`        // all, nested zones' included; sorted
	Lead    Duration       `json:"lead,omitempty"` // how far ahead of its sounding it is sent what sounds here; 0: as its class says
	WiFi    bool           `json:"wifi,omitempty"` // its loudspeakers are on Wi-Fi
}

// Plain is a zone's second group: plain RTP without extension, for third-party
// loudspeakers. Nodes never play it. A third-party loudspeaker has no mixer, so
// the group carries one stream at a time.
type Plain struct {
	Group netip.AddrPort `json:"group"`
	Codec string         `json:"codec"` // pcmu, pcma, g722, l16, opus
}

// SpeakerKind says what stands behind a loudspeaker.
type SpeakerKind string

// The kinds of loudspeaker.
const (
	KindFixed      SpeakerKind = "fixed"       // a node on the park's network, by multicast
	KindMobile     SpeakerKind = "mobile"      // a node behind NAT, by unicast
	KindThirdParty SpeakerKind = "third-party" // somebody else's receiver of plain RTP
)

// Speaker is one loudspeaker.
type Speaker struct {
	ID       SpeakerID   `json:"id"`
	Name     string      `json:"name"`
	Kind     SpeakerKind `json:"kind"`
	Zones    []ZoneID    `json:"zones"`            // every zone it stands in, ZoneAll and nesting ones included; sorted
	Home     ZoneID      `json:"home,omitempty"`   // third-party: the zone whose plain group it hears
	GainDB   float64     `json:"gain_db"`          // −60…+20
	Delay    Duration    `json:"delay"`            // acoustic, 0–2 s in steps of 0.1 ms, added to T_play
	Lead     Duration    `json:"lead,omitempty"`   // the longest that a zone of its asks for; 0: none does
	WiFi     bool        `json:"wifi,omitempty"`   // it or a zone of its says so
	Switch   string      `json:"switch,omitempty"` // what it hangs on: a switch, an access point, a link; those that share it are lost together
	Position *Position   `json:"position,omitempty"`
}

// Position is where a loudspeaker stands, WGS 84 degrees.
type Position struct {
	Lat float64 `json:"lat" yaml:"lat"`
	Lon float64 `json:"lon" yaml:"lon"`
}
