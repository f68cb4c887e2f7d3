package paspeaker

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Receipt is what a node's output played of one session. Frames are 10 ms of
// sound each. It is sent when the session begins, and again when it ends
// (Done).
type Receipt struct {
	Node      SpeakerID  `json:"node"`
	Session   SessionID  `json:"session"`
	Done      bool       `json:"done"`
	Due       uint64     `json:"due,omitempty"` // frames between the first and the last that it knows of
	Played    uint64     `json:"played"`        // frames that left at full or ducked level
	Muted     uint64     `json:"muted"`         // frames received while something higher sounded
	Concealed uint64     `json:"concealed"`     // frames made up for lost ones
	Late      uint64     `json:"late"`
	Skipped   uint64     `json:"skipped,omitempty"` // of Late: there in time, but passed over by a start or a stalled card
	Refused   uint64     `json:"refused,omitempty"` // packets in its name that were refused
	Refusal   string     `json:"refusal,omitempty"` // why most of them were, a word of wire.Refusal
	Hushed    uint64     `json:"hushed,omitempty"`  // of Played: while the output was muted, or far below the level that was due
	LevelDB   float64    `json:"level_db"`          // RMS of the loudest second at the output, dBFS
	DueDB     float64    `json:"due_db,omitempty"`  // what that level should have been; 0: not said
	Output    string     `json:"output,omitempty"`  // why the output played nothing for a while
	First     time.Time  `json:"first,omitzero"`    // when its first sample left the output
	Last      time.Time  `json:"last,omitzero"`
	Unlocked  bool       `json:"unlocked,omitempty"` // played on arrival: the clock was not locked
	MutedBy   string     `json:"muted_by,omitempty"` // who had muted the loudspeaker while this session was due
	Gaps      []Gap      `json:"gaps,omitempty"`     // what did not sound, when; at most MaxGaps
	Monitor   *Monitored `json:"monitor,omitempty"`  // what a microphone before the loudspeaker heard
}

// MaxGaps bounds the gaps of a receipt: when there are more, those that lie
// nearest to each other are told as one.
const MaxGaps = 16

// Gap is a time in which not all of a session sounded at a loudspeaker.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Lost Duration  `json:"lost" doc:"how much of the sound between did not sound"`
	Why  string    `json:"why" doc:"lost packets, masked, muted, cut short"`
}

// Monitored is what a monitor heard while a session sounded, against what the
// mixer put out.
type Monitored struct {
	Windows  uint64   `json:"windows"`  // times that it was compared
	Like     uint64   `json:"like"`     // of them those in which it was heard
	Likeness float64  `json:"likeness"` // correlation, 0–1, the mean over the windows
	LevelDB  float64  `json:"level_db"` // RMS at the monitor, dBFS, the mean over the windows
	Delay    Duration `json:"delay"`    // from the output to the monitor; of the likest window
}

// MonitorState is what a node's monitor hears now.
type MonitorState struct {
	Name     string   `json:"name"`     // as the node was told
	LevelDB  float64  `json:"level_db"` // RMS of the last second, dBFS; -120 is silence
	SentDB   float64  `json:"sent_db"`  // what the mixer put out meanwhile
	Likeness float64  `json:"likeness"` // correlation of the two, 0–1; 0 when nothing was put out
	Delay    Duration `json:"delay,omitempty"`
	Fault    string   `json:"fault,omitempty"` // why it hears nothing
}

// receiptContext goes before a receipt's body under its signature.
const receiptContext = "pa-receipt-v1\x00"

// SignedReceipt carries a receipt's JSON as the node wrote it and its Ed25519
// signature (RFC 8032) over "pa-receipt-v1\x00" + Body. It is kept in the
// journal as it came, so that anybody who knows the node's key can check it
// afterwards.
type SignedReceipt struct {
	Node SpeakerID `json:"node"`
	Key  []byte    `json:"key"`  // Ed25519 public key, 32 bytes
	Body []byte    `json:"body"` // JSON of a Receipt
	Sig  []byte    `json:"sig"`  // 64 bytes
}

// SignReceipt signs a receipt with its node's key.
func SignReceipt(key ed25519.PrivateKey, r Receipt) (SignedReceipt, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return SignedReceipt{}, fmt.Errorf("write receipt: %w", err)
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return SignedReceipt{Node: r.Node, Key: public, Body: body, Sig: ed25519.Sign(key, append([]byte(receiptContext), body...))}, nil
}

// Open checks the signature against the key that it names, and returns the
// receipt. Whether that key is the node's is for who knows the keys. The error
// is CodeDenied.
func (s SignedReceipt) Open() (Receipt, error) {
	var r Receipt
	if len(s.Key) != ed25519.PublicKeySize || !ed25519.Verify(s.Key, append([]byte(receiptContext), s.Body...), s.Sig) {
		return r, Errorf(CodeDenied, "receipt of %s: its signature is wrong", s.Node)
	}
	if err := json.Unmarshal(s.Body, &r); err != nil {
		return Receipt{}, Errorf(CodeDenied, "receipt of %s: %w", s.Node, err)
	}
	if r.Node != s.Node {
		return Receipt{}, Errorf(CodeDenied, "receipt of %s speaks for %q", s.Node, r.Node)
	}
	return r, nil
}

// NodeKey is a key by which a node signed its receipts, and from when to when
// that was so.
type NodeKey struct {
	Node  SpeakerID `json:"node"`
	Key   []byte    `json:"key" doc:"Ed25519 public key, 32 bytes"`
	Print string    `json:"print" doc:"its name: the first 16 hexadecimal digits of its SHA-256"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero" doc:"when another took its place; of the one in force nothing"`
	How   string    `json:"how" enum:"enrolled,first use" doc:"how it became known"`
}

// How a node's key became known.
const (
	KeyEnrolled = "enrolled"  // with the join token
	KeyFirstUse = "first use" // of a node that had enrolled before it had one
)

// KeyPrint names a key: the first 16 hexadecimal digits of its SHA-256.
func KeyPrint(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// KeyFor returns the key of the list that a receipt was signed by, when that
// was its node's at a time; a minute on either side is forgiven, for clocks.
func KeyFor(keys []NodeKey, s SignedReceipt, at time.Time) (NodeKey, bool) {
	for _, k := range keys {
		if k.Node == s.Node && bytes.Equal(k.Key, s.Key) && (at.IsZero() ||
			!at.Before(k.Since.Add(-time.Minute)) && (k.Until.IsZero() || at.Before(k.Until.Add(time.Minute)))) {
			return k, true
		}
	}
	return NodeKey{}, false
}
