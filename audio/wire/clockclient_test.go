package wire

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nth is the value that the share p of x does not exceed.
func nth(x []float64, p float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return s[min(len(s)-1, int(p*float64(len(s))))]
}

// cloud is a network and a controller in a synctest bubble. Time in the bubble
// is the truth.
type cloud struct {
	mu        sync.Mutex
	rng       *rand.Rand
	key       [32]byte
	timescale uint32
	base      int64 // media − the bubble's time since start
	start     time.Time
	delay     func(*rand.Rand) int64
	loss      float64
	cut       bool
	asked     int
}

func newCloud() *cloud {
	return &cloud{rng: rand.New(rand.NewPCG(5, 6)), key: [32]byte{7}, timescale: 100, base: noon, start: time.Now(), delay: wired}
}

func (c *cloud) media() int64 { return c.base + int64(time.Since(c.start)) }

// change alters the cloud while it carries packets.
func (c *cloud) change(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

// lost tells whether a packet is, and else how long it takes.
func (c *cloud) lost() (d time.Duration, lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.delay(c.rng)), c.cut || c.rng.Float64() < c.loss
}

// link is a way through the cloud.
type link struct {
	cloud *cloud
	now   func() int64
	in    chan Datagram
	gone  chan struct{}
	tasks sync.WaitGroup
}

func (c *cloud) client(local func() int64, onLock func()) *ClockClient {
	client := NewClockClient(ClockClientConfig{Node: "gate-1", Key: c.key, Now: local, OnLock: onLock, Log: slog.New(slog.DiscardHandler)})
	client.dial = func() (clockLink, error) {
		return &link{cloud: c, now: local, in: make(chan Datagram, 64), gone: make(chan struct{})}, nil
	}
	return client
}

func (l *link) write(b []byte) error {
	l.cloud.change(func() { l.cloud.asked++ })
	q, err := parseClockRequest(b)
	there, lost := l.cloud.lost()
	if err != nil || lost {
		return err
	}
	l.tasks.Go(func() {
		if !l.wait(there) {
			return
		}
		r := clockReply{Nonce: q.Nonce}
		l.cloud.change(func() {
			r.T2, r.Timescale = l.cloud.media(), l.cloud.timescale
			r.T3 = r.T2
		})
		back, lost := l.cloud.lost()
		if lost || !l.wait(back) {
			return
		}
		out := make([]byte, clockLen)
		r.put(out, &l.cloud.key)
		l.in <- Datagram{Data: out, At: l.now()}
	})
	return nil
}

func (l *link) wait(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-l.gone:
		return false
	}
}

func (l *link) read() (Datagram, bool, error) {
	select {
	case d := <-l.in:
		return d, true, nil
	case <-l.gone:
		return Datagram{}, false, net.ErrClosed
	}
}

func (l *link) close() error {
	close(l.gone)
	l.tasks.Wait()
	return nil
}

// inBubble runs a client against a cloud.
func inBubble(t *testing.T, local func() func() int64, f func(t *testing.T, c *cloud, client *ClockClient, now func() int64)) {
	synctest.Test(t, func(t *testing.T) {
		now := local()
		c := newCloud()
		client := c.client(now, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- client.Run(ctx, nil) }()
		f(t, c, client, now)
		cancel()
		require.NoError(t, <-done)
	})
}

// off is how wrong the client is now, ns.
func off(c *cloud, client *ClockClient, now func() int64) float64 {
	var truth int64
	c.change(func() { truth = c.media() })
	return math.Abs(float64(client.Read(now()).Media - truth))
}

func TestAClockLocksWithinTwoSeconds(t *testing.T) {
	for name, tt := range map[string]struct {
		delay func(*rand.Rand) int64
		loss  float64
		good  float64
	}{"wired": {wired, 0, 30e3}, "wired, 30 % lost": {wired, 0.3, 30e3}, "wireless": {wireless, 0.05, 2e6}, "cellular, 30 % lost": {cellular, 0.3, 30e6}} {
		inBubble(t, func() func() int64 { return fromStart(time.Hour, 100) }, func(t *testing.T, c *cloud, client *ClockClient, now func() int64) {
			c.change(func() { c.delay, c.loss = tt.delay, tt.loss })
			assert.Equal(t, "free-run", client.State().State)
			assert.False(t, client.Read(now()).Locked)
			<-time.After(2 * time.Second)
			assert.Equal(t, "locked", client.State().State, name)
			assert.Less(t, off(c, client, now), tt.good, name)
			assert.EqualValues(t, 100, client.Read(now()).Timescale)
		})
	}
}

func TestAMinuteWithoutAController(t *testing.T) {
	inBubble(t, func() func() int64 { return fromStart(0, -80) }, func(t *testing.T, c *cloud, client *ClockClient, now func() int64) {
		<-time.After(time.Minute)
		c.change(func() { c.cut = true })
		<-time.After(time.Minute)
		st := client.State()
		assert.Equal(t, "degraded", st.State)
		assert.Less(t, off(c, client, now), 60e3, "hold-over")
		assert.True(t, client.Read(now()).Locked)
		c.change(func() { c.cut = false })
		before := client.Read(now()).Media - now()
		<-time.After(10 * time.Second)
		assert.Equal(t, "locked", client.State().State)
		assert.InDelta(t, before, client.Read(now()).Media-now()-int64(80e-6*10e9), 100e3, "no step")
		assert.Less(t, off(c, client, now), 20e3)
	})
}

// A controller that starts anew has another timescale, and perhaps another
// epoch. The line goes on until the new one is known, and then says so.
func TestANewTimescaleIsFoundAtOnceWhenAskedFor(t *testing.T) {
	inBubble(t, func() func() int64 { return fromStart(0, 60) }, func(t *testing.T, c *cloud, client *ClockClient, now func() int64) {
		<-time.After(30 * time.Second)
		old := client.Read(now())
		c.change(func() { c.timescale, c.base = 200, c.base+int64(time.Hour) })
		client.Burst()
		<-time.After(100 * time.Millisecond)
		r := client.Read(now())
		assert.EqualValues(t, 200, r.Timescale)
		assert.True(t, r.Locked)
		assert.InDelta(t, old.Media+int64(time.Hour)+int64(100*time.Millisecond), r.Media, 100e3)
		assert.Less(t, off(c, client, now), 50e3)
		assert.InDelta(t, -60, client.State().RatePPM, 3, "the rate was known")
	})
}

func TestANodeThatSleptMeasuresAnew(t *testing.T) {
	var slept atomic.Int64
	inBubble(t, func() func() int64 {
		run := fromStart(0, 20)
		return func() int64 { return run() - slept.Load() }
	}, func(t *testing.T, c *cloud, client *ClockClient, now func() int64) {
		<-time.After(time.Minute)
		synctest.Wait()
		slept.Store(int64(time.Hour))
		<-time.After(15 * time.Second)
		assert.Less(t, off(c, client, now), 60e3)
		assert.Equal(t, "locked", client.State().State)
		slept.Store(0)
		<-time.After(15 * time.Second)
		assert.Less(t, off(c, client, now), 60e3)
	})
}

// A day on a bending clock, with losses, hours without a controller, restarts
// of it, and sequence after sequence of questions: never more than a few
// microseconds off while it answers, a question a second.
func TestADayOfClock(t *testing.T) {
	inBubble(t, func() func() int64 {
		start := time.Now()
		return func() int64 {
			s := time.Since(start).Seconds()
			return int64(s*1e9*(1+70e-6) + 1.5e-6*95.5e9*math.Sin(s/95.5))
		}
	}, func(t *testing.T, c *cloud, client *ClockClient, now func() int64) {
		c.change(func() { c.loss = 0.01 })
		<-time.After(time.Minute)
		var errors []float64
		for hour := range 24 {
			switch hour {
			case 5, 6:
				c.change(func() { c.cut = true })
				<-time.After(59 * time.Minute)
				assert.Less(t, off(c, client, now), 10e6, "an hour of hold-over")
				c.change(func() { c.cut = false })
				<-time.After(time.Minute)
			case 12, 18:
				c.change(func() { c.timescale++; c.base -= int64(time.Duration(hour) * time.Minute) })
				<-time.After(time.Minute)
			}
			for range 354 {
				<-time.After(10 * time.Second)
				errors = append(errors, off(c, client, now))
			}
		}
		t.Logf("a day: error p50 %.1f µs, p99 %.1f µs, worst %.1f µs; %d questions", nth(errors, 0.5)/1e3, nth(errors, 0.99)/1e3, slices.Max(errors)/1e3, c.asked)
		assert.Less(t, nth(errors, 0.99), 20e3)
		assert.Less(t, slices.Max(errors), 100e3)
		assert.Less(t, c.asked, 100_000, "one a second, a few more while nobody answers")
	})
}
