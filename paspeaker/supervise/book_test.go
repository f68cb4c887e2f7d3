package supervise

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

var t0 = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// park is a site of switches with eight loudspeakers each: a1 … a8, b1 … b8.
// Zones go across them: the odd ones and the even ones.
type park struct {
	*Book
	now  time.Time
	said []string // "began offline/a1"
	all  []Change
}

func newPark(switches string) *park {
	size := map[string]int{"site": 8 * len(switches), "zone:odd": 4 * len(switches), "zone:even": 4 * len(switches)}
	for _, s := range switches {
		size["switch:"+string(s)] = 8
	}
	p := &park{now: t0}
	p.Book = NewBook(Config{
		Domains: func(id string) []string {
			if len(id) != 2 || !strings.Contains(switches, id[:1]) {
				return nil
			}
			zone := "zone:even"
			if (id[1]-'0')%2 == 1 {
				zone = "zone:odd"
			}
			return []string{"switch:" + id[:1], zone, "site"}
		},
		Size: func(d string) int { return size[d] },
	})
	return p
}

func (p *park) note(changes []Change) {
	for _, c := range changes {
		p.all = append(p.all, c)
		if c.What != paspeaker.FaultUpdated {
			p.said = append(p.said, string(c.What)+" "+c.Fault.ID)
		}
	}
}

// pass lets time go by in tenths of a second, and after the first few seconds
// in seconds.
func (p *park) pass(d time.Duration) {
	begin := p.now
	for end := p.now.Add(d); p.now.Before(end); {
		step := 100 * time.Millisecond
		if p.now.Sub(begin) > 10*time.Second && end.Sub(p.now) > 10*time.Second {
			step = time.Second
		}
		if len(p.restless) == 0 {
			step = end.Sub(p.now)
		}
		p.now = p.now.Add(step)
		p.note(p.Tick(p.now))
	}
}

func (p *park) sees(kind paspeaker.FaultKind, bad bool, subjects ...string) {
	for _, s := range subjects {
		p.note(p.See(p.now, Sight{Kind: kind, Subject: s, Bad: bad, What: s + " is " + string(kind)}))
	}
}

func (p *park) lose(subjects ...string) { p.sees(paspeaker.FaultOffline, true, subjects...) }
func (p *park) back(subjects ...string) { p.sees(paspeaker.FaultOffline, false, subjects...) }

// heard returns what was said since the last call.
func (p *park) heard() []string {
	out := p.said
	p.said = nil
	return out
}

func (p *park) fault(t *testing.T, id string) paspeaker.Fault {
	t.Helper()
	for _, f := range p.Open() {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("%s is not open; open are %v", id, p.Open())
	return paspeaker.Fault{}
}

func of(prefix string, from, to int) (out []string) {
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

func TestAFaultBeginsWhenTroubleLastsAndEndsWhenItIsGone(t *testing.T) {
	for _, r := range Rules() {
		if r.Kind == paspeaker.FaultFlapping {
			continue
		}
		t.Run(string(r.Kind), func(t *testing.T) {
			p := newPark("ab")
			p.sees(r.Kind, true, "a1")
			if r.Onset > 0 {
				p.pass(r.Onset - 200*time.Millisecond)
				assert.Empty(t, p.heard(), "too early")
				p.sees(r.Kind, false, "a1")
				p.pass(r.Onset)
				assert.Empty(t, p.heard(), "it was nothing")
				p.sees(r.Kind, true, "a1")
				p.pass(r.Onset)
			}
			id := paspeaker.FaultID(r.Kind, "a1")
			require.Equal(t, []string{"began " + id}, p.heard())
			f := p.fault(t, id)
			assert.Equal(t, r.Urgency, f.Urgency)
			assert.NotEmpty(t, f.Cause)
			assert.NotEmpty(t, f.Remedy)
			p.sees(r.Kind, false, "a1")
			if r.Clear > 0 {
				p.pass(r.Clear - 200*time.Millisecond)
				p.sees(r.Kind, true, "a1")
				p.pass(r.Clear)
				assert.Empty(t, p.heard(), "it lasts")
				p.sees(r.Kind, false, "a1")
			}
			p.pass(r.Clear + 100*time.Millisecond)
			assert.Equal(t, []string{"ended " + id}, p.heard())
			assert.Empty(t, p.Open())
			require.Len(t, p.Ended(), 1)
			assert.False(t, p.Ended()[0].Ended.IsZero())
		})
	}
}

func TestASwitchThatIsLostIsOneFault(t *testing.T) {
	p := newPark("abc")
	for _, id := range of("b", 1, 8) { // they fall silent within a second
		p.lose(id)
		p.pass(100 * time.Millisecond)
	}
	p.pass(5 * time.Second)
	assert.Equal(t, []string{"began offline/switch:b"}, p.heard())
	f := p.fault(t, "offline/switch:b")
	assert.Equal(t, "8 of 8 loudspeakers of switch b are not heard of", f.What)
	assert.Len(t, f.Speakers, 8)
	assert.Equal(t, t0, f.Since, "of the first")
	p.back(of("b", 1, 3)...)
	assert.Empty(t, p.heard())
	assert.Len(t, p.fault(t, "offline/switch:b").Speakers, 5)
	p.pass(time.Hour)
	p.lose("b1")
	p.pass(10 * time.Second)
	assert.Equal(t, []string{"began offline/b1"}, p.heard(), "it dies anew, which is news")
	p.back(of("b", 1, 8)...)
	assert.ElementsMatch(t, []string{"ended offline/b1", "ended offline/switch:b"}, p.heard())
	assert.Empty(t, p.Open())
}

func TestTheWidestDomainThatIsLostIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		lost []string
		want []string
	}{
		"one":                    {[]string{"a1"}, []string{"began offline/a1"}},
		"half a switch":          {of("a", 1, 4), []string{"began offline/a1", "began offline/a2", "began offline/a3", "began offline/a4"}},
		"most of a switch":       {of("a", 1, 5), []string{"began offline/switch:a"}},
		"two switches":           {append(of("a", 1, 8), of("b", 1, 8)...), []string{"began offline/site"}},
		"most of a zone":         {[]string{"a1", "a3", "b1", "b3", "b5", "c1", "c3"}, []string{"began offline/zone:odd"}},
		"everybody":              {append(append(of("a", 1, 8), of("b", 1, 8)...), of("c", 1, 8)...), []string{"began offline/site"}},
		"a switch, and somebody": {append(of("a", 1, 8), "b2"), []string{"began offline/b2", "began offline/switch:a"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPark("abc")
			p.lose(test.lost...)
			p.pass(5 * time.Second)
			got := p.heard()
			assert.ElementsMatch(t, test.want, got)
			p.back(test.lost...)
			p.pass(5 * time.Second)
			assert.Empty(t, p.Open())
		})
	}
}

func TestALatecomerIsTakenIntoTheFaultOfItsSwitch(t *testing.T) {
	p := newPark("ab")
	p.lose("a1")
	p.pass(3 * time.Second)
	assert.Equal(t, []string{"began offline/a1"}, p.heard())
	p.lose(of("a", 2, 8)...)
	p.pass(3 * time.Second)
	assert.Equal(t, []string{"ended offline/a1", "began offline/switch:a"}, p.heard())
	assert.Equal(t, "offline/switch:a", p.all[1].Into)
	assert.Len(t, p.fault(t, "offline/switch:a").Speakers, 8)
}

// Half of a site that was never plugged in must not hide those that die.
func TestADeathIsNewsThoughMostAreGoneForLong(t *testing.T) {
	p := newPark("abc")
	p.lose(append(of("a", 1, 8), of("b", 1, 8)...)...)
	p.pass(time.Hour)
	assert.Equal(t, []string{"began offline/site"}, p.heard())
	p.lose("c1")
	p.pass(5 * time.Second)
	assert.Equal(t, []string{"began offline/c1"}, p.heard())
	p.pass(time.Hour)
	p.lose(of("c", 2, 8)...)
	p.pass(5 * time.Second)
	assert.Equal(t, []string{"began offline/switch:c"}, p.heard())
	p.back(append(append(of("a", 1, 8), of("b", 1, 8)...), of("c", 1, 8)...)...)
	p.pass(5 * time.Second)
	assert.Empty(t, p.Open())
}

func TestTheLastOfASwitchIsOnItsOwnAfterAWhile(t *testing.T) {
	p := newPark("ab")
	p.lose(of("a", 1, 8)...)
	p.pass(3 * time.Second)
	p.back(of("a", 2, 8)...)
	p.heard()
	p.pass(straggleFor + time.Second)
	assert.Equal(t, []string{"began offline/a1", "ended offline/switch:a"}, p.heard())
	assert.Equal(t, t0, p.fault(t, "offline/a1").Since, "it never came back")
	p.back("a1")
	assert.Empty(t, p.Open())
}

func TestAControllerWithoutItsInterfaceIsOneFault(t *testing.T) {
	p := newPark("ab")
	everybody := append(of("a", 1, 8), of("b", 1, 8)...)
	p.sees(paspeaker.FaultInterface, true, "")
	p.pass(2 * time.Second)
	p.lose(everybody...)
	p.pass(time.Minute)
	assert.Equal(t, []string{"began interface"}, p.heard())
	assert.Len(t, p.fault(t, "interface").Speakers, 16)
	p.sees(paspeaker.FaultInterface, false, "")
	p.pass(2 * time.Second)
	p.back(everybody[1:]...)
	p.pass(3 * time.Second)
	assert.Equal(t, []string{"ended interface"}, p.heard())
	p.pass(grace)
	assert.Equal(t, []string{"began offline/a1"}, p.heard(), "the one that stays away")
}

func TestWhatComesAndGoesIsFlapping(t *testing.T) {
	p := newPark("ab")
	blink := func() {
		p.lose("a1")
		p.pass(5 * time.Second)
		p.back("a1")
		p.pass(5 * time.Second)
	}
	blink()
	blink()
	assert.Len(t, p.heard(), 4, "twice may happen")
	for range 20 {
		blink()
	}
	assert.Equal(t, []string{"began flapping/a1"}, p.heard())
	f := p.fault(t, "flapping/a1")
	assert.Equal(t, paspeaker.FaultOffline, f.Of)
	assert.Equal(t, 22, f.Times)
	assert.Equal(t, paspeaker.UrgencyAlarm, f.Urgency)
	p.pass(flapQuiet)
	assert.Equal(t, []string{"ended flapping/a1"}, p.heard())
	for range 3 {
		blink()
	}
	p.heard()
	p.lose("a1")
	p.pass(flapQuiet + time.Second)
	assert.Equal(t, []string{"ended flapping/a1", "began offline/a1"}, p.heard(), "it stays away")
}

func TestASwitchThatComesAndGoesIsFlappingToo(t *testing.T) {
	p := newPark("ab")
	for range 10 {
		p.lose(of("a", 1, 8)...)
		p.pass(5 * time.Second)
		p.back(of("a", 1, 8)...)
		p.pass(5 * time.Second)
	}
	assert.Equal(t, []string{"began offline/switch:a", "ended offline/switch:a", "began offline/switch:a", "ended offline/switch:a",
		"began flapping/switch:a"}, p.heard())
	p.pass(flapQuiet)
	assert.Equal(t, []string{"ended flapping/switch:a"}, p.heard())
	assert.Empty(t, p.Open())
}

func TestAnAckIsForOneOnset(t *testing.T) {
	p := newPark("ab")
	p.lose("a1")
	p.pass(2 * time.Second)
	p.heard()
	f, changes, err := p.Ack("offline/a1", paspeaker.Ack{By: "An", At: p.now, Note: "thợ đang đến"})
	require.NoError(t, err)
	p.note(changes)
	assert.Equal(t, "An", f.Ack.By)
	assert.Equal(t, []string{"acked offline/a1"}, p.heard())
	p.back("a1")
	assert.Equal(t, "An", p.Ended()[0].Ack.By)
	_, _, err = p.Ack("offline/a1", paspeaker.Ack{By: "An"})
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "it is over")
	p.lose("a1")
	p.pass(2 * time.Second)
	assert.Nil(t, p.fault(t, "offline/a1").Ack)
}

func TestFaultsAndAcksOutliveTheProgram(t *testing.T) {
	p := newPark("abc")
	p.sees("config", true, "")
	p.sees(paspeaker.FaultOutput, true, "c1")
	p.lose(of("a", 1, 8)...)
	p.lose("c2")
	p.pass(2 * time.Second)
	for _, f := range p.Open() {
		_, _, err := p.Ack(f.ID, paspeaker.Ack{By: "An"})
		require.NoError(t, err)
	}
	before := p.Open()
	require.Len(t, before, 4)

	next := newPark("abc")
	next.now = p.now.Add(time.Minute)
	next.note(next.Restore(next.now, p.Recall()))
	assert.ElementsMatch(t, []string{"carried config", "carried output/c1", "carried offline/switch:a", "carried offline/c2"}, next.heard())
	assert.Equal(t, before, next.Open())
	next.sees("config", false, "")               // it was mended meanwhile
	next.sees(paspeaker.FaultOutput, true, "c1") // it was not
	next.back(of("a", 1, 7)...)
	next.lose("c2", "a8")
	next.pass(2 * time.Second)
	assert.Equal(t, []string{"ended config"}, next.heard())
	assert.Equal(t, "An", next.fault(t, "output/c1").Ack.By)
	assert.Equal(t, t0, next.fault(t, "offline/c2").Since)
	next.pass(2 * unsureFor)
	assert.Equal(t, []string{"began offline/a8", "ended offline/switch:a"}, next.heard())
}

func TestWhatNobodySeesAfterARestartIsOver(t *testing.T) {
	p := newPark("ab")
	p.note(p.Restore(p.now, Memory{Open: []paspeaker.Fault{
		{ID: "config", Kind: "config", Since: t0.Add(-time.Hour)},
		{ID: "flapping/a1", Kind: paspeaker.FaultFlapping, Of: paspeaker.FaultOffline, Subject: "a1", Times: 9, Since: t0.Add(-time.Hour)},
		{ID: "interface", Kind: paspeaker.FaultInterface, Speakers: []paspeaker.SpeakerID{"a1", "b1"}, Since: t0.Add(-time.Hour)},
		{ID: "clock/switch:b", Kind: paspeaker.FaultClock, Subject: "switch:b", Speakers: []paspeaker.SpeakerID{"b1", "b2", "b3", "b4", "b5"}, Since: t0.Add(-time.Hour)},
	}}))
	assert.Len(t, p.Open(), 4)
	p.pass(2 * unsureFor)
	assert.Empty(t, p.Open())
	p.pass(time.Hour)
	assert.Empty(t, p.of, "nothing is kept of what is over")
}

func TestASpeakerThatIsNoMoreHasNoFaults(t *testing.T) {
	p := newPark("ab")
	p.lose(of("a", 1, 8)...)
	p.lose("b1")
	p.sees(paspeaker.FaultHot, true, "b2")
	p.pass(2 * time.Second)
	p.heard()
	for _, id := range append(of("a", 1, 8), "b1", "b2") {
		p.note(p.Forget(p.now, id))
	}
	p.pass(2 * time.Second)
	assert.ElementsMatch(t, []string{"ended offline/switch:a", "ended offline/b1"}, p.heard())
	assert.Empty(t, p.Open())
}

func TestAGoneNodeIsNotBlamedForMore(t *testing.T) {
	p := newPark("ab")
	p.sees(paspeaker.FaultLoss, true, "a1")
	p.lose("a1")
	p.pass(time.Minute)
	assert.Equal(t, []string{"began offline/a1"}, p.heard())
}

func TestTheTableOfKinds(t *testing.T) {
	seen := map[paspeaker.FaultKind]bool{}
	for _, r := range Rules() {
		assert.False(t, seen[r.Kind], r.Kind)
		seen[r.Kind] = true
		assert.Contains(t, paspeaker.Urgencies(), r.Urgency, r.Kind)
		assert.NotEmpty(t, r.Cause, r.Kind)
		assert.NotEmpty(t, r.Remedy, r.Kind)
	}
	for _, l := range looks {
		assert.True(t, seen[l.kind], l.kind)
	}
	assert.Len(t, paspeaker.FaultKinds(), len(seen))
	for _, k := range paspeaker.FaultKinds() {
		assert.True(t, seen[k], k)
	}
}
