package board

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

var update = flag.Bool("update", false, "write the golden screens anew")

func TestTheBoardLooksAsItShould(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 48}} {
		for _, n := range []int{0, 1, 50, 1000} {
			for lang, tr := range map[string]func(string) string{"en": nil, "vi": say} {
				b := newBench(t, n, func(c *Config) { c.Say = tr; c.Talk = noErrand })
				b.size(size[0], size[1])
				requireExact(t, b.Model)
				var lines strings.Builder
				for l := range strings.Lines(b.text() + "\n") {
					lines.WriteString(strings.TrimRight(l, " \n") + "\n")
				}
				golden(t, fmt.Sprintf("%dx%d-%d-%s.txt", size[0], size[1], n, lang), lines.String())
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if %s is as it should be: go test ./paspeaker/board -update", name)
}

// anyText draws what somebody may have called something.
func anyText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "Cổng số 1", "Co\u0302\u0309ng", "東京ゲート", "👩‍👩‍👧 gate", "a\nb\x1b[31mred\x07", "\u202egnitirw", strings.Repeat("Đường ", 40), "e\u0301\u0302\u0303\u0304", "\t\r\x9b2J"}),
		rapid.String()).Draw(t, label)
}

// anySite draws a site in any state, sound or not.
func anySite(t *rapid.T) *whole {
	w := park(rapid.SampledFrom([]int{0, 1, 2, 7, 50}).Draw(t, "n"))
	w.status.Site = anyText(t, "site")
	for i := range w.zones {
		w.zones[i].Name = anyText(t, "zone")
	}
	for i := range w.status.Speakers {
		sp := &w.status.Speakers[i]
		sp.Name, sp.Note = anyText(t, "name"), anyText(t, "note")
		sp.Online = rapid.Bool().Draw(t, "online")
		sp.Kind = rapid.SampledFrom([]paspeaker.SpeakerKind{paspeaker.KindFixed, paspeaker.KindMobile, paspeaker.KindThirdParty}).Draw(t, "kind")
		if rapid.Bool().Draw(t, "no report") {
			sp.Report = nil
			continue
		}
		sp.Report.LevelDB = rapid.Float64().Draw(t, "level")
		sp.Report.Counters.Packets, sp.Report.Counters.Late = rapid.Uint64().Draw(t, "packets"), rapid.Uint64().Draw(t, "late")
		sp.Report.Clock = paspeaker.ClockState{State: anyText(t, "clock"), ErrorNS: rapid.Int64().Draw(t, "error")}
		sp.Report.Output.Fault = rapid.SampledFrom([]string{"", "no sound card"}).Draw(t, "card")
	}
	for i := range w.status.OnAir {
		s := &w.status.OnAir[i]
		s.Name, s.By, s.Drill = anyText(t, "what"), anyText(t, "by"), rapid.Bool().Draw(t, "drill")
		s.State = rapid.SampledFrom([]paspeaker.SessionState{"playing", "waiting", "paused", "new"}).Draw(t, "state")
		s.Level = paspeaker.Priority(rapid.Byte().Draw(t, "priority"))
		s.Started = rapid.SampledFrom([]time.Time{{}, noon, noon.Add(time.Hour), noon.Add(-100000 * time.Hour)}).Draw(t, "started")
		s.Length = paspeaker.Duration(rapid.Int64().Draw(t, "length"))
	}
	for i := range rapid.IntRange(0, 30).Draw(t, "faults") {
		w.status.Faults = append(w.status.Faults, paspeaker.Fault{ID: fmt.Sprint("f", i), Since: noon, What: anyText(t, "fault"), Remedy: anyText(t, "remedy")})
	}
	return w
}

var everyKey = []string{"tab", "shift+tab", "up", "down", "pgdown", "end", "enter", "esc", "backspace", "/", "s", "S", "?", "1", "2", "3", "4", "y", "n", "c", "đ", "o"}

// Whatever happens, the screen is as large as the terminal, to the line and to
// the column, and nobody else's text moves the cursor.
func TestTheScreenNeverOverflows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &bench{ctl: &controller{all: park(0)}, now: noon}
		cfg := Config{Controller: b.ctl, By: anyText(t, "by"), Now: func() time.Time { return b.now }, Talk: noErrand, Test: noTest}
		if rapid.Bool().Draw(t, "vi") {
			cfg.Say = say
		}
		b.Model = New(cfg)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				b.take(news{whole: anySite(t)})
			case 1:
				b.take(news{err: fmt.Errorf("it broke: %s", anyText(t, "cause"))})
			case 2:
				b.now = b.now.Add(time.Duration(rapid.IntRange(0, 100000).Draw(t, "seconds")) * time.Second)
				b.site.age(b.Model.now())
			case 3:
				b.press(rapid.SampledFrom(everyKey).Draw(t, "key"))
			case 4:
				w := anySite(t)
				var n news
				for i := range w.status.Speakers {
					n.events = append(n.events, paspeaker.Event{Speaker: &w.status.Speakers[i]})
				}
				for i := range w.status.OnAir {
					s := w.status.OnAir[i]
					if rapid.Bool().Draw(t, "over") {
						s.State, s.Ended, s.Outcome = paspeaker.StateEnded, b.now, anyText(t, "outcome")
					}
					n.events = append(n.events, paspeaker.Event{Session: &s})
				}
				for i := range w.status.Faults {
					n.events = append(n.events, paspeaker.Event{Fault: &w.status.Faults[i], Cleared: rapid.Bool().Draw(t, "cleared")})
				}
				b.take(n)
			}
			b.size(rapid.IntRange(40, 200).Draw(t, "columns"), rapid.IntRange(10, 60).Draw(t, "lines"))
			requireExact(t, b.Model)
			for _, r := range b.text() {
				require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e, "%q is for the terminal", r)
			}
			b.size(rapid.IntRange(1, 39).Draw(t, "few columns"), rapid.IntRange(1, 9).Draw(t, "few lines"))
			requireExact(t, b.Model)
		}
	})
}

func TestAControllerThatIsLostIsShownWithTheAgeOfTheData(t *testing.T) {
	b := newBench(t, 5, nil).size(80, 24)
	require.Contains(t, b.text(), "controller answers")
	b.now = b.now.Add(4 * time.Second)
	b.take(news{err: fmt.Errorf("connection refused")})
	assert.Contains(t, b.text(), "?plays", "from the first moment")
	b.now = b.now.Add(8 * time.Second)
	got := b.text()
	assert.Contains(t, got, "CONTROLLER NOT REACHABLE since 12:00:04")
	assert.Contains(t, got, "data 12 s old")
	assert.Contains(t, got, "connection refused")
	assert.Contains(t, got, "?plays")
	assert.NotContains(t, got, "dB", "a meter without news is no meter")
	b.take(news{whole: b.ctl.all})
	assert.Contains(t, b.text(), "controller answers")
	assert.NotContains(t, b.text(), "connection refused")

	b.now = b.now.Add(stale + time.Second)
	assert.Contains(t, b.text(), "NOTHING HEARD OF THE CONTROLLER · data 9 s old", "not even an error came")
}

func TestTheClockIsTheSites(t *testing.T) {
	b := newBench(t, 1, nil)
	b.now = time.Date(2026, 11, 24, 6, 1, 40, 0, time.UTC) // this computer's clock is an hour ahead
	b.take(news{whole: b.ctl.all})
	assert.Contains(t, b.text(), "12:00:00")
	b.now = b.now.Add(3 * time.Second)
	assert.Contains(t, b.text(), "12:00:03")
	assert.Contains(t, b.text(), "0:15/0:45")
}
