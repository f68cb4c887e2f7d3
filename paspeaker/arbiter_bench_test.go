package paspeaker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// busySite is an Arbiter with n loudspeakers, and sessions on air or waiting
// that each ask for a tenth of them.
func busySite(tb testing.TB, speakers, sessions int) (*Arbiter, []SpeakerID, time.Time) {
	tb.Helper()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	all := make([]SpeakerID, speakers)
	for i := range all {
		all[i] = SpeakerID(fmt.Sprintf("s-%04d", i))
	}
	a := NewArbiter(ArbiterConfig{})
	for i := range sessions {
		at := i * speakers / sessions
		var some []SpeakerID
		for j := range speakers / 10 {
			some = append(some, all[(at+j)%speakers])
		}
		routing := []Routing{RoutingPartial, RoutingWhole, RoutingStacked}[i%3]
		out := a.Request(now, Request{
			ID: SessionID(i+1) << 8, Speakers: some, Priority: Priority(i % 200), Routing: routing,
			Groups: [][]SpeakerID{some[:len(some)/2]}, MaxWait: time.Hour, MaxLength: time.Hour,
		})
		require.NotEmpty(tb, out)
	}
	return a, all, now
}

// BenchmarkRequest asks for an emergency everywhere and ends it, with 1,000
// loudspeakers and 100 sessions: two decisions an iteration.
func BenchmarkRequest(b *testing.B) {
	a, all, now := busySite(b, 1000, 100)
	r := Request{ID: 1 << 40, Speakers: all, Priority: PriorityRecorded, MaxLength: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		a.Request(now, r)
		a.Release(now, r.ID, OutcomeDone)
	}
}

// BenchmarkRequestOfOneZone is the everyday case: one zone of the same site.
func BenchmarkRequestOfOneZone(b *testing.B) {
	a, all, now := busySite(b, 1000, 100)
	r := Request{ID: 1 << 40, Speakers: all[:20], Priority: PriorityLive, Routing: RoutingPartial, Live: true, MaxLength: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		a.Request(now, r)
		a.Release(now, r.ID, OutcomeDone)
	}
}

func TestTheBooksStaySmall(t *testing.T) {
	a, all, now := busySite(t, 100, 30)
	a.CancelAll(now, OutcomeStopped, nil)
	for i := range 1000 {
		id := SessionID(i+1) << 8
		a.Request(now, Request{ID: id, Speakers: all, Priority: PriorityRoutine})
		a.Release(now, id, OutcomeDone)
	}
	require.Empty(t, a.programmes)
	require.Empty(t, a.parts)
	require.Len(t, a.names, 100)
	for i := range a.names {
		require.Nil(t, a.full[i])
	}
}
