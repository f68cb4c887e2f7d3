package paspeaker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// NodeReport is what a node says of itself once a second.
type NodeReport struct {
	ID       SpeakerID       `json:"id"`
	Version  string          `json:"version"`
	Instance string          `json:"instance"` // random for each start: two of them at once are a duplicate node
	Config   string          `json:"config"`   // digest of the configuration in force
	Uptime   Duration        `json:"uptime"`
	Groups   []string        `json:"groups"` // joined now
	Playing  []Playing       `json:"playing,omitempty"`
	Counters Counters        `json:"counters"`
	LevelDB  float64         `json:"level_db"` // RMS at the output over the last second, dBFS; -120 is silence
	Clock    ClockState      `json:"clock"`
	Output   OutputState     `json:"output"`
	Health   NodeHealth      `json:"health"`
	Faults   []string        `json:"faults,omitempty"`
	TrimDB   float64         `json:"trim_db,omitempty"` // set on site by `paspeaker volume`, on top of the configuration's gain
	Program  *RunningProgram `json:"program,omitempty"` // nil: it cannot be upgraded from here
	Local    bool            `json:"local,omitempty"`   // it makes a sound of its own, for somebody on site: nothing is on air, and all is well
	Muted    *Muting         `json:"muted,omitempty"`   // nothing beneath an emergency is heard there, because somebody wants so

	Monitor *MonitorState `json:"monitor,omitempty"` // of a node that has one

	Quiet   *Quiet          `json:"quiet,omitempty"`   // how silent it is; nil: a node of an older version
	Foreign []ForeignSender `json:"foreign,omitempty"` // who else sends sound on its groups
}

// NodeHealth is what a node measures of itself for its supervision.
type NodeHealth struct {
	Due          uint64   `json:"due,omitempty"`           // frames of 10 ms that should have come in the last minute
	LossPercent  float64  `json:"loss_percent,omitempty"`  // of them, those that never came
	Clipped      uint64   `json:"clipped,omitempty"`       // samples of the last minute that wanted to be beyond full scale; the limiter held them
	SilentFor    Duration `json:"silent_for,omitempty"`    // for so long something should have been heard, and the output says it was not
	SilentWhy    string   `json:"silent_why,omitempty"`    // how that is known
	Deaf         []string `json:"deaf,omitempty"`          // groups from which nothing has come for DeafAfter, though the controller speaks there
	UsedPercent  float64  `json:"used_percent,omitempty"`  // of the state directory's disk, as far as this program may fill it; 0: not known
	WallNS       int64    `json:"wall_ns,omitempty"`       // its wall clock less media time; 0: not known
	Celsius      float64  `json:"celsius,omitempty"`       // of the processor; 0: not known
	Throttled    bool     `json:"throttled,omitempty"`     // the processor is slowed down for its heat or supply
	UnderVoltage bool     `json:"under_voltage,omitempty"` // the supply is too weak
}

// BeaconEvery is how often the controller speaks on each group when it has
// nothing to say there, and DeafAfter how long a node hears nothing before it
// says so.
const (
	BeaconEvery = 3 * time.Second
	DeafAfter   = 4 * BeaconEvery
)

// Playing is one session that a node's mixer holds.
type Playing struct {
	Session SessionID `json:"session"`
	Full    bool      `json:"full"`   // at full level
	Ducked  bool      `json:"ducked"` // beneath another
	Rank    Rank      `json:"rank"`
	ErrorNS int64     `json:"error_ns"` // by how much it should be further on, as the node sees it
}

// Counters count since the node's start. Refused is by kind: the words of
// wire.Refusal, and "command …" of what it was told and did not do.
type Counters struct {
	Packets   uint64            `json:"packets"`
	Frames    uint64            `json:"frames"` // played
	Lost      uint64            `json:"lost"`
	Late      uint64            `json:"late"`
	Concealed uint64            `json:"concealed"`
	Resyncs   uint64            `json:"resyncs"`
	JitterNS  int64             `json:"jitter_ns"` // between packets, smoothed (RFC 3550 §6.4.1); of the newest session
	Refused   map[string]uint64 `json:"refused,omitempty"`
}

// ClockState is a node's belief about the controller's media clock.
type ClockState struct {
	State    string  `json:"state"` // locked, degraded, free-run
	OffsetNS int64   `json:"offset_ns"`
	RatePPM  float64 `json:"rate_ppm"`
	ErrorNS  int64   `json:"error_ns"` // bound of the error, one sigma
	RTTNS    int64   `json:"rtt_ns"`
}

// OutputState is the health of a node's sound card.
type OutputState struct {
	Name      string   `json:"name"`
	RatePPM   float64  `json:"rate_ppm"` // its clock against the node's
	Underruns uint64   `json:"underruns"`
	Latency   Duration `json:"latency"` // from the asking for sound to its sounding
	Lead      Duration `json:"lead"`    // how far ahead of its sounding a packet must arrive, at least
	Fault     string   `json:"fault,omitempty"`
}

// NodeConfig is everything a node needs to play. The controller signs its
// JSON with the site's root key; the node keeps the last one on disk, so that
// it starts and plays with the controller's API and NATS down.
type NodeConfig struct {
	ID        SpeakerID        `json:"id"`
	Name      string           `json:"name"`
	Kind      SpeakerKind      `json:"kind"`
	Serial    uint64           `json:"serial"`              // rises with every change; a node refuses a lower one
	Tags      []Tag            `json:"tags"`                // its own and its zones'
	Groups    []string         `json:"groups"`              // "239.255.12.1:5004", all to be joined at start
	Interface string           `json:"interface,omitempty"` // where the site says so; the node's flag wins
	GainDB    float64          `json:"gain_db"`
	Delay     Duration         `json:"delay"`
	Spread    Duration         `json:"spread,omitempty"` // over how long the site's nodes spread what all have to say at once
	TagKeys   map[uint8][]byte `json:"tag_keys"`         // key id 0–15 → 32 bytes
	ClockPort uint16           `json:"clock_port"`
	ClockKey  []byte           `json:"clock_key"`
	Root      []byte           `json:"root"` // Ed25519 public key, 32 bytes; pinned at enrolment
	NATSURL   string           `json:"nats_url"`
	NATSSeed  string           `json:"nats_seed"`
	NATSCert  []byte           `json:"nats_cert,omitempty"` // DER of the certificate to trust; empty: plain, loopback only
}

// SignedConfig carries a NodeConfig and the root key's signature over
// "pa-node-config-v1\x00" + Body.
type SignedConfig struct {
	Body []byte `json:"body"` // JSON of a NodeConfig
	Sig  []byte `json:"sig"`
}

// EnrolRequest is a node's first word to the controller.
type EnrolRequest struct {
	ID    SpeakerID `json:"id"`
	Token string    `json:"token"`
	Key   []byte    `json:"key,omitempty"` // Ed25519 public key that signs its receipts from now on, 32 bytes
}

// Digest names a configuration's content: 16 hexadecimal digits.
func (c *NodeConfig) Digest() string {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
