package schedule

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// entrant puts a campaign into a plan: loudspeakers are bits, messages are 10 s
// long, a chime 2 s.
func entrant(t testing.TB, g *Ground, c paspeaker.Campaign, speakers uint64) *Entrant {
	t.Helper()
	tt, faults := Compile(c, g)
	require.Empty(t, faults)
	e := NewEntrant(tt, func(string) time.Duration { return 10 * time.Second }, 2*time.Second)
	e.Zones, e.Speakers, e.Priority, e.Class, e.LevelDB = c.Zones, []uint64{speakers}, paspeaker.PriorityRoutine, paspeaker.ClassRoutine, c.GainDB
	return e
}

func week(g *Guard) paspeaker.PlanQuery {
	from := time.Date(2026, 11, 23, 0, 0, 0, 0, g.g.Location())
	return paspeaker.PlanQuery{From: from, To: from.AddDate(0, 0, 7)}
}

func at2(times ...string) []paspeaker.Rule { return []paspeaker.Rule{{At: times}} }

func TestTheYearOfAPark(t *testing.T) {
	g := newGuard(t, community())
	all := []*Entrant{entrant(t, g.g, slogans(), 3)}
	for i := range 60 {
		c := slogans()
		c.ID, c.Zones = fmt.Sprintf("notice-%d", i), []paspeaker.ZoneID{[]paspeaker.ZoneID{"gates", "roads", "offices", "yard"}[i%4]}
		c.Rules = at2(fmt.Sprintf("%02d:%02d", 6+i%12, 3+i%50), "17:55")
		all = append(all, entrant(t, g.g, c, 1<<(i%4)))
	}
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, g.g.Location())
	p := MakePlan(g.g, g, all, paspeaker.PlanQuery{From: from, To: from.AddDate(1, 0, 0)}, nil)
	assert.Len(t, p.Days, 365)
	assert.Len(t, p.Occurrences, defaultLimit, "the answer is bounded, the counts are not")
	work := 0
	for _, d := range p.Days {
		if assert.NotEmpty(t, d.Lunar) && contains2(d.Calendar, CalendarWork) {
			work++
		}
	}
	assert.Equal(t, 302, work)
	assert.Equal(t, work*(25+2*60), p.Counts.Planned+p.Counts.Refused)
	assert.Equal(t, (365-work)*(25+2*60), p.Counts.Removed)
	assert.Positive(t, p.Counts.Refused)
}

func contains2(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func TestAPlanTellsWhatIsInTheWay(t *testing.T) {
	g := newGuard(t, community())
	a, b, c := slogans(), slogans(), slogans()
	a.Rules = at2("07:00", "03:15")
	b.ID, b.Name, b.Rules, b.Zones = "fire", "Phòng cháy", at2("07:00:05"), []paspeaker.ZoneID{"offices"}
	c.ID, c.Rules, c.Zones = "other", at2("07:00:01"), []paspeaker.ZoneID{"yard"}
	first := entrant(t, g.g, a, 0b011)
	higher := entrant(t, g.g, b, 0b010)
	higher.Priority = 100
	apart := entrant(t, g.g, c, 0b100)
	q := week(g)
	p := MakePlan(g.g, g, []*Entrant{first, higher, apart}, q, nil)
	require.Len(t, p.Occurrences, 28)
	night, slogan, other, fire := p.Occurrences[0], p.Occurrences[1], p.Occurrences[2], p.Occurrences[3]
	assert.Equal(t, paspeaker.OccurrenceRefused, night.State)
	assert.Equal(t, "06:00", paspeaker.WallOf(night.Refused.Next).At.String())
	assert.Equal(t, paspeaker.Duration(12*time.Second), slogan.Length)
	assert.Equal(t, []paspeaker.Collision{{With: fire.ID, Name: "Phòng cháy", At: fire.At, Wins: true}}, slogan.Collides)
	assert.Equal(t, []paspeaker.Collision{{With: slogan.ID, Name: slogan.Name, At: slogan.At, Wins: false}}, fire.Collides)
	assert.Empty(t, other.Collides)
	// Five working days, one of them quiet; Sunday is removed.
	assert.Equal(t, paspeaker.PlanCounts{Planned: 15, Refused: 5 + 4, Removed: 4, Collides: 5}, p.Counts)
	hour := p.Days[0].Hours[7]
	assert.Equal(t, paspeaker.HourPlan{Runs: 3, Seconds: 36}, hour)
	assert.Equal(t, 1, p.Days[0].Hours[3].Refused)

	q.Zone, q.Campaign = "yard", ""
	assert.Equal(t, 5, MakePlan(g.g, g, []*Entrant{first, higher, apart}, q, nil).Counts.Planned)
	q.Zone, q.Campaign, q.From = "", "fire", q.From.Add(7*time.Hour+5*time.Second)
	p = MakePlan(g.g, g, []*Entrant{first, higher, apart}, q, nil)
	assert.Equal(t, 5, p.Counts.Planned, "from is included")
	assert.Len(t, p.Occurrences[0].Collides, 1, "with what began before the span")
	q.To = q.From
	assert.Empty(t, MakePlan(g.g, g, []*Entrant{first}, q, nil).Days)
}

func TestAPlanGoesOnFromWhatHasSounded(t *testing.T) {
	g := newGuard(t, GuardSpec{Limits: []LimitSpec{{Sessions: 1}}})
	c := slogans()
	c.Rules = at2("07:00", "09:00")
	e := entrant(t, g.g, c, 1)
	q := week(g)
	q.From, q.To = q.From.Add(8*time.Hour), q.From.Add(20*time.Hour)
	p := MakePlan(g.g, g, []*Entrant{e}, q, nil)
	assert.Equal(t, 1, p.Counts.Refused, "the one of seven o'clock is taken to have been heard")
	p = MakePlan(g.g, g, []*Entrant{e}, q, NewBook(g))
	assert.Equal(t, 1, p.Counts.Planned, "the book says that it was not")
}

func TestADiffShowsWhatAChangeDoes(t *testing.T) {
	g := newGuard(t, GuardSpec{Limits: []LimitSpec{{Sessions: 2}}})
	a, b := slogans(), slogans()
	a.Rules, a.Zones = at2("07:00", "09:00"), []paspeaker.ZoneID{"gates"}
	b.ID, b.Rules, b.Zones = "later", at2("10:00"), []paspeaker.ZoneID{"roads"}
	was := []*Entrant{entrant(t, g.g, a, 1), entrant(t, g.g, b, 2)}
	a.Rules, a.Zones = at2("07:00", "08:00"), []paspeaker.ZoneID{"gates", "roads"}
	is := []*Entrant{entrant(t, g.g, a, 3), was[1]}
	q := week(g)
	q.To = q.From.AddDate(0, 0, 1)
	p := Compare(g.g, g, was, is, q, nil)
	ids := func(list []paspeaker.Occurrence) (out []string) {
		for _, o := range list {
			out = append(out, o.ID[:len(o.ID)-17]+o.ID[len(o.ID)-5:])
		}
		return out
	}
	assert.Equal(t, []string{"slogans08:00"}, ids(p.Diff.Added))
	assert.Equal(t, []string{"slogans09:00"}, ids(p.Diff.Gone))
	assert.Equal(t, []string{"slogans07:00", "later10:00"}, ids(p.Diff.Changed), "another zone; and one that the guard now refuses")
	assert.Equal(t, paspeaker.GuardSessions, p.Diff.Changed[1].Refused.Rule)
	back := Compare(g.g, g, is, was, q, nil)
	assert.Nil(t, back.Diff.Changed[1].Refused, "it is free again")
	none := Compare(g.g, g, was, was, q, nil)
	assert.Equal(t, paspeaker.PlanDiff{}, *none.Diff)
	gone := Compare(g.g, g, was, was[:1], q, nil)
	assert.Equal(t, 1, gone.Diff.Counts.Gone)
}

// many returns n campaigns of a big park, three runs a day each.
func many(t testing.TB, g *Ground, n int) []*Entrant {
	var all []*Entrant
	for i := range n {
		c := slogans()
		c.ID, c.Zones = fmt.Sprintf("c-%d", i), []paspeaker.ZoneID{paspeaker.ZoneID(fmt.Sprintf("z-%d", i%40))}
		c.Rules = at2(fmt.Sprintf("%02d:%02d:%02d", 6+i%11, i%60, i*7%60), fmt.Sprintf("%02d:%02d", 7+i%10, i*13%60), fmt.Sprintf("16:%02d:%02d", i%60, i%59))
		all = append(all, entrant(t, g, c, 1<<(i%40)))
	}
	return all
}

func BenchmarkMonthOf10000Campaigns(b *testing.B) {
	g := newGuard(b, community())
	all := many(b, g.g, 10000)
	q := week(g)
	q.To = q.From.AddDate(0, 1, 0)
	for b.Loop() {
		MakePlan(g.g, g, all, q, nil)
	}
}
