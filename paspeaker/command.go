package paspeaker

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// NodeCommand is one order of the controller to one node. The node carries it
// out once: it refuses a command that is for another, that is over, or whose
// ID it has seen.
type NodeCommand struct {
	Node    SpeakerID       `json:"node"`
	ID      string          `json:"id"`      // random, 26 characters
	Issued  time.Time       `json:"issued"`  // by the controller's media time, which nodes keep
	Expires time.Time       `json:"expires"` // from then on it is refused; an answer is awaited until then
	Verb    string          `json:"verb"`    // what is to be done: "identify", "mute" …
	Args    json.RawMessage `json:"args,omitempty"`
}

// SignedCommand carries a NodeCommand and the root key's signature over
// "pa-node-command-v1\x00" + Body.
type SignedCommand struct {
	Body []byte `json:"body"` // JSON of a NodeCommand
	Sig  []byte `json:"sig"`
}

// NodeAnswer is what came of a command: a result, or why not.
type NodeAnswer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
}

// Bounds of a command and its answer as they travel, bytes.
const (
	MaxCommand = 64 << 10
	MaxAnswer  = 1<<20 - 4<<10 // NATS carries 1 MiB with its headers
)

// MaxCommandTime bounds how long a command may be on its way and carried out.
const MaxCommandTime = 10 * time.Minute

const (
	commandContext = "pa-node-command-v1\x00"
	commandIDLen   = 26
	maxVerb        = 32
)

// NewCommandID returns a random name for a command.
func NewCommandID() string { return rand.Text() }

// SignCommand signs c with the site's root key.
func SignCommand(root ed25519.PrivateKey, c NodeCommand) (SignedCommand, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return SignedCommand{}, fmt.Errorf("write command %s: %w", c.Verb, err)
	}
	return SignedCommand{Body: body, Sig: ed25519.Sign(root, append([]byte(commandContext), body...))}, nil
}

// OpenCommand checks a command's signature by the root that the node has
// pinned, and its form. Who it is for, whether it is over and whether it was
// seen is the node's to judge. CodeDenied: not signed so; CodeInvalid: signed,
// and not whole.
func OpenCommand(root ed25519.PublicKey, s SignedCommand) (NodeCommand, error) {
	var c NodeCommand
	if len(s.Body) > MaxCommand || len(root) != ed25519.PublicKeySize ||
		!ed25519.Verify(root, append([]byte(commandContext), s.Body...), s.Sig) {
		return c, Errorf(CodeDenied, "the command is not signed by this site's root key")
	}
	if err := json.Unmarshal(s.Body, &c); err != nil {
		return c, Errorf(CodeInvalid, "read command: %w", err)
	}
	life := c.Expires.Sub(c.Issued)
	if !ValidID(string(c.Node)) || len(c.ID) != commandIDLen || c.Verb == "" || len(c.Verb) > maxVerb || life <= 0 || life > MaxCommandTime {
		return c, Errorf(CodeInvalid, "the command is not whole")
	}
	return c, nil
}
