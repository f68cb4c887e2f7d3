package air

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/wire"
)

func anyPacket(wire.Packet) bool { return true }

func TestARecordingGoesOnAirFromItsFirstSampleToItsEnd(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(1))
		before := audio.Now() + s.base
		s.play(chapter, false, tone(4800+100), toGates(group(1)))
		first := e.next(anyPacket)
		assert.NotZero(t, first.Flags&wire.FlagStart)
		assert.Equal(t, chapter, first.Session)
		assert.Equal(t, uint32(9), first.Rank)
		assert.Equal(t, uint32(3), first.Term)
		assert.Greater(t, first.TPlay, before+int64(39*time.Millisecond)-int64(time.Millisecond), "T_play is media time plus the delay, less the limiter's")
		sound, last := 0, first
		for p := first; p.Flags&wire.FlagEnd == 0; p = e.next(anyPacket) {
			if p.Seq != first.Seq {
				assert.Equal(t, last.Seq+1, p.Seq)
				assert.Equal(t, last.TPlay+int64(10*time.Millisecond), p.TPlay, "T_play goes on without a step")
			}
			for i := 0; i < len(p.Payload); i += 2 {
				if p.Payload[i] != 0 || p.Payload[i+1] > 1 {
					sound++
				}
			}
			last = p
		}
		assert.InDelta(t, 4900, sound, 420, "all of it, but for zero crossings")
		assert.Equal(t, Finished{ID: chapter, Run: 1}, s.finished())
	})
}

func TestAnEmergencyAndAnOrdinaryProgrammeSoundAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(2))
		for i := range uint64(8) {
			s.play(chapter+256*i, i == 7, tone(9600), toGates(group(2)))
		}
		seen := make(map[uint64]bool)
		e.next(func(p wire.Packet) bool { seen[p.Session] = true; return len(seen) == 8 })
	})
}

func TestAPausedProgrammeGoesOnWhereItStood(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(3))
		s.play(chapter, false, tone(audio.Rate/2), toGates(group(3)))
		n := 0
		e.next(func(wire.Packet) bool { n++; return n == 5 })
		s.do(Order{Pause: &Pause{ID: chapter}})
		s.do(Order{Play: &Play{ID: chapter, Run: 2}})
		frames := n
		again := e.next(func(p wire.Packet) bool { frames++; return p.Flags&wire.FlagStart != 0 })
		e.next(func(p wire.Packet) bool { frames++; return p.Flags&wire.FlagEnd != 0 })
		assert.NotZero(t, again.TPlay)
		assert.InDelta(t, 50, frames, 3, "the source went on, nothing twice and nothing left out")
		assert.Equal(t, Finished{ID: chapter, Run: 2}, s.finished())
	})
}

func TestWhatIsEndedEarlySaysSoOnAir(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(4))
		s.play(chapter, false, tone(10*audio.Rate), toGates(group(4)))
		e.next(anyPacket)
		s.do(Order{End: &End{ID: chapter, Say: true}})
		stop := e.next(func(p wire.Packet) bool { return p.Stop != nil })
		assert.Equal(t, wire.StopOrder{Kind: wire.StopSession, Session: chapter}, *stop.Stop)
		s.do(Order{Play: &Play{ID: chapter, Run: 2}}) // gone: not an error
		s.do(Order{Silence: &Silence{Kind: wire.StopBefore, Before: 42, Targets: []uint32{wire.Everybody}, Groups: []netip.AddrPort{group(4)}}})
		all := e.next(func(p wire.Packet) bool { return p.Stop != nil && p.Stop.Kind == wire.StopBefore })
		assert.Equal(t, int64(42), all.Stop.Before)
	})
}

func TestMobileUnitsAreSentToWhereTheyAreNow(t *testing.T) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			clock, err := wire.NewClockServer(wire.ClockServerConfig{Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			defer clock.Close()
			s := newStudio(t, link)
			s.do(Order{Open: &Open{Base: s.base - MonotonicOffset(), CName: "test", Units: clock.Descriptor}})
			unit, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			require.NoError(t, err)
			defer unit.Close()
			at := netip.MustParseAddrPort(unit.LocalAddr().String())
			s.play(chapter, false, tone(10*audio.Rate), Leg{Profile: "opus", Unit: true, Targets: []uint32{gates}, Units: []string{"unit-1", "unit-2"}})
			s.do(Order{Peers: &Peers{Moved: map[string]netip.AddrPort{"unit-1": at}}})
			buf := make([]byte, 2048)
			_, from, err := unit.ReadFromUDPAddrPort(buf)
			require.NoError(t, err)
			assert.Equal(t, clock.Addr(), netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), "through the hole that the unit's questions made")
			s.do(Order{Peers: &Peers{Gone: []string{"unit-1"}}})
		})
	}
}

func TestAThirdPartyGroupGetsPlainRTPAndReports(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(5))
		control := s.listen(netip.AddrPortFrom(group(5).Addr(), group(5).Port()+1))
		s.play(chapter, false, tone(audio.Rate), Leg{Profile: "pcmu", Plain: "yard", Groups: []netip.AddrPort{group(5)}})
		b := <-e.raw
		assert.Equal(t, byte(0x80), b[0], "no extension that a horn does not know")
		assert.Len(t, b, 12+160)
		sr := <-control.raw
		assert.Equal(t, byte(200), sr[1], "RTCP sender report")
	})
}

func TestBadOrdersAreRefusedAndTheRestGoesOn(t *testing.T) {
	e := NewEngine(func(Event) {}, nil)
	defer e.Close()
	assert.ErrorIs(t, e.Do(Order{}), ErrOrder)
	assert.ErrorIs(t, e.Do(Order{Begin: &Begin{ID: 1}}), ErrOrder, "no key yet")
	assert.ErrorIs(t, e.Do(Order{Silence: &Silence{}}), ErrOrder)
	assert.Error(t, e.Do(Order{Key: &Key{}}))
	assert.Error(t, e.Do(Order{Tune: &Tune{Interface: "no-such-card"}}))
	each(t, func(t *testing.T, s *studio) {
		ear := s.listen(group(6))
		s.play(chapter, false, tone(audio.Rate), Leg{Profile: "cassette", Groups: []netip.AddrPort{group(6)}}, toGates(group(6)))
		trouble := s.heard(func(ev Event) bool { return ev.Trouble != nil }).Trouble
		assert.Equal(t, "cassette", trouble.Profile)
		ear.next(anyPacket) // the other leg sounds
	})
}

func TestTheEngineCountsWhatItDoes(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		s.play(chapter, false, tone(10*audio.Rate), toGates(group(7)))
		st := s.heard(func(ev Event) bool { return ev.Stats != nil && ev.Stats.Packets > 10 }).Stats
		assert.GreaterOrEqual(t, st.Late.Count, st.Packets)
		assert.Zero(t, st.Failures, st.Failure)
		s.do(Order{Aim: &Aim{ID: chapter, Legs: []Leg{toGates(netip.MustParseAddrPort("0.0.0.0:0"))}}})
		st = s.heard(func(ev Event) bool { return ev.Stats != nil && ev.Stats.Failures > 0 }).Stats
		assert.NotEmpty(t, st.Failure)
	})
}

func TestAFrameAllocatesNothingOnItsWay(t *testing.T) {
	for _, profile := range []string{"l16", "opus", "pcmu", "g722"} {
		for name, leg := range map[string]Leg{"sealed": {Targets: []uint32{gates}}, "plain": {Plain: "yard"}} {
			t.Run(profile+" "+name, func(t *testing.T) {
				frame := steady(t, profile, leg)
				// Once a second there is a report: less than one in a frame.
				assert.Zero(t, testing.AllocsPerRun(300, frame))
			})
		}
	}
}

// steady is a programme that has been on air for a while; its engine does not
// run, the function that it returns is a frame.
func steady(t testing.TB, profile string, leg Leg) (frame func()) {
	t.Helper()
	s := NewEngine(func(Event) {}, nil)
	t.Cleanup(s.Close)
	(&studio{Link: &here{engine: s}}).open(t)
	leg.Profile, leg.Groups = profile, []netip.AddrPort{group(8)}
	require.NoError(t, s.Do(Order{Begin: &Begin{ID: chapter, Gain: 0.5}}))
	f, err := NewFeed(tone(1 << 30))
	require.NoError(t, err)
	v := NewVoice(LiveFormat{Rate: 48000})
	l, err := NewLoad(chapter, f, v, new(atomic.Bool))
	require.NoError(t, err)
	require.NoError(t, s.Do(Order{Load: l}))
	require.NoError(t, s.Do(Order{Aim: &Aim{ID: chapter, Legs: []Leg{leg}}}))
	p := s.programmes[chapter]
	due := int64(0)
	frame = func() {
		f.fill()
		due += int64(FrameTime)
		if !p.tick(due) {
			t.Error("the programme ended")
		}
	}
	for range 20 {
		frame()
	}
	return frame
}

func BenchmarkFrame(b *testing.B) {
	for _, profile := range []string{"l16", "opus", "pcmu"} {
		b.Run(profile, func(b *testing.B) {
			frame := steady(b, profile, Leg{Targets: []uint32{gates}})
			b.ReportAllocs()
			for b.Loop() {
				frame()
			}
		})
	}
}
