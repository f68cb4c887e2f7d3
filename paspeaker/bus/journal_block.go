package bus

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// blockLen is how many entries the index keeps together. Slot i of block k is
// the entry with the sequence number k·blockLen+i.
const blockLen = 4096

// block is what the index knows of blockLen entries, a column for each field
// that is asked for: 16 bytes an entry.
type block struct {
	n         int    // slots that are filled, from the first on
	low, high uint32 // the earliest and the latest time in it

	at       [blockLen]uint32 // Unix seconds
	session  [blockLen]uint32 // folded; 0: none
	by       [blockLen]uint16 // of index.by
	zones    [blockLen]uint16 // of index.zones: all the zones of an entry are one word
	campaign [blockLen]uint16 // of index.campaign
	what     [blockLen]uint16 // of index.what; 0: there is no such entry
}

// words gives numbers to the words of a column; 0 is the empty word.
type words struct {
	id    map[string]uint16
	list  []string // list[id]
	bytes int      // of all of them
}

// otherWord stands for every word that came when the column was full. It is
// looked up in the entry itself.
const (
	otherWord = 0xffff
	maxWords  = 50_000
	maxBytes  = 2 << 20 // of a column's words
)

func newWords() words { return words{id: map[string]uint16{"": 0}, list: []string{""}} }

func (w *words) of(s string) uint16 {
	if id, known := w.id[s]; known {
		return id
	}
	if len(w.list) >= maxWords || w.bytes+len(s) > maxBytes {
		return otherWord
	}
	w.bytes += len(s)
	id := uint16(len(w.list))
	w.id[s], w.list = id, append(w.list, s)
	return id
}

// glance is what the index reads of an entry.
type glance struct {
	Time     time.Time           `json:"time"`
	What     string              `json:"what"`
	Session  paspeaker.SessionID `json:"session"`
	By       string              `json:"by"`
	Zones    []paspeaker.ZoneID  `json:"zones"`
	Campaign string              `json:"campaign"`
}

// unread is the What of entries that are no JSON of ours: they are kept in
// the stream and shown to nobody.
const unread = "?"

func glanceAt(data []byte) glance {
	var g glance
	if len(data) > maxMessage || json.Unmarshal(data, &g) != nil || g.What == "" {
		g.What = unread
	}
	return g
}

// index is the whole of it. It is used with its journal's lock held.
type index struct {
	created                   time.Time // of the stream that it is about
	blocks                    map[uint64]*block
	what, by, zones, campaign words
}

func newIndex(created time.Time) *index {
	return &index{created: created, blocks: make(map[uint64]*block),
		what: newWords(), by: newWords(), zones: newWords(), campaign: newWords()}
}

// put takes in the entry with that number. Gaps before it are entries that
// there are not. It says whether it filled the last slot of its block.
func (x *index) put(seq uint64, g glance) (full bool) {
	b := x.blocks[seq/blockLen]
	if b == nil {
		b = &block{}
		x.blocks[seq/blockLen] = b
	}
	i := int(seq % blockLen)
	if i < b.n {
		return false // known already
	}
	b.n = i + 1
	at := seconds(g.Time)
	b.at[i], b.session[i] = at, fold(g.Session)
	b.what[i], b.by[i], b.campaign[i] = x.what.of(g.What), x.by.of(g.By), x.campaign.of(g.Campaign)
	b.zones[i] = x.zones.of(zoneWord(g.Zones))
	b.span(at)
	return b.n == blockLen
}

// span takes a time into the block's bounds.
func (b *block) span(at uint32) {
	if b.low == 0 || at < b.low {
		b.low = at
	}
	b.high = max(b.high, at)
}

// close says that block k has been read up to n slots, whether there were
// entries in the last of them or not.
func (x *index) close(k uint64, n int) {
	b := x.blocks[k]
	if b == nil {
		b = &block{}
		x.blocks[k] = b
	}
	b.n = max(b.n, n)
}

// filled returns how many slots of block k are known.
func (x *index) filled(k uint64) int {
	if b := x.blocks[k]; b != nil {
		return b.n
	}
	return 0
}

// next returns the number after the newest entry that is known; 0 when none
// is.
func (x *index) next() uint64 {
	var newest uint64
	for k, b := range x.blocks {
		newest = max(newest, k*blockLen+uint64(b.n))
	}
	return newest
}

// seconds returns a time as the index has it, at least 1.
func seconds(t time.Time) uint32 { return uint32(max(1, min(t.Unix(), 1<<32-1))) }

// fold makes 32 bits of an announcement's id, 0 only of 0. Two ids may meet:
// the entry itself decides.
func fold(id paspeaker.SessionID) uint32 {
	id = id.Announcement()
	h := uint32(id>>32) ^ uint32(id)
	if h == 0 && id != 0 {
		return 1
	}
	return h
}

func zoneWord(zones []paspeaker.ZoneID) string {
	switch len(zones) {
	case 0:
		return ""
	case 1:
		return string(zones[0])
	}
	text := make([]string, len(zones))
	for i, z := range zones {
		text[i] = string(z)
	}
	return strings.Join(text, ",")
}

// sieve is a query in the index's own numbers. What it lets through may be
// wrong, what it holds back is not.
type sieve struct {
	since, until uint32
	session      uint32
	by, campaign uint16 // 0: any
	planned      bool
	what, zones  []bool // by word; nil: any
}

func (x *index) sieve(q paspeaker.JournalQuery) sieve {
	s := sieve{until: 1<<32 - 1, session: fold(q.Session), planned: q.Planned}
	if !q.Since.IsZero() {
		s.since = seconds(q.Since)
	}
	if !q.Until.IsZero() {
		s.until = seconds(q.Until)
	}
	known := func(w words, s string) uint16 {
		if id, ok := w.id[s]; ok {
			return id
		}
		return otherWord
	}
	s.by, s.campaign = known(x.by, q.By), known(x.campaign, q.Campaign)
	if len(q.What) > 0 {
		s.what = chosen(x.what, func(w string) bool { return slices.Contains(q.What, w) })
	}
	if len(q.Zones) > 0 {
		s.zones = chosen(x.zones, func(w string) bool {
			for z := range strings.SplitSeq(w, ",") {
				if slices.Contains(q.Zones, paspeaker.ZoneID(z)) {
					return true
				}
			}
			return false
		})
	}
	return s
}

func chosen(w words, f func(string) bool) []bool {
	out := make([]bool, len(w.list))
	for i, s := range w.list {
		out[i] = f(s)
	}
	return out
}

// has says whether a chosen word, or one that is not known, stands in a cell.
func has(set []bool, cell uint16) bool { return cell == otherWord || int(cell) < len(set) && set[cell] }

// is says whether a cell holds the word, or may.
func is(cell, word uint16) bool { return cell == word || cell == otherWord }

// match appends to out the numbers of block k's entries within [from, end)
// that come through the sieve, newest first, until there are limit of them.
func (b *block) match(k uint64, s *sieve, from, end uint64, limit int, out []uint64) []uint64 {
	if b.high < s.since || b.low > s.until {
		return out
	}
	base := k * blockLen
	top, bottom := 0, 0
	if end > base {
		top = int(min(end-base, uint64(b.n)))
	}
	if from > base {
		bottom = int(min(from-base, blockLen))
	}
	for i := top - 1; i >= bottom && len(out) < limit; i-- {
		if b.what[i] == 0 || b.at[i] < s.since || b.at[i] > s.until || s.session != 0 && b.session[i] != s.session {
			continue
		}
		if s.by != 0 && !is(b.by[i], s.by) || s.campaign != 0 && !is(b.campaign[i], s.campaign) || s.planned && b.campaign[i] == 0 {
			continue
		}
		if s.what != nil && !has(s.what, b.what[i]) || s.zones != nil && !has(s.zones, b.zones[i]) {
			continue
		}
		out = append(out, base+uint64(i))
	}
	return out
}
