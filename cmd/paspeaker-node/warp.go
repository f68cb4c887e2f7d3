package main

import (
	"fmt"
	"strings"
	"time"

	"pa/audio"
)

// warp is a node's clocks as a test bends them. The monotonic one is wrong by
// an offset and runs by a drift of its own; the wall clock steps once, as when
// somebody sets it or a leap second passes. The kernel stamps packets by the
// wall clock, so the step is in its stamps too.
type warp struct {
	offset time.Duration
	drift  audio.Drift
	step   time.Duration
	after  time.Duration // since the program's start; the step comes then
}

// warpForms is for help and errors.
const warpForms = "offset=1h,ppm=+100,wander=PPM:PERIOD,seed=N,wall=+1h@30s"

// parseWarp reads warpForms, each part optional; "" bends nothing.
func parseWarp(spec string) (warp, error) {
	var w warp
	if spec == "" {
		return w, nil
	}
	for part := range strings.SplitSeq(spec, ",") {
		key, value, _ := strings.Cut(part, "=")
		known, err := w.drift.Set(key, value)
		switch {
		case known:
		case key == "offset":
			w.offset, err = time.ParseDuration(value)
			if err == nil && w.offset < 0 {
				err = fmt.Errorf("offset %v: a monotonic clock does not begin below zero", w.offset)
			}
		case key == "wall":
			step, after, _ := strings.Cut(value, "@")
			if w.step, err = time.ParseDuration(step); err == nil {
				w.after, err = time.ParseDuration(after)
			}
		default:
			err = fmt.Errorf("unknown part %q", part)
		}
		if err != nil {
			return w, fmt.Errorf("--warp %q: %w; want %s", spec, err, warpForms)
		}
	}
	return w, nil
}

// clock is the bent local monotonic clock; without a bend it is audio.Now.
func (w warp) clock() audio.Clock {
	if w.offset == 0 && w.drift == (audio.Drift{}) {
		return audio.Now
	}
	return func() int64 {
		now := audio.Now()
		return now + int64(w.offset) + int64(w.drift.Gain(now))
	}
}

// wall is what the bent wall clock shows when the real one shows unix ns; nil
// when it shows the same.
func (w warp) wall() func(unix int64) int64 {
	if w.step == 0 {
		return nil
	}
	from := time.Now().Add(w.after).UnixNano()
	return func(unix int64) int64 {
		if unix >= from {
			return unix + int64(w.step)
		}
		return unix
	}
}
