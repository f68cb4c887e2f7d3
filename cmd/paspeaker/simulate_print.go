package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"pa/paspeaker/usage"
)

// simBoard is what people see of a simulation while it runs: a line that
// changes, and above it what has happened.
type simBoard struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool // the line is drawn again and again
	drawn bool
	quiet bool
}

func (g *globals) newSimBoard() *simBoard {
	return &simBoard{w: g.errOut, live: isTerminal(g.errOut), quiet: g.json && !isTerminal(g.errOut)}
}

// note writes a line that stays.
func (b *simBoard) note(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quiet {
		return
	}
	b.wipe()
	fmt.Fprintf(b.w, format+"\n", a...)
}

// clear takes the changing line away.
func (b *simBoard) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wipe()
}

func (b *simBoard) wipe() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = false
	}
}

// show draws the changing line.
func (b *simBoard) show(s *simulated, onAir int, ctl, ctlBefore, fl, flBefore usage.Usage) {
	if !b.live || b.quiet {
		return
	}
	now, _ := s.fleet.state()
	line := fmt.Sprintf("%s · %d/%d online · %d on air · %d receipts/s", clock(time.Since(s.began)), s.online.Load(), len(s.ids), onAir,
		now.Receipts*int(time.Second/lookEvery))
	if s.pid != 0 {
		line += fmt.Sprintf(" · controller %.0f %% %.0f MB", ctl.Percent(ctlBefore), ctl.RSS)
	}
	line += fmt.Sprintf(" · fleet %.0f %% %.0f MB", fl.Percent(flBefore), fl.RSS)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wipe()
	fmt.Fprint(b.w, line)
	b.drawn = true
}

// clock writes a duration as minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// invitation says how to look at the simulation from another terminal.
func (s *simulated) invitation() string {
	if s.o.join {
		return "the loudspeakers are online; Ctrl-C ends them"
	}
	return fmt.Sprintf("the loudspeakers are online; Ctrl-C ends all. From another terminal:\n  export PASPEAKER_URL=%s PASPEAKER_TOKEN_FILE=%s/state/token", s.url, s.park.dir)
}

// simSummary is what a simulation comes to.
type simSummary struct {
	Speakers    int        `json:"speakers"`
	Online      int        `json:"online"` // at the end
	JoinS       float64    `json:"join_s"` // until all were enrolled and online
	Calls       []callMade `json:"calls"`
	VerdictS    float64    `json:"verdict_complete_s"` // of the slowest call
	Unexplained int        `json:"unexplained"`        // verdicts missing of loudspeakers that were up
	Idle        *load      `json:"controller_idle,omitempty"`
	Busy        *load      `json:"controller_busy,omitempty"` // from a call to its verdict
	Fleet       load       `json:"fleet"`
	// In the busiest tenth of a second since all were online.
	MostReports  int     `json:"most_reports_100ms"`
	MostReceipts int     `json:"most_receipts_100ms"`
	RollingS     float64 `json:"rolling_restart_s,omitempty"`
}

// summary works out what it came to.
func (s *simulated) summary() simSummary {
	_, sum := s.fleet.state()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := simSummary{Speakers: len(s.ids), Online: int(s.online.Load()), JoinS: s.joined.Seconds(), Calls: s.calls, Fleet: s.usage.fleet,
		MostReports: sum.MostReports, MostReceipts: sum.MostReceipts, RollingS: s.roll.Seconds()}
	for _, c := range s.calls {
		out.VerdictS = max(out.VerdictS, c.Verdict)
		out.Unexplained += len(c.Unexplained)
	}
	if s.pid != 0 {
		out.Idle, out.Busy = &s.usage.idle, &s.usage.busy
	}
	return out
}

// print writes it for people.
func (out simSummary) print(g *globals) {
	if len(out.Calls) > 0 {
		t := newTable(g.out, "call", "verdict after", "sounded", "partly", "silent", "unknown", "were down", "unexplained")
		for i, c := range out.Calls {
			t.row(fmt.Sprint(i+1), fmt.Sprintf("%.2f s", c.Verdict), fmt.Sprint(c.Tally.Sounded), fmt.Sprint(c.Tally.Partly), fmt.Sprint(c.Tally.Silent),
				fmt.Sprint(c.Tally.Unknown), fmt.Sprint(c.Down), fmt.Sprint(len(c.Unexplained)))
		}
		t.print()
	}
	fmt.Fprintf(g.out, "%d loudspeakers, %d online at the end\n", out.Speakers, out.Online)
	if out.Idle != nil {
		fmt.Fprintf(g.out, "controller: %.1f %% of a core while nothing is on air, %.1f %% during calls; %.0f MB\n", out.Idle.CPU, out.Busy.CPU, max(out.Idle.RSS, out.Busy.RSS))
	}
	fmt.Fprintf(g.out, "loudspeakers: %.0f %% of a core, %.0f MB; in the busiest 100 ms %d reports and %d receipts\n", out.Fleet.CPU, out.Fleet.RSS, out.MostReports, out.MostReceipts)
	if out.RollingS > 0 {
		fmt.Fprintf(g.out, "rolling restart: all within %.0f s\n", out.RollingS)
	}
}
