package paspeaker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Proof is what became of the check of one signed receipt, or of a line of a
// verdict, against the nodes' keys.
type Proof struct {
	Session SessionID `json:"session"`
	Seq     uint64    `json:"seq"` // the journal entry's number
	Speaker SpeakerID `json:"speaker"`
	Key     string    `json:"key,omitempty"` // print of the key
	How     string    `json:"how,omitempty"` // how the key became known
	Good    bool      `json:"good"`
	Why     string    `json:"why,omitempty"` // what is wrong with it
}

// Prove checks what a journal says was heard: every signed receipt in the
// entries against the keys, and every line of the last verdict on each
// announcement against the receipts that are good. What only a receipt can say,
// and none does, is wrong.
func Prove(entries []Entry, keys []NodeKey) []Proof {
	p := proving{keys: keys, good: make(map[provenOf][]Receipt), last: make(map[SessionID]Entry)}
	for _, e := range entries {
		for _, s := range e.Signed {
			p.receipt(e, s)
		}
		if e.What == WhatVerdict {
			p.last[e.Session.Announcement()] = e
		}
	}
	for _, e := range entries {
		if e.What == WhatVerdict && p.last[e.Session.Announcement()].Seq == e.Seq {
			p.verdict(e)
		}
	}
	return p.proofs
}

type provenOf struct {
	session SessionID
	node    SpeakerID
}

type proving struct {
	keys   []NodeKey
	good   map[provenOf][]Receipt
	last   map[SessionID]Entry
	proofs []Proof
}

// receipt checks one signature.
func (p *proving) receipt(e Entry, s SignedReceipt) {
	out := Proof{Session: e.Session, Seq: e.Seq, Speaker: s.Node, Key: KeyPrint(s.Key)}
	r, err := s.Open()
	k, known := KeyFor(p.keys, s, e.Time)
	switch {
	case err != nil:
		out.Why = err.Error()
	case !known:
		out.Why = "it is signed by a key that was not this node's then"
	case r.Session.Announcement() != e.Session.Announcement():
		out.Why = "it is of another announcement, " + r.Session.String()
	default:
		out.Good, out.How = true, k.How
		p.keep(r)
	}
	p.proofs = append(p.proofs, out)
}

// keep remembers a good receipt, the newest of each part.
func (p *proving) keep(r Receipt) {
	of := provenOf{r.Session.Announcement(), r.Node}
	had := p.good[of]
	if i := slices.IndexFunc(had, func(o Receipt) bool { return o.Session == r.Session }); i >= 0 {
		had[i] = r
		return
	}
	p.good[of] = append(had, r)
}

// verdict judges again from the good receipts, and compares.
func (p *proving) verdict(e Entry) {
	for _, v := range e.Verdicts {
		receipts := p.good[provenOf{e.Session.Announcement(), v.Speaker}]
		claims := v.Verdict != VerdictUnknown && v.Why != WhyNotSent
		out := Proof{Session: e.Session, Seq: e.Seq, Speaker: v.Speaker}
		switch {
		case !claims:
			continue
		case len(receipts) == 0:
			out.Why = fmt.Sprintf("the record says %q and no signed receipt does", v.Verdict)
		default:
			again := Judge(Share{Speaker: v.Speaker, Sent: time.Duration(v.Sent), Receipts: receipts, Away: []Gap{{Lost: v.Away}}})
			if again.Verdict == v.Verdict && again.Why == v.Why {
				continue
			}
			out.Why = strings.TrimSpace(fmt.Sprintf("the record says %q, the receipts %q %s", v.Verdict, again.Verdict, again.Why))
		}
		p.proofs = append(p.proofs, out)
	}
}
