package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/schedule"
)

// claimOf is a claim of an occurrence by somebody else.
func claimOf(occurrence string) bus.Claim { return bus.Claim{Occurrence: occurrence, Term: 1} }

// world is what outlives schedulers: the claims, and what was heard.
type world struct {
	mu     sync.Mutex
	claims map[string]bus.Claim
	heard  map[string][]time.Time
	lost   map[string]string
	down   bool          // the store does not answer
	mute   bool          // the store answers, but the answer is lost
	step   time.Duration // of the wall clock against real time
	term   uint32
}

func newWorld() *world {
	return &world{claims: map[string]bus.Claim{}, heard: map[string][]time.Time{}, lost: map[string]string{}}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.step)
}

// sounded is what was heard so far, by occurrence.
func (w *world) sounded() map[string][]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.heard)
}

// gone is why what is lost is lost, by occurrence.
func (w *world) gone() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.lost)
}

var errDown = errors.New("the store does not answer")

// daemon is a scheduler that can be killed: from then on nothing that it does
// has an effect.
type daemon struct {
	*scheduler
	w    *world
	kill context.CancelFunc
	done chan struct{}
	dead bool   // under w.mu
	at   string // the point at which it dies by itself: claim, claimed, play
}

func (w *world) start(at string, entrants ...*schedule.Entrant) *daemon {
	w.mu.Lock()
	w.term++
	d := &daemon{w: w, done: make(chan struct{}), at: at}
	term := w.term
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	d.kill = func() {
		w.mu.Lock()
		d.dead = true
		w.mu.Unlock()
		cancel()
	}
	d.scheduler = newScheduler(schedulerConfig{
		Now: w.now, Claim: d.claim, Claimed: d.claimed, Ready: d.ready, Busy: func(string) bool { return false }, Lost: d.lose,
		Term: term, Log: slog.New(slog.DiscardHandler),
	})
	for _, e := range entrants {
		d.set(e.Campaign().ID, e, e.Campaign().Created)
	}
	go func() { defer close(d.done); _ = d.Run(ctx) }()
	return d
}

func (d *daemon) stop() { d.kill(); <-d.done }

// die is called under w.mu.
func (d *daemon) die(at string) bool {
	if d.at == at {
		d.dead = true
	}
	return d.dead
}

func (d *daemon) claim(_ context.Context, v bus.Claim) (bool, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.die("claim") || d.w.down {
		return false, errDown
	}
	_, taken := d.w.claims[v.Occurrence]
	if !taken {
		d.w.claims[v.Occurrence] = v
	}
	if d.die("claimed") || d.w.mute {
		return false, errDown
	}
	return !taken, nil
}

func (d *daemon) claimed(_ context.Context, id string) (bus.Claim, bool, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.dead || d.w.down || d.w.mute {
		return bus.Claim{}, false, errDown
	}
	v, ok := d.w.claims[id]
	return v, ok, nil
}

func (d *daemon) ready(_ context.Context, e *schedule.Entrant, r schedule.Run) (func(context.Context, time.Time) error, time.Duration, error) {
	return func(_ context.Context, due time.Time) error {
		d.w.mu.Lock()
		defer d.w.mu.Unlock()
		if !d.die("play") {
			d.w.heard[e.ID(r)] = append(d.w.heard[e.ID(r)], time.Now().Add(d.w.step))
		}
		return nil
	}, 0, nil
}

func (d *daemon) lose(e *schedule.Entrant, r schedule.Run, _ paspeaker.OccurrenceState, why string) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.dead {
		d.w.lost[e.ID(r)] = why
	}
}

// every returns a campaign that is due every so many minutes, in UTC.
func every(t testing.TB, id string, minutes int, within time.Duration, created time.Time) *schedule.Entrant {
	t.Helper()
	tt, faults := schedule.Compile(paspeaker.Campaign{ID: id, Messages: []paspeaker.CampaignMessage{{Name: "m"}}, Zones: []paspeaker.ZoneID{"all"}, Created: created,
		Rules: []paspeaker.Rule{{Every: paspeaker.Duration(time.Duration(minutes) * time.Minute)}}, MissedWithin: paspeaker.Duration(within)},
		schedule.NewGround(time.UTC, schedule.DefaultCalendars()))
	require.Empty(t, faults)
	return schedule.NewEntrant(tt, func(string) time.Duration { return 5 * time.Second }, 0)
}

func TestAMonthIsPlayedToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := w.start("", every(t, "a", 30, 0, time.Now()), every(t, "b", 45, 0, time.Now()))
		time.Sleep(30 * 24 * time.Hour)
		d.stop()
		assert.Len(t, w.sounded(), 30*48+30*32)
		for id, at := range w.sounded() {
			assert.Len(t, at, 1, id)
			_, due, err := paspeaker.ParseOccurrenceID(id)
			require.NoError(t, err)
			assert.InDelta(t, -claimLead.Seconds(), at[0].Sub(schedule.NewGround(time.UTC, schedule.DefaultCalendars()).Moment(due)).Seconds(), 1, id)
		}
		assert.Empty(t, w.gone())
	})
}

// Killed and started at any point, alone or beside another: each run is heard
// at most once, and not heard only where the policy allows it, or where the
// controller died between its claim and its first sample.
func TestRestartsAtEveryPoint(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		within := time.Duration(rapid.SampledFrom([]int{0, 1, 4, 12, 40}).Draw(rt, "within")) * time.Minute
		n := rapid.IntRange(1, 8).Draw(rt, "starts")
		var ups, downs []time.Duration
		var points []string
		for i := range n {
			ups = append(ups, time.Duration(rapid.IntRange(1, 1500).Draw(rt, fmt.Sprint("up", i)))*time.Second)
			downs = append(downs, time.Duration(rapid.IntRange(0, 2400).Draw(rt, fmt.Sprint("down", i)))*time.Second)
			points = append(points, rapid.SampledFrom([]string{"", "", "claim", "claimed", "play"}).Draw(rt, "point"))
		}
		two := rapid.Bool().Draw(rt, "two")
		synctest.Test(t, func(t *testing.T) { restarts(t, within, ups, downs, points, two) })
	})
}

func restarts(t *testing.T, within time.Duration, ups, downs []time.Duration, points []string, two bool) {
	w := newWorld()
	created := time.Now()
	e := every(t, "a", 10, within, created)
	type span struct{ from, to time.Time }
	var up []span // undisturbed: nothing died in it by itself
	for i := range ups {
		from := time.Now()
		d := w.start(points[i], e)
		var other *daemon
		if two {
			other = w.start(points[len(points)-1-i], e)
		}
		time.Sleep(ups[i])
		for _, x := range []*daemon{d, other} {
			if x == nil {
				continue
			}
			w.mu.Lock()
			well := !x.dead
			w.mu.Unlock()
			if well {
				up = append(up, span{from, time.Now()})
			}
			x.stop()
		}
		time.Sleep(downs[i])
	}
	end := time.Now()
	for r, ok := e.Next(created); ok && time.Unix(r.At, 0).Before(end); r, ok = e.Next(time.Unix(r.At, 0)) {
		id, due := e.ID(r), time.Unix(r.At, 0)
		require.LessOrEqual(t, len(w.sounded()[id]), 1, "%s is heard twice", id)
		_, claimed := w.claims[id]
		for _, s := range up {
			// Up from before it was claimed until it was due: it must be heard.
			onTime := !s.from.After(due.Add(-claimLead)) && s.to.After(due)
			// Up again in time, and not yet time for the next one.
			late := s.from.After(due) && !s.from.After(due.Add(within)) && s.from.Before(due.Add(10*time.Minute)) && s.to.After(s.from.Add(time.Second))
			if (onTime || late) && len(w.sounded()[id]) == 0 {
				require.True(t, claimed, "%s is not heard, though %s-%s was up", id, s.from, s.to)
			}
		}
		if len(w.sounded()[id]) == 1 {
			require.LessOrEqual(t, w.sounded()[id][0].Sub(due), max(punctual, within)+clockLook, "%s is heard too late", id)
		}
	}
}

func TestWhatWasMissedPlaysByItsPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld() // the bubble's clock begins at midnight
		skip, soon := every(t, "skip", 60, 0, time.Now()), every(t, "soon", 60, 10*time.Minute, time.Now())
		w.start("", skip, soon).stop()
		time.Sleep(2*time.Hour + 5*time.Minute)
		d := w.start("", skip, soon)
		time.Sleep(30 * time.Second)
		d.stop()
		assert.Len(t, w.sounded(), 1, "one at a time, the latest")
		assert.Contains(t, w.sounded(), "soon@2000-01-01T02:00")
		assert.Contains(t, w.gone()["soon@2000-01-01T01:00"], "nobody was there")
		assert.Contains(t, w.gone()["skip@2000-01-01T02:00"], "nobody was there")
	})
}

func TestAStoreThatIsDownSilencesRatherThanRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := w.start("", every(t, "skip", 60, 0, time.Now()), every(t, "soon", 60, 10*time.Minute, time.Now()))
		time.Sleep(59 * time.Minute)
		w.mu.Lock()
		w.down = true
		w.mu.Unlock()
		time.Sleep(3 * time.Minute)
		assert.Contains(t, w.gone()["skip@2000-01-01T01:00"], "could not be claimed")
		w.mu.Lock()
		w.down = false
		w.mu.Unlock()
		time.Sleep(time.Minute)
		assert.Len(t, w.sounded()["soon@2000-01-01T01:00"], 1, "it may still be played")

		// The answer to a claim is lost: it is ours all the same, and plays once.
		time.Sleep(time.Hour - 4*time.Minute)
		w.mu.Lock()
		w.mute = true
		w.mu.Unlock()
		time.Sleep(2*time.Minute + time.Second)
		w.mu.Lock()
		w.mute = false
		w.mu.Unlock()
		time.Sleep(time.Minute)
		assert.Len(t, w.sounded()["soon@2000-01-01T02:00"], 1)
		d.stop()
	})
}

func TestStepsOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := w.start("", every(t, "a", 10, 0, time.Now()))
		time.Sleep(65 * time.Minute)
		before := len(w.sounded())
		set := func(step time.Duration) {
			w.mu.Lock()
			w.step = step
			w.mu.Unlock()
		}
		set(-30 * time.Minute)
		time.Sleep(29 * time.Minute)
		assert.Len(t, w.sounded(), before, "what was heard is not heard again")
		time.Sleep(7 * time.Minute)
		assert.Len(t, w.sounded(), before+1)
		set(0) // half an hour ahead
		time.Sleep(2 * time.Second)
		assert.Len(t, w.sounded(), before+1)
		assert.NotEmpty(t, w.gone())
		set(300 * 24 * time.Hour) // a clock gone mad, for a moment
		time.Sleep(5 * time.Second)
		set(0)
		time.Sleep(30 * time.Minute)
		assert.GreaterOrEqual(t, len(w.sounded()), before+4, "it goes on as before")
		for id, at := range w.sounded() {
			assert.Len(t, at, 1, id)
		}
		d.stop()
	})
}

func TestAnEditMovesWhatIsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := w.start("", every(t, "a", 60, 0, time.Now()))
		time.Sleep(time.Hour - time.Second) // it is being made ready
		d.set("a", every(t, "a", 60, 0, time.Now()), time.Now())
		time.Sleep(time.Minute)
		assert.Len(t, w.sounded()["a@2000-01-01T01:00"], 1, "an edit of other things loses nothing")
		time.Sleep(59*time.Minute - time.Second)
		d.set("a", nil, time.Time{})
		time.Sleep(time.Hour)
		assert.Len(t, w.sounded(), 1, "one that was removed is not heard")
		_, ok := d.next("a")
		assert.False(t, ok)
		d.stop()
	})
}

// A look at the clock costs the same with ten campaigns and ten thousand.
// BenchmarkTick looks at the clock once a second while ten campaigns fall due
// again and again; the others, if any, wait for their season.
func BenchmarkTick(b *testing.B) {
	ground := schedule.NewGround(time.UTC, schedule.DefaultCalendars())
	for _, n := range []int{10, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
			s := newScheduler(schedulerConfig{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
			for i := range n {
				c := paspeaker.Campaign{ID: fmt.Sprintf("c-%d", i), Messages: []paspeaker.CampaignMessage{{Name: "m"}}, Zones: []paspeaker.ZoneID{"all"}, Created: now,
					Rules: []paspeaker.Rule{{Every: paspeaker.Duration(time.Duration(60+i%1380) * time.Minute)}}}
				if i >= 10 {
					c.Begin = "2033-01-01"
				}
				t, faults := schedule.Compile(c, ground)
				require.Empty(b, faults)
				s.set(c.ID, schedule.NewEntrant(t, func(string) time.Duration { return 5 * time.Second }, 0), now)
			}
			for b.Loop() {
				now = now.Add(time.Second)
				s.tick(now)
			}
		})
	}
}
