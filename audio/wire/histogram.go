package wire

import (
	"slices"
	"sort"
)

// latenessBounds are upper bounds in seconds: fine about the goal of 1 ms,
// coarse beyond a packet.
var latenessBounds = []float64{25e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 1}

// Histogram counts observations in seconds.
type Histogram struct {
	Bounds []float64 `json:"bounds"` // upper bounds, s, ascending
	Counts []uint64  `json:"counts"` // of each bucket, not cumulated; one more than Bounds, for +Inf
	Count  uint64    `json:"count"`
	Sum    float64   `json:"sum"` // s
	Max    float64   `json:"max"` // s
}

func newHistogram() Histogram {
	return Histogram{Bounds: latenessBounds, Counts: make([]uint64, len(latenessBounds)+1)}
}

func (h *Histogram) observe(ns int64) {
	s := float64(ns) / 1e9
	h.Counts[sort.SearchFloat64s(h.Bounds, s)]++
	h.Count++
	h.Sum += s
	h.Max = max(h.Max, s)
}

func (h Histogram) clone() Histogram {
	h.Bounds, h.Counts = slices.Clone(h.Bounds), slices.Clone(h.Counts)
	return h
}

// Plus returns the observations of both, whose bounds are the same: those of
// several Pacers. Either may be the zero Histogram.
func (h Histogram) Plus(o Histogram) Histogram {
	if h.Bounds == nil {
		return o.clone()
	}
	h = h.clone()
	for i := range o.Counts {
		h.Counts[i] += o.Counts[i]
	}
	h.Count, h.Sum, h.Max = h.Count+o.Count, h.Sum+o.Sum, max(h.Max, o.Max)
	return h
}

// Cumulative maps each bound to the number of observations at or below it, as
// Prometheus wants it; the +Inf bucket is Count.
func (h Histogram) Cumulative() map[float64]uint64 {
	out := make(map[float64]uint64, len(h.Bounds))
	var sum uint64
	for i, b := range h.Bounds {
		sum += h.Counts[i]
		out[b] = sum
	}
	return out
}

// Quantile returns an upper bound of the q-quantile, 0 ≤ q ≤ 1, in seconds: the
// bound of the bucket that holds it, Max in the last. 0 when nothing was seen.
func (h Histogram) Quantile(q float64) float64 {
	rank := uint64(q * float64(h.Count))
	var sum uint64
	for i, b := range h.Bounds {
		if sum += h.Counts[i]; sum > 0 && sum >= rank {
			return min(b, h.Max)
		}
	}
	return h.Max
}
