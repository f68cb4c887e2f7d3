package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// verifyLog checks the receipts and verdicts among the entries that are asked
// for. Both of an announcement are needed for a check, so they are asked for
// whatever else is.
func (g *globals) verifyLog(ctx context.Context, c *client.Client, q paspeaker.JournalQuery) error {
	q.What = []string{paspeaker.WhatReceipts, paspeaker.WhatReceipt, paspeaker.WhatVerdict}
	entries, err := c.Log(ctx, q)
	if err != nil {
		return err
	}
	// The newest page may begin between an announcement's receipts and its
	// verdict: what is judged without them would be called wrong.
	if len(entries) == q.Limit {
		first := entries[0].Session.Announcement()
		entries = slices.DeleteFunc(entries, func(e paspeaker.Entry) bool { return e.Session.Announcement() == first })
	}
	keys, err := c.Keys(ctx)
	if err != nil {
		return err
	}
	proofs := paspeaker.Prove(entries, keys)
	if g.json {
		if err := encode(g.out, proofs); err != nil {
			return err
		}
	} else {
		printProofs(g.out, g.language(), proofs)
	}
	return proved(proofs)
}

// proved is nil when everything that was checked is right.
func proved(proofs []paspeaker.Proof) error {
	if slices.ContainsFunc(proofs, func(p paspeaker.Proof) bool { return !p.Good }) {
		return fmt.Errorf("%w: %w", errNotProved, errSaid)
	}
	return nil
}

// printProofs shows what the check of the signatures found.
func printProofs(w io.Writer, l language, proofs []paspeaker.Proof) {
	if len(proofs) == 0 {
		fmt.Fprintln(w, l.tr("there are no signed receipts"))
		return
	}
	t := newTable(w, l.trs("entry", "session", "loudspeaker", "key", "signature")...)
	bad := 0
	for _, p := range proofs {
		said := l.tr("right") + ", " + p.How
		if !p.Good {
			bad++
			said = l.tr("WRONG") + ": " + p.Why
		}
		t.row(fmt.Sprint(p.Seq), p.Session.String(), string(p.Speaker), p.Key, said)
	}
	t.print()
	fmt.Fprintln(w, l.trf("%d of %d right", len(proofs)-bad, len(proofs)))
}
