package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// demoBoard is the demonstration's live view: redrawn on a terminal, lines
// elsewhere.
type demoBoard struct {
	w    io.Writer
	live bool

	mu   sync.Mutex
	news string
	end  context.CancelFunc
	done chan struct{}
}

func (g *globals) startBoard(ctx context.Context, c *client.Client) *demoBoard {
	ctx, cancel := context.WithCancel(ctx)
	b := &demoBoard{w: g.out, live: isTerminal(g.out), end: cancel, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		if !b.live {
			return
		}
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for lines := 0; ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			st, err := c.Status(ctx)
			if err != nil {
				continue
			}
			b.mu.Lock()
			text := drawBoard(st, b.news)
			b.mu.Unlock()
			if lines > 0 {
				fmt.Fprintf(b.w, "\x1b[%dA\x1b[J", lines)
			}
			fmt.Fprint(b.w, text)
			lines = strings.Count(text, "\n")
		}
	}()
	return b
}

// say tells what happens now.
func (b *demoBoard) say(news string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.news = news
	if !b.live {
		fmt.Fprintln(b.w, news)
	}
}

func (b *demoBoard) stop() {
	b.end()
	<-b.done
}

// drawBoard draws the site: the news, what is on air, a bar per loudspeaker.
func drawBoard(st paspeaker.Status, news string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s · %s\n%s\n\n", st.Site, st.Now.Format("15:04:05"), news)
	names := make(map[paspeaker.SessionID]string)
	for _, s := range st.OnAir {
		names[s.ID] = s.Name
	}
	for _, sp := range st.Speakers {
		if sp.Report == nil {
			continue
		}
		bars := int(max(0, min(24, (sp.Report.LevelDB+60)/2.5)))
		playing := "–"
		for _, p := range sp.Report.Playing {
			if p.Full {
				playing = names[p.Session]
			}
		}
		fmt.Fprintf(&out, "  %-8s %s%s %6.1f dBFS  %s\n", sp.ID, strings.Repeat("█", bars), strings.Repeat("·", 24-bars), sp.Report.LevelDB, playing)
	}
	return out.String()
}
