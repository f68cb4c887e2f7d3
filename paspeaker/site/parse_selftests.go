package site

import (
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// SelfTest is a test of loudspeakers that the controller runs by itself.
type SelfTest struct {
	ID      string // 1–22 of a–z, 0–9 and hyphens
	Name    string
	When    *schedule.Timetable
	Request paspeaker.TestRequest
}

// selfTestPrefix sets the runs of self-tests apart from those of campaigns.
const selfTestPrefix = "self-test-"

// SelfTestRun is under which name the runs of a self-test are claimed.
func SelfTestRun(id string) string { return selfTestPrefix + id }

// SelfTest returns the self-test of that id.
func (s *Site) SelfTest(id string) (SelfTest, bool) {
	for _, t := range s.SelfTests {
		if t.ID == id {
			return t, true
		}
	}
	return SelfTest{}, false
}

// ruleKeys are the words of a campaign's rule.
var ruleKeys = []string{"at", "every", "from", "to", "cron", "rrule", "start", "shifts", "edge", "before", "after", "weekdays"}

// readSelfTests reads the section self_tests, after zones and calendars.
func (s *Site) readSelfTests(v value) {
	seen := make(map[string]bool)
	for _, e := range v.list() {
		o := e.object("id", "name", "zones", "speakers", "kind", "quiet", "at_once", "daily", "rules", "keep", "skip")
		t := SelfTest{ID: o.get("id").id()}
		t.Name = o.get("name").name(t.ID)
		switch most := 32 - len(selfTestPrefix); {
		case t.ID == "":
			continue
		case len(t.ID) > most:
			o.get("id").fault("is longer than 22 characters", "shorten it")
			continue
		case seen[t.ID]:
			o.get("id").fault(t.ID+" stands here twice", "rename one of them")
			continue
		}
		seen[t.ID] = true
		t.Request = s.readTest(o)
		if t.When = s.readWhen(o, t); t.When != nil {
			s.SelfTests = append(s.SelfTests, t)
		}
	}
}

// readTest reads what is tested and how. Unless it says otherwise nobody hears
// it: a test that nobody asked for at that moment should not startle anyone.
func (s *Site) readTest(o object) paspeaker.TestRequest {
	var kinds []string
	for _, k := range paspeaker.TestKinds() {
		kinds = append(kinds, string(k))
	}
	q := paspeaker.TestRequest{Quiet: o.get("quiet").word("true", "true", "false") == "true", AtOnce: o.get("at_once").truth(),
		Kind: paspeaker.TestKind(o.get("kind").word(string(paspeaker.TestTone), kinds...)), Zones: zoneWords(o.get("zones"))}
	for _, w := range o.get("speakers").words() {
		q.Speakers = append(q.Speakers, paspeaker.SpeakerID(w))
	}
	if q.Quiet && q.Kind != paspeaker.TestTone {
		o.get("kind").fault(string(q.Kind)+" is heard", "say quiet: false, or leave kind out: a quiet test is a tone that nobody hears")
	}
	if len(q.Zones)+len(q.Speakers) == 0 {
		o.get("zones").missing("say what is tested; all is the whole site")
	} else if _, err := s.Resolve(q.Zones, q.Speakers); err != nil {
		e, _ := err.(*paspeaker.Error)
		at := o.get("zones")
		if len(q.Zones) == 0 || e != nil && strings.HasPrefix(e.What, "speaker") {
			at = o.get("speakers")
		}
		if e != nil {
			at.fault(e.What, e.Hint)
		} else {
			at.fault(err.Error(), "name what the site has")
		}
	}
	return q
}

// readWhen reads when it runs, by the rules of campaigns; daily is the short
// form of the commonest.
func (s *Site) readWhen(o object, t SelfTest) *schedule.Timetable {
	c := paspeaker.Campaign{ID: SelfTestRun(t.ID), Name: t.Name, Zones: t.Request.Zones, Speakers: t.Request.Speakers,
		Messages: []paspeaker.CampaignMessage{{Name: "self-test"}}, Keep: o.get("keep").words(), Skip: o.get("skip").words()}
	daily, rules := o.get("daily"), o.get("rules")
	switch {
	case daily.present() && rules.present():
		daily.fault("stands beside rules", "say one of them")
		return nil
	case daily.present():
		at, ok := daily.scalar()
		if !ok {
			return nil
		}
		c.Rules = []paspeaker.Rule{{At: []string{at}}}
	case rules.present():
		for _, r := range rules.list() {
			c.Rules = append(c.Rules, readRule(r))
		}
	default:
		daily.missing("say when: daily: 03:30, or rules: as campaigns have them")
		return nil
	}
	if len(c.Zones)+len(c.Speakers) == 0 {
		return nil // told already
	}
	if o.r.dir == "" && o.r.kept == nil { // the calendars were not looked for
		c.Keep, c.Skip = nil, nil
	}
	when, faults := schedule.Compile(c, s.Ground())
	at := places(o.value, map[string]value{})
	for _, f := range faults {
		path := o.path + "." + f.Path
		if daily.present() && strings.HasPrefix(f.Path, "rules[0]") {
			path = o.path + ".daily"
		}
		v, ok := nearestValue(at, path)
		if !ok {
			v = o.value
		}
		v.path = path
		v.fault(clip(f.What), f.Hint)
	}
	return when
}

// readRule reads one rule as campaigns have them; package schedule says what is
// wrong in its texts.
func readRule(v value) paspeaker.Rule {
	o := v.object(ruleKeys...)
	r := paspeaker.Rule{At: o.get("at").words(), From: o.get("from").text(), To: o.get("to").text(), Cron: o.get("cron").text(), RRule: o.get("rrule").text(),
		Start: o.get("start").text(), Shifts: o.get("shifts").words(), Edge: o.get("edge").word("", "begin", "end"), Weekdays: o.get("weekdays").words()}
	r.Every = paspeaker.Duration(o.get("every").duration(0, time.Minute, 24*time.Hour))
	r.Before, r.After = paspeaker.Duration(o.get("before").duration(0, time.Second, 24*time.Hour)), paspeaker.Duration(o.get("after").duration(0, time.Second, 24*time.Hour))
	return r
}
