package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

const (
	waveRows   = 4
	waveNarrow = 40  // columns at least
	waveWide   = 120 // and at most
)

// drawWave draws a message's picture: its peaks over time, with the time
// beneath. Heights are by the square root, so that soft parts are seen.
func drawWave(w io.Writer, overview []byte, length time.Duration) {
	if len(overview) == 0 {
		return
	}
	columns := width(w)
	if columns == 0 {
		columns = 80
	}
	columns = min(max(columns-2, waveNarrow), waveWide)
	eighths := make([]int, columns)
	for i := range eighths {
		from := i * len(overview) / columns
		to := max((i+1)*len(overview)/columns, from+1)
		var peak byte
		for _, v := range overview[from:min(to, len(overview))] {
			peak = max(peak, v)
		}
		eighths[i] = int(math.Round(math.Sqrt(float64(peak)/255) * waveRows * 8))
	}
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	for row := waveRows - 1; row >= 0; row-- {
		var line strings.Builder
		for _, e := range eighths {
			line.WriteRune(blocks[min(max(e-8*row, 0), 8)])
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
	end := lengthText(length)
	fmt.Fprintf(w, "0%*s\n", max(columns-1, len(end)), end)
}

// lengthText writes a length for people: 5.2 s, 1:05.
func lengthText(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
