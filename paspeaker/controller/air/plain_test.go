package air

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/codec"
)

// A horn hears one stream without end, whichever programme speaks: one SSRC,
// sequence numbers without a gap, timestamps that pass over pauses.
func TestAPlainGroupIsOneStreamForAllProgrammes(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		e := s.listen(group(9))
		yard := Leg{Profile: "pcmu", Plain: "yard", Groups: []netip.AddrPort{group(9)}}
		next := func() (p rtp.Packet) {
			require.NoError(t, p.Unmarshal(<-e.raw))
			return p
		}
		s.play(chapter, false, tone(audio.Rate/5), yard)
		first := next()
		assert.True(t, first.Marker, "a talkspurt begins")
		s.finished()
		s.play(chapter+256, true, tone(audio.Rate/5), yard)
		last, began := first, uint16(0)
		for range 20 { // 0.3 s of the first with its end, and some of the second
			p := next()
			assert.Equal(t, first.SSRC, p.SSRC)
			assert.Equal(t, last.SequenceNumber+1, p.SequenceNumber)
			if p.Marker {
				assert.Zero(t, began, "the second begins once")
				began = p.SequenceNumber
			} else {
				assert.Equal(t, last.Timestamp+160, p.Timestamp)
			}
			assert.Less(t, p.Timestamp-last.Timestamp, uint32(8000), "a pause of less than a second")
			last = p
		}
		assert.NotZero(t, began)
	})
}

// What one programme has said for a time, another does not say again; the
// timestamp stands for media time, however often they change.
func TestTwoProgrammesMeetInAPlainStream(t *testing.T) {
	e := NewEngine(func(Event) {}, nil)
	defer e.Close()
	profile, ok := codec.ProfileByName("pcmu")
	require.True(t, ok)
	s := e.plainStream("yard", profile)
	assert.Same(t, s, e.plainStream("yard", profile))
	assert.NotSame(t, s, e.plainStream("gate", profile))
	to, ms := &Leg{}, int64(time.Millisecond)
	at := func() int64 { // what the timestamp says, ms of media time since the first packet
		return s.next / ms
	}
	s.send(nil, 1000*ms, true, to, e)
	assert.EqualValues(t, 1020, at())
	s.send(nil, 1005*ms, true, to, e) // the newcomer: this time is taken
	assert.EqualValues(t, 1020, at())
	s.send(nil, 1025*ms, false, to, e)
	assert.EqualValues(t, 1040, at(), "5 ms off is no pause")
	s.send(nil, 1045*ms, false, to, e)
	s.send(nil, 1020*ms, false, to, e) // the old one, late
	assert.EqualValues(t, 1060, at())
	stamp := func() uint32 {
		var h rtp.Header
		_, err := h.Unmarshal(s.rtp.Packet(nil, 0, false))
		require.NoError(t, err)
		return h.Timestamp
	}
	before := stamp()
	s.send(nil, 2000*ms, false, to, e)
	assert.EqualValues(t, 2020, at(), "a pause is passed over")
	assert.Equal(t, uint32((2020-1060)*8), stamp()-before)
}
