package site

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Digest returns 16 hexadecimal digits that change when anything in the site
// does: not with comments or the order of keys, but with assigned groups.
func (s *Site) Digest() string {
	same := *s
	same.Location = nil
	b, err := json.Marshal(struct {
		Site     Site
		Location string
		Beside   map[string][]byte
	}{same, s.Location.String(), s.beside})
	if err != nil { // NaN alone could do that, and number refuses it
		return "unknown"
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
