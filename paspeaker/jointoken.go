package paspeaker

import (
	"encoding/hex"
	"strings"
)

// JoinSecret is what a join token says: which node may enrol, which
// certificate the API must show, and the secret that is good for once.
// As text: "pajoin.<node>.<fingerprint>.<secret>".
type JoinSecret struct {
	Node        SpeakerID
	Fingerprint [32]byte // SHA-256 of the API's certificate
	Secret      string   // 16–64 characters, URL-safe
}

// String returns the token as a technician copies it.
func (j JoinSecret) String() string {
	return "pajoin." + string(j.Node) + "." + hex.EncodeToString(j.Fingerprint[:]) + "." + j.Secret
}

// ParseJoinSecret reads a join token; the error says that it is not one.
func ParseJoinSecret(s string) (JoinSecret, error) {
	bad := &Error{Code: CodeInvalid, What: "this is not a join token",
		Hint: "paste the whole line that `paspeaker join-token` printed; it begins with pajoin."}
	part := strings.Split(strings.TrimSpace(s), ".")
	if len(part) != 4 || part[0] != "pajoin" || !ValidID(part[1]) || len(part[3]) < 16 || len(part[3]) > 64 {
		return JoinSecret{}, bad
	}
	j := JoinSecret{Node: SpeakerID(part[1]), Secret: part[3]}
	if n, err := hex.Decode(j.Fingerprint[:], []byte(part[2])); err != nil || n != 32 || len(part[2]) != 64 {
		return JoinSecret{}, bad
	}
	return j, nil
}
