package paspeaker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict says what came out of one loudspeaker of one announcement.
type Verdict string

// The verdicts.
const (
	VerdictSounded Verdict = "sounded" // all of it, but for what no ear misses
	VerdictPartly  Verdict = "partly"  // some of it
	VerdictSilent  Verdict = "silent"  // nothing, and that is known
	VerdictUnknown Verdict = "unknown" // nobody can say
)

// Why a verdict is not simply "sounded", each a word for tables.
const (
	WhyThirdParty = "third-party"      // its receiver says nothing
	WhyNoReceipt  = "no receipt"       // its node did not say what it played
	WhyOffline    = "offline"          // its node is not there, and so says nothing
	WhyUnfinished = "no final receipt" // its node said that it began, and no more
	WhyNotSent    = "not sent"         // its zone was taken all the time
	WhyMasked     = "masked"           // something higher sounded there
	WhyTaken      = "taken away"       // something higher, or somebody's stop, took its zone before the end
	WhyLost       = "lost packets"     // made up where packets were missing
	WhyLate       = "late packets"     // thrown away because they were due before
	WhyCut        = "cut short"        // sent for longer than it played
	WhyNothing    = "nothing played"   // it received none of it
	WhyRefused    = "refused"          // its packets came and were refused: the seal, the time, the key
	WhyNoOutput   = "no output"        // its sound card played nothing
	WhyMuted      = "muted"            // its output was muted, or far below the level that was due
	WhySilence    = "digital silence"  // it played, and no sample of it could be heard
	WhyAmplifier  = "amplifier fault"  // its output played at level and its monitor heard nothing like it
	WhyUnheard    = "not always heard" // its monitor heard it less than half the time
	WhyUnlocked   = "clock not locked" // it sounded, but not in time with its neighbours
	WhyCutOff     = "controller ended" // the record breaks off
)

// FrameTime is what one frame of a Receipt stands for.
const FrameTime = 10 * time.Millisecond

// hearSlack is sound that may be missing at both ends of an announcement: a
// fade, a queue, the moment in which a ruling became a packet.
const hearSlack = 250 * time.Millisecond

// inaudibleDB is a level, dBFS, that no amplifier makes a sound of.
const inaudibleDB = -100

// Share is one loudspeaker's part in an announcement: what was sent to it and
// what its node says of it.
type Share struct {
	Speaker  SpeakerID
	Kind     SpeakerKind
	Sent     time.Duration // of sound; 0: none was
	From     time.Time     // when the first of it was due; zero: not known
	Away     []Gap         // of what others of its announcement were sent and it was not: its zone was taken away
	Receipts []Receipt     // its own, one for each part
	Offline  bool          // its node is not there
	Since    time.Time     // Offline: when it was last heard; zero: never
}

// SpeakerVerdict is what became of an announcement at one loudspeaker.
type SpeakerVerdict struct {
	Speaker SpeakerID  `json:"speaker"`
	Verdict Verdict    `json:"verdict" enum:"sounded,partly,silent,unknown"`
	Why     string     `json:"why,omitempty" doc:"one of a few words: third-party, offline, masked, lost packets, …"`
	Detail  string     `json:"detail,omitempty" doc:"more of it: the sound card's fault, the kind of refusal"`
	Since   time.Time  `json:"since,omitzero" doc:"of a node that is offline: when it was last heard"`
	Sent    Duration   `json:"sent,omitempty" doc:"sound that was sent to it"`
	Played  Duration   `json:"played,omitempty" doc:"sound that left its output"`
	Lost    Duration   `json:"lost,omitempty" doc:"sound that was due and did not leave its output, but for what was masked"`
	Muted   Duration   `json:"muted,omitempty" doc:"sound that something higher masked"`
	Away    Duration   `json:"away,omitempty" doc:"sound that others were sent and it was not: its zone was taken away before the end"`
	LevelDB float64    `json:"level_db,omitempty" doc:"RMS of the loudest second at its output, dBFS"`
	DueDB   float64    `json:"due_db,omitempty" doc:"what that level should have been, dBFS"`
	First   time.Time  `json:"first,omitzero" doc:"when its first sample left the output"`
	Frames  Frames     `json:"frames,omitzero" doc:"the receipt's counts, of 10 ms each"`
	Gaps    []Gap      `json:"gaps,omitempty" doc:"what did not sound, when"`
	Monitor *Monitored `json:"monitor,omitempty" doc:"what a microphone before the loudspeaker heard"`
}

// Frames are the counts of a receipt, of 10 ms each.
type Frames struct {
	Due       uint64 `json:"due"`
	Played    uint64 `json:"played"`
	Concealed uint64 `json:"concealed"`
	Late      uint64 `json:"late"`
	Refused   uint64 `json:"refused"`
}

// Judge says what became of an announcement at one loudspeaker: from receipts,
// never from hope. It is the only place where this is decided.
func Judge(s Share) SpeakerVerdict {
	v := SpeakerVerdict{Speaker: s.Speaker, Sent: Duration(s.Sent.Round(FrameTime))}
	sum := total(s.Receipts)
	v.figures(s, sum)
	switch {
	case s.Kind == KindThirdParty:
		v.Verdict, v.Why = VerdictUnknown, WhyThirdParty
	case len(s.Receipts) == 0 && s.Sent == 0:
		v.Verdict, v.Why = VerdictSilent, WhyNotSent
	case !sum.Done:
		v.Verdict, v.Why = VerdictUnknown, WhyNoReceipt
		if len(s.Receipts) > 0 {
			v.Why = WhyUnfinished
		}
		if s.Offline {
			v.Why, v.Since = WhyOffline, s.Since
		}
	default:
		v.Verdict, v.Why = v.ofReceipts(sum)
	}
	if v.Why == WhyNoOutput {
		v.Detail = sum.Output
	}
	if v.Why == WhyRefused {
		v.Detail = sum.Refusal
	}
	if v.Why == WhyMuted && sum.MutedBy != "" {
		v.Detail = "by " + sum.MutedBy
	}
	return v
}

// figures fills in what the receipts say, and what of the sound is missing.
func (v *SpeakerVerdict) figures(s Share, sum Receipt) {
	v.Played, v.Muted, v.LevelDB, v.First, v.Monitor = frames(sum.Played), frames(sum.Muted), sum.LevelDB, sum.First, sum.Monitor
	v.DueDB, v.Gaps = sum.DueDB, sum.Gaps
	v.Frames = Frames{Due: sum.Due, Played: sum.Played, Concealed: sum.Concealed, Late: sum.Late, Refused: sum.Refused}
	if s.Kind == KindThirdParty || !sum.Done {
		return
	}
	v.Lost = frames(sum.Due - min(sum.Due, sum.Played+sum.Muted))
	if away := s.away(); away > 0 {
		v.Away = Duration(away)
		v.Frames.Due += uint64(away / FrameTime)
		v.Gaps = mergeGaps(append(slices.Clone(v.Gaps), s.Away...), MaxGaps)
	}
	// What lies before the first packet and behind the last, the node cannot know.
	missing := s.Sent - time.Duration(frames(sum.Due))
	if missing <= hearSlack || missing <= s.Sent/100 {
		return
	}
	v.Lost += Duration(missing)
	v.Frames.Due += uint64(missing / FrameTime)
	if s.From.IsZero() {
		return
	}
	end := s.From.Add(s.Sent)
	if before := sum.First.Sub(s.From); !sum.First.IsZero() && before > hearSlack {
		v.addGap(Gap{From: s.From, To: sum.First, Lost: Duration(min(before, missing)), Why: WhyCut})
	}
	if after := end.Sub(sum.Last); !sum.Last.IsZero() && after > hearSlack {
		v.addGap(Gap{From: sum.Last, To: end, Lost: Duration(min(after, missing)), Why: WhyCut})
	}
}

func (v *SpeakerVerdict) addGap(g Gap) { v.Gaps = mergeGaps(append(slices.Clone(v.Gaps), g), MaxGaps) }

// away is what others were sent and it was not; a moment counts as nothing.
func (s Share) away() (sum time.Duration) {
	for _, g := range s.Away {
		sum += time.Duration(g.Lost)
	}
	if sum <= hearSlack {
		return 0
	}
	return sum.Truncate(FrameTime)
}

// ofReceipts decides on a loudspeaker whose node has said all of it. The
// figures are there.
func (v *SpeakerVerdict) ofReceipts(sum Receipt) (Verdict, string) {
	due, level := v.Frames.Due, sum.Played-min(sum.Played, sum.Hushed)
	switch m := sum.Monitor; {
	case sum.Played == 0:
		return VerdictSilent, v.worst(sum, WhyNothing)
	case level == 0, sum.LevelDB <= inaudibleDB && sum.DueDB != 0 && sum.DueDB > inaudibleDB:
		return VerdictSilent, WhyMuted
	case sum.LevelDB <= inaudibleDB:
		return VerdictSilent, WhySilence
	case m != nil && m.Windows > 0 && m.Like == 0:
		return VerdictSilent, WhyAmplifier
	case 100*level < 99*due:
		return VerdictPartly, v.worst(sum, WhyCut)
	case m != nil && 2*m.Like < m.Windows:
		return VerdictPartly, WhyUnheard
	case sum.Unlocked:
		return VerdictSounded, WhyUnlocked
	}
	return VerdictSounded, ""
}

// total adds up the receipts of an announcement's parts. It is Done when each
// of them is.
func total(receipts []Receipt) Receipt {
	sum := Receipt{Done: len(receipts) > 0}
	for i, r := range receipts {
		if r.Due == 0 { // of a node that does not say
			r.Due = r.Played + r.Muted + r.Late + r.Concealed
		}
		for _, n := range []struct{ to, from *uint64 }{{&sum.Due, &r.Due}, {&sum.Played, &r.Played}, {&sum.Muted, &r.Muted}, {&sum.Late, &r.Late},
			{&sum.Concealed, &r.Concealed}, {&sum.Refused, &r.Refused}, {&sum.Hushed, &r.Hushed}, {&sum.Skipped, &r.Skipped}} {
			*n.to += *n.from
		}
		sum.Done, sum.Unlocked = sum.Done && r.Done, sum.Unlocked || r.Unlocked
		if i == 0 || r.LevelDB > sum.LevelDB {
			sum.LevelDB, sum.DueDB = r.LevelDB, r.DueDB
		}
		if sum.First.IsZero() || !r.First.IsZero() && r.First.Before(sum.First) {
			sum.First = r.First
		}
		if r.Last.After(sum.Last) {
			sum.Last = r.Last
		}
		sum.Output, sum.Refusal, sum.MutedBy = cmp.Or(sum.Output, r.Output), cmp.Or(sum.Refusal, r.Refusal), cmp.Or(sum.MutedBy, r.MutedBy)
		sum.Gaps, sum.Monitor = append(sum.Gaps, r.Gaps...), sum.Monitor.plus(r.Monitor)
	}
	sum.Gaps = mergeGaps(sum.Gaps, MaxGaps)
	return sum
}

// plus adds up what a monitor heard of two parts; nil is nothing.
func (h *Monitored) plus(o *Monitored) *Monitored {
	switch {
	case o == nil:
		return h
	case h == nil:
		c := *o
		return &c
	}
	c := Monitored{Windows: h.Windows + o.Windows, Like: h.Like + o.Like, Likeness: h.Likeness, LevelDB: h.LevelDB, Delay: h.Delay}
	if c.Windows > 0 {
		part := float64(o.Windows) / float64(c.Windows)
		c.Likeness += (o.Likeness - h.Likeness) * part
		c.LevelDB += (o.LevelDB - h.LevelDB) * part
	}
	if o.Likeness > h.Likeness {
		c.Delay = o.Delay
	}
	return &c
}

// worst names what took most of the sound, or otherwise when nothing did.
func (v *SpeakerVerdict) worst(r Receipt, otherwise string) string {
	why, most := otherwise, uint64(0)
	lost := uint64(v.Lost) / uint64(FrameTime)
	cut := lost - min(lost, r.Due-min(r.Due, r.Played+r.Muted))
	dead := uint64(0)
	if r.Output != "" {
		dead = max(lost, r.Late, 1)
	}
	turned := uint64(0)
	if r.Refused > 0 {
		turned = cut + 1
	}
	masked := WhyMasked
	if r.MutedBy != "" {
		masked = WhyMuted
	}
	for _, c := range []struct {
		n   uint64
		why string
	}{{uint64(v.Away) / uint64(FrameTime), WhyTaken}, {r.Muted, masked}, {dead, WhyNoOutput}, {r.Hushed, WhyMuted}, {turned, WhyRefused}, {cut, otherwise}, {r.Late, WhyLate}, {lost - min(lost, cut), WhyLost}} {
		if c.n > most {
			why, most = c.why, c.n
		}
	}
	return why
}

func frames(n uint64) Duration { return Duration(FrameTime * time.Duration(n)) }

// Failed says that a loudspeaker which could have told did not sound all of
// it.
func (v SpeakerVerdict) Failed() bool {
	return v.Verdict != VerdictSounded && v.Why != WhyThirdParty
}

// Tally counts verdicts.
type Tally struct {
	Sounded int `json:"sounded"`
	Partly  int `json:"partly"`
	Silent  int `json:"silent"`
	Unknown int `json:"unknown"`
}

// TallyOf counts verdicts.
func TallyOf(verdicts []SpeakerVerdict) Tally {
	var t Tally
	for _, v := range verdicts {
		t.Add(v.Verdict)
	}
	return t
}

// Add counts one more.
func (t *Tally) Add(v Verdict) {
	switch v {
	case VerdictSounded:
		t.Sounded++
	case VerdictPartly:
		t.Partly++
	case VerdictSilent:
		t.Silent++
	default:
		t.Unknown++
	}
}

// Worst is the verdict on the whole: the worst of all that is known, unknown
// only when nothing is known.
func (t Tally) Worst() Verdict {
	switch {
	case t.Sounded+t.Partly+t.Silent == 0:
		return VerdictUnknown
	case t.Partly > 0 || t.Silent > 0 && t.Sounded > 0:
		return VerdictPartly
	case t.Silent > 0:
		return VerdictSilent
	}
	return VerdictSounded
}

// String says it in words: "3 sounded, 1 unknown".
func (t Tally) String() string {
	var said []string
	for _, c := range []struct {
		n int
		v Verdict
	}{{t.Sounded, VerdictSounded}, {t.Partly, VerdictPartly}, {t.Silent, VerdictSilent}, {t.Unknown, VerdictUnknown}} {
		if c.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", c.n, c.v))
		}
	}
	return strings.Join(said, ", ")
}
