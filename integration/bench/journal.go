package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
	"pa/paspeaker/bus"
	"pa/paspeaker/hub"
	"pa/paspeaker/usage"
)

// A year of a busy park: a million entries, a page of them as people see it.
const (
	journalEntries = 1_000_000
	journalPage    = 200
)

// journal measures what people wait for when they look into a long journal,
// through the API of a real controller.
func journal(r *rig) ([]figure, error) {
	dir, err := os.MkdirTemp(memoryDir(), "paspeaker-journal-")
	if err != nil {
		return nil, err
	}
	p := &park{bin: r.bin, dir: dir, client: &http.Client{Timeout: time.Minute}}
	defer p.close()
	end := time.Now()
	if err := fillJournal(filepath.Join(dir, "state", "nats"), journalEntries, end); err != nil {
		return nil, err
	}
	if err := p.start(smallSite); err != nil {
		return nil, err
	}
	// The first question of all reads every entry; later ones, and later
	// starts, have the index.
	first, err := p.askLog(paspeaker.JournalQuery{By: "nobody"})
	if err != nil {
		return nil, err
	}
	pages, err := p.pages(r.pick(20, 5), end)
	if err != nil {
		return nil, err
	}
	memory := usage.Of(p.ctl.Process.Pid).RSS
	_ = p.ctl.Process.Signal(syscall.SIGTERM)
	_ = p.ctl.Wait()
	if err := p.start(smallSite); err != nil {
		return nil, err
	}
	again, err := p.askLog(paspeaker.JournalQuery{By: "nobody"})
	return []figure{
		{Name: "log_page_ms_1000000_entries", Value: percentile(pages, 99), Unit: "ms", N: len(pages)},
		{Name: "log_page_p50_ms_1000000_entries", Value: percentile(pages, 50), Unit: "ms", N: len(pages)},
		{Name: "log_first_ever_ms_1000000_entries", Value: first, Unit: "ms", N: 1},
		{Name: "log_after_start_ms_1000000_entries", Value: again, Unit: "ms", N: 1},
		{Name: "controller_rss_mb_1000000_entries", Value: memory, Unit: "MB", N: 1},
	}, err
}

// memoryDir is where files live in memory, so that filling the journal does
// not measure the disk; "" leaves it to the system.
func memoryDir() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return ""
}

// fillJournal makes a journal of n entries that ends now, an announcement every
// two minutes and what belongs to it.
func fillJournal(dir string, n int, end time.Time) error {
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	if err != nil {
		return err
	}
	defer h.Shutdown()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := bus.Connect(ctx, bus.Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	if err != nil {
		return err
	}
	defer b.Close()
	j, err := b.OpenJournal(ctx) // makes the stream
	if err != nil {
		return err
	}
	key, err := nkeys.FromSeed([]byte(h.Seed()))
	if err != nil {
		return err
	}
	public, err := key.PublicKey()
	if err != nil {
		return err
	}
	nc, err := nats.Connect(nats.DefaultURL, nats.InProcessServer(h.InProcess()), nats.Nkey(public, key.Sign))
	if err != nil {
		return err
	}
	defer nc.Close()
	for i := range n {
		text, err := json.Marshal(journalEntry(i, end.Add(-time.Duration(n-i)*31*time.Second)))
		if err != nil {
			return err
		}
		if err := nc.Publish("pa.journal", text); err != nil {
			return err
		}
	}
	for {
		last, err := j.Query(ctx, paspeaker.JournalQuery{Limit: 1})
		if err != nil || len(last) == 1 && last[0].Seq == uint64(n) {
			return err
		}
	}
}

// journalEntry is entry number i: asked, play, end, verdict, and again.
func journalEntry(i int, at time.Time) paspeaker.Entry {
	what := []string{paspeaker.WhatAsked, string(paspeaker.RulePlay), string(paspeaker.RuleEnd), paspeaker.WhatVerdict}[i%4]
	e := paspeaker.Entry{
		Time: at, What: what, Session: paspeaker.SessionID(i/4+1) << 8, Name: "Khẩu hiệu số 1", Kind: paspeaker.KindMessage,
		By: fmt.Sprintf("nhân viên %d", i/4%37), From: "10.0.0.7", Priority: 64, Zones: []paspeaker.ZoneID{paspeaker.ZoneID(fmt.Sprintf("zone-%d", i/4%40))},
		Campaign: fmt.Sprintf("campaign-%d", i/4%25), Occurrence: fmt.Sprintf("campaign-%d@%d", i/4%25, i/4),
	}
	if what == paspeaker.WhatVerdict {
		e.Outcome = string(paspeaker.VerdictSounded)
		for s := range 4 {
			e.Verdicts = append(e.Verdicts, paspeaker.SpeakerVerdict{Speaker: paspeaker.SpeakerID(fmt.Sprintf("gate-%d", s)),
				Verdict: paspeaker.VerdictSounded, Sent: paspeaker.Duration(8 * time.Second), Played: paspeaker.Duration(8 * time.Second), LevelDB: -18})
		}
	}
	return e
}

// askLog returns how long an answer takes, ms.
func (p *park) askLog(q paspeaker.JournalQuery) (float64, error) {
	c, err := client.New(client.Config{URL: "http://" + p.http, Token: p.token})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	began := time.Now()
	_, err = c.Log(context.Background(), q)
	return float64(time.Since(began)) / 1e6, err
}

// pages asks what people ask, each question several times, and returns how
// long each answer took, ms.
func (p *park) pages(repeats int, end time.Time) (took []float64, err error) {
	pick := rand.New(rand.NewPCG(1, 2))
	for range repeats {
		day := end.Add(-time.Duration(pick.IntN(350)) * 24 * time.Hour)
		for _, q := range []paspeaker.JournalQuery{
			{},
			{Since: day, Until: day.Add(24 * time.Hour)},
			{Zones: []paspeaker.ZoneID{"zone-7"}},
			{By: "nhân viên 11"},
			{By: "nobody"},
			{Session: paspeaker.SessionID(pick.IntN(journalEntries/4)+1) << 8},
			{Before: uint64(pick.IntN(journalEntries)) + journalPage},
			{What: []string{paspeaker.WhatFault}},
			{Since: end.Add(-24 * time.Hour), Planned: true, What: []string{paspeaker.WhatVerdict, string(paspeaker.RuleEnd), paspeaker.WhatMissed}},
		} {
			q.Limit = journalPage
			ms, err := p.askLog(q)
			if err != nil {
				return nil, err
			}
			took = append(took, ms)
		}
	}
	return took, nil
}
