package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"
)

// keyFile holds the seed of the key that signs this node's receipts. It is made
// here and never leaves: not even the controller can say in the node's name
// what it played.
const keyFile = "receipt.key"

// receiptKey reads or makes the key. A disk that is full or a file that is
// damaged silences nobody: the node then signs by a key that nobody has pinned,
// and its receipts are refused until somebody mends it.
func (n *Node) receiptKey() ed25519.PrivateKey {
	b, err := n.cfg.State.Read(keyFile)
	if err == nil {
		seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
		if err == nil && len(seed) == ed25519.SeedSize {
			return ed25519.NewKeyFromSeed(seed)
		}
		n.log.Warn("the key that signs receipts is damaged: they are refused until this node enrols again", "file", n.cfg.State.Path(keyFile))
	}
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	if errors.Is(err, fs.ErrNotExist) {
		err = n.cfg.State.Write(keyFile, []byte(hex.EncodeToString(seed)+"\n"))
	}
	if err != nil {
		n.log.Warn("the key that signs receipts cannot be kept: after the next start they are refused", "err", err)
	}
	return ed25519.NewKeyFromSeed(seed)
}
