package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"regexp"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/text/unicode/norm"

	"pa/paspeaker"
)

// A calendar (RFC 5545) that we write has an event for every run, for people,
// and the campaigns themselves in properties that only we read.

// campaignProperty holds a campaign as JSON in base64: no program that carries
// the file has a reason to break it.
const campaignProperty = "X-PASPEAKER-CAMPAIGN"

// writeCalendar writes campaigns and their runs.
func writeCalendar(st paspeaker.Status, campaigns []paspeaker.Campaign, runs []paspeaker.Occurrence) ([]byte, error) {
	cal := ics.NewCalendarFor("paspeaker")
	cal.SetMethod(ics.MethodPublish)
	cal.SetXWRCalName(st.Site)
	cal.SetXWRTimezone(st.Zone)
	wanted := map[string]bool{}
	for _, c := range campaigns {
		text, err := json.Marshal(written(c))
		if err != nil {
			return nil, fmt.Errorf("write campaign %s: %w", c.ID, err)
		}
		wanted[c.ID] = true
		cal.CalendarProperties = append(cal.CalendarProperties, ics.CalendarProperty{BaseProperty: ics.BaseProperty{
			IANAToken: campaignProperty, Value: base64.StdEncoding.EncodeToString(text)}})
	}
	for _, o := range runs {
		if !wanted[o.Campaign] || o.State == paspeaker.OccurrenceRemoved || o.State == paspeaker.OccurrenceRefused {
			continue
		}
		e := cal.AddEvent(o.ID + "@paspeaker")
		e.SetDtStampTime(st.Now)
		e.SetStartAt(o.At)
		e.SetEndAt(o.At.Add(max(time.Second, time.Duration(o.Length).Round(time.Second))))
		e.SetSummary(o.Name + " · " + o.Message)
		e.SetLocation(inPlaces(o.Zones, o.Speakers))
		e.SetTimeTransparency(ics.TransparencyTransparent)
	}
	var b bytes.Buffer
	if err := cal.SerializeTo(&b); err != nil {
		return nil, fmt.Errorf("write calendar: %w", err)
	}
	return b.Bytes(), nil
}

// template is what an event of somebody else's calendar does not say.
type template struct {
	message, chime string
	zones          []string
}

// readCalendar returns the campaigns of a calendar: our own as they were, or
// one for each event. The error lists every event that cannot be one.
func readCalendar(name string, text []byte, loc *time.Location, t template) ([]paspeaker.Campaign, error) {
	cal, err := ics.ParseCalendar(bytes.NewReader(text))
	if err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("%s: no calendar: %v", name, err), Hint: "it is to be iCalendar, RFC 5545"}
	}
	var out []paspeaker.Campaign
	for _, p := range cal.CalendarProperties {
		if p.IANAToken == campaignProperty {
			c, err := ownCampaign(p.Value)
			if err != nil {
				return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("%s: %v", name, err)}
			}
			out = append(out, c)
		}
	}
	if out != nil {
		return out, nil
	}
	var faults []string
	taken := map[string]bool{}
	for _, e := range cal.Events() {
		c, err := eventCampaign(e, loc, t)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: event %q: %v", name, value(e, ics.ComponentPropertySummary), err))
			continue
		}
		c.ID = freeID(c.ID, taken)
		out = append(out, c)
	}
	if faults != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: strings.Join(faults, "\n")}
	}
	return out, nil
}

func ownCampaign(text string) (c paspeaker.Campaign, err error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	c = written(c)
	if err == nil && !paspeaker.ValidID(c.ID) {
		err = fmt.Errorf("id %q", c.ID)
	}
	if err != nil {
		err = fmt.Errorf("a campaign in it is damaged: %w", err)
	}
	return c, err
}

func value(e *ics.VEvent, p ics.ComponentProperty) string {
	if v := e.GetProperty(p); v != nil {
		return strings.TrimSpace(v.Value)
	}
	return ""
}

// eventCampaign is an event as a campaign.
func eventCampaign(e *ics.VEvent, loc *time.Location, t template) (paspeaker.Campaign, error) {
	title := value(e, ics.ComponentPropertySummary)
	c := paspeaker.Campaign{ID: idOf(title), Name: title, Chime: t.chime, Zones: splitIDs[paspeaker.ZoneID](t.zones),
		Messages: []paspeaker.CampaignMessage{{Name: norm.NFC.String(first(t.message, title))}}}
	if c.Messages[0].Name == "" {
		return c, fmt.Errorf("no title: say which message with --message")
	}
	if c.Zones == nil {
		c.Zones = zonesOf(value(e, ics.ComponentPropertyLocation) + "," + value(e, ics.ComponentPropertyCategories))
	}
	if len(c.Zones) == 0 {
		return c, fmt.Errorf("no zone in its place or categories: say where with --zones")
	}
	if p := e.GetProperty(ics.ComponentPropertyDtStart); p == nil || len(p.Value) < len("20060102T1504") {
		return c, fmt.Errorf("no time of day")
	}
	start, err := e.GetStartAt()
	if err != nil {
		return c, err
	}
	begin := paspeaker.WallOf(start.In(loc)).String()
	if rule := value(e, ics.ComponentPropertyRrule); rule != "" {
		c.Rules = []paspeaker.Rule{{RRule: rule, Start: begin}}
	} else {
		c.Also = []string{begin}
	}
	if c.Except, err = moments(e, ics.ComponentPropertyExdate, loc); err != nil {
		return c, err
	}
	more, err := moments(e, ics.ComponentPropertyRdate, loc)
	c.Also = append(c.Also, more...)
	return c, err
}

// moments reads EXDATE and RDATE: lists, with or without a zone of their own.
func moments(e *ics.VEvent, name ics.ComponentProperty, loc *time.Location) ([]string, error) {
	var out []string
	for _, p := range e.GetProperties(name) {
		in := loc
		if tz := p.ICalParameters["TZID"]; len(tz) == 1 {
			l, err := time.LoadLocation(tz[0])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			in = l
		}
		for _, v := range strings.Split(p.Value, ",") {
			if day, err := time.Parse("20060102", v); err == nil {
				out = append(out, day.Format(time.DateOnly))
				continue
			}
			t, err := time.Parse("20060102T150405Z", v)
			if err != nil {
				t, err = time.ParseInLocation("20060102T150405", v, in)
			}
			if err != nil {
				return nil, fmt.Errorf("%s %q: no moment", name, v)
			}
			out = append(out, paspeaker.WallOf(t.In(loc)).String())
		}
	}
	return out, nil
}

var idWord = regexp.MustCompile(`[a-z0-9]+(?:-[a-z0-9]+)*`)

// zonesOf finds ids in free text.
func zonesOf(text string) []paspeaker.ZoneID {
	var out []paspeaker.ZoneID
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;\\", r) }) {
		if idWord.FindString(w) == w && paspeaker.ValidID(w) {
			out = append(out, paspeaker.ZoneID(w))
		}
	}
	return out
}

// idOf makes an id of a title: its letters without their marks.
func idOf(title string) string {
	plain := strings.NewReplacer("đ", "d", "Đ", "d").Replace(title)
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(plain)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < 0x300 || r > 0x36f: // anything but a combining mark parts words
			b.WriteByte('-')
		}
	}
	id := strings.Join(idWord.FindAllString(b.String(), -1), "-")
	id = strings.Trim(id[:min(len(id), 28)], "-")
	if id == "" {
		h := fnv.New32a()
		h.Write([]byte(title))
		id = fmt.Sprintf("event-%08x", h.Sum32())
	}
	return id
}

// freeID returns id, or id-2 and so on, and takes it.
func freeID(id string, taken map[string]bool) string {
	free := id
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	taken[free] = true
	return free
}

func openText(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f)
}
