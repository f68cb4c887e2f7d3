package paspeaker

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// VerbUpgrade has a node take over another program: Upgrade → Upgraded.
const VerbUpgrade = "upgrade"

// MaxProgram is the largest program of a node, bytes; MaxProgramChunk is how
// much of it travels at once.
const (
	MaxProgram      = 64 << 20
	MaxProgramChunk = 512 << 10
)

const programContext = "pa-node-program-v1\x00"

// Program is a paspeaker-node that the site vouches for.
type Program struct {
	SHA256  string `json:"sha256"` // of the file, 64 hexadecimal digits
	Size    int64  `json:"size"`   // bytes
	Arch    string `json:"arch"`   // as Go names it: amd64, arm64, arm
	Version string `json:"version,omitempty"`
}

// SignedProgram carries a Program and the root key's signature over
// "pa-node-program-v1\x00" + Body.
type SignedProgram struct {
	Body []byte `json:"body"` // JSON of a Program
	Sig  []byte `json:"sig"`
}

// Upgrade is what a node is told.
type Upgrade struct {
	Program SignedProgram `json:"program"`
}

// Upgraded is its answer: it has the program, has checked it, and starts it now
// for a trial.
type Upgraded struct {
	Version string `json:"version"` // as the program itself says
}

// RunningProgram says in a node's report which program that is.
type RunningProgram struct {
	SHA256  string         `json:"sha256,omitempty"` // "" is the installed one
	Arch    string         `json:"arch"`
	Version string         `json:"version,omitempty"` // in the answer to an upgrade; else the report's own
	Trial   bool           `json:"trial,omitempty"`   // it has not proved itself yet
	Failed  *FailedProgram `json:"failed,omitempty"`  // the newest that did not
}

// FailedProgram is one that was given up for the one before.
type FailedProgram struct {
	SHA256 string    `json:"sha256"`
	Why    string    `json:"why"`
	At     time.Time `json:"at"`
}

// SignProgram signs p with the site's root key.
func SignProgram(root ed25519.PrivateKey, p Program) (SignedProgram, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return SignedProgram{}, fmt.Errorf("write program: %w", err)
	}
	return SignedProgram{Body: body, Sig: ed25519.Sign(root, append([]byte(programContext), body...))}, nil
}

// OpenProgram checks a program's signature by the root that the node has
// pinned, and its form. CodeDenied: not signed so; CodeInvalid: not whole.
func OpenProgram(root ed25519.PublicKey, s SignedProgram) (Program, error) {
	var p Program
	if len(s.Body) > MaxCommand || len(root) != ed25519.PublicKeySize ||
		!ed25519.Verify(root, append([]byte(programContext), s.Body...), s.Sig) {
		return p, Errorf(CodeDenied, "the program is not signed by this site's root key")
	}
	if err := json.Unmarshal(s.Body, &p); err != nil {
		return p, Errorf(CodeInvalid, "read program: %w", err)
	}
	if !ValidSHA256(p.SHA256) || p.Size <= 0 || p.Size > MaxProgram || p.Arch == "" {
		return p, Errorf(CodeInvalid, "the description of the program is not whole")
	}
	return p, nil
}

// ValidSHA256 says whether s is 64 hexadecimal digits, in lower case.
func ValidSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && hex.EncodeToString(b) == s
}
