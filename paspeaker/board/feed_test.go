package board

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// follow runs a feed in a bubble until f returns.
func follow(t *testing.T, f func(ctx context.Context, c *controller, n *feed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &controller{all: park(3), events: make(chan paspeaker.Event), broken: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		n := newFeed(c)
		done := make(chan struct{})
		go func() { defer close(done); n.run(ctx) }()
		f(ctx, c, n)
		cancel()
		<-done
		_, ok := n.next(ctx)
		assert.False(t, ok, "no news after the end")
	})
}

func speaks(i int, level float64) paspeaker.Event {
	sp := speaker(i)
	sp.Report.LevelDB = level
	return paspeaker.Event{Kind: "speaker", Speaker: &sp}
}

func TestTheFeedBeginsWithEverything(t *testing.T) {
	follow(t, func(ctx context.Context, c *controller, n *feed) {
		got, ok := n.next(ctx)
		require.True(t, ok)
		require.NotNil(t, got.whole)
		assert.Len(t, got.whole.status.Speakers, 3)
		assert.Len(t, got.whole.zones, 3)
	})
}

// However much happens, there are five pictures a second at most, and of each
// loudspeaker the last word.
func TestTheFeedTakesABreath(t *testing.T) {
	follow(t, func(ctx context.Context, c *controller, n *feed) {
		_, ok := n.next(ctx)
		require.True(t, ok)
		busy := make(chan struct{})
		go func() {
			defer close(busy)
			for i := range 3000 {
				c.events <- speaks(i%3, -float64(i))
				time.Sleep(time.Millisecond)
			}
		}()
		batches, last := 0, map[paspeaker.SpeakerID]float64{}
		for began := time.Now(); time.Since(began) < 3*time.Second; batches++ {
			got, _ := n.next(ctx)
			assert.LessOrEqual(t, len(got.events), 3)
			for _, ev := range got.events {
				last[ev.Speaker.ID] = ev.Speaker.Report.LevelDB
			}
		}
		assert.LessOrEqual(t, batches, 17)
		assert.GreaterOrEqual(t, batches, 14)
		<-busy
		synctest.Wait()
		if got, _ := n.next(ctx); len(got.events) > 0 {
			for _, ev := range got.events {
				last[ev.Speaker.ID] = ev.Speaker.Report.LevelDB
			}
		}
		assert.Equal(t, map[paspeaker.SpeakerID]float64{"loa-0001": -2997, "loa-0002": -2998, "loa-0003": -2999}, last)
	})
}

func TestALostControllerIsToldAtOnceAndFoundAgain(t *testing.T) {
	follow(t, func(ctx context.Context, c *controller, n *feed) {
		c.events <- speaks(0, -20)
		_, _ = n.next(ctx)
		began := time.Now()
		c.set(errors.New("connection refused"))
		c.broken <- struct{}{}
		var got news
		for got.err == nil {
			got, _ = n.next(ctx)
		}
		assert.Less(t, time.Since(began), time.Second)
		assert.EqualError(t, got.err, "connection refused")
		c.set(nil)
		began = time.Now()
		// The news of the loss may bring a look from before it, too.
		for got.whole == nil || got.err != nil {
			got, _ = n.next(ctx)
		}
		assert.LessOrEqual(t, time.Since(began), 2*lookAgain)
	})
}

// A board that does not ask, while a call has the terminal, holds nobody up and
// lets nothing grow.
func TestABoardThatDoesNotAskHoldsNobodyUp(t *testing.T) {
	follow(t, func(ctx context.Context, c *controller, n *feed) {
		for i := range 10_000 {
			c.events <- speaks(i%3, 0)
			c.events <- paspeaker.Event{Kind: "receipt", Receipt: &paspeaker.Receipt{}}
			f := paspeaker.Fault{ID: fmt.Sprint("f", i%5)}
			c.events <- paspeaker.Event{Kind: "fault", Fault: &f, Cleared: i%2 == 0}
		}
		got, _ := n.next(ctx)
		assert.NotNil(t, got.whole)
		assert.LessOrEqual(t, len(got.events), 8)
	})
}

func TestWithoutEventsEverythingIsAskedForEachSecond(t *testing.T) {
	follow(t, func(ctx context.Context, c *controller, n *feed) {
		time.Sleep(10*time.Second + time.Millisecond)
		assert.Equal(t, 11, c.looks(), "deaf")
		c.events <- speaks(0, -20)
		time.Sleep(time.Second)
		before := c.looks()
		time.Sleep(20 * time.Second)
		assert.Equal(t, 4, c.looks()-before, "with events")
	})
}
