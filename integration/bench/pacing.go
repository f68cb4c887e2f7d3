package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/wire"
	"pa/paspeaker/usage"
)

// pacedSample is how many of the programmes' groups we listen to: enough for a
// p99, few enough not to be a load ourselves.
const pacedSample = 20

// pacedMost is how many programmes fit beside the load's own zone: a site has
// at most 1,000 zones, and as many announcements.
const pacedMost = 999

// limiterDelay is what the programme's limiter holds back: by so much the
// first sample of a packet is older than the tick that sends it.
const limiterDelay = time.Millisecond

// pacingRow is one number of programmes, and how they are sent.
type pacingRow struct {
	programmes int
	profile    string
	flags      []string // of the controller
}

// lateness is what was measured of a row under one load.
type lateness struct {
	late    []float64 // µs, from deadline to the kernel's receive stamp
	cpu     float64   // of the controller and its children, % of one core
	missing float64   // packets that we did not hear, %: under load our own socket may overflow
}

// pacedLoads are what the programmes are measured under.
var pacedLoads = []struct {
	name string
	load load
}{
	{"idle", load{}},
	{"api", load{api: 4}},
	{"all", load{api: 4, uploads: 2, hogs: true}},
}

// pacing measures how late packets are, by the kernel's receive stamps against
// the deadline that each packet's T_play tells. The last row is the voice sent
// from the controller's own process. 500 and more L16 programmes of 10 ms are
// more signatures than two cores can make: these rows have packets of 20 ms.
func pacing(r *rig) ([]figure, error) {
	rows := []pacingRow{
		{1, "l16", nil}, {100, "l16", nil}, {500, "pcmu", nil}, {1000, "pcmu", nil},
		{100, "l16", []string{"--one-process"}},
	}
	if r.quick {
		rows = rows[1:2]
	}
	fmt.Fprintf(r.log, "%-10s %-8s %-14s %-5s %9s %9s %9s %9s %9s %7s %9s\n", "programmes", "profile", "", "load", "p50 us", "p90 us", "p99 us", "p99.9 us", "max us", "CPU %", "unheard %")
	var out []figure
	var failed []error
	for _, row := range rows {
		figures, err := row.measure(r)
		out = append(out, figures...)
		if err != nil {
			failed = append(failed, fmt.Errorf("%d programmes: %w", row.programmes, err))
		}
	}
	return out, errors.Join(failed...)
}

// measure takes one row, first in peace, then under load.
func (row pacingRow) measure(r *rig) ([]figure, error) {
	n := min(row.programmes, pacedMost)
	p, err := startPacedPark(r, n, row.profile, row.flags...)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var out []figure
	for _, l := range pacedLoads {
		if r.quick && l.name == "api" {
			continue
		}
		end, err := p.load(l.load)
		if err != nil {
			return out, err
		}
		m, err := p.listen(n, row.profile, time.Duration(r.pick(12, 3))*time.Second)
		end()
		if err != nil {
			return out, err
		}
		p50, p99 := percentile(m.late, 50), percentile(m.late, 99)
		fmt.Fprintf(r.log, "%-10d %-8s %-14s %-5s %9.0f %9.0f %9.0f %9.0f %9.0f %7.1f %9.2f\n", row.programmes, row.profile, strings.Join(row.flags, " "), l.name,
			p50, percentile(m.late, 90), p99, percentile(m.late, 99.9), percentile(m.late, 100), m.cpu, m.missing)
		name := fmt.Sprintf("pacing_lateness_%d_%s", row.programmes, l.name)
		if len(row.flags) > 0 {
			name += "_one_process"
		}
		out = append(out, figure{Name: name + "_p50_us", Value: p50, Unit: "us", N: len(m.late)},
			figure{Name: name + "_p99_us", Value: p99, Unit: "us", N: len(m.late)})
		if row.programmes == 100 && l.load.hogs && len(row.flags) == 0 {
			out = append(out, figure{Name: "pacing_lateness_p99_us", Value: p99, Unit: "us", N: len(m.late)})
		}
	}
	return out, p.stepped()
}

// listen collects the lateness of the packets of some of n programmes for span.
func (p *pacedPark) listen(n int, codecName string, span time.Duration) (lateness, error) {
	rx := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo", Clock: audio.Now})
	var groups []netip.AddrPort
	for i := 0; i < n; i += max(1, n/pacedSample) {
		groups = append(groups, pacedGroup(i))
	}
	if err := rx.SetGroups(groups); err != nil {
		return lateness{}, err
	}
	profile, _ := codec.ProfileByName(codecName)
	fixed := pacedLead - limiterDelay - (profile.Duration() - 10*time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), span)
	defer cancel()
	var mu sync.Mutex
	m := lateness{late: make([]float64, 0, int(span/profile.Duration()+100)*len(groups))}
	before := usage.Of(p.ctl.Process.Pid)
	err := rx.Run(ctx, func(d wire.Datagram) {
		if late, ok := p.lateness(d, fixed); ok {
			mu.Lock()
			m.late = append(m.late, late)
			mu.Unlock()
		}
	})
	if err != nil {
		return m, err
	}
	m.cpu = usage.Of(p.ctl.Process.Pid).Percent(before)
	want := float64(len(groups)) * float64(span/profile.Duration())
	m.missing = max(0, 100*(1-float64(len(m.late))/want))
	if low := percentile(m.late, 1); low < -100 {
		return m, fmt.Errorf("packets came %.0f us before their deadline: the clocks do not fit", -low)
	}
	return m, nil
}

// lateness is how long after its deadline a packet reached the kernel, µs;
// fixed is from the deadline to T_play.
func (p *pacedPark) lateness(d wire.Datagram, fixed time.Duration) (float64, bool) {
	if len(d.Data) < 45 || d.Data[0] != 0x90 || d.Data[19]&byte(wire.FlagStop|wire.FlagBeacon) != 0 {
		return 0, false
	}
	tPlay := int64(binary.BigEndian.Uint64(d.Data[37:]))
	return float64(d.At+p.origin-(tPlay-int64(fixed))) / 1e3, true
}
