package main

import (
	"fmt"
	"io"
	"strings"
)

// progressWidth is the bar's, in characters.
const progressWidth = 30

// progress draws a bar while it is read: how much of an upload has gone.
type progress struct {
	r          io.Reader
	size, done int64
	shown      int64
	w          io.Writer
	language   language
}

// newProgress returns r, behind a bar on w when somebody looks and there is
// something to wait for.
func (g *globals) newProgress(r io.Reader, size int64) io.Reader {
	if size < 256<<10 || !isTerminal(g.errOut) {
		return r
	}
	return &progress{r: r, size: size, shown: -1, w: g.errOut, language: g.language()}
}

// Read implements io.Reader.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.done = min(p.done+int64(n), p.size)
	if percent := 100 * p.done / p.size; percent != p.shown {
		p.shown = percent
		full := int(progressWidth * p.done / p.size)
		fmt.Fprintf(p.w, "\r%s ▕%s%s▏ %3d %% %s", p.language.tr("uploading"),
			strings.Repeat("█", full), strings.Repeat("·", progressWidth-full), percent, megabytes(p.size))
		if percent == 100 {
			fmt.Fprint(p.w, "\r\x1b[K")
		}
	}
	return n, err
}

// megabytes writes an amount of bytes for people.
func megabytes(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%.0f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
