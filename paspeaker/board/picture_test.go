package board

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func pictured(n int) (*picture, *whole) {
	p, w := newPicture(), park(n)
	p.replace(w)
	return p, w
}

// An answer that was on its way does not bring back what an event has ended,
// nor make a loudspeaker's news old.
func TestEventsOutrunAnAnswer(t *testing.T) {
	p, w := pictured(5)
	over := w.status.OnAir[0]
	over.State, over.Ended, over.Outcome = paspeaker.StateEnded, noon, paspeaker.OutcomeDone
	p.happen(paspeaker.Event{Session: &over}, noon)
	dead := w.status.Speakers[1]
	dead.Online, dead.LastSeen = false, noon.Add(time.Second)
	p.happen(paspeaker.Event{Speaker: &dead}, noon)
	p.replace(w)
	for _, s := range p.site.OnAir {
		assert.NotEqual(t, over.ID, s.ID)
	}
	sp, ok := p.speaker(dead.ID)
	require.True(t, ok)
	assert.False(t, sp.Online)
	playing := w.status.OnAir[0]
	p.happen(paspeaker.Event{Session: &playing}, noon)
	assert.Len(t, p.site.OnAir, 1, "nor does an event that was late")

	p.age(noon.Add(time.Minute))
	assert.Empty(t, p.over, "it is forgotten in time")
}

func TestALoudspeakerThatTheSiteHasNoMoreIsGone(t *testing.T) {
	p, _ := pictured(5)
	p.replace(park(2))
	_, ok := p.speaker("loa-0005")
	assert.False(t, ok)
	assert.NotContains(t, p.plays, paspeaker.SpeakerID("loa-0005"))
	assert.Len(t, p.members("all"), 2)
	gone := speaker(4)
	p.happen(paspeaker.Event{Speaker: &gone}, noon)
	assert.Len(t, p.site.Speakers, 2)
}

func TestWhatSoundsComesFirstTheHighestAbove(t *testing.T) {
	p := newPicture()
	at := func(id paspeaker.SessionID, level paspeaker.Priority, state paspeaker.SessionState) paspeaker.Session {
		return paspeaker.Session{ID: id << 8, Level: level, State: state, Asked: noon.Add(time.Duration(id) * time.Second), Ended: noon}
	}
	for _, s := range []paspeaker.Session{
		at(1, 64, paspeaker.StateWaiting), at(2, 64, paspeaker.StatePlaying), at(3, 240, paspeaker.StatePlaying), at(4, 64, paspeaker.StatePaused),
		at(5, 255, paspeaker.StateEnded), at(6, 64, paspeaker.StatePlaying), at(7, 64, paspeaker.StateRefused),
	} {
		p.happen(paspeaker.Event{Session: &s}, noon)
	}
	var order []paspeaker.SessionID
	for _, s := range p.sessions(noon) {
		order = append(order, s.ID>>8)
	}
	assert.Equal(t, []paspeaker.SessionID{3, 2, 6, 4, 1, 5, 7}, order)
	assert.Len(t, p.sessions(noon.Add(lingers)), 5, "what is over does not stay")
	old := at(9, 64, paspeaker.StateEnded)
	p.happen(paspeaker.Event{Session: &old}, noon.Add(time.Hour))
	assert.NotContains(t, p.over, old.ID, "a verdict that comes late brings nothing back")
}

func TestTheLevelIsTheLoudestThatPlaysIt(t *testing.T) {
	p, w := pictured(17)
	gate := w.status.OnAir[1]
	db, heard, ok := p.level(gate) // loa-0001, loa-0009, loa-0017
	assert.True(t, ok)
	assert.Equal(t, 3, heard)
	assert.InDelta(t, -18, db, 0.01)
	quiet := w.status.Speakers[0]
	report := *quiet.Report
	report.Playing = []paspeaker.Playing{{Session: gate.ID.WithPart(1)}} // it holds it and does not sound it
	quiet.Report = &report
	p.happen(paspeaker.Event{Speaker: &quiet}, noon)
	db, heard, ok = p.level(gate)
	assert.True(t, ok)
	assert.Equal(t, 2, heard)
	assert.InDelta(t, -26, db, 0.01)
	_, _, ok = p.level(paspeaker.Session{ID: 0x900, Targets: gate.Targets})
	assert.False(t, ok, "nobody plays it")
}

func TestAForeignLoudspeakerIsNotMissing(t *testing.T) {
	p, w := pictured(5)
	horn := w.status.Speakers[3]
	horn.Kind, horn.Online, horn.Report = paspeaker.KindThirdParty, false, nil
	p.happen(paspeaker.Event{Speaker: &horn}, noon)
	online, all := count(p.members("all"))
	assert.Equal(t, []int{3, 4}, []int{online, all}, "nothing is ever heard of it, and nothing is said")
}

func TestALoudspeakerSaysHowItIsInAWord(t *testing.T) {
	b := newBench(t, 5, nil)
	base := b.ctl.all.status.Speakers[1]
	for want, change := range map[string]func(*paspeaker.SpeakerStatus){
		"plays": func(*paspeaker.SpeakerStatus) {},
		"ready": func(s *paspeaker.SpeakerStatus) { s.Report.Playing = nil },
		"ducked": func(s *paspeaker.SpeakerStatus) {
			s.Report.Playing = []paspeaker.Playing{{Session: slogan, Ducked: true}}
		},
		"OFFLINE": func(s *paspeaker.SpeakerStatus) { s.Online = false },
		"no word": func(s *paspeaker.SpeakerStatus) { s.Kind, s.Online = paspeaker.KindThirdParty, false },
		"MUTED":   func(s *paspeaker.SpeakerStatus) { s.Report.Muted = &paspeaker.Muting{} },
	} {
		sp, report := base, *base.Report
		sp.Report = &report
		change(&sp)
		b.take(news{events: []paspeaker.Event{{Speaker: &sp}}})
		got, _ := b.state(sp)
		assert.Equal(t, want, got)
	}
	for want, change := range map[string]func(*paspeaker.SpeakerStatus){
		"never heard of": func(s *paspeaker.SpeakerStatus) { s.Online, s.LastSeen = false, time.Time{} },
		"since 11:59:59": func(s *paspeaker.SpeakerStatus) { s.Online = false },
		"card is gone":   func(s *paspeaker.SpeakerStatus) { s.Report.Output.Fault = "card\nis gone" },
		"disk full":      func(s *paspeaker.SpeakerStatus) { s.Report.Faults = []string{"disk full", "hot"} },
		"raise delays":   func(s *paspeaker.SpeakerStatus) { s.Note = "raise delays" },
	} {
		sp, report := base, *base.Report
		sp.Report = &report
		change(&sp)
		assert.Equal(t, want, b.note(sp).text)
	}
}

func TestAnAnnouncementSaysHowItStands(t *testing.T) {
	b := newBench(t, 5, nil)
	s := paspeaker.Session{State: paspeaker.StatePlaying, Level: 64, Asked: noon.Add(-time.Minute), Started: noon.Add(-30 * time.Second)}
	assert.Equal(t, "0:30", b.elapsed(s))
	s.MaxLength = paspeaker.Duration(10 * time.Minute)
	assert.Equal(t, "0:30/≤10:00", b.elapsed(s))
	s.Length = paspeaker.Duration(45 * time.Second)
	assert.Equal(t, "0:30/0:45", b.elapsed(s))
	s.State = paspeaker.StateWaiting
	assert.Equal(t, "1:00", b.elapsed(s), "for how long it waits")
	for level, class := range map[paspeaker.Priority]string{16: "background", 64: "routine", 160: "live call", 240: "EMERGENCY"} {
		assert.Equal(t, class, b.class(level))
	}
	s.Drill, s.Name = true, "Sơ tán"
	assert.Equal(t, "DRILL · Sơ tán", name(s))
	s.Name = "DRILL · Sơ tán"
	assert.Equal(t, "DRILL · Sơ tán", name(s), "it is said once")
	s.Name, s.Drill, s.ID = "", false, 0x1200
	assert.Equal(t, "0000000000001200", name(s))
	assert.Equal(t, "23.11. 12:00", b.since(noon.Add(-24*time.Hour)), "with its day when it is not today")
}
