package bus

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func glanceOf(e paspeaker.Entry) glance {
	return glance{Time: e.Time, What: e.What, Session: e.Session, By: e.By, Zones: e.Zones, Campaign: e.Campaign}
}

// find asks the index alone, newest first.
func (x *index) find(q paspeaker.JournalQuery, first, end uint64, limit int) (out []uint64) {
	s := x.sieve(q)
	for k := int64(end-1) / blockLen; k >= int64(first)/blockLen; k-- {
		if b := x.blocks[uint64(k)]; b != nil {
			out = b.match(uint64(k), &s, first, end, limit, out)
		}
	}
	return out
}

var (
	someZones = []paspeaker.ZoneID{"gates", "roads", "yard", "all"}
	somebody  = []string{"", "Anh Minh", "Chị Hoa", "token"}
	someWhat  = []string{"asked", "play", "end", "verdict", "fault"}
	someplan  = []string{"", "slogans", "tết"}
)

func drawEntry(t *rapid.T, seq uint64) paspeaker.Entry {
	return paspeaker.Entry{
		Seq: seq, Time: morning.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "time")) * time.Millisecond),
		What: rapid.SampledFrom(someWhat).Draw(t, "what"), By: rapid.SampledFrom(somebody).Draw(t, "by"),
		Session:  paspeaker.SessionID(rapid.IntRange(0, 5).Draw(t, "session"))<<8 | paspeaker.SessionID(rapid.IntRange(0, 2).Draw(t, "part")),
		Zones:    rapid.SliceOfN(rapid.SampledFrom(someZones), 0, 3).Draw(t, "zones"),
		Campaign: rapid.SampledFrom(someplan).Draw(t, "campaign"),
	}
}

func drawQuery(t *rapid.T) paspeaker.JournalQuery {
	maybe := func() bool { return rapid.IntRange(0, 3).Draw(t, "asked for") == 0 }
	var q paspeaker.JournalQuery
	at := func() time.Time {
		return morning.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "at")) * time.Millisecond)
	}
	if maybe() {
		q.Since = at()
	}
	if maybe() {
		q.Until = at()
	}
	if maybe() {
		q.Zones = rapid.SliceOfN(rapid.SampledFrom(append(someZones, "nowhere")), 1, 2).Draw(t, "in")
	}
	if maybe() {
		q.By = rapid.SampledFrom(append(somebody, "nobody")).Draw(t, "by")
	}
	if maybe() {
		q.Session = paspeaker.SessionID(rapid.IntRange(0, 6).Draw(t, "session")) << 8
	}
	if maybe() {
		q.What = rapid.SliceOfN(rapid.SampledFrom(append(someWhat, "preach")), 1, 2).Draw(t, "what")
	}
	if maybe() {
		q.Campaign = rapid.SampledFrom(someplan).Draw(t, "campaign")
	}
	q.Planned = maybe()
	if maybe() {
		q.Before = uint64(rapid.IntRange(1, 9000).Draw(t, "before"))
	}
	if maybe() {
		q.After = uint64(rapid.IntRange(0, 9000).Draw(t, "after"))
	}
	return q
}

// The index never holds back an entry that a search of all entries finds, and
// lets nothing through but for a second at the edges of the time.
func TestTheIndexFindsWhatASearchOfAllFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex(morning)
		first := uint64(rapid.IntRange(1, 4090).Draw(t, "first"))
		n := uint64(rapid.IntRange(1, 60).Draw(t, "entries"))
		stride := uint64(rapid.SampledFrom([]int{1, 1, 130}).Draw(t, "stride")) // gaps, over three blocks
		var entries []paspeaker.Entry
		for i := range n {
			e := drawEntry(t, first+i*stride)
			entries = append(entries, e)
			x.put(e.Seq, glanceOf(e))
		}
		end := first + n*stride
		q := drawQuery(t)
		from, to := max(first, q.After+1), end
		if q.Before > 0 {
			to = min(to, q.Before)
		}
		found := map[uint64]bool{}
		if to > from {
			last := uint64(1 << 62)
			for _, seq := range x.find(q, from, to, 1000) {
				if seq >= last {
					t.Fatalf("%d after %d: newest first", seq, last)
				}
				found[seq], last = true, seq
			}
		}
		wide := q
		if !q.Since.IsZero() {
			wide.Since = q.Since.Truncate(time.Second)
		}
		if !q.Until.IsZero() {
			wide.Until = q.Until.Truncate(time.Second).Add(time.Second)
		}
		for _, e := range entries {
			if q.Selects(e) && !found[e.Seq] {
				t.Fatalf("%+v is missing %+v", q, e)
			}
			if found[e.Seq] && !wide.Selects(e) {
				t.Fatalf("%+v lets %+v through", q, e)
			}
		}
	})
}

func TestTheIndexStopsAtItsLimit(t *testing.T) {
	x := newIndex(morning)
	for i := range uint64(20) {
		x.put(i+1, glance{Time: morning, What: "play"})
	}
	assert.Equal(t, []uint64{20, 19, 18}, x.find(paspeaker.JournalQuery{}, 1, 21, 3))
	assert.Equal(t, []uint64{17, 16}, x.find(paspeaker.JournalQuery{}, 1, 18, 2))
}

// A column that has no room for new words costs speed, and no entry.
func TestMoreNamesThanTheIndexHolds(t *testing.T) {
	x := newIndex(morning)
	n := uint64(maxWords + 10)
	for i := range n {
		x.put(i+1, glance{Time: morning, What: "asked", By: fmt.Sprint("caller ", i)})
	}
	assert.Contains(t, x.find(paspeaker.JournalQuery{By: fmt.Sprint("caller ", n-1)}, 1, n+1, 100), n)
	known := x.find(paspeaker.JournalQuery{By: "caller 7"}, 1, n+1, 100)
	assert.Contains(t, known, uint64(8))
	assert.Less(t, len(known), 15, "the few that are not known may be it")
}

// full returns an index with one full block.
func full() *index {
	x := newIndex(morning)
	for i := range uint64(2 * blockLen) {
		x.put(i, glance{Time: morning.Add(time.Duration(i) * time.Second), What: someWhat[i%5], By: somebody[i%4],
			Session: paspeaker.SessionID(i/3) << 8, Zones: someZones[i%4 : i%4+1], Campaign: someplan[i%3]})
	}
	return x
}

func TestABlockIsKeptAndRecalled(t *testing.T) {
	x := full()
	text := x.encode(1)
	require.NotNil(t, text)
	assert.Less(t, len(text), 80_000)

	y := newIndex(morning)
	y.put(1, glance{Time: morning, What: "before", By: "Somebody else", Zones: []paspeaker.ZoneID{"elsewhere"}}) // its words have other numbers
	require.NoError(t, y.decode(1, text))
	for _, q := range []paspeaker.JournalQuery{{}, {By: "Chị Hoa"}, {Zones: someZones[1:2]}, {Campaign: "tết", What: []string{"end"}},
		{Session: 2000 << 8}, {Since: morning.Add(5000 * time.Second), Until: morning.Add(5010 * time.Second)}} {
		want := x.find(q, blockLen, 2*blockLen, 10_000)
		assert.NotEmpty(t, want, "%+v", q)
		assert.Equal(t, want, y.find(q, blockLen, 2*blockLen, 10_000), "%+v", q)
	}
	assert.Equal(t, x.blocks[1].low, y.blocks[1].low)
	assert.Equal(t, x.blocks[1].high, y.blocks[1].high)
}

func TestWhatIsNotThatBlockIsRefused(t *testing.T) {
	text := full().encode(1)
	changed := func(i int) []byte {
		b := append([]byte(nil), text...)
		b[i] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		x    *index
		k    uint64
		text []byte
	}{
		"another block":   {newIndex(morning), 2, text},
		"another journal": {newIndex(morning.Add(time.Second)), 1, text},
		"cut off":         {newIndex(morning), 1, text[:len(text)-1]},
		"nothing":         {newIndex(morning), 1, nil},
		"a changed cell":  {newIndex(morning), 1, changed(len(text) - 100)},
		"a changed word":  {newIndex(morning), 1, changed(40)},
	} {
		assert.Error(t, c.x.decode(c.k, c.text), name)
		assert.Empty(t, c.x.blocks, name)
	}
	assert.Nil(t, full().encode(2), "a block that is not there")
	part := newIndex(morning)
	part.put(5, glance{})
	assert.Nil(t, part.encode(0), "a block that is not full")
}

func FuzzIndexBlock(f *testing.F) {
	text := full().encode(1)
	f.Add(text[:len(text)-4])
	f.Add([]byte{keepVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		x := newIndex(morning)
		_ = x.decode(1, b)
		sealed := appendChecksum(b)
		if x.decode(1, sealed) == nil {
			x.find(paspeaker.JournalQuery{By: "x", Zones: someZones}, 0, 3*blockLen, 10)
		}
	})
}

// flood writes n entries without waiting for each.
func flood(t *testing.T, b *Bus, n int, f func(i int) paspeaker.Entry) {
	t.Helper()
	for i := range n {
		data, err := json.Marshal(f(i))
		require.NoError(t, err)
		require.NoError(t, b.nc.Publish(journalSubject, data))
	}
	soon(t, "all are written", func() bool {
		s, err := b.js.Stream(t.Context(), journalStream)
		return err == nil && s.CachedInfo().State.LastSeq >= uint64(n)
	})
}

func TestAStartReadsTheKeptIndex(t *testing.T) {
	b := newSite(t).up().controller()
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	flood(t, b, 2*blockLen+10, func(i int) paspeaker.Entry {
		return paspeaker.Entry{Time: morning, What: "play", Detail: fmt.Sprint(i), By: somebody[i%4]}
	})
	require.NoError(t, j.warmOnce(t.Context()))
	info := func(stream string) *jetstream.StreamInfo {
		s, err := b.js.Stream(t.Context(), stream)
		require.NoError(t, err)
		return s.CachedInfo()
	}
	assert.EqualValues(t, 2, info(indexStream).State.Msgs, "two blocks are full")

	again, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	s, journal, err := again.info(t.Context())
	require.NoError(t, err)
	require.NoError(t, again.begin(t.Context(), journal, 0))
	for k := range uint64(2) {
		assert.True(t, again.recall(t.Context(), s, k), "block %d", k)
	}
	got, err := again.Query(t.Context(), paspeaker.JournalQuery{By: "Chị Hoa", Limit: 3000})
	require.NoError(t, err)
	assert.Equal(t, blockLen/2+2, len(got))
	require.NoError(t, again.warmOnce(t.Context()))
	assert.EqualValues(t, 2, info(indexStream).State.LastSeq, "what was kept is not kept again")

	stale, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	assert.False(t, stale.recall(t.Context(), s, 1), "of another stream")
}

func TestTheIndexGrowsWithTheJournal(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	j.Append(paspeaker.Entry{What: "play", Detail: "0"})
	flush(t, j)
	assert.Equal(t, numbers(0, 1), all(t, j))
	for i := 1; i < 50; i++ {
		j.Append(paspeaker.Entry{What: "play", Detail: fmt.Sprint(i)})
	}
	flush(t, j)
	assert.Equal(t, uint64(51), j.shelf.index.next(), "without a query")
	assert.Equal(t, numbers(0, 50), all(t, j))
}

func TestEntriesNotedSinceTheQuestionStayInTheIndex(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	more := func(from, to int) {
		for i := from; i < to; i++ {
			j.Append(paspeaker.Entry{What: "play", Detail: fmt.Sprint(i)})
		}
		flush(t, j)
	}
	more(0, 3)
	assert.Equal(t, numbers(0, 3), all(t, j))
	had, err := j.indexed(t.Context())
	require.NoError(t, err)
	_, before, err := j.info(t.Context())
	require.NoError(t, err)
	more(3, 8)
	require.NoError(t, j.begin(t.Context(), before, had))
	now, err := j.indexed(t.Context())
	require.NoError(t, err)
	assert.Equal(t, uint64(9), now)

	before.State.LastSeq = 1 // a stream that was cut short
	require.NoError(t, j.begin(t.Context(), before, had))
	now, err = j.indexed(t.Context())
	require.NoError(t, err)
	assert.Zero(t, now, "it is read again")
}

func TestAnotherControllersEntriesAreFound(t *testing.T) {
	s := newSite(t).up()
	one, _ := openJournal(t, s.controller())
	two, _ := openJournal(t, s.controller())
	for i := range 6 {
		j := []*Journal{one, two}[i%2]
		j.Append(paspeaker.Entry{What: "play", Detail: fmt.Sprint(i)})
		flush(t, j)
		assert.Equal(t, numbers(0, i+1), all(t, one))
		assert.Equal(t, numbers(0, i+1), all(t, two))
	}
}

func TestAJournalOfAnEarlierVersionGetsFastPages(t *testing.T) {
	b := newSite(t).up().controller()
	_, err := b.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: journalStream, Subjects: []string{journalSubject}, MaxBytes: 1 << 20})
	require.NoError(t, err)
	j, _ := openJournal(t, b)
	s, err := b.js.Stream(t.Context(), journalStream)
	require.NoError(t, err)
	assert.True(t, s.CachedInfo().Config.AllowDirect)
	assert.EqualValues(t, 1<<20, s.CachedInfo().Config.MaxBytes, "the site's own limit stays")
	j.Append(paspeaker.Entry{What: "play", Detail: "0"})
	flush(t, j)
	assert.Equal(t, numbers(0, 1), all(t, j))
}

// The oldest entries go when the journal is full; what is left is found.
func TestAJournalThatForgets(t *testing.T) {
	b := newSite(t).up().controller()
	_, err := b.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: journalStream, Subjects: []string{journalSubject}, MaxMsgs: 100})
	require.NoError(t, err)
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	flood(t, b, 5000, func(i int) paspeaker.Entry { return paspeaker.Entry{What: "play", Detail: fmt.Sprint(i)} })
	assert.Equal(t, numbers(4900, 5000), all(t, j))
	require.NoError(t, j.warmOnce(t.Context()))
	assert.Equal(t, numbers(4900, 5000), all(t, j))
}
