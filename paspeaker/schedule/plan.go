package schedule

import (
	"cmp"
	"slices"
	"time"

	"pa/paspeaker"
)

// Entrant is a campaign in the plan, with what the site says about it.
type Entrant struct {
	*Timetable
	Zones    []paspeaker.ZoneID // every zone in which a loudspeaker sounds it
	Speakers []uint64           // its loudspeakers, a bit each
	Priority paspeaker.Priority
	Class    paspeaker.Class
	LevelDB  float64         // its gain with its class's
	Lengths  []time.Duration // of a run, for each of its messages
}

// NewEntrant puts a campaign into the plan. length gives a message's own
// length, chime is that of its chime.
func NewEntrant(t *Timetable, length func(message string) time.Duration, chime time.Duration) *Entrant {
	e := &Entrant{Timetable: t}
	n := time.Duration(max(t.c.Repeat, 1))
	for _, m := range t.c.Messages {
		e.Lengths = append(e.Lengths, chime+n*length(m.Name)+(n-1)*time.Duration(t.c.Pause))
	}
	return e
}

// Length returns how long a run is planned to sound.
func (e *Entrant) Length(r Run) time.Duration {
	if len(e.Lengths) == 0 {
		return 0
	}
	return e.Lengths[e.turns.index(r.N)]
}

// Ask returns what the guard is asked about a run.
func (e *Entrant) Ask(r Run) Ask {
	return Ask{At: e.g.zone.time(r.At), Length: e.Length(r), Class: e.Class, Zones: e.Zones, LevelDB: e.LevelDB}
}

// Occurrence returns a run in the language of the house.
func (e *Entrant) Occurrence(r Run) paspeaker.Occurrence {
	return paspeaker.Occurrence{
		ID: e.ID(r), Campaign: e.c.ID, Name: e.c.Title(), At: e.g.zone.time(r.At), Message: e.Message(r),
		Length: paspeaker.Duration(e.Length(r)), Zones: e.c.Zones, Speakers: e.c.Speakers, Priority: e.Priority, GainDB: e.LevelDB,
		State: paspeaker.OccurrencePlanned, Removed: r.Removed,
	}
}

// item is a run on its way through the plan.
type item struct {
	e   *Entrant
	run Run
	end int64 // Unix seconds, rounded up
	out int   // in the answer, -1: not there
}

// sweep walks through the plan in the order of time.
type sweep struct {
	g      *Guard
	q      paspeaker.PlanQuery
	from   int64
	to     int64
	book   *Book
	active []item
	items  []item
	runs   []Run
	number []int // of each entrant's next run
	plan   paspeaker.Plan
	seen   func(it item, v Verdict) // of every run within the span; nil
}

// maxCollisions bounds what is told about one run.
const maxCollisions = 8

// defaultLimit is how many occurrences an answer has when nobody says.
const defaultLimit = 2000

// MakePlan works out what sounds in a span of time. book, which may be nil, is
// what has sounded on the first day before the span; without it the plan of
// that day's beginning is taken for it.
func MakePlan(ground *Ground, guard *Guard, entrants []*Entrant, q paspeaker.PlanQuery, book *Book) paspeaker.Plan {
	s := newSweep(ground, guard, q, book)
	s.walk(ground, entrants, book != nil)
	return s.plan
}

func newSweep(ground *Ground, guard *Guard, q paspeaker.PlanQuery, book *Book) *sweep {
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if book == nil {
		book = NewBook(guard)
	}
	s := &sweep{g: guard, q: q, from: ceilSecond(q.From), to: ceilSecond(q.To), book: book.Clone()}
	s.plan = paspeaker.Plan{From: q.From.In(ground.Location()), To: q.To.In(ground.Location()), Occurrences: []paspeaker.Occurrence{}}
	return s
}

func (s *sweep) walk(ground *Ground, entrants []*Entrant, booked bool) {
	first := ground.zone.wall(s.from).Day
	s.number = make([]int, len(entrants))
	for i := range s.number {
		s.number[i] = unnumbered
	}
	for d := first; d <= ground.zone.wall(s.to-1).Day && s.to > s.from; d++ {
		s.plan.Days = append(s.plan.Days, paspeaker.PlanDay{Day: d.String(), Calendar: ground.calendars.Of(d), Lunar: LunarOf(d).String()})
		s.day(d, entrants, booked && d == first)
	}
}

// day takes one day's runs in the order of time; of one moment the higher
// priority comes first, then the louder, then the campaign that was first.
func (s *sweep) day(d paspeaker.Date, entrants []*Entrant, booked bool) {
	s.items = s.items[:0]
	for i, e := range entrants {
		s.runs = e.on(d, true, &s.number[i], s.runs[:0])
		for _, r := range s.runs {
			if r.At >= s.to || booked && r.At < s.from {
				continue
			}
			s.items = append(s.items, item{e: e, run: r, end: r.At + int64((e.Length(r)+time.Second-1)/time.Second), out: -1})
		}
	}
	slices.SortStableFunc(s.items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.run.At, b.run.At), cmp.Compare(b.e.Priority, a.e.Priority), cmp.Compare(b.e.LevelDB, a.e.LevelDB))
	})
	for _, it := range s.items {
		s.take(it)
	}
}

// take judges one run and enters it.
func (s *sweep) take(it item) {
	shown := it.run.At >= s.from && (s.q.Campaign == "" || s.q.Campaign == it.e.c.ID) && (s.q.Zone == "" || contains(it.e.Zones, s.q.Zone))
	if it.run.Removed != "" {
		if shown {
			s.plan.Counts.Removed++
			s.show(&it, paspeaker.OccurrenceRemoved)
		}
		return
	}
	a := it.e.Ask(it.run)
	var v Verdict
	if s.g != nil {
		v, _ = s.g.judge(a, s.book)
	}
	if s.seen != nil && it.run.At >= s.from {
		s.seen(it, v)
	}
	hour := s.hour(it, shown)
	if v.Refusal != nil {
		if shown {
			s.plan.Counts.Refused++
			hour.Refused++
			if o := s.show(&it, paspeaker.OccurrenceRefused); o != nil {
				o.Refused = s.g.Judge(a, s.book).Refusal // now with the next time
			}
		}
		return
	}
	s.book.Add(a, v.NightDB)
	if shown {
		s.plan.Counts.Planned++
		hour.Runs++
		hour.Seconds += int(a.Length.Seconds() + 0.5)
		if o := s.show(&it, paspeaker.OccurrencePlanned); o != nil {
			o.GainDB += v.NightDB
		}
	}
	s.collide(it, shown)
}

// hour returns where a run is counted.
func (s *sweep) hour(it item, shown bool) *paspeaker.HourPlan {
	if !shown {
		return nil
	}
	return &s.plan.Days[len(s.plan.Days)-1].Hours[it.run.Due.At/3600]
}

// show puts a run into the answer, when there is room; nil when there is none.
func (s *sweep) show(it *item, state paspeaker.OccurrenceState) *paspeaker.Occurrence {
	if len(s.plan.Occurrences) >= s.q.Limit {
		return nil
	}
	o := it.e.Occurrence(it.run)
	o.State = state
	it.out = len(s.plan.Occurrences)
	s.plan.Occurrences = append(s.plan.Occurrences, o)
	return &s.plan.Occurrences[it.out]
}

// collide compares a run that begins with those that sound, and lets it sound.
func (s *sweep) collide(it item, shown bool) {
	s.active = slices.DeleteFunc(s.active, func(o item) bool { return o.end <= it.run.At })
	hit := 0
	for i := range s.active {
		o := &s.active[i]
		if hit == maxCollisions {
			break
		}
		if !overlap(o.e.Speakers, it.e.Speakers) {
			continue
		}
		hit++
		first := o.e.Priority >= it.e.Priority // equal: who came first
		s.note(it.out, *o, first)
		s.note(o.out, it, !first)
	}
	if hit > 0 && shown {
		s.plan.Counts.Collides++
	}
	s.active = append(s.active, it)
}

func (s *sweep) note(out int, with item, wins bool) {
	if out < 0 {
		return
	}
	o := &s.plan.Occurrences[out]
	if len(o.Collides) < maxCollisions {
		o.Collides = append(o.Collides, paspeaker.Collision{With: with.e.ID(with.run), Name: with.e.c.Title(), At: with.e.g.zone.time(with.run.At), Wins: wins})
	}
}

func overlap(a, b []uint64) bool {
	for i := range min(len(a), len(b)) {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}

func ceilSecond(t time.Time) int64 {
	u := t.Unix()
	if t.Nanosecond() > 0 {
		u++
	}
	return u
}

// sortOccurrences sorts by time, then identity.
func sortOccurrences(list []paspeaker.Occurrence) {
	slices.SortFunc(list, func(a, b paspeaker.Occurrence) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
}
