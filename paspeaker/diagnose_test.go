package paspeaker

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// healthy is a test of a loudspeaker with which nothing is the matter.
func healthy() SpeakerTest {
	return SpeakerTest{
		Speaker: "gate-1", Name: "Cổng số 1 – đường Nguyễn Văn Linh", Kind: KindFixed, Reachable: true, Ticking: true,
		LastSeen: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Groups: []string{"239.255.12.1:5004"}, Packets: 300,
		Jitter: Duration(300 * time.Microsecond), Clock: "locked", ClockError: Duration(12 * time.Microsecond), CardPPM: 23,
		LevelDB: -20.1, ExpectedDB: -20,
		Verdict: SpeakerVerdict{Speaker: "gate-1", Verdict: VerdictSounded, Sent: Duration(3 * time.Second), Played: Duration(3 * time.Second), LevelDB: -20.1},
	}
}

func TestAHealthyLoudspeakerPasses(t *testing.T) {
	assert.Equal(t, Diagnosis{Result: TestPassed}, Diagnose(healthy()))
}

// TestEveryCauseIsNamed breaks a healthy loudspeaker in every way.
func TestEveryCauseIsNamed(t *testing.T) {
	silent := func(why string) func(*SpeakerTest) {
		return func(s *SpeakerTest) { s.Verdict.Verdict, s.Verdict.Why, s.Verdict.Played = VerdictSilent, why, 0 }
	}
	for name, c := range map[string]struct {
		spoil  func(*SpeakerTest)
		result TestResult
		fault  string
		cause  string
		remedy string
	}{
		"stopped":         {func(s *SpeakerTest) { s.Skipped = "an emergency (Cháy) began" }, TestUntested, "untested", "Cháy", "again"},
		"not ours":        {func(s *SpeakerTest) { s.Kind, s.Reachable, s.Ticking = KindThirdParty, false, false }, TestUntested, "third-party", "says nothing", "listen"},
		"never there":     {func(s *SpeakerTest) { s.Reachable, s.Ticking, s.LastSeen = false, false, time.Time{} }, TestFailed, "never seen", "has not been heard of", "join-token gate-1"},
		"dead":            {func(s *SpeakerTest) { s.Reachable, s.Ticking = false, false }, TestFailed, "offline", "since 2026-11-24 10:00:00", "powered"},
		"no NATS":         {func(s *SpeakerTest) { s.Reachable = false }, TestFailed, "no reports", "do not arrive", "NATS"},
		"card gone":       {func(s *SpeakerTest) { s.CardFault = "hw:1 is gone" }, TestFailed, "sound card", "hw:1 is gone", "aplay -l"},
		"not joined":      {func(s *SpeakerTest) { s.Missing = []string{"239.255.12.2:5004"} }, TestFailed, "groups missing", "239.255.12.2:5004", "interface"},
		"no querier":      {func(s *SpeakerTest) { s.Packets = 0 }, TestFailed, "no multicast", "none of the test's packets", "querier"},
		"NAT":             {func(s *SpeakerTest) { s.Packets, s.Kind = 0, KindMobile }, TestFailed, "no packets", "none of the test's packets", "NAT"},
		"another site":    {func(s *SpeakerTest) { silent(WhyNothing)(s); s.Refused = map[string]uint64{"signature": 300} }, TestFailed, "refused", "signature", "enrol it anew"},
		"something above": {func(s *SpeakerTest) { s.Verdict.Verdict, s.Verdict.Why = VerdictPartly, WhyMasked }, TestUntested, "masked", "higher", "again"},
		"zone taken":      {silent(WhyNotSent), TestUntested, "masked", "taken", "again"},
		"starved": {func(s *SpeakerTest) { s.Verdict.Verdict, s.Verdict.Why, s.Xruns = VerdictPartly, WhyCut, 4 }, TestFailed, "card starved",
			"4 times", "processor"},
		"lossy":        {func(s *SpeakerTest) { s.Lost, s.LossShare = 90, 30 }, TestFailed, "packet loss", "30.0 % of the sound was lost", "cable"},
		"late":         {func(s *SpeakerTest) { s.Late, s.LossShare = 90, 30 }, TestFailed, "late packets", "came too late", "delay"},
		"muted":        {silent(WhySilence), TestFailed, "silent", "stayed silent", "muted"},
		"hushed":       {silent(WhyMuted), TestFailed, "muted", "muted", "unmute gate-1"},
		"no output":    {func(s *SpeakerTest) { silent(WhyNoOutput)(s); s.Verdict.Detail = "hw:1 was lost" }, TestFailed, "sound card", "hw:1 was lost", "card"},
		"no amplifier": {silent(WhyAmplifier), TestFailed, "amplifier", "heard nothing like it", "amplifier"},
		"half heard": {func(s *SpeakerTest) {
			s.Verdict.Verdict, s.Verdict.Why, s.Verdict.Monitor = VerdictPartly, WhyUnheard, &Monitored{Windows: 6, Like: 2}
		}, TestFailed, "unheard", "2 of 6 parts", "monitor"},
		"quietly unheard": {func(s *SpeakerTest) { silent(WhyAmplifier)(s); s.Quiet = true }, TestPassed, "unheard", "as nobody should", "--quiet"},
		"deaf":            {func(s *SpeakerTest) { s.Monitor, s.MonitorFault = "mic", "no sound comes from mic" }, TestPassed, "monitor", "no sound comes", "microphone"},
		"nothing":         {silent(WhyNothing), TestFailed, "nothing played", "Nothing of the test", "log"},
		"no word":         {func(s *SpeakerTest) { s.Verdict.Verdict, s.Verdict.Why = VerdictUnknown, WhyNoReceipt }, TestFailed, "no receipt", "no receipt", "NATS"},
		"cut": {func(s *SpeakerTest) {
			s.Verdict.Verdict, s.Verdict.Why, s.Verdict.Played = VerdictPartly, WhyCut, Duration(time.Second)
		}, TestFailed, "partly", "1.0 s of 3.0 s", "log"},
		"soft":          {func(s *SpeakerTest) { s.LevelDB = -32 }, TestFailed, "level", "12.0 dB too soft", "gain_db"},
		"loud":          {func(s *SpeakerTest) { s.LevelDB = -8 }, TestFailed, "level", "12.0 dB too loud", "gain_db"},
		"free-running":  {func(s *SpeakerTest) { s.Clock, s.ClockError = "free-run", Duration(40*time.Millisecond) }, TestPassed, "clock", "free-run (error 40ms)", "UDP"},
		"a few stalls":  {func(s *SpeakerTest) { s.Xruns = 1 }, TestPassed, "xruns", "1 times", "processor"},
		"a cheap card":  {func(s *SpeakerTest) { s.CardPPM = -420 }, TestPassed, "card rate", "-420 ppm", "card"},
		"uneven":        {func(s *SpeakerTest) { s.Jitter = Duration(31 * time.Millisecond) }, TestPassed, "jitter", "31ms", "delay"},
		"an echo":       {func(s *SpeakerTest) { s.Intelligibility = &Intelligibility{STI: 0.38} }, TestPassed, "speech", "STI 0.38 (poor)", "nearer"},
		"its disk":      {func(s *SpeakerTest) { s.NodeFaults = []string{"disk: full"} }, TestPassed, "node", "disk: full", "disk"},
		"a little loss": {func(s *SpeakerTest) { s.Lost, s.LossShare = 2, 0.7 }, TestPassed, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			c.spoil(&s)
			d := Diagnose(s)
			assert.Equal(t, c.result, d.Result)
			assert.Equal(t, c.fault, d.Fault)
			assert.Contains(t, d.Cause, c.cause)
			assert.Contains(t, d.Remedy, c.remedy)
			if d.Fault != "" {
				assert.True(t, strings.HasSuffix(d.Cause, "."), "a sentence: %s", d.Cause)
				assert.Regexp(t, `[.?]$`, d.Remedy)
			}
		})
	}
}

func TestTheOutermostCauseIsTold(t *testing.T) {
	s := healthy()
	s.Reachable, s.Ticking, s.Packets, s.Verdict.Verdict = false, false, 0, VerdictUnknown
	assert.Equal(t, "offline", Diagnose(s).Fault, "what is off has lost its packets, too")
	s = healthy()
	s.Missing, s.Packets = []string{"239.1.1.1:5004"}, 0
	assert.Equal(t, "groups missing", Diagnose(s).Fault)
}

// TestNothingBadPasses: whatever is measured, what did not sound whole does not
// pass, and everything that does not pass has cause and remedy.
func TestNothingBadPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := healthy()
		s.Reachable, s.Ticking = rapid.Bool().Draw(t, "reachable"), rapid.Bool().Draw(t, "ticking")
		s.Kind = rapid.SampledFrom([]SpeakerKind{KindFixed, KindMobile, KindThirdParty}).Draw(t, "kind")
		s.Packets = rapid.Uint64Range(0, 3).Draw(t, "packets")
		s.Xruns = rapid.Uint64Range(0, 2).Draw(t, "xruns")
		s.LossShare = rapid.Float64Range(0, 5).Draw(t, "loss")
		s.LevelDB = rapid.Float64Range(-120, 0).Draw(t, "level")
		s.Verdict.Verdict = rapid.SampledFrom([]Verdict{VerdictSounded, VerdictPartly, VerdictSilent, VerdictUnknown}).Draw(t, "verdict")
		s.Verdict.Why = rapid.SampledFrom([]string{"", WhyMasked, WhyLost, WhySilence, WhyNothing, WhyNoReceipt, WhyUnlocked}).Draw(t, "why")
		d := Diagnose(s)
		if d.Result == TestPassed {
			require.Equal(t, VerdictSounded, s.Verdict.Verdict)
			require.LessOrEqual(t, s.LossShare, lossAllowed)
		} else {
			require.NotEmpty(t, d.Cause)
			require.NotEmpty(t, d.Remedy)
		}
		require.NotContains(t, d.Remedy, "{id}")
	})
}

func TestTestTallyIsSaidInWords(t *testing.T) {
	var tally TestTally
	for _, r := range []TestResult{TestPassed, TestPassed, TestFailed, TestUntested} {
		tally.Add(r)
	}
	assert.Equal(t, "2 passed, 1 failed, 1 untested", tally.String())
}

func TestAnIndexHasAWord(t *testing.T) {
	for sti, want := range map[float64]string{0: "bad", 0.3: "poor", 0.5: "fair", 0.6: "good", 0.75: "excellent", 1: "excellent"} {
		assert.Equal(t, want, Intelligibility{STI: sti}.Rating(), sti)
	}
}
