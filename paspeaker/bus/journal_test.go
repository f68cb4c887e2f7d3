package bus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/hub"
)

var morning = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

// openJournal opens b's journal and runs it until the returned function, or the
// test, ends it.
func openJournal(t *testing.T, b *Bus) (*Journal, func()) {
	t.Helper()
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	return j, run(t, j)
}

func run(t *testing.T, j *Journal) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var done sync.WaitGroup
	done.Go(func() { assert.NoError(t, j.Run(ctx)) })
	stop := func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func flush(t *testing.T, j *Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, j.Flush(ctx))
}

func details(entries []paspeaker.Entry) (text []string) {
	for _, e := range entries {
		text = append(text, e.Detail)
	}
	return text
}

func all(t *testing.T, j *Journal) []string {
	t.Helper()
	entries, err := j.Query(t.Context(), paspeaker.JournalQuery{Limit: maxLimit})
	require.NoError(t, err)
	return details(entries)
}

func numbers(from, to int) (text []string) {
	for i := from; i < to; i++ {
		text = append(text, fmt.Sprint(i))
	}
	return text
}

func TestTheJournalAnswersWhoWhatAndWhere(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	got, err := j.Query(t.Context(), paspeaker.JournalQuery{})
	require.NoError(t, err)
	assert.Empty(t, got)

	day := []paspeaker.Entry{
		{Time: morning, What: "asked", Session: 0x100, Name: "Khẩu hiệu", By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates", "roads"}, Detail: "a"},
		{Time: morning.Add(time.Minute), What: "play", Session: 0x101, By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates"}, Detail: "b", Campaign: "slogans"},
		{Time: morning.Add(2 * time.Minute), What: "asked", Session: 0x200, Kind: paspeaker.KindEmergency, By: "Chị Hoa", Zones: []paspeaker.ZoneID{"gates"}, Detail: "c", Drill: true},
		{Time: morning.Add(3 * time.Minute), What: "end", Session: 0x200, By: "Chị Hoa", Outcome: "done", Detail: "d", Receipts: []paspeaker.Receipt{{Node: "gate-1", Played: 9}}},
	}
	for _, e := range day {
		j.Append(e)
	}
	flush(t, j)

	type q = paspeaker.JournalQuery
	gates := []paspeaker.ZoneID{"gates"}
	for _, test := range []struct {
		q    q
		want string
	}{
		{q{}, "abcd"},
		{q{Limit: 2}, "cd"},
		{q{Zones: gates}, "abc"},
		{q{Zones: []paspeaker.ZoneID{"roads", "yard"}}, "a"},
		{q{By: "Chị Hoa"}, "cd"},
		{q{By: "Chi Hoa"}, ""},
		{q{Session: 0x100}, "ab"},
		{q{Session: 0x101}, "ab"},
		{q{Since: morning.Add(time.Minute)}, "bcd"},
		{q{Until: morning.Add(time.Minute)}, "a"},
		{q{Since: morning.Add(time.Minute), Until: morning.Add(3 * time.Minute), Zones: gates, Limit: 1}, "c"},
		{q{Since: morning.Add(time.Hour)}, ""},
		{q{What: []string{"play", "end"}}, "bd"},
		{q{What: []string{"preach"}}, ""},
		{q{Campaign: "slogans"}, "b"},
		{q{Campaign: "slogan"}, ""},
		{q{Planned: true}, "b"},
		{q{Before: 3}, "ab"},
		{q{After: 1, Before: 4}, "bc"},
		{q{Before: 4, Limit: 1}, "c"},
		{q{After: 4}, ""},
	} {
		got, err := j.Query(t.Context(), test.q)
		require.NoError(t, err)
		assert.Equal(t, test.want, strings.Join(details(got), ""), "%+v", test.q)
	}
	got, err = j.Query(t.Context(), q{})
	require.NoError(t, err)
	for i := range day {
		day[i].Seq = uint64(i + 1)
	}
	assert.Equal(t, day, got, "every word of it")
}

func TestALongJournalIsReadFromItsEnd(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	n := 2*blockLen + 7
	for i := range n {
		e := paspeaker.Entry{Detail: fmt.Sprint(i), By: "operator"}
		if i == 3 {
			e.By = "chief"
		}
		if j.Append(e); i%1000 == 0 { // the buffer is for outages
			flush(t, j)
		}
	}
	flush(t, j)
	assert.Equal(t, numbers(0, n), all(t, j))
	for _, limit := range []int{1, blockLen, blockLen + 1, 2*blockLen + 1} {
		got, err := j.Query(t.Context(), paspeaker.JournalQuery{Limit: limit})
		require.NoError(t, err)
		assert.Equal(t, numbers(n-limit, n), details(got), limit)
	}
	got, err := j.Query(t.Context(), paspeaker.JournalQuery{By: "chief"})
	require.NoError(t, err)
	assert.Equal(t, []string{"3"}, details(got))
	got, err = j.Query(t.Context(), paspeaker.JournalQuery{Since: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	assert.Len(t, got, defaultLimit)
}

func TestAppendNeverWaitsForNATS(t *testing.T) {
	s := newSite(t).up()
	b := s.connect(Config{URL: "nats://" + s.addr, NkeySeed: s.hub.Seed(), Name: "paspeakerd"})
	j, _ := openJournal(t, b)
	j.Append(paspeaker.Entry{Detail: "0"})
	flush(t, j)

	s.hub.Shutdown()
	for i := 1; i < 100; i++ {
		j.Append(paspeaker.Entry{Detail: fmt.Sprint(i)})
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, j.Flush(gone), "99 entries wait")
	soon(t, "down", func() bool { return !b.Connected() })
	_, err := j.Query(t.Context(), paspeaker.JournalQuery{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))

	// The controller's key is new with each start, as the hub is.
	j2 := reopen(t, s, j)
	flush(t, j2)
	assert.Equal(t, numbers(0, 100), all(t, j2))
}

// reopen starts the hub again and moves what j still holds to a new
// connection.
func reopen(t *testing.T, s *site, j *Journal) *Journal {
	s.up()
	moved := &Journal{bus: s.controller(), buf: j.buf, shelf: newShelf()}
	run(t, moved)
	return moved
}

func TestNothingAcknowledgedIsLostWhenTheHubGoesDownInTheMiddle(t *testing.T) {
	s := newSite(t).up()
	j, stop := openJournal(t, s.controller())
	const n = 2000
	var appending sync.WaitGroup
	appending.Go(func() {
		for i := range n {
			j.Append(paspeaker.Entry{Detail: fmt.Sprint(i)})
		}
	})
	soon(t, "some are written", func() bool { return len(all(t, j)) > 20 })
	s.hub.Shutdown()
	appending.Wait()
	waiting, lost := j.Pending()
	assert.Positive(t, waiting)
	assert.Zero(t, lost)
	stop()

	j2 := reopen(t, s, j)
	flush(t, j2)
	assert.Equal(t, numbers(0, n), all(t, j2), "each once, in order")
}

func TestARepeatedWriteIsOneEntry(t *testing.T) {
	b := newSite(t).up().controller()
	j, _ := openJournal(t, b)
	it := item{id: "x-1", data: []byte(`{"detail":"once"}`)}
	for range 3 {
		require.NoError(t, j.write(t.Context(), it))
	}
	assert.Equal(t, []string{"once"}, all(t, j))
}

func TestWhatIsLeftIsWrittenWhenRunEnds(t *testing.T) {
	b := newSite(t).up().controller()
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	j.Append(paspeaker.Entry{What: "goodbye", Detail: "0"})
	j.Append(paspeaker.Entry{What: "goodbye", Detail: "1"})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, j.Run(ended))
	assert.Equal(t, numbers(0, 2), all(t, j))
}

func TestFollowHearsWhatIsWrittenFromNowOn(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	j.Append(paspeaker.Entry{Detail: "before"})
	flush(t, j)
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan paspeaker.Entry, 1000)
	ended := make(chan error)
	go func() {
		ended <- j.Follow(ctx, paspeaker.JournalQuery{}, func(e paspeaker.Entry) error { heard <- e; return nil })
	}()

	// It says nothing when it listens, so the first words are repeated.
	var first paspeaker.Entry
	soon(t, "heard", func() bool {
		j.Append(paspeaker.Entry{Detail: "after"})
		select {
		case first = <-heard:
			return true
		default:
			return false
		}
	})
	assert.Equal(t, "after", first.Detail)
	assert.Greater(t, first.Seq, uint64(1))
	cancel()
	assert.NoError(t, <-ended)
}

func TestFollowBeginsWithWhatWasWritten(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	for i := range 10 {
		j.Append(paspeaker.Entry{Detail: fmt.Sprint(i), By: somebody[i%2]})
	}
	flush(t, j)
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		q    paspeaker.JournalQuery
		want string
	}{
		"the newest two":         {paspeaker.JournalQuery{Limit: 2}, "8 9"},
		"all of somebody":        {paspeaker.JournalQuery{Limit: 100, By: "Anh Minh"}, "1 3 5 7 9"},
		"after an interruption":  {paspeaker.JournalQuery{After: 7}, "7 8 9"},
		"after one, of somebody": {paspeaker.JournalQuery{After: 5, By: "Anh Minh", Limit: 1}, "5 7 9"},
	} {
		var got []string
		want := strings.Fields(c.want)
		err := j.Follow(t.Context(), c.q, func(e paspeaker.Entry) error {
			if got = append(got, e.Detail); len(got) == len(want) {
				return enough
			}
			return nil
		})
		assert.ErrorIs(t, err, enough, name)
		assert.Equal(t, want, got, name)
	}
	var got []string
	err := j.Follow(t.Context(), paspeaker.JournalQuery{Limit: 1}, func(e paspeaker.Entry) error {
		if got = append(got, e.Detail); len(got) == 3 {
			return enough
		}
		j.Append(paspeaker.Entry{Detail: fmt.Sprint(9 + len(got))})
		return nil
	})
	assert.ErrorIs(t, err, enough)
	assert.Equal(t, numbers(9, 12), got, "what is written meanwhile follows")
}

func TestAnEntryThatIsTooLongIsCutAndNotLost(t *testing.T) {
	j, _ := openJournal(t, newSite(t).up().controller())
	j.Append(paspeaker.Entry{What: "verdict", Session: 0x100, Receipts: make([]paspeaker.Receipt, 10_000)})
	flush(t, j) // a loss is told before all that still waits
	j.Append(paspeaker.Entry{What: "asked", Name: strings.Repeat("x", maxMessage)})
	flush(t, j)
	got, err := j.Query(t.Context(), paspeaker.JournalQuery{})
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, []string{"verdict", "loss"}, []string{got[0].What, got[1].What})
	assert.Contains(t, got[0].Detail, "too long")
	_, lost := j.Pending()
	assert.EqualValues(t, 1, lost)
}

// killMe is the process of the next test: a hub, and a journal that prints
// what it has flushed.
func killMe() bool {
	dir := os.Getenv("PA_TEST_KILL_DIR")
	if dir == "" {
		return false
	}
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	if err != nil {
		panic(err)
	}
	b, err := Connect(context.Background(), Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	if err != nil {
		panic(err)
	}
	j, err := b.OpenJournal(context.Background())
	if err != nil {
		panic(err)
	}
	go func() { _ = j.Run(context.Background()) }()
	for i := 0; ; i++ {
		j.Append(paspeaker.Entry{Detail: fmt.Sprint(i)})
		if j.Flush(context.Background()) == nil {
			fmt.Println(i)
		}
	}
}

func TestNothingAcknowledgedIsLostByKillMinus9(t *testing.T) {
	s := newSite(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "PA_TEST_KILL_DIR="+s.dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	written, lines := 0, bufio.NewScanner(out)
	for lines.Scan() {
		written++
		if written == 200 {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	assert.Error(t, cmd.Wait(), "killed")

	j, _ := openJournal(t, s.up().controller())
	got := all(t, j)
	require.GreaterOrEqual(t, len(got), written)
	assert.Equal(t, numbers(0, len(got)), got)
}

func BenchmarkAppend(b *testing.B) {
	j := &Journal{bus: &Bus{now: time.Now}, buf: newBuffer("x"), shelf: newShelf()}
	e := paspeaker.Entry{Time: morning, What: "play", Session: 0x100, Name: "Khẩu hiệu", By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates", "roads"}}
	b.ReportAllocs()
	for b.Loop() {
		j.Append(e)
	}
}

func BenchmarkWrite(b *testing.B) {
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: b.TempDir()})
	require.NoError(b, err)
	defer h.Shutdown()
	bus, err := Connect(b.Context(), Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	require.NoError(b, err)
	defer bus.Close()
	j, err := bus.OpenJournal(b.Context())
	require.NoError(b, err)
	data, err := json.Marshal(paspeaker.Entry{Time: morning, What: "play", Session: 0x100, Name: "Khẩu hiệu", By: "Anh Minh"})
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, j.write(b.Context(), j.buf.item(data)))
	}
}
