package paspeaker

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What a loudspeaker's test allows before it says something.
const (
	levelSlack  = 3.0                   // dB between the level that is there and the one that should be
	lossAllowed = 1.0                   // percent of the sound
	jitterMuch  = 20 * time.Millisecond // the least delay that a site may ask for forgives it
	clockMuch   = time.Millisecond
	stiWanted   = 0.5   // what is asked of emergency sound systems
	cardMuch    = 300.0 // ppm; what a node corrects without being heard is 500
)

// Diagnosis is what a test's numbers say of one loudspeaker.
type Diagnosis struct {
	Result TestResult
	Fault  string // in a word or two; empty when all is well
	Cause  string // a sentence
	Remedy string // a sentence: what to do
}

// finding is one thing that may be the matter with a loudspeaker under test.
type finding struct {
	fault  string
	result TestResult // what it makes of the test; passed: it is only noticed
	is     func(*SpeakerTest) bool
	cause  func(*SpeakerTest) string
	remedy string // {id} is the loudspeaker's
}

// Diagnose says what is the matter with a loudspeaker that was tested: the
// first cause, from the outside inwards, that explains what was measured.
func Diagnose(t SpeakerTest) Diagnosis {
	for _, f := range findings {
		if f.is(&t) {
			return Diagnosis{f.result, f.fault, f.cause(&t), strings.ReplaceAll(f.remedy, "{id}", string(t.Speaker))}
		}
	}
	return Diagnosis{Result: TestPassed}
}

// Conclude fills in what Diagnose says.
func (t *SpeakerTest) Conclude() {
	d := Diagnose(*t)
	t.Result, t.Fault, t.Cause, t.Remedy = d.Result, d.Fault, d.Cause, d.Remedy
}

// said makes a cause of a sentence that is always the same.
func said(s string) func(*SpeakerTest) string { return func(*SpeakerTest) string { return s } }

// findings are in the order in which they explain each other: a node that is
// off has also lost its packets.
var findings = slices.Concat(findingsOutside, findingsPath, findingsSound, findingsNoticed)

// findingsOutside are about tests that did not take place, and nodes that are
// not there.
var findingsOutside = []finding{
	{"untested", TestUntested, func(t *SpeakerTest) bool { return t.Skipped != "" },
		func(t *SpeakerTest) string { return "It was not tested: " + t.Skipped + "." }, "Test it again when that is over."},
	{"third-party", TestUntested, func(t *SpeakerTest) bool { return t.Kind == KindThirdParty },
		said("It is somebody else's receiver, which says nothing of what it plays."), "Let somebody listen there, or give it a monitor."},
	{"never seen", TestFailed, func(t *SpeakerTest) bool { return !t.Reachable && !t.Ticking && t.LastSeen.IsZero() },
		said("Its node has not been heard of since the controller started."),
		"Is it powered, is its network cable in, is paspeaker-node running, is it enrolled (paspeaker join-token {id})?"},
	{"offline", TestFailed, func(t *SpeakerTest) bool { return !t.Reachable && !t.Ticking },
		func(t *SpeakerTest) string {
			return "Its node has said nothing since " + t.LastSeen.Format("2006-01-02 15:04:05") + "."
		},
		"Is it powered, is its network cable in, is paspeaker-node running?"},
	{"no reports", TestFailed, func(t *SpeakerTest) bool { return !t.Reachable },
		said("Its node keeps time, but its reports do not arrive."),
		"Look at the node's log: can it reach NATS (TCP), and is its configuration of this site?"},
	{"masked", TestUntested, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyMasked },
		said("Something higher sounded there during the test."), "Test it again when that is over."},
	{"masked", TestUntested, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyNotSent },
		said("Its zone was taken all the time."), "Test it again when that is over."},
}

// findingsPath are about the way from the controller to the mixer.
var findingsPath = []finding{
	{"sound card", TestFailed, func(t *SpeakerTest) bool { return t.CardFault != "" },
		func(t *SpeakerTest) string { return "Its sound card does not play: " + t.CardFault + "." },
		"Look at the card and its cable; on the node, aplay -l lists what the system sees."},
	{"groups missing", TestFailed, func(t *SpeakerTest) bool { return len(t.Missing) > 0 },
		func(t *SpeakerTest) string { return "It has not joined " + strings.Join(t.Missing, ", ") + "." },
		"Is its network interface up, and is it the one that zones.yaml or --interface names? The node's log says why it cannot join."},
	{"no multicast", TestFailed, func(t *SpeakerTest) bool { return t.Packets == 0 && t.Kind == KindFixed },
		said("It has joined its groups, and none of the test's packets reached it."),
		"Look at the switch: IGMP snooping needs a querier, and the VLAN must be the loudspeakers'; paspeaker doctor looks further."},
	{"no packets", TestFailed, func(t *SpeakerTest) bool { return t.Packets == 0 },
		said("It keeps time, and none of the test's packets reached it."),
		"Does a firewall or NAT on the way let UDP from the controller's clock port through?"},
	{"refused", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Played == 0 && refusedWhy(t) != "" },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("The packets reached it, and it refused them: %s.", refusedWhy(t))
		},
		"Its keys or its time are not the site's: enrol it anew (paspeaker join-token {id}), and look at its clock."},
}

// refusedWhy is the reason why packets that were meant for a node were refused.
func refusedWhy(t *SpeakerTest) string {
	why, most := "", uint64(0)
	for _, kind := range []string{"signature", "unknown key", "old term", "stale", "early", "flood", "unsealed", "malformed"} {
		if n := t.Refused[kind]; n > most {
			why, most = kind, n
		}
	}
	return why
}

// findingsSound are about what the mixer and the output made of it.
var findingsSound = []finding{
	{"card starved", TestFailed, func(t *SpeakerTest) bool { return t.Xruns > 0 && t.Verdict.Verdict != VerdictSounded },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("Its sound card had nothing to play %d times.", t.Xruns)
		},
		"Look at the node's processor load and at the card's buffer (--output); a USB card may hang on a bad port."},
	{"packet loss", TestFailed, func(t *SpeakerTest) bool { return t.LossShare > lossAllowed && t.Lost >= t.Late },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("%.1f %% of the sound was lost on the way.", t.LossShare)
		},
		"Look at its cable, its switch port's errors, and whether it hangs on Wi-Fi; a zone on Wi-Fi wants wifi: true."},
	{"late packets", TestFailed, func(t *SpeakerTest) bool { return t.LossShare > lossAllowed },
		func(t *SpeakerTest) string { return fmt.Sprintf("%.1f %% of the sound came too late.", t.LossShare) },
		"Give its zone a longer delay in zones.yaml (delay:), or find what holds the packets up."},
	{"muted", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyMuted },
		said("It played the test while its output was muted, or far below the level that was due."),
		"paspeaker unmute {id}; paspeaker volume {id} shows how far it is turned down."},
	{"sound card", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyNoOutput },
		func(t *SpeakerTest) string {
			return "Its sound card played nothing: " + first(t.Verdict.Detail, "it does not say why") + "."
		},
		"Look at the card and its cable; on the node, aplay -l lists what the system sees."},
	{"amplifier", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyAmplifier && !t.Quiet },
		said("Its output played at level, and its monitor heard nothing like it."),
		"Look at the amplifier, the cable to the loudspeaker and the horn; is the monitor where it should be?"},
	{"unheard", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyUnheard && !t.Quiet },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("Its monitor heard the test in %s.", heardPart(t.Verdict.Monitor))
		},
		"Is it loud there, or the monitor far away? Look at the amplifier's and the loudspeaker's contacts."},
	{"unheard", TestPassed, func(t *SpeakerTest) bool { return t.Verdict.Why == WhyAmplifier || t.Verdict.Why == WhyUnheard },
		said("Its output played the quiet test, and its monitor did not hear it, as nobody should."),
		"A test that is heard (without --quiet) says whether amplifier and horn are well."},
	{"silent", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Verdict == VerdictSilent && t.Verdict.Why == WhySilence },
		said("It played the test, and its output stayed silent."), "Is it muted, or its gain_db in zones.yaml far down? Look at the mixer of its sound card."},
	{"nothing played", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Verdict == VerdictSilent },
		func(t *SpeakerTest) string { return "Nothing of the test came out of it: " + t.Verdict.Why + "." },
		"Look at its log and, with paspeaker log --session, at what was sent to it."},
	{"no receipt", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Verdict == VerdictUnknown },
		func(t *SpeakerTest) string { return "It did not say what it played: " + t.Verdict.Why + "." },
		"Look at its log; does its program restart, or its connection to NATS break off?"},
	{"partly", TestFailed, func(t *SpeakerTest) bool { return t.Verdict.Verdict != VerdictSounded },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("Only a part of the test came out of it: %s, %s of %s.", t.Verdict.Why, tenths(t.Verdict.Played), tenths(t.Verdict.Sent))
		},
		"Look at its log; does its program restart, or does its sound card stall?"},
	{"level", TestFailed, func(t *SpeakerTest) bool { return t.offLevel() < -levelSlack },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("Its output is %.1f dB too soft: %.1f dBFS instead of %.1f.", -t.offLevel(), t.LevelDB, t.ExpectedDB)
		},
		"Compare gain_db in zones.yaml with what the node has (paspeaker reload sends it again), and look at its volume."},
	{"level", TestFailed, func(t *SpeakerTest) bool { return t.offLevel() > levelSlack },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("Its output is %.1f dB too loud: %.1f dBFS instead of %.1f.", t.offLevel(), t.LevelDB, t.ExpectedDB)
		},
		"Does something else sound there? Compare gain_db in zones.yaml with what the node has, and look at its volume."},
}

// offLevel is by how much the output is louder than it should be, dB; 0 when
// nobody knows.
func (t *SpeakerTest) offLevel() float64 {
	if t.ExpectedDB == 0 || t.Verdict.Played == 0 {
		return 0
	}
	return t.LevelDB - t.ExpectedDB
}

// heardPart says how much of a test a monitor heard.
func heardPart(m *Monitored) string {
	if m == nil || m.Windows == 0 {
		return "none of its parts"
	}
	return fmt.Sprintf("%d of %d parts", m.Like, m.Windows)
}

// tenths writes a length in seconds.
func tenths(d Duration) string { return fmt.Sprintf("%.1f s", time.Duration(d).Seconds()) }

// findingsNoticed let the test pass, and are worth a word.
var findingsNoticed = []finding{
	{"clock", TestPassed, func(t *SpeakerTest) bool {
		return t.Clock != "locked" || time.Duration(t.ClockError) > clockMuch || t.Verdict.Why == WhyUnlocked
	},
		func(t *SpeakerTest) string {
			return fmt.Sprintf("It sounded, but its clock is %s (error %s): it may be out of step with its neighbours.", first(t.Clock, "unknown"), time.Duration(t.ClockError).Round(time.Microsecond))
		},
		"Does the network hold up UDP to the controller's clock port? paspeaker speakers shows the clock again in a minute."},
	{"xruns", TestPassed, func(t *SpeakerTest) bool { return t.Xruns > 0 },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("It sounded, but its sound card had nothing to play %d times.", t.Xruns)
		},
		"Look at the node's processor load and at the card's buffer (--output)."},
	{"card rate", TestPassed, func(t *SpeakerTest) bool { return math.Abs(t.CardPPM) > cardMuch },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("It sounded, but its sound card runs %+.0f ppm off, which is as much as a node can correct.", t.CardPPM)
		},
		"Use another card where loudspeakers must keep step; cheap USB cards do this."},
	{"jitter", TestPassed, func(t *SpeakerTest) bool { return time.Duration(t.Jitter) > jitterMuch },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("It sounded, but its packets come unevenly: %s of jitter.", time.Duration(t.Jitter).Round(100*time.Microsecond))
		},
		"Look at the network between; a live voice needs a longer delay there (delay: of the zone)."},
	{"monitor", TestPassed, func(t *SpeakerTest) bool { return t.MonitorFault != "" },
		func(t *SpeakerTest) string {
			return "It sounded, but its monitor hears nothing: " + t.MonitorFault + "."
		},
		"Look at the monitor's microphone or line, and at --monitor of the node."},
	{"speech", TestPassed, func(t *SpeakerTest) bool { return t.Intelligibility != nil && t.Intelligibility.STI < stiWanted },
		func(t *SpeakerTest) string {
			return fmt.Sprintf("It sounded, but speech is hard to understand there: STI %.2f (%s).", t.Intelligibility.STI, t.Intelligibility.Rating())
		},
		"Is it loud there, or does it echo? More loudspeakers, each softer and nearer, help more than a louder one."},
	{"node", TestPassed, func(t *SpeakerTest) bool { return len(t.NodeFaults) > 0 },
		func(t *SpeakerTest) string {
			return "It sounded, but its node complains: " + strings.Join(t.NodeFaults, "; ") + "."
		}, "Look at the node's disk and log."},
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
