package air

import (
	"net/netip"
	"time"

	"pa/audio/wire"
)

// Order is one thing that the controller wants of the engine: exactly one of
// its parts is set. Orders are carried out in the order in which they are given.
type Order struct {
	Open    *Open    `json:"open,omitempty"`
	Tune    *Tune    `json:"tune,omitempty"`
	Key     *Key     `json:"key,omitempty"`
	Peers   *Peers   `json:"peers,omitempty"`
	Beacons *Beacons `json:"beacons,omitempty"`
	Begin   *Begin   `json:"begin,omitempty"`
	Load    *Load    `json:"load,omitempty"`
	Aim     *Aim     `json:"aim,omitempty"`
	Play    *Play    `json:"play,omitempty"`
	Pause   *Pause   `json:"pause,omitempty"`
	End     *End     `json:"end,omitempty"`
	Silence *Silence `json:"silence,omitempty"`
}

// rings are those that an order brings, in the order in which their files go.
func (o *Order) rings() []*Ring {
	var out []*Ring
	if o.Load != nil && o.Load.sound != nil {
		out = append(out, o.Load.sound)
	}
	if o.Load != nil && o.Load.live != nil {
		out = append(out, o.Load.live)
	}
	return out
}

// release closes the files of an order that has been carried out or sent.
func (o *Order) release() {
	for _, r := range o.rings() {
		r.release()
	}
}

// Open is the first order: the media clock, and the name in RTCP.
type Open struct {
	Base  int64  `json:"base"` // media − Monotonic, ns: fixed for the life of the engine
	CName string `json:"cname"`

	// Units lends the descriptor of the socket that mobile units are sent from;
	// nil when there are none.
	Units func(func(fd int) error) error `json:"-"`
}

// Tune opens the multicast socket, anew when there is one.
type Tune struct {
	Interface string `json:"interface"`
	TTL       int    `json:"ttl"`
	DSCP      int    `json:"dscp"`
}

// Key is what programmes that begin from now on are sealed with. Those on air
// keep theirs.
type Key struct {
	OnAir    []byte   `json:"on_air"` // Ed25519 private key
	Cert     []byte   `json:"cert"`
	TagKeyID uint8    `json:"tag_key_id"`
	TagKey   [32]byte `json:"tag_key"`
	Term     uint32   `json:"term"`
}

// Peers says where mobile units are now: those that came or moved, and those
// that are gone.
type Peers struct {
	Moved map[string]netip.AddrPort `json:"moved,omitempty"`
	Gone  []string                  `json:"gone,omitempty"`
}

// Begin makes a programme, which then waits for Load, Aim and Play.
type Begin struct {
	ID     uint64        `json:"id"` // of the session's part
	Flags  wire.Flags    `json:"flags,omitempty"`
	Gain   float32       `json:"gain"`
	Hold   time.Duration `json:"hold,omitempty"`   // from the last sample on its way to the last sample heard
	Urgent bool          `json:"urgent,omitempty"` // starts in the instant of Play, before all others
	Frame  time.Duration `json:"frame,omitempty"`  // sound that passes at a time: FrameTime when 0, or less
}

// Load gives a programme sound from the next frame on: all of Sound, then Live.
type Load struct {
	ID   uint64      `json:"id"`
	Live *LiveFormat `json:"live,omitempty"`

	sound, live *Ring // cross to another process as files, in this order
	HasSound    bool  `json:"has_sound,omitempty"`
}

// LiveFormat is how a voice comes in, and how it is kept in time.
type LiveFormat struct {
	Rate   int           `json:"rate"` // Hz
	Target time.Duration `json:"target"`
	Max    time.Duration `json:"max"`
}

// Aim sends a programme elsewhere from the next frame on, or after a while: it
// goes on as before until what takes its place is heard. Its plain legs change
// at once in any case, for behind them is no mixer.
type Aim struct {
	ID    uint64        `json:"id"`
	Rank  uint32        `json:"rank"`
	Legs  []Leg         `json:"legs"`
	After time.Duration `json:"after,omitempty"`
}

// Leg is one encoding of a programme and where its packets go. Legs of the same
// profile, way, zone and lead share one RTP stream for the life of the programme.
type Leg struct {
	Profile string           `json:"profile"`
	Unit    bool             `json:"unit,omitempty"`    // to mobile units
	Plain   string           `json:"plain,omitempty"`   // zone of third-party loudspeakers: not sealed
	Lead    time.Duration    `json:"lead"`              // from sending to sounding
	Targets []uint32         `json:"targets,omitempty"` // of sealed legs: who plays it
	Groups  []netip.AddrPort `json:"groups,omitempty"`
	Units   []string         `json:"units,omitempty"` // nodes
}

// Play puts a programme on air. Run comes back in Finished.
type Play struct {
	ID    uint64 `json:"id"`
	Run   uint32 `json:"run"`
	Begin int64  `json:"begin,omitempty"` // media ns at which its first frame is due; past or 0: at once
}

// Pause takes a programme off air where it stands, or after a while, as Aim.
// Nothing is said on air.
type Pause struct {
	ID    uint64        `json:"id"`
	After time.Duration `json:"after,omitempty"`
}

// End forgets a programme, which is heard on for After at most, as with Aim;
// with Say, a stop order goes over the voice path, SayAfter from now.
type End struct {
	ID       uint64        `json:"id"`
	Say      bool          `json:"say,omitempty"`
	After    time.Duration `json:"after,omitempty"`
	SayAfter time.Duration `json:"say_after,omitempty"`
}

// Silence sends a stop order to groups and units, five times over 100 ms.
type Silence struct {
	Kind    wire.StopKind    `json:"kind"`
	Session uint64           `json:"session,omitempty"`
	Before  int64            `json:"before,omitempty"` // media ns
	Targets []uint32         `json:"targets"`
	Groups  []netip.AddrPort `json:"groups,omitempty"`
	Units   []string         `json:"units,omitempty"`
}

// Event is what the engine says: exactly one part is set.
type Event struct {
	Finished *Finished `json:"finished,omitempty"`
	Trouble  *Trouble  `json:"trouble,omitempty"`
	Stats    *Stats    `json:"stats,omitempty"`
}

// Finished says that a programme's last sample has been heard.
type Finished struct {
	ID  uint64 `json:"id"`
	Run uint32 `json:"run"`
}

// Trouble is an order that could not be carried out.
type Trouble struct {
	What    string `json:"what"`
	Profile string `json:"profile,omitempty"` // the codec profile that cannot be encoded
}

// Stats are told twice a second.
type Stats struct {
	Late     wire.Histogram `json:"late"`              // how late the pacers' ticks began
	Packets  uint64         `json:"packets"`           // sent, each destination counted
	Failures uint64         `json:"failures"`          // not encoded, sealed or sent
	Failure  string         `json:"failure,omitempty"` // the newest since the last Stats
	Starved  uint64         `json:"starved"`           // frames for which a recording's ring was empty
}
