package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/usage"
)

// A soak is long enough for what grows by a little to be seen; the first part
// is for pools and caches to fill.
const (
	soakTime   = 20 * time.Minute
	soakWarm   = 4 * time.Minute
	soakLook   = 5 * time.Second
	soakHeap   = 8.0 // MB by which the heap may end above where it began
	soakExtra  = 5.0 // goroutines by which their number may
	soakPlays  = 20  // programmes on air all the time
	soakMetric = "go_memstats_heap_alloc_bytes"
)

// soak runs a controller with programmes that never end, announcements that
// come and go, uploads, and a node, and watches heap and goroutines by
// /metrics. What the collector has not taken yet is not growth: each third's
// lowest reading counts.
func soak(r *rig) ([]figure, error) {
	span, warm := soakTime, soakWarm
	if r.quick {
		span, warm = 30*time.Second, 10*time.Second
	}
	p, err := startPacedPark(r, soakPlays, "l16")
	if err != nil {
		return nil, err
	}
	defer p.close()
	if _, err := p.node("s-0", "virtual"); err != nil {
		return nil, err
	}
	end, err := p.load(load{api: 1, uploads: 1})
	if err != nil {
		return nil, err
	}
	defer end()
	var heap, goroutines, memory []float64
	began := time.Now()
	for look := time.NewTicker(soakLook); time.Since(began) < span; <-look.C {
		m, err := p.metrics()
		if err != nil {
			return nil, err
		}
		if time.Since(began) > warm {
			heap, goroutines = append(heap, m[soakMetric]/1e6), append(goroutines, m["go_goroutines"])
			memory = append(memory, usage.Of(p.ctl.Process.Pid).RSS)
		}
	}
	var st paspeaker.Status
	if err := request(p.park, http.MethodGet, "/v1/status", nil, &st); err != nil {
		return nil, err
	}
	dHeap, dGo, dRSS := growth(heap), growth(goroutines), growth(memory)
	out := []figure{
		{Name: "soak_minutes", Value: time.Since(began).Minutes(), Unit: "min", N: 1},
		{Name: "soak_heap_growth_mb", Value: dHeap, Unit: "MB", N: len(heap)},
		{Name: "soak_goroutine_growth", Value: dGo, Unit: "", N: len(goroutines)},
		{Name: "soak_rss_growth_mb", Value: dRSS, Unit: "MB", N: len(memory)},
		{Name: "soak_rss_mb", Value: percentile(memory, 100), Unit: "MB", N: len(memory)},
	}
	if dHeap > soakHeap || dGo > soakExtra {
		return out, fmt.Errorf("it grows: %.1f MB of heap, %.0f goroutines in %v", dHeap, dGo, span-warm)
	}
	return out, nil
}

// growth is by how much the last third's lowest is above the first third's.
func growth(x []float64) float64 {
	n := len(x) / 3
	if n == 0 {
		return 0
	}
	return percentile(x[len(x)-n:], 1) - percentile(x[:n], 1)
}

// metrics reads the controller's metrics that have no labels.
func (p *park) metrics() (map[string]float64, error) {
	resp, err := p.client.Get("http://" + p.http + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(name, "#") {
			out[name] = v
		}
	}
	if _, ok := out[soakMetric]; !ok {
		return nil, fmt.Errorf("no %s in /metrics: %s", soakMetric, resp.Status)
	}
	return out, lines.Err()
}
