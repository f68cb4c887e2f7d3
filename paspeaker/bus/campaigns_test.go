package bus

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/hub"
)

func slogans(id string) paspeaker.Campaign {
	return paspeaker.Campaign{ID: id, Name: "Khẩu hiệu giờ vào ca", Zones: []paspeaker.ZoneID{"gates"},
		Messages: []paspeaker.CampaignMessage{{Name: "slogan-1"}}, Rules: []paspeaker.Rule{{At: []string{"06:30"}}}}
}

func TestTheLifeOfACampaign(t *testing.T) {
	c := newSite(t).up().controller().Campaigns()
	ctx := t.Context()
	first, err := c.Put(ctx, slogans("ca-sang"))
	require.NoError(t, err)
	assert.NotZero(t, first.Revision)
	_, err = c.Put(ctx, slogans("ca-sang"))
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "there is one: %v", err)

	changed := first
	changed.Paused = true
	second, err := c.Put(ctx, changed)
	require.NoError(t, err)
	assert.Greater(t, second.Revision, first.Revision)
	_, err = c.Put(ctx, changed)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "somebody was faster: %v", err)
	got, err := c.Get(ctx, "ca-sang")
	require.NoError(t, err)
	assert.Equal(t, second, got)

	err = c.Remove(ctx, "ca-sang", first.Revision)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "%v", err)
	require.NoError(t, c.Remove(ctx, "ca-sang", second.Revision))
	_, err = c.Get(ctx, "ca-sang")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	err = c.Remove(ctx, "ca-sang", second.Revision)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	again, err := c.Put(ctx, slogans("ca-sang"))
	require.NoError(t, err, "its id is free again")
	assert.Greater(t, again.Revision, second.Revision)
}

func TestWhatIsNoCampaignIsRefused(t *testing.T) {
	c := newSite(t).up().controller().Campaigns()
	for _, id := range []string{"", "Ca sáng", "a.b", "*", ">"} {
		_, err := c.Put(t.Context(), slogans(id))
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), id)
		_, err = c.Get(t.Context(), id)
		assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err), id)
	}
	long := slogans("long")
	long.Notes = string(make([]byte, maxCampaign))
	_, err := c.Put(t.Context(), long)
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err))
}

// told keeps what a watch tells.
type told struct {
	mu       sync.Mutex
	seen     map[string]*paspeaker.Campaign
	complete int
}

func (w *told) take(id string, v *paspeaker.Campaign) { w.mu.Lock(); w.seen[id] = v; w.mu.Unlock() }
func (w *told) whole()                                { w.mu.Lock(); w.complete++; w.mu.Unlock() }
func (w *told) has(f func(*told) bool) func() bool {
	return func() bool { w.mu.Lock(); defer w.mu.Unlock(); return f(w) }
}

func TestCampaignsAreWatched(t *testing.T) {
	s := newSite(t).up()
	c := s.controller().Campaigns()
	one, err := c.Put(t.Context(), slogans("one"))
	require.NoError(t, err)
	w := &told{seen: map[string]*paspeaker.Campaign{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Watch(ctx, w.take, w.whole) }()
	soon(t, "what is there is told", w.has(func(w *told) bool { return w.complete == 1 && w.seen["one"] != nil }))
	_, err = s.controller().Campaigns().Put(t.Context(), slogans("two"))
	require.NoError(t, err)
	soon(t, "what comes is told", w.has(func(w *told) bool { return w.seen["two"] != nil }))
	require.NoError(t, c.Remove(t.Context(), "one", one.Revision))
	soon(t, "what goes is told", w.has(func(w *told) bool { v, known := w.seen["one"]; return known && v == nil }))
	cancel()
	require.NoError(t, <-done)
}

func TestWhileNATSIsDownNothingIsClaimed(t *testing.T) {
	s := newSite(t).up()
	s.hub.Shutdown()
	b := s.connect(Config{URL: "nats://" + s.addr, NkeySeed: s.hub.Seed(), Name: "paspeakerd"})
	_, err := b.Campaigns().Put(t.Context(), slogans("one"))
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	_, err = b.Claims().Claim(t.Context(), Claim{Occurrence: "one@2026-11-24T06:30"})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "nobody knows: it is not played")
}

func TestOfAllWhoClaimOneWins(t *testing.T) {
	s := newSite(t).up()
	const id = "slogans@2026-11-24T06:30"
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		claims := s.controller().Claims()
		wg.Go(func() {
			ok, err := claims.Claim(t.Context(), Claim{Occurrence: id, Term: uint32(i)})
			assert.NoError(t, err)
			if ok {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 1, won)
	claims := s.controller().Claims()
	ok, err := claims.Claim(t.Context(), Claim{Occurrence: id})
	require.NoError(t, err)
	assert.False(t, ok, "nor later")
	kept, known, err := claims.Get(t.Context(), id)
	require.NoError(t, err)
	assert.True(t, known)
	assert.Equal(t, id, kept.Occurrence)
	_, known, err = claims.Get(t.Context(), "slogans@2026-11-24T07:00")
	require.NoError(t, err)
	assert.False(t, known)
}

func TestClaimsOfADay(t *testing.T) {
	claims := newSite(t).up().controller().Claims()
	for _, id := range []string{"a@2026-11-24T06:30", "b@2026-11-24T06:30:15", "a@2026-11-25T06:30"} {
		ok, err := claims.Claim(t.Context(), Claim{Occurrence: id, Why: "missed"})
		require.NoError(t, err)
		assert.True(t, ok, id)
	}
	day, err := paspeaker.ParseDate("2026-11-24")
	require.NoError(t, err)
	got, err := claims.On(t.Context(), day)
	require.NoError(t, err)
	var ids []string
	for _, c := range got {
		ids = append(ids, c.Occurrence)
	}
	assert.ElementsMatch(t, []string{"a@2026-11-24T06:30", "b@2026-11-24T06:30:15"}, ids)
	none, err := claims.On(t.Context(), day+7)
	require.NoError(t, err)
	assert.Empty(t, none)
	for _, id := range []string{"", "a", "a@now", "Ă@2026-11-24T06:30"} {
		_, err := claims.Claim(t.Context(), Claim{Occurrence: id})
		assert.Error(t, err, id)
	}
}

// killPlan is the process of the next test: campaigns are stored and
// occurrences claimed, and what was acknowledged is printed.
func killPlan() bool {
	dir := os.Getenv("PA_TEST_KILL_PLAN")
	if dir == "" {
		return false
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	must(err)
	b, err := Connect(context.Background(), Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	must(err)
	ctx := context.Background()
	for i := 0; ; i++ {
		id := fmt.Sprint("c-", i)
		_, err := b.Campaigns().Put(ctx, slogans(id))
		must(err)
		ok, err := b.Claims().Claim(ctx, Claim{Occurrence: id + "@2026-11-24T06:30"})
		must(err)
		fmt.Println(id, ok)
	}
}

func TestNoCampaignAndNoClaimIsLostByKillMinus9(t *testing.T) {
	for _, kill := range []int{1, 80} {
		s := newSite(t)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "PA_TEST_KILL_PLAN="+s.dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		var acked []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var id string
			var ok bool
			if n, _ := fmt.Sscan(lines.Text(), &id, &ok); n == 2 {
				require.True(t, ok)
				acked = append(acked, id)
			}
			if len(acked) == kill {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait(), "killed")
		require.GreaterOrEqual(t, len(acked), kill)
		b := s.up().controller()
		for _, id := range acked {
			_, err := b.Campaigns().Get(t.Context(), id)
			require.NoError(t, err)
			again, err := b.Claims().Claim(t.Context(), Claim{Occurrence: id + "@2026-11-24T06:30"})
			require.NoError(t, err)
			require.False(t, again, "%s would sound twice", id)
		}
	}
}
