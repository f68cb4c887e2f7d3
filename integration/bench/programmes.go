package main

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"

	"pa/audio"
	"pa/audio/wire"
)

// programmes paces 500 distinct programmes of 20 ms packets (PCMU), each with an
// encoder, an SSRC, a group and a signature of its own, and reads how much
// processor time they took. What is counted is what was sent: a pacer that
// falls behind sends less.
func programmes(r *rig) ([]figure, error) {
	const count, period = 500, 20 * time.Millisecond
	span := time.Duration(r.pick(10, 3)) * time.Second
	s, err := newStudio()
	if err != nil {
		return nil, err
	}
	defer s.sender.Close()
	pacer := wire.NewPacer(wire.PacerConfig{Now: audio.Now})
	media := time.Now().UnixNano() - audio.Now()
	var sent, failed atomic.Int64
	begin := audio.Now() + int64(100*time.Millisecond)
	for n := range count {
		l, err := s.line("pcmu", n)
		if err != nil {
			return nil, err
		}
		first := begin + int64(n)*int64(period)/count
		pacer.Add(first, period, func(_, due int64) bool {
			if _, err := l.say(media + due); err != nil {
				failed.Add(1)
			}
			sent.Add(1)
			return true
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), span)
	defer cancel()
	before, began := processorTime(), audio.Now()
	if err := pacer.Run(ctx); err != nil {
		return nil, err
	}
	cores := float64(processorTime()-before) / float64(audio.Now()-began)
	wall := time.Duration(audio.Now() - begin).Seconds()
	kept := float64(sent.Load()) * period.Seconds() / wall // programmes that got every packet
	return []figure{
		{Name: "programmes_per_core", Value: kept / cores, Unit: "", N: int(sent.Load())},
		{Name: "programmes_paced", Value: kept, Unit: "", N: count},
		{Name: "programmes_paced_lateness_p99_ms", Value: pacer.Lateness().Quantile(0.99) * 1e3, Unit: "ms", N: int(sent.Load())},
		{Name: "programmes_send_failures", Value: float64(failed.Load()), Unit: "", N: int(sent.Load())},
	}, nil
}

// processorTime is what this process has used, user and system, ns.
func processorTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
