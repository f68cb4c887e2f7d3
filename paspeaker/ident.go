package paspeaker

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
)

// ZoneID names a zone: lower-case ASCII letters, digits and hyphens, 1–32
// characters ("gates", "road-2"). The name that people read is Zone.Name.
type ZoneID string

// SpeakerID names a loudspeaker, in the form of a ZoneID ("gate-1").
type SpeakerID string

// ZoneAll is the zone that every site has and every loudspeaker stands in.
const ZoneAll ZoneID = "all"

var idForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// ValidID says whether s may name a zone, a loudspeaker or an emergency.
func ValidID(s string) bool { return idForm.MatchString(s) }

// Tag is the 32-bit name of a zone or loudspeaker on the wire: FNV-1a of its
// id. TagEveryone addresses every loudspeaker. The site check refuses two ids
// with one tag.
type Tag uint32

// TagEveryone is the tag that addresses every loudspeaker of the site.
const TagEveryone Tag = 0

// TagOf returns the tag of a zone's or loudspeaker's id; ZoneAll is
// TagEveryone. No other id has the tag 0: the site check refuses it.
func TagOf[ID ~string](id ID) Tag {
	if string(id) == string(ZoneAll) {
		return TagEveryone
	}
	h := fnv.New32a()
	h.Write([]byte(id))
	return Tag(h.Sum32())
}

// SessionID names one announcement on air. The low byte is the part: stacked
// routing plays an announcement once for each group of zones that becomes
// free, and each such part is a session of its own on the wire. Printed and
// marshalled as 16 hexadecimal digits.
type SessionID uint64

// Announcement returns the id of part 0, which names the announcement.
func (id SessionID) Announcement() SessionID { return id &^ 0xff }

// Part returns the part's number, 0–255.
func (id SessionID) Part() int { return int(id & 0xff) }

// WithPart returns the id of part n of the same announcement.
func (id SessionID) WithPart(n int) SessionID { return id.Announcement() | SessionID(n&0xff) }

// String returns 16 hexadecimal digits.
func (id SessionID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// MarshalText implements encoding.TextMarshaler.
func (id SessionID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *SessionID) UnmarshalText(b []byte) error {
	v, err := ParseSessionID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// ParseSessionID reads what String wrote; leading zeros may be left out.
func ParseSessionID(s string) (SessionID, error) {
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("session id %q: want up to 16 hexadecimal digits", s)
	}
	return SessionID(v), nil
}
