package board

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestAStopAsksFirst(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	b.press("s")
	assert.Contains(t, b.text(), "stop Sơ tán? [y/N]")
	assert.Empty(t, b.ctl.stopped)
	b.press("n")
	assert.Contains(t, b.text(), "nothing was done")
	b.press("s", "enter")
	assert.Empty(t, b.ctl.stopped, "only a yes is a yes")
	b.press("down", "s", "y")
	assert.Equal(t, []paspeaker.SessionID{slogan}, b.ctl.stopped)
	assert.Contains(t, b.text(), "stop Cùng nhau giữ gìn an ninh trật tự để ổn định sản xuất: stopped")
}

func TestAStopStopsWhatWasAskedAboutEvenIfTheListMoves(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	b.press("s")
	over := b.ctl.all.status.OnAir[1]
	over.State, over.Ended = paspeaker.StateEnded, noon
	b.take(news{events: []paspeaker.Event{{Session: &over}}})
	b.press("y")
	assert.Equal(t, []paspeaker.SessionID{fire}, b.ctl.stopped)
}

func TestAnEndedAnnouncementCannotBeStopped(t *testing.T) {
	b := newBench(t, 1, nil).size(80, 24)
	for _, s := range b.ctl.all.status.OnAir {
		s.State, s.Ended, s.Outcome = paspeaker.StateEnded, noon, "done"
		b.take(news{events: []paspeaker.Event{{Session: &s}}})
	}
	assert.Contains(t, b.text(), "done", "it stays in sight for a while")
	late := b.site.sessions(noon)[0]
	late.Verdicts = []paspeaker.SpeakerVerdict{{Speaker: "gate-1", Verdict: paspeaker.VerdictSounded}, {Speaker: "gate-7", Verdict: paspeaker.VerdictUnknown, Why: paspeaker.WhyOffline, Since: noon.Add(-time.Hour)}}
	b.take(news{events: []paspeaker.Event{{Session: &late}}})
	assert.Contains(t, b.text(), "1 of 2 sounded, gate-7 offline since 11:00", "and says how it was heard")
	assert.Contains(t, b.text(), " 1/2 ")
	b.press("s")
	assert.Contains(t, b.text(), "that is over already")
	b.now = noon.Add(lingers)
	b.take(news{})
	assert.Contains(t, b.text(), "nothing is on air")
	b.press("s", "y")
	assert.Empty(t, b.ctl.stopped)
}

func TestStopAllWantsTheWord(t *testing.T) {
	b := newBench(t, 5, nil).size(80, 24)
	b.press("S")
	assert.Contains(t, b.text(), "type STOP and Enter to silence everything:")
	b.press("y", "enter")
	assert.False(t, b.ctl.silent)
	b.press("S", "s", "t", "o", "x", "backspace", "p")
	assert.Contains(t, b.text(), "everything: stop_")
	b.press("enter")
	assert.True(t, b.ctl.silent)
	assert.Contains(t, b.text(), "stop everything: 2 announcements ended")
}

func TestInVietnameseTheWordsAreVietnamese(t *testing.T) {
	b := newBench(t, 5, func(c *Config) { c.Say = say }).size(80, 24)
	b.press("s")
	assert.Contains(t, b.text(), "ngừng Sơ tán? [c/K]")
	b.press("c")
	assert.Equal(t, []paspeaker.SessionID{fire}, b.ctl.stopped)
	b.press("S", "N", "G", "Ừ", "N", "G", "enter")
	assert.True(t, b.ctl.silent, "with marks or without")
}

func TestWhatFailsIsSaidAndStays(t *testing.T) {
	b := newBench(t, 5, nil).size(80, 24)
	b.ctl.err = &paspeaker.Error{Code: paspeaker.CodeDenied, What: "the token is wrong", Hint: "ask\nfor one"}
	b.press("s", "y")
	assert.Contains(t, b.text(), "stop Sơ tán: the token is wrong; ask for one")
	b.press("down", "tab")
	b.take(news{whole: b.ctl.all})
	assert.Contains(t, b.text(), "the token is wrong", "until somebody has read it")
	b.press("esc")
	assert.NotContains(t, b.text(), "the token is wrong")
}

func TestFindNeedsNoMarks(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	b.press("/", "c", "o", "t", "space", "d", "e", "n", "space", "s", "o", "space", "4", "7")
	assert.Contains(t, b.text(), "find: cot den so 47_")
	assert.Equal(t, []string{"loa-0047"}, b.ids(speakers))
	b.press("enter")
	assert.Contains(t, b.text(), "only “cot den so 47”, Esc shows all")
	b.press("esc")
	assert.Len(t, b.ids(speakers), 50)

	b.press("2", "/", "đ", "ư", "ờ", "n", "g", "space", "c", "h", "enter")
	assert.Equal(t, []string{"roads"}, b.ids(zones))
	b.press("/", "esc")
	assert.Len(t, b.ids(zones), 3, "Esc gives up the search")
	b.press("/", "c", "o", "n", "g", "enter")
	assert.Equal(t, []string{"gates"}, b.ids(zones))
	assert.Len(t, b.ids(speakers), 7, "no loudspeaker is called so: those of the zone that is")
}

func TestMoving(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	b.press("tab")
	assert.Equal(t, zones, b.focus)
	b.press("down", "j", "j", "j")
	assert.Equal(t, "roads", b.chosen[zones], "it ends at the last")
	b.press("k")
	assert.Equal(t, "gates", b.chosen[zones])
	assert.Len(t, b.ids(speakers), 7, "the loudspeakers are the zone's")
	b.press("enter", "end")
	assert.Equal(t, speakers, b.focus)
	assert.Equal(t, "loa-0049", b.chosen[speakers])
	b.press("g", "pgdown")
	assert.Equal(t, "loa-0049", b.chosen[speakers])
	b.press("shift+tab", "shift+tab", "shift+tab")
	assert.Equal(t, faults, b.focus)
	b.press("down")
	assert.Contains(t, b.text(), "do: mend the file (paspeaker check)", "the remedy is the chosen fault's")
	b.press("?")
	assert.Contains(t, b.text(), "Enter           the zone's loudspeakers")
	b.press("q")
	assert.NotContains(t, b.text(), "Ctrl-C", "any key leaves the help, and does no more")
}

func TestAChoiceStaysWithWhatWasChosen(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	require.Equal(t, fire.String(), b.chosen[onAir])
	newer := paspeaker.Session{ID: fire + 0x100, Level: 255, State: paspeaker.StatePlaying, Asked: noon, Started: noon}
	b.take(news{events: []paspeaker.Event{{Session: &newer}}})
	assert.Equal(t, fire.String(), b.chosen[onAir])
	assert.Equal(t, 1, b.row[onAir])

	b.press("3", "end")
	all := park(10)
	b.take(news{whole: all})
	assert.Equal(t, "loa-0010", b.chosen[speakers], "when it is gone, its place is")
}

func TestTalkAndTestHaveTheTerminal(t *testing.T) {
	var talked paspeaker.ZoneID
	var tested []string
	b := newBench(t, 50, func(c *Config) {
		c.Talk = func(z paspeaker.ZoneID) Errand { talked = z; return &errandFake{what: "heard on 7 of 7 loudspeakers"} }
		c.Test = func(z paspeaker.ZoneID, sp paspeaker.SpeakerID) Errand {
			tested = append(tested, string(z)+"|"+string(sp))
			return &errandFake{}
		}
	}).size(80, 24)
	assert.Contains(t, b.text(), "t talk  T test")
	b.press("2", "down")
	_, cmd := b.Update(keyOf("t"))
	require.NotNil(t, cmd)
	assert.Equal(t, paspeaker.ZoneID("gates"), talked)
	b.press("T", "3", "down", "T")
	assert.Equal(t, []string{"gates|", "|loa-0009"}, tested)

	b.Update(doneMsg{what: "talk to gates", said: "heard on 7 of 7 loudspeakers"})
	assert.Contains(t, b.text(), "talk to gates: heard on 7 of 7 loudspeakers")
	b.Update(doneMsg{what: "talk to gates", err: errors.New("no microphone")})
	assert.Contains(t, b.text(), "talk to gates: no microphone")
}

func TestWithoutTalkAndTestThereAreNoKeysForThem(t *testing.T) {
	b := newBench(t, 5, nil).size(80, 24)
	assert.NotContains(t, b.text(), "talk")
	assert.NotContains(t, b.text(), "test")
	b.press("?")
	assert.NotContains(t, b.text(), "talk to")
	assert.NotContains(t, b.text(), "test the")
	assert.NotContains(t, b.text(), "looked after")
	assert.Contains(t, b.text(), "silence everything")
	b.press("?")
	for _, k := range []string{"t", "T"} {
		_, cmd := b.Update(keyOf(k))
		assert.Nil(t, cmd)
	}
}

func TestAFaultIsAcknowledgedWithANote(t *testing.T) {
	var seen []string
	b := newBench(t, 5, func(c *Config) {
		c.Acknowledge = func(_ context.Context, id, note string) error {
			seen = append(seen, id, note)
			return c.Controller.(*controller).err
		}
	}).size(80, 24)
	assert.Contains(t, b.text(), "a seen")
	b.press("a", "đ", "a", "n", "g", "space", "đ", "i", "enter")
	assert.Equal(t, []string{"offline/loa-0003", "đang đi"}, seen)
	assert.Contains(t, b.text(), "seen: offline/loa-0003: done")
	b.press("a", "esc")
	assert.Len(t, seen, 2)
	b.ctl.err = errors.New("no such fault")
	b.press("a", "enter")
	assert.Contains(t, b.text(), "seen: offline/loa-0003: no such fault")
	f := b.ctl.all.status.Faults[0]
	f.Ack = &paspeaker.Ack{By: "tuấn"}
	b.take(news{events: []paspeaker.Event{{Fault: &f}}})
	assert.Regexp(t, "11:59:00 .*tuấn", b.text())
	f.Ended = noon
	b.take(news{events: []paspeaker.Event{{Fault: &f}}})
	assert.Contains(t, b.text(), "FAULTS 1", "what has ended is no fault")
}

func TestAMutedLoudspeakerSaysSo(t *testing.T) {
	b := newBench(t, 5, nil).size(160, 48)
	sp := b.ctl.all.status.Speakers[1]
	sp.Report.Muted = &paspeaker.Muting{By: "hoa", Until: noon.Add(10 * time.Minute)}
	b.take(news{events: []paspeaker.Event{{Speaker: &sp}}})
	assert.Contains(t, b.text(), "MUTED")
	assert.Contains(t, b.text(), "until 12:10:00 by hoa")
}

func TestQuitting(t *testing.T) {
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {"S", "ctrl+c"}, {"?", "ctrl+c"}} {
		b := newBench(t, 1, nil)
		b.press(keys[:len(keys)-1]...)
		_, cmd := b.Update(keyOf(keys[len(keys)-1]))
		require.NotNil(t, cmd, keys)
		assert.Equal(t, tea.Quit(), cmd(), keys)
	}
	b := newBench(t, 1, nil)
	b.press("S")
	_, cmd := b.Update(keyOf("q"))
	assert.Nil(t, cmd, "q is a letter while something is written")
	_, cmd = b.Update(newsMsg{})
	require.NotNil(t, cmd)
	assert.Equal(t, tea.Quit(), cmd(), "no more news will come")
}

func TestWhatIsPastedIsWritten(t *testing.T) {
	b := newBench(t, 50, nil).size(80, 24)
	b.Update(tea.PasteMsg{Content: "s"})
	assert.Nil(t, b.ask, "a paste presses no keys")
	b.press("/")
	b.Update(tea.PasteMsg{Content: "số 47\x1b[2J" + strings.Repeat("x", 200)})
	assert.LessOrEqual(t, len([]rune(b.ask.answer)), longestAnswer)
	assert.NotContains(t, b.ask.answer, "\x1b")
	requireExact(t, b.Model)
}

func TestEventsKeepThePicture(t *testing.T) {
	b := newBench(t, 5, nil).size(160, 48)
	dead := b.ctl.all.status.Speakers[0]
	dead.Online, dead.LastSeen = false, noon.Add(-5*time.Second)
	f := paspeaker.Fault{ID: "offline/loa-0001", Since: noon, What: "loa-0001 has said nothing since 11:59:55"}
	b.take(news{events: []paspeaker.Event{{Speaker: &dead}, {Fault: &f}}})
	assert.Contains(t, b.text(), "since 11:59:55 ")
	assert.Contains(t, b.text(), "FAULTS 3")
	assert.Contains(t, b.text(), "3/5 online")
	assert.Equal(t, f.ID, b.ids(faults)[0], "the newest first")
	b.take(news{events: []paspeaker.Event{{Fault: &f, Cleared: true}}})
	assert.Contains(t, b.text(), "FAULTS 2")
	stranger := speaker(99)
	b.take(news{events: []paspeaker.Event{{Speaker: &stranger}}})
	assert.NotContains(t, b.text(), "loa-0100", "the site's list comes with the whole")
}
