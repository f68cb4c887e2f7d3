package paspeaker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A day is a log: a line at the margin is what happens, the indented lines
// below it are the rulings that follow from it. playDay does what the log says
// and compares the log that comes of it.
//
//	10:00 slogan asks 64 gate-1 road-1 whole wait=5m
//	    play slogan.0 full gate-1 road-1
//	10:02 slogan.0 ends done
//	    end slogan.0 done
type day struct {
	t     *testing.T
	a     *Arbiter
	names []string // of the announcements, by number
}

func playDay(t *testing.T, log string) *Arbiter {
	t.Helper()
	d := &day{t: t, a: NewArbiter(ArbiterConfig{NoMixer: func(s SpeakerID) bool { return strings.HasPrefix(string(s), "horn") }})}
	var got strings.Builder
	log = strings.TrimSpace(strings.ReplaceAll(log, "\t", ""))
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") || line == "" {
			continue
		}
		got.WriteString(line + "\n")
		for _, r := range d.do(strings.Fields(line)) {
			got.WriteString("    " + d.ruling(r) + "\n")
		}
	}
	assert.Equal(t, log+"\n", got.String())
	return d.a
}

// clock reads the day's time.
func clock(t *testing.T, s string) time.Time {
	t.Helper()
	if len(s) == 5 {
		s += ":00"
	}
	at, err := time.ParseInLocation(time.DateTime, "2026-11-24 "+s, time.FixedZone("ICT", 7*3600))
	require.NoError(t, err)
	return at
}

func (d *day) do(words []string) []Ruling {
	d.t.Helper()
	now := clock(d.t, words[0])
	switch {
	case words[1] == "tick":
		return d.a.Tick(now)
	case words[1] == "retire":
		return d.a.Retire(now, func(s SpeakerID) bool { return !slices.Contains(words[2:], string(s)) })
	case words[1] == "silence":
		return d.a.CancelAll(now, OutcomeStopped, func(id SessionID) bool {
			return len(words) > 3 && slices.Contains(words[3:], d.names[id>>8-1])
		})
	case words[2] == "asks":
		return d.a.Request(now, d.request(words))
	case words[2] == "ends":
		return d.a.Release(now, d.id(words[1]), strings.Join(words[3:], " "))
	case words[2] == "cancelled":
		return d.a.Cancel(now, d.id(words[1]+".0"), OutcomeStopped)
	}
	require.Fail(d.t, "nothing that can happen", "%v", words)
	return nil
}

func (d *day) id(s string) SessionID {
	name, n, _ := strings.Cut(s, ".")
	i := slices.Index(d.names, name)
	if i < 0 {
		d.names = append(d.names, name)
		i = len(d.names) - 1
	}
	part, err := strconv.Atoi(n)
	require.NoError(d.t, err)
	return SessionID(i+1)<<8 | SessionID(part)
}

func (d *day) request(words []string) Request {
	r := Request{ID: d.id(words[1] + ".0"), Name: words[1], MaxLength: time.Hour}
	p, err := ParsePriority(words[3])
	require.NoError(d.t, err)
	r.Priority = p
	for _, w := range words[4:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "whole", "stacked", "partial":
			r.Routing = Routing(k)
		case "restart", "drop":
			r.Preempted = Resumption(k)
		case "live":
			r.Live, r.By = true, v
		case "duck":
			r.Duck = true
		case "wait":
			r.MaxWait, err = time.ParseDuration(v)
		case "max":
			r.MaxLength, err = time.ParseDuration(v)
		case "groups":
			for _, g := range strings.Split(v, "|") {
				var ids []SpeakerID
				for _, s := range strings.Split(g, "+") {
					ids = append(ids, SpeakerID(s))
				}
				r.Groups = append(r.Groups, ids)
				r.Speakers = append(r.Speakers, ids...)
			}
		default:
			r.Speakers = append(r.Speakers, SpeakerID(w))
		}
		require.NoError(d.t, err)
	}
	return r
}

func (d *day) name(id SessionID) string { return fmt.Sprintf("%s.%d", d.names[id>>8-1], id.Part()) }

func (d *day) ruling(r Ruling) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Kind, d.name(r.Session))
	put := func(label string, ids []SpeakerID) {
		if len(ids) > 0 {
			fmt.Fprintf(&b, " %s", label)
			for _, s := range ids {
				fmt.Fprintf(&b, " %s", s)
			}
		}
	}
	put("full", r.Full)
	put("ducked", r.Ducked)
	var rest []SpeakerID
	for _, s := range r.Targets {
		if !slices.Contains(r.Full, s) && !slices.Contains(r.Ducked, s) {
			rest = append(rest, s)
		}
	}
	put("later", rest)
	if r.Restart {
		b.WriteString(" restart")
	}
	if r.Outcome != "" {
		b.WriteString(" " + r.Outcome)
	}
	if r.By != 0 {
		b.WriteString(" by " + d.name(r.By))
	}
	if r.Reason != "" {
		b.WriteString(" (" + r.Reason + ")")
	}
	return b.String()
}
