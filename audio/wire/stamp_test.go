package wire

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// fromStart is a local clock in a synctest bubble: off by an offset and fast by
// a rate.
func fromStart(offset time.Duration, ppm float64) func() int64 {
	start := time.Now()
	return func() int64 {
		passed := time.Since(start)
		return int64(offset) + int64(passed) + int64(float64(passed)*ppm*1e-6)
	}
}

func TestAKernelStampBecomesLocalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stamper{clocks: clocks{local: fromStart(time.Hour, 100)}}
		for range 100 {
			stamp := time.Now().UnixNano()
			came := s.local()
			<-time.After(300 * time.Microsecond)
			at, ok := s.convert(stamp)
			assert.True(t, ok)
			assert.InDelta(t, came, at, 100)
			<-time.After(time.Second)
		}
		_, ok := s.convert(0)
		assert.False(t, ok, "the kernel said nothing")
		_, ok = s.convert(time.Now().Add(time.Millisecond).UnixNano())
		assert.False(t, ok, "from the future")
		_, ok = s.convert(time.Now().Add(-3 * time.Second).UnixNano())
		assert.False(t, ok, "from long ago")
	})
}

// Whatever the wall clock does between the arrival of a packet and its reading,
// its local time is right, or said to be the moment of reading.
func TestAStepOfTheWallClockIsNoticed(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour, time.Second, -time.Second, time.Millisecond, -time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			stepAt := time.Now().Add(1500 * time.Microsecond).UnixNano()
			s := stamper{clocks: clocks{local: fromStart(0, -100), wall: func(unix int64) int64 {
				if unix >= stepAt {
					return unix + int64(step)
				}
				return unix
			}}}
			var unstamped int
			for i := range 4 {
				stamp, came := time.Now().UnixNano(), s.local()
				<-time.After(time.Millisecond)
				at, ok := s.convert(stamp)
				if ok {
					assert.InDelta(t, came, at, 150, "%v, packet %d", step, i)
				} else {
					unstamped++
					assert.Equal(t, s.local(), at)
				}
			}
			assert.Equal(t, 1, unstamped, "one packet was under way when the clock stepped by %v", step)
		})
	}
}
