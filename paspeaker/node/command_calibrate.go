package node

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"pa/audio"
	"pa/audio/monitor"
	"pa/paspeaker"
)

const (
	calibrateQuiet = 700 * time.Millisecond // of listening to the noise before the sweep
	calibrateAfter = 1300 * time.Millisecond
	calibrateFew   = 3 // windows that must have heard it
)

// calibrate plays sweeps through the mixer and listens to them on the monitor.
func (n *Node) calibrate(ctx context.Context, args json.RawMessage) (any, error) {
	o, err := decodeArgs[paspeaker.Calibrate](args)
	if err != nil {
		return nil, err
	}
	level := o.LevelDB
	if level == 0 {
		level = paspeaker.CalibrateLevelDB
	}
	if level < -60 || level > -12 {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "calibrate at %g dB: want -60 to -12 dB", level)
	}
	if err := n.mayCalibrate(); err != nil {
		return nil, err
	}
	if _, err := n.listenTo(ctx, calibrateQuiet); err != nil { // the last sound dies away
		return nil, err
	}
	noiseDB := n.monitor.State().LevelDB
	heard := make(chan []monitor.Window, 1)
	go func() {
		ws, _ := n.listenTo(ctx, paspeaker.CalibrateTime+calibrateAfter)
		heard <- ws
	}()
	played, err := n.sing(ctx, paspeaker.CalibrateTime, func(pcm []float32, at int64) { sweeps(pcm, at, audio.DB(level)) })
	ws := <-heard
	if err != nil {
		return nil, err
	}
	if played < paspeaker.CalibrateTime*9/10 {
		return nil, &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("something else sounded at %s", n.cfg.ID), Hint: "try again when nothing is on air there"}
	}
	return n.measured(ws, noiseDB)
}

// mayCalibrate says why it cannot be done.
func (n *Node) mayCalibrate() error {
	switch {
	case n.monitor == nil:
		return &paspeaker.Error{Code: paspeaker.CodeUnsupported, What: fmt.Sprintf("%s has no monitor", n.cfg.ID),
			Hint: "start its paspeaker-node with --monitor, a microphone before the loudspeaker"}
	case n.monitor.State().Fault != "":
		return paspeaker.Errorf(paspeaker.CodeUnavailable, "the monitor of %s hears nothing: %s", n.cfg.ID, n.monitor.State().Fault)
	case n.bench.muting() != nil:
		return &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("%s is muted", n.cfg.ID), Hint: "paspeaker unmute " + string(n.cfg.ID)}
	}
	return nil
}

// listenTo returns the monitor's comparisons of a time to come.
func (n *Node) listenTo(ctx context.Context, d time.Duration) (out []monitor.Window, err error) {
	tick := time.NewTicker(receiptEvery)
	defer tick.Stop()
	end := time.NewTimer(d)
	defer end.Stop()
	last, _ := n.monitor.Last()
	for {
		select {
		case <-tick.C:
			if w, ok := n.monitor.Last(); ok && w.To != last.To {
				out, last = append(out, w), w
			}
		case <-end.C:
			return out, nil
		case <-ctx.Done():
			return out, paspeaker.Errorf(paspeaker.CodeUnavailable, "%s was interrupted while it listened", n.cfg.ID)
		}
	}
}

// measured makes of the comparisons what the loudspeaker does: the middle of
// those that were like the sweep.
func (n *Node) measured(ws []monitor.Window, noiseDB float64) (paspeaker.Calibrated, error) {
	ws = slices.DeleteFunc(ws, func(w monitor.Window) bool { return !w.Like() })
	if len(ws) < calibrateFew {
		return paspeaker.Calibrated{}, &paspeaker.Error{Code: paspeaker.CodeUnavailable,
			What: fmt.Sprintf("the monitor of %s did not hear the sweep (noise %.0f dBFS)", n.cfg.ID, noiseDB),
			Hint: "look at the amplifier and the microphone, or play it louder with --level"}
	}
	middle := func(of func(monitor.Window) float64) float64 {
		values := make([]float64, len(ws))
		for i, w := range ws {
			values[i] = of(w)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	conf := n.conf.Load()
	return paspeaker.Calibrated{
		ResponseDB: middle(func(w monitor.Window) float64 { return without(w.HeardDB, noiseDB) - w.SentDB }),
		Delay:      paspeaker.Duration(middle(func(w monitor.Window) float64 { return float64(max(w.Delay, 0)) })),
		Likeness:   middle(func(w monitor.Window) float64 { return w.Likeness }),
		NoiseDB:    noiseDB, GainDB: conf.GainDB, TrimDB: n.bench.trim(), SiteDelay: conf.Delay, DelayTrim: paspeaker.Duration(n.bench.delayTrim()),
	}, nil
}

// without is a level less that of the noise in it, dBFS: powers are subtracted.
func without(db, noise float64) float64 {
	sound, hiss := math.Pow(10, db/10), math.Pow(10, noise/10)
	return 10 * math.Log10(max(sound-hiss, sound/10))
}

// sweeps fills out with the pattern from its sample at on: each second a sweep
// from 300 Hz to 3 kHz, so that each window holds one, whole.
func sweeps(out []float32, at int64, rms float32) {
	for i := range out {
		t := float64((at+int64(i))%audio.Rate) / audio.Rate
		// A sweep that rises by the same ratio in the same time.
		phase := 2 * math.Pi * 300 * (math.Pow(10, t) - 1) / math.Ln10
		fade := min(1, 50*t, 50*(1-t))
		out[i] = rms * math.Sqrt2 * float32(fade*math.Sin(phase))
	}
}

// adjust keeps a trim of level and delay.
func (n *Node) adjust(_ context.Context, args json.RawMessage) (any, error) {
	a, err := decodeArgs[paspeaker.Adjust](args)
	if err != nil {
		return nil, err
	}
	conf, delay := n.conf.Load(), time.Duration(a.DelayTrim)
	if math.IsNaN(a.TrimDB) || a.TrimDB < paspeaker.MinTrimDB || a.TrimDB > paspeaker.MaxTrimDB ||
		delay < 0 || delay > paspeaker.MaxDelayTrim {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "adjust by %g dB and %s: want %d to %d dB, 0 to %s",
			a.TrimDB, delay, paspeaker.MinTrimDB, paspeaker.MaxTrimDB, paspeaker.MaxDelayTrim)
	}
	if err := n.bench.change(func(s *settings) { s.TrimDB, s.DelayTrim = a.TrimDB, delay }); err != nil {
		return nil, err
	}
	n.mixer.SetGain(conf.GainDB + a.TrimDB)
	n.mixer.SetDelay(n.delay(conf))
	n.log.Info("adjusted", "trim_db", a.TrimDB, "delay_trim", delay)
	return a, nil
}

// delay is the loudspeaker's whole acoustic delay: the site's and the node's
// own correction.
func (n *Node) delay(conf *paspeaker.NodeConfig) time.Duration {
	return time.Duration(conf.Delay) + n.bench.delayTrim()
}

// delayTrim returns what is added to the configuration's delay.
func (b *bench) delayTrim() time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set.DelayTrim
}
