package main

import (
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"time"

	"pa/paspeaker"
)

// faultPark has loudspeakers enough that one that dies is not most of them.
const faultPark = `
site: {id: bench, name: Bench, time_zone: UTC, interface: lo, groups: 239.255.208.0/24, port: 36100}
zones: [{id: gates, name: Gates, group: 239.255.208.9}]
speakers: [{id: gate-1, name: A, zones: [gates]}, {id: gate-2, name: B, zones: [gates]}, {id: gate-3, name: C, zones: [gates]}]
`

// faults kills a loudspeaker's program, again and again, and takes the time
// until the controller shows it: as offline, and as a fault.
func faults(r *rig) ([]figure, error) {
	p, err := startPark(r, faultPark)
	if err != nil {
		return nil, err
	}
	defer p.close()
	for _, id := range []string{"gate-1", "gate-2", "gate-3"} {
		if _, err := p.node(id, "null"); err != nil {
			return nil, err
		}
	}
	var offline, fault []float64
	for i := range r.pick(10, 2) {
		id := []string{"gate-1", "gate-2", "gate-3"}[i%3]
		dark, shown, err := p.kill(id, i%3)
		if err != nil {
			return nil, err
		}
		offline, fault = append(offline, dark.Seconds()), append(fault, shown.Seconds())
	}
	return []figure{
		{Name: "dead_speaker_offline_s", Value: slices.Max(offline), Unit: "s", N: len(offline)},
		{Name: "dead_speaker_shown_s", Value: slices.Max(fault), Unit: "s", N: len(fault)},
	}, nil
}

// kill kills node i and starts it again; it returns how long it took until its
// status said so, and until there was a fault.
func (p *park) kill(id string, i int) (dark, shown time.Duration, err error) {
	cmd := p.nodes[i]
	began := time.Now()
	_ = cmd.Process.Signal(syscall.SIGKILL)
	err = p.wait("the fault of "+id, func() bool {
		var st paspeaker.Status
		if request(p, http.MethodGet, "/v1/status", nil, &st) != nil {
			return false
		}
		for _, sp := range st.Speakers {
			if string(sp.ID) == id && !sp.Online && dark == 0 {
				dark = time.Since(began)
			}
		}
		shown = time.Since(began)
		return slices.ContainsFunc(st.Faults, func(f paspeaker.Fault) bool {
			return f.ID == "offline/"+id || f.ID == "flapping/"+id
		})
	})
	_ = cmd.Wait()
	if err != nil {
		return dark, shown, err
	}
	again, err := launch(cmd.Path, cmd.Args[1:]...)
	if err != nil {
		return dark, shown, fmt.Errorf("start %s again: %w", id, err)
	}
	p.nodes[i] = again
	return dark, shown, p.wait(id+" again", func() bool {
		var st paspeaker.Status
		if request(p, http.MethodGet, "/v1/status", nil, &st) != nil {
			return false
		}
		return slices.ContainsFunc(st.Speakers, func(sp paspeaker.SpeakerStatus) bool {
			return string(sp.ID) == id && sp.Online && sp.Report != nil && sp.Report.Uptime < paspeaker.Duration(time.Since(began))
		})
	})
}
