package paspeaker

import (
	"fmt"
	"time"
)

// WhatTest is the journal's word for a test of loudspeakers; Name: its id, or
// the self-test's that was missed; Outcome: begun, done, aborted, missed.
const WhatTest = "test"

// TestKind says what a test of loudspeakers sounds.
type TestKind string

// The kinds of test.
const (
	TestTone   TestKind = "tone"   // 1 kHz at −20 dBFS
	TestSweep  TestKind = "sweep"  // 100 Hz to 10 kHz
	TestSpeech TestKind = "speech" // the loudspeaker's own name, spoken
	TestSTIPA  TestKind = "stipa"  // IEC 60268-16: how well speech comes through
)

// TestKinds are all of them.
func TestKinds() []TestKind { return []TestKind{TestTone, TestSweep, TestSpeech, TestSTIPA} }

// QuietLevelDB is the RMS of a quiet test at any output, dBFS. It is 30 dB
// beneath the other tests: a horn of 110 dB at full scale makes 60 dB of it at
// a metre and 40 dB at ten, less than a street at night. It is a tone of
// 1 kHz, not one above hearing, because every codec and every amplifier carries
// that one: G.711 ends at 3.4 kHz, G.722 at 7 kHz, and a horn that rolls off at
// 10 kHz tells nothing at 18.
const QuietLevelDB = -50

// TestRequest asks for a test of loudspeakers.
type TestRequest struct {
	Zones    []ZoneID    `json:"zones,omitempty" maxItems:"256"`
	Speakers []SpeakerID `json:"speakers,omitempty" maxItems:"1024"`
	Kind     TestKind    `json:"kind,omitempty" enum:"tone,sweep,speech,stipa" doc:"what sounds; tone when left out"`
	Quiet    bool        `json:"quiet,omitempty" doc:"a tone at −50 dBFS that nobody hears: it may sound in the guard's quiet hours"`
	AtOnce   bool        `json:"at_once,omitempty" doc:"all loudspeakers together; otherwise one after another, each saying its name first (a walking test)"`
}

// TestState is where a run of a test stands.
type TestState string

// The states of a run.
const (
	TestRunning TestState = "running"
	TestDone    TestState = "done"    // every loudspeaker has a result
	TestAborted TestState = "aborted" // somebody, or an emergency, ended it before
)

// TestRun is one test: what was asked and what has come of it so far.
type TestRun struct {
	ID string `json:"id"`
	TestRequest
	SelfTest string        `json:"self_test,omitempty" doc:"id of the site's self-test that it is"`
	By       string        `json:"by"`
	From     string        `json:"from,omitempty"`
	Site     string        `json:"site"`
	TimeZone string        `json:"time_zone" doc:"IANA name"`
	State    TestState     `json:"state" enum:"running,done,aborted"`
	Why      string        `json:"why,omitempty" doc:"aborted: by what"`
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended,omitzero"`
	Length   Duration      `json:"length,omitempty" doc:"about how long it takes"`
	Total    int           `json:"total" doc:"loudspeakers"`
	Done     int           `json:"done" doc:"of them have a result"`
	Now      []SpeakerID   `json:"now,omitempty" doc:"under test at this moment"`
	Results  []SpeakerTest `json:"results,omitempty" doc:"in the order in which they were tested"`
	Tally    TestTally     `json:"tally"`
}

// TestTally counts results.
type TestTally struct {
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Untested int `json:"untested"`
}

// Add counts one more.
func (t *TestTally) Add(r TestResult) {
	switch r {
	case TestPassed:
		t.Passed++
	case TestFailed:
		t.Failed++
	default:
		t.Untested++
	}
}

// String says it in words: "11 passed, 2 failed, 1 untested".
func (t TestTally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d untested", t.Passed, t.Failed, t.Untested)
}

// TestResult is what a test says of one loudspeaker.
type TestResult string

// The results.
const (
	TestPassed   TestResult = "passed"
	TestFailed   TestResult = "failed"
	TestUntested TestResult = "untested" // it was not its turn, or nobody can know
)

// SpeakerTest is one loudspeaker's part in a test. What was counted is counted
// over its own test.
type SpeakerTest struct {
	Speaker SpeakerID   `json:"speaker"`
	Name    string      `json:"name"`
	Kind    SpeakerKind `json:"kind"`
	Result  TestResult  `json:"result" enum:"passed,failed,untested"`
	Fault   string      `json:"fault,omitempty" doc:"what is wrong in a word or two, for programs: offline, no multicast, packet loss, …"`
	Cause   string      `json:"cause,omitempty" doc:"what is wrong, or noticeable, in a sentence"`
	Remedy  string      `json:"remedy,omitempty" doc:"what to do about it"`

	Began   time.Time `json:"began,omitzero"`
	Session SessionID `json:"session,omitzero"`
	Quiet   bool      `json:"quiet,omitempty" doc:"the test was one that nobody hears"`
	Skipped string    `json:"skipped,omitempty" doc:"why it was not tested"`

	Reachable bool      `json:"reachable" doc:"its node reports"`
	Ticking   bool      `json:"ticking" doc:"its node asks for the time"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Age       Duration  `json:"age,omitempty" doc:"of its last report when the test began"`
	RTT       Duration  `json:"rtt,omitempty" doc:"to the controller and back"`
	Groups    []string  `json:"groups,omitempty" doc:"multicast groups that it has joined"`
	Missing   []string  `json:"missing,omitempty" doc:"groups that it should have joined"`

	Packets   uint64            `json:"packets" doc:"that reached it"`
	Lost      uint64            `json:"lost" doc:"never came, in units of 10 ms"`
	Late      uint64            `json:"late" doc:"came after they were due, in units of 10 ms"`
	LossShare float64           `json:"loss_percent" doc:"of the sound, lost or late"`
	Refused   map[string]uint64 `json:"refused,omitempty" doc:"packets that it would not play, by the reason"`
	Jitter    Duration          `json:"jitter,omitempty" doc:"between packets, as RFC 3550 has it"`

	Clock      string   `json:"clock,omitempty" doc:"locked, degraded, free-run"`
	ClockError Duration `json:"clock_error,omitempty" doc:"bound, one sigma"`
	Card       string   `json:"card,omitempty" doc:"its sound card"`
	CardPPM    float64  `json:"card_ppm" doc:"the card's clock against the node's"`
	Xruns      uint64   `json:"xruns" doc:"times that the card had nothing to play"`
	CardFault  string   `json:"card_fault,omitempty"`
	NodeFaults []string `json:"node_faults,omitempty"`

	LevelDB    float64 `json:"level_db,omitempty" doc:"RMS of the loudest second at its output, dBFS"`
	ExpectedDB float64 `json:"expected_db,omitempty" doc:"what that should be"`

	Monitor      string `json:"monitor,omitempty" doc:"what hears this loudspeaker; what it heard is in the verdict"`
	MonitorFault string `json:"monitor_fault,omitempty"`

	Intelligibility *Intelligibility `json:"intelligibility,omitempty" doc:"stipa: as the monitor heard it"`

	Verdict SpeakerVerdict `json:"verdict" doc:"as of any announcement"`
}

// VerbListen has a node record its monitor and say how well speech comes
// through: Listen → Intelligibility. The STIPA signal must sound meanwhile.
const VerbListen = "listen"

// Listen says for how long.
type Listen struct {
	For Duration `json:"for" doc:"10 to 30 s"`
}

// Intelligibility is how well speech comes through, from loudspeaker to
// monitor, without masking and threshold of hearing.
type Intelligibility struct {
	STI      float64   `json:"sti" doc:"speech transmission index (IEC 60268-16), 0 to 1"`
	Transfer []float64 `json:"modulation_transfer" doc:"of the octaves 125 Hz to 8 kHz, two each"`
}

// Rating is the index in a word.
func (i Intelligibility) Rating() string {
	for _, r := range []struct {
		below float64
		word  string
	}{{0.30, "bad"}, {0.45, "poor"}, {0.60, "fair"}, {0.75, "good"}} {
		if i.STI < r.below {
			return r.word
		}
	}
	return "excellent"
}

// TestList is what the controller knows of tests.
type TestList struct {
	Runs      []TestRun      `json:"runs" doc:"the newest last, without the single results"`
	SelfTests []SelfTestInfo `json:"self_tests"`
}

// SelfTestInfo is a test that the site has run by itself.
type SelfTestInfo struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	TestRequest
	Next time.Time `json:"next,omitzero"`
	Last string    `json:"last,omitempty" doc:"id of its newest run since the controller's start"`
}
