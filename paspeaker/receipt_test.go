package paspeaker

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func keyOf(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

// pinned is a key as the record has it.
func pinned(id SpeakerID, k ed25519.PrivateKey, since, until time.Time) NodeKey {
	public := k.Public().(ed25519.PublicKey)
	return NodeKey{Node: id, Key: public, Print: KeyPrint(public), Since: since, Until: until, How: KeyEnrolled}
}

func sign(t *testing.T, k ed25519.PrivateKey, r Receipt) SignedReceipt {
	t.Helper()
	s, err := SignReceipt(k, r)
	require.NoError(t, err)
	return s
}

func TestASignedReceiptIsWhatWasSigned(t *testing.T) {
	want := done(func(r *Receipt) {
		r.First = r.First.UTC()
		r.Gaps = []Gap{{From: r.First, To: r.First.Add(time.Second), Lost: Duration(time.Second), Why: WhyLost}}
	})
	s := sign(t, keyOf(1), want)
	got, err := s.Open()
	require.NoError(t, err)
	assert.Equal(t, want, got)

	b, err := json.Marshal(s)
	require.NoError(t, err)
	var kept SignedReceipt
	require.NoError(t, json.Unmarshal(b, &kept))
	_, err = kept.Open()
	assert.NoError(t, err, "as the journal keeps it")

	for name, change := range map[string]func(*SignedReceipt){
		"another speaker":   func(s *SignedReceipt) { s.Node = "gate-2" },
		"another key":       func(s *SignedReceipt) { s.Key = keyOf(2).Public().(ed25519.PublicKey) },
		"no key":            func(s *SignedReceipt) { s.Key = nil },
		"no signature":      func(s *SignedReceipt) { s.Sig = nil },
		"unsigned, old way": func(s *SignedReceipt) { *s = SignedReceipt{Node: "gate-1"} },
	} {
		bad := sign(t, keyOf(1), want)
		change(&bad)
		_, err := bad.Open()
		assert.Equal(t, CodeDenied, CodeOf(err), name)
	}
}

// Whatever is changed in what was signed, it is noticed.
func TestAChangedReceiptIsNoticed(t *testing.T) {
	whole, err := SignReceipt(keyOf(1), done(func(*Receipt) {}))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s := whole
		part := rapid.SampledFrom([]*[]byte{&s.Key, &s.Body, &s.Sig}).Draw(t, "part")
		changed := append([]byte(nil), *part...)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		*part = changed
		if _, err := s.Open(); err == nil {
			t.Fatal("not noticed")
		}
	})
}

func FuzzOpenReceipt(f *testing.F) {
	s, err := SignReceipt(keyOf(1), Receipt{Node: "gate-1"})
	require.NoError(f, err)
	f.Add(string(s.Node), s.Key, s.Body, s.Sig)
	f.Add("", []byte(nil), []byte("{"), []byte{0})
	f.Fuzz(func(t *testing.T, node string, key, body, sig []byte) {
		s := SignedReceipt{Node: SpeakerID(node), Key: key, Body: body, Sig: sig}
		if r, err := s.Open(); err == nil && r.Node != s.Node {
			t.Fatal("it speaks for another")
		}
	})
}

func TestAKeyIsGoodWhileItWasInForce(t *testing.T) {
	old, now := pinned("gate-1", keyOf(1), dawn, dawn.Add(time.Hour)), pinned("gate-1", keyOf(2), dawn.Add(time.Hour), time.Time{})
	keys := []NodeKey{old, now, pinned("gate-2", keyOf(3), dawn, time.Time{})}
	for name, c := range map[string]struct {
		key  byte
		at   time.Time
		want bool
	}{
		"the old one, then":             {1, dawn.Add(time.Minute), true},
		"the old one, now":              {1, dawn.Add(2 * time.Hour), false},
		"the new one":                   {2, dawn.Add(2 * time.Hour), true},
		"the new one before its time":   {2, dawn.Add(time.Minute), false},
		"a clock that is a bit off":     {2, dawn.Add(time.Hour - 30*time.Second), true},
		"somebody else's":               {3, dawn.Add(time.Minute), false},
		"any time, for those who check": {1, time.Time{}, true},
	} {
		_, ok := KeyFor(keys, sign(t, keyOf(c.key), Receipt{Node: "gate-1"}), c.at)
		assert.Equal(t, c.want, ok, name)
	}
}

func TestTheRecordIsProved(t *testing.T) {
	at := dawn.Add(time.Hour)
	receipt := func(id SpeakerID, k byte, f func(*Receipt)) SignedReceipt {
		return sign(t, keyOf(k), done(func(r *Receipt) { r.Node = id; f(r) }))
	}
	keep := func(*Receipt) {}
	line := func(id SpeakerID, v Verdict, why string) SpeakerVerdict {
		return SpeakerVerdict{Speaker: id, Verdict: v, Why: why, Sent: Duration(10 * time.Second)}
	}
	keys := []NodeKey{pinned("gate-1", keyOf(1), dawn, time.Time{}), pinned("gate-2", keyOf(2), dawn, time.Time{})}
	for name, c := range map[string]struct {
		signed   []SignedReceipt
		verdicts []SpeakerVerdict
		bad      map[SpeakerID]string
	}{
		"all is right": {[]SignedReceipt{receipt("gate-1", 1, keep), receipt("gate-2", 2, func(r *Receipt) { r.Played = 0 })},
			[]SpeakerVerdict{line("gate-1", VerdictSounded, ""), line("gate-2", VerdictSilent, WhyNothing), line("horn", VerdictUnknown, WhyThirdParty)}, nil},
		"signed by another": {[]SignedReceipt{receipt("gate-1", 2, keep)}, nil, map[SpeakerID]string{"gate-1": "a key that was not"}},
		"of another call":   {[]SignedReceipt{receipt("gate-1", 1, func(r *Receipt) { r.Session = 0x700 })}, nil, map[SpeakerID]string{"gate-1": "another announcement"}},
		"a verdict made up": {nil, []SpeakerVerdict{line("gate-1", VerdictSounded, "")}, map[SpeakerID]string{"gate-1": "no signed receipt does"}},
		"a verdict changed": {[]SignedReceipt{receipt("gate-1", 1, func(r *Receipt) { r.Played = 500 })}, []SpeakerVerdict{line("gate-1", VerdictSounded, "")},
			map[SpeakerID]string{"gate-1": `"sounded", the receipts "partly" cut short`}},
	} {
		entries := []Entry{{Seq: 1, Time: at, What: WhatReceipts, Session: 0x100, Signed: c.signed}, {Seq: 2, Time: at, What: WhatVerdict, Session: 0x100, Verdicts: c.verdicts}}
		for _, p := range Prove(entries, keys) {
			if p.Good {
				assert.Equal(t, KeyEnrolled, p.How, name)
				continue
			}
			assert.Contains(t, p.Why, c.bad[p.Speaker], name)
			assert.NotEmpty(t, c.bad[p.Speaker], "%s: %s %s", name, p.Speaker, p.Why)
			delete(c.bad, p.Speaker)
		}
		assert.Empty(t, c.bad, name)
	}
}
