package schedule

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// GuardSpec is what the site's guard file says, in its own words.
type GuardSpec struct {
	QuietDays  []string // calendars on whose days nothing but emergencies sounds
	Limits     []LimitSpec
	Levels     []LevelSpec
	Night      []NightSpec
	Neighbours []NeighbourSpec
}

// LimitSpec bounds what sounds in zones: an announcement must keep every limit
// that applies to it. Zero fields bound nothing.
type LimitSpec struct {
	Name              string
	Zones             []paspeaker.ZoneID // none: every zone, each by itself
	Classes           []string           // none: all but emergency
	Days              []string           // calendars; none: every day
	Hours             []string           // 06:00-11:30; nil: all day; empty: never
	Sessions          int                // a day
	SessionGap        paspeaker.Duration // announcements closer than this are one session
	MinutesPerSession paspeaker.Duration
	MinutesPerDay     paspeaker.Duration
	Gap               paspeaker.Duration // of silence between announcements
}

// LevelSpec caps the level at some hours.
type LevelSpec struct {
	Name    string
	Zones   []paspeaker.ZoneID
	Classes []string
	Hours   string
	MaxDB   float64
}

// NightSpec makes announcements softer at some hours.
type NightSpec struct {
	Zones   []paspeaker.ZoneID
	Classes []string
	Hours   string
	GainDB  float64 // ≤ 0
}

// NeighbourSpec names zones that hear each other: nothing begins in one of them
// while another sounds louder by more than Margin.
type NeighbourSpec struct {
	Name     string
	Zones    []paspeaker.ZoneID
	MarginDB float64
}

// Ask is what the guard is asked about.
type Ask struct {
	At      time.Time
	Length  time.Duration // 0: nobody knows, as of a voice
	Class   paspeaker.Class
	Zones   []paspeaker.ZoneID // every zone in which a loudspeaker sounds it
	LevelDB float64            // its gain with its class's, before the night's

	// Test says that it is a technician's test of loudspeakers: it keeps days,
	// hours and levels, and what is counted in a day is not about it. Quiet says
	// that nobody hears it: it keeps the levels alone.
	Test, Quiet bool
}

// Verdict is what the guard says. Without a Refusal it may sound, changed by
// NightDB and, when its length is unknown, ended at Until.
type Verdict struct {
	Refusal *paspeaker.Refusal
	NightDB float64
	Latest  time.Time // it may begin until then; zero: as late as it likes
	Until   time.Time // it must be over by then; zero: no bound
}

// Guard judges what may sound. It never changes; what has sounded is in a Book.
// Emergencies are exempt: nobody asks it about them but for the record.
type Guard struct {
	g      *Ground
	limits []limit
	levels []level
	night  []level
	quiet  []named
	near   []neighbours
}

type scope struct {
	zones   []paspeaker.ZoneID
	classes []paspeaker.Class
	days    []named
}

type limit struct {
	scope
	name                                    string
	hours                                   []window // nil: all day
	bounded                                 bool     // hours were given
	sessions                                int
	sessionGap, perSession, perDay, minimum time.Duration
}

type level struct {
	scope
	name  string
	hours window
	db    float64
}

type neighbours struct {
	name   string
	zones  []paspeaker.ZoneID
	margin float64
}

// window is a run of the day's hours; to ≤ from goes over midnight.
type window struct{ from, to paspeaker.TimeOfDay }

// parseWindow reads "06:00-18:00" or, over midnight, "22:00-06:00".
func parseWindow(s string) (window, error) {
	a, b, ok := strings.Cut(s, "-")
	from, err := paspeaker.ParseTimeOfDay(strings.TrimSpace(a))
	to, err2 := paspeaker.ParseTimeOfDay(strings.TrimSpace(b))
	if !ok || err != nil || err2 != nil || from == to || from == paspeaker.DayEnd {
		return window{}, fmt.Errorf("hours %q: want a form like 06:00-18:00, or 22:00-06:00 over midnight", s)
	}
	return window{from, to}, nil
}

func (w window) String() string { return w.from.String() + "-" + w.to.String() }

func (w window) has(t paspeaker.TimeOfDay) bool {
	if w.from < w.to {
		return t >= w.from && t < w.to
	}
	return t >= w.from || t < w.to
}

// end returns when the window that holds a wall time ends.
func (w window) end(at paspeaker.Wall) paspeaker.Wall {
	if w.from >= w.to && at.At >= w.from {
		return paspeaker.Wall{Day: at.Day + 1, At: w.to}
	}
	return paspeaker.Wall{Day: at.Day, At: w.to}
}

// NewGuard reads a site's guard. known says whether there is a zone of that
// name; nil takes any. With faults there is no guard.
func NewGuard(spec GuardSpec, g *Ground, known func(paspeaker.ZoneID) bool) (*Guard, []paspeaker.PlanFault) {
	b := &guardBuilder{out: &Guard{g: g}, known: known}
	b.out.quiet = b.calendars("quiet_days", spec.QuietDays)
	for i, l := range spec.Limits {
		b.limit(at("limits", i), l)
	}
	for i, l := range spec.Levels {
		path := at("levels", i)
		b.level(path, l.Zones, l.Classes, l.Hours, &b.out.levels, l.Name, l.MaxDB)
	}
	for i, n := range spec.Night {
		path := at("night", i)
		if n.GainDB > 0 || n.GainDB < -60 {
			b.f.add(path+".gain_db", fmt.Sprintf("%g dB", n.GainDB), "use -60 to 0: the night is softer")
		}
		b.level(path, n.Zones, n.Classes, n.Hours, &b.out.night, "", n.GainDB)
	}
	for i, n := range spec.Neighbours {
		path := at("neighbours", i)
		if len(n.Zones) < 2 {
			b.f.add(path+".zones", "are fewer than two", "name the zones that hear each other")
		}
		if n.MarginDB < 0 || n.MarginDB > 40 {
			b.f.add(path+".margin_db", fmt.Sprintf("%g dB", n.MarginDB), "use 0 to 40")
		}
		b.out.near = append(b.out.near, neighbours{n.Name, b.zones(path+".zones", n.Zones), n.MarginDB})
	}
	if len(b.f.all) > 0 {
		return nil, b.f.all
	}
	return b.out, nil
}

type guardBuilder struct {
	out   *Guard
	f     faults
	known func(paspeaker.ZoneID) bool
}

func (b *guardBuilder) calendars(path string, names []string) []named {
	t := Timetable{g: b.out.g}
	return t.calendars(path, names, &b.f)
}

func (b *guardBuilder) zones(path string, ids []paspeaker.ZoneID) []paspeaker.ZoneID {
	for i, id := range ids {
		if b.known != nil && !b.known(id) {
			b.f.add(at(path, i), "there is no zone "+string(id), "name a zone of zones.yaml")
		}
	}
	return ids
}

func (b *guardBuilder) classes(path string, names []string) []paspeaker.Class {
	if len(names) == 0 {
		return []paspeaker.Class{paspeaker.ClassBackground, paspeaker.ClassRoutine, paspeaker.ClassLive}
	}
	var out []paspeaker.Class
	for i, n := range names {
		switch c := paspeaker.Class(n); c {
		case paspeaker.ClassBackground, paspeaker.ClassRoutine, paspeaker.ClassLive:
			out = append(out, c)
		case paspeaker.ClassEmergency:
			b.f.add(at(path, i), "emergencies are exempt from the guard", "delete it")
		default:
			b.f.add(at(path, i), n+" is no class", "use background, routine or live")
		}
	}
	return out
}

func (b *guardBuilder) limit(path string, l LimitSpec) {
	out := limit{name: l.Name, sessions: l.Sessions, sessionGap: time.Duration(l.SessionGap), bounded: l.Hours != nil,
		perSession: time.Duration(l.MinutesPerSession), perDay: time.Duration(l.MinutesPerDay), minimum: time.Duration(l.Gap)}
	out.zones, out.classes, out.days = b.zones(path+".zones", l.Zones), b.classes(path+".classes", l.Classes), b.calendars(path+".days", l.Days)
	for i, h := range l.Hours {
		w, err := parseWindow(h)
		b.f.err(at(path+".hours", i), err)
		out.hours = append(out.hours, w)
	}
	if l.Sessions < 0 {
		b.f.add(path+".sessions_per_day", fmt.Sprint(l.Sessions), "use 1 or more; leave it out for no bound")
	}
	if !out.bounded && out.sessions == 0 && out.perSession == 0 && out.perDay == 0 && out.minimum == 0 {
		b.f.add(path, "bounds nothing", "give it hours, sessions_per_day, minutes_per_session, minutes_per_day or gap")
	}
	b.out.limits = append(b.out.limits, out)
}

func (b *guardBuilder) level(path string, zones []paspeaker.ZoneID, classes []string, hours string, to *[]level, name string, db float64) {
	out := level{name: name, db: db}
	out.zones, out.classes = b.zones(path+".zones", zones), b.classes(path+".classes", classes)
	w, err := parseWindow(hours)
	b.f.err(path+".hours", err)
	if db < -60 || db > 20 || math.IsNaN(db) {
		b.f.add(path, fmt.Sprintf("%g dB", db), "use -60 to 20")
	}
	out.hours = w
	*to = append(*to, out)
}

// about says whether a scope is about a class on a day.
func (s *scope) about(class paspeaker.Class, d paspeaker.Date) bool {
	return slices.Contains(s.classes, class) &&
		(len(s.days) == 0 || slices.ContainsFunc(s.days, func(n named) bool { return n.days.has(d) }))
}

// in says whether a scope is about a zone. One without zones is about each zone
// by itself, and not about the sum of them all.
func (s *scope) in(zone paspeaker.ZoneID) bool {
	if len(s.zones) == 0 {
		return zone != paspeaker.ZoneAll
	}
	return slices.Contains(s.zones, zone)
}

// searchDays is how far the guard looks for the next time.
const searchDays = 14

// Judge says whether something may begin, given what has sounded. book may be
// nil. When it refuses, Next is the first time at which nothing is against it,
// as things stand.
func (g *Guard) Judge(a Ask, book *Book) Verdict {
	if g == nil || a.Class == paspeaker.ClassEmergency {
		return Verdict{}
	}
	v, _ := g.judge(a, book)
	if v.Refusal == nil {
		return v
	}
	end := a.At.AddDate(0, 0, searchDays)
	for try := a; ; {
		w, again := g.judge(try, book)
		if w.Refusal == nil {
			v.Refusal.Next = try.At
			return v
		}
		if !again.After(try.At) || again.After(end) {
			return v
		}
		try.At = again
	}
}

// judge is Judge for one moment; again is when it is worth asking anew.
func (g *Guard) judge(a Ask, book *Book) (v Verdict, again time.Time) {
	at := g.g.zone.wall(a.At.Unix())
	for _, q := range g.quiet {
		if q.days.has(at.Day) && !a.Quiet {
			return g.refuse(paspeaker.Refusal{Rule: paspeaker.GuardQuietDay, Limit: q.name, Asked: at.Day.String(), Allow: "-"}), g.midnight(at.Day)
		}
	}
	for i := range g.limits {
		l := &g.limits[i]
		if a.Quiet || !l.about(a.Class, at.Day) {
			continue
		}
		for _, z := range a.Zones {
			if !l.in(z) {
				continue
			}
			if r, t := g.limit(l, i, z, a, at, book, &v); r != nil {
				r.Limit, r.Zone = l.name, z
				return g.refuse(*r), t
			}
		}
	}
	if !a.Quiet {
		v.NightDB = g.nightDB(a, at)
	}
	if r, t := g.capped(a, at, v.NightDB); r != nil {
		return g.refuse(*r), t
	}
	if r, t := g.louder(a, v.NightDB, book); r != nil {
		return g.refuse(*r), t
	}
	return v, time.Time{}
}

func (g *Guard) refuse(r paspeaker.Refusal) Verdict { return Verdict{Refusal: &r} }

func (g *Guard) midnight(d paspeaker.Date) time.Time {
	return g.g.zone.time(g.g.zone.moment(paspeaker.Wall{Day: d + 1}))
}

// limit asks one limit about one zone.
func (g *Guard) limit(l *limit, i int, zone paspeaker.ZoneID, a Ask, at paspeaker.Wall, book *Book, v *Verdict) (*paspeaker.Refusal, time.Time) {
	if l.bounded {
		if r, t := g.hours(l, a, at, v); r != nil {
			return r, t
		}
	}
	if a.Test {
		return nil, time.Time{}
	}
	if r, t := l.counted(book.tally(i, zone, at.Day), a); r != nil {
		if t.IsZero() {
			t = g.midnight(at.Day)
		}
		return r, t
	}
	if l.perSession > 0 && a.Length == 0 {
		v.end(a.At.Add(l.perSession))
	}
	return nil, time.Time{}
}

// end brings a verdict's end forward.
func (v *Verdict) end(t time.Time) {
	if v.Until.IsZero() || t.Before(v.Until) {
		v.Until = t
	}
}

// hours asks whether all of it lies in one of the limit's windows.
func (g *Guard) hours(l *limit, a Ask, at paspeaker.Wall, v *Verdict) (*paspeaker.Refusal, time.Time) {
	for _, w := range l.hours {
		if !w.has(at.At) {
			continue
		}
		end := g.g.zone.time(g.g.zone.moment(w.end(at)))
		if !a.At.Add(a.Length).After(end) {
			v.end(end)
			if latest := end.Add(-a.Length); v.Latest.IsZero() || latest.Before(v.Latest) {
				v.Latest = latest
			}
			return nil, time.Time{}
		}
	}
	r := &paspeaker.Refusal{Rule: paspeaker.GuardHours, Asked: at.At.String(), Allow: l.windows()}
	if a.Length > 0 {
		if until := g.g.zone.wall(a.At.Add(a.Length).Unix()); until != at {
			r.Asked += "-" + until.At.String()
		}
	}
	return r, g.nextWindow(l, at)
}

func (l *limit) windows() string {
	if len(l.hours) == 0 {
		return "never"
	}
	var out []string
	for _, w := range l.hours {
		out = append(out, w.String())
	}
	return strings.Join(out, ", ")
}

// nextWindow returns when the next window of a limit begins, the next day at
// the latest: the limit may not hold there.
func (g *Guard) nextWindow(l *limit, at paspeaker.Wall) time.Time {
	next := g.midnight(at.Day)
	for _, w := range l.hours {
		if w.from > at.At {
			if t := g.g.zone.time(g.g.zone.moment(paspeaker.Wall{Day: at.Day, At: w.from})); t.Before(next) {
				next = t
			}
		}
	}
	return next
}

// counted asks the numbers of one zone's day. A zero time is the next day.
func (l *limit) counted(t tally, a Ask) (*paspeaker.Refusal, time.Time) {
	same := t.sessions > 0 && a.At.Sub(t.last) < l.sessionGap
	number := t.sessions + 1
	session := a.Length
	if same {
		number, session = t.sessions, t.session+a.Length
	}
	switch {
	case l.minimum > 0 && !t.last.IsZero() && a.At.Sub(t.last) < l.minimum:
		return &paspeaker.Refusal{Rule: paspeaker.GuardGap, Asked: short(max(0, a.At.Sub(t.last))), Allow: short(l.minimum)}, t.last.Add(l.minimum)
	case l.sessions > 0 && number > l.sessions:
		return &paspeaker.Refusal{Rule: paspeaker.GuardSessions, Asked: fmt.Sprint(number), Allow: fmt.Sprint(l.sessions)}, time.Time{}
	case l.perSession > 0 && session > l.perSession:
		r := &paspeaker.Refusal{Rule: paspeaker.GuardSessionMinutes, Asked: short(session), Allow: short(l.perSession)}
		if same && a.Length <= l.perSession {
			return r, t.last.Add(l.sessionGap)
		}
		return r, a.At // never: it is too long by itself
	case l.perDay > 0 && t.day+a.Length > l.perDay:
		r := &paspeaker.Refusal{Rule: paspeaker.GuardDayMinutes, Asked: short(t.day + a.Length), Allow: short(l.perDay)}
		if a.Length > l.perDay {
			return r, a.At
		}
		return r, time.Time{}
	}
	return nil, time.Time{}
}

// nightDB returns how much softer it is to be: as its most sensitive zone asks.
func (g *Guard) nightDB(a Ask, at paspeaker.Wall) float64 {
	db := 0.0
	for i := range g.night {
		n := &g.night[i]
		if n.db < db && n.hours.has(at.At) && n.about(a.Class, at.Day) && slices.ContainsFunc(a.Zones, n.in) {
			db = n.db
		}
	}
	return db
}

func (g *Guard) capped(a Ask, at paspeaker.Wall, night float64) (*paspeaker.Refusal, time.Time) {
	for i := range g.levels {
		l := &g.levels[i]
		// The end of a long one counts too.
		end := g.g.zone.wall(a.At.Add(a.Length).Unix())
		if a.LevelDB+night <= l.db || !l.about(a.Class, at.Day) || !l.hours.has(at.At) && !l.hours.has(end.At) {
			continue
		}
		for _, z := range a.Zones {
			if l.in(z) {
				return &paspeaker.Refusal{Rule: paspeaker.GuardLevel, Limit: l.name, Zone: z, Asked: decibels(a.LevelDB + night),
					Allow: decibels(l.db) + " " + l.hours.String()}, g.after(l.hours, at)
			}
		}
	}
	return nil, time.Time{}
}

// after returns when a window ends that holds a wall time or comes soon.
func (g *Guard) after(w window, at paspeaker.Wall) time.Time {
	if !w.has(at.At) {
		at.At = w.from
	}
	return g.g.zone.time(g.g.zone.moment(w.end(at)))
}

// louder asks whether a neighbour zone sounds louder at that moment.
func (g *Guard) louder(a Ask, night float64, book *Book) (*paspeaker.Refusal, time.Time) {
	if book == nil || a.Test {
		return nil, time.Time{}
	}
	for _, n := range g.near {
		if !slices.ContainsFunc(a.Zones, func(z paspeaker.ZoneID) bool { return slices.Contains(n.zones, z) }) {
			continue
		}
		for _, z := range n.zones {
			if slices.Contains(a.Zones, z) {
				continue
			}
			if db, until, on := book.loudest(z, a.At); on && db > a.LevelDB+night+n.margin {
				return &paspeaker.Refusal{Rule: paspeaker.GuardNeighbour, Limit: n.name, Zone: z, Asked: decibels(a.LevelDB + night),
					Allow: "≥ " + decibels(db-n.margin)}, until
			}
		}
	}
	return nil, time.Time{}
}

func decibels(db float64) string { return fmt.Sprintf("%+g dB", math.Round(db*10)/10) }

// short writes a duration without the zeros that it ends in.
func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Related says whether what sounds in some zones may matter to what the guard
// says of others: they share a zone, hear each other, or something counts over
// the whole site.
func (g *Guard) Related(a, b []paspeaker.ZoneID) bool {
	if g == nil {
		return false
	}
	share := func(zones []paspeaker.ZoneID) bool {
		in := func(list []paspeaker.ZoneID) bool {
			return slices.ContainsFunc(list, func(z paspeaker.ZoneID) bool { return slices.Contains(zones, z) })
		}
		return in(a) && in(b)
	}
	if slices.ContainsFunc(a, func(z paspeaker.ZoneID) bool { return z != paspeaker.ZoneAll && slices.Contains(b, z) }) {
		return true
	}
	return slices.ContainsFunc(g.limits, func(l limit) bool { return slices.Contains(l.zones, paspeaker.ZoneAll) }) ||
		slices.ContainsFunc(g.near, func(n neighbours) bool { return share(n.zones) })
}
