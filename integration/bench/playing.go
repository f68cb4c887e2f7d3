package main

import (
	"time"

	"pa/paspeaker"
	"pa/paspeaker/usage"
)

// playing reads what a node and its controller need while a tone plays.
func playing(r *rig) ([]figure, error) {
	p, err := startPark(r, smallSite)
	if err != nil {
		return nil, err
	}
	defer p.close()
	node, err := p.node("gate-1", "null")
	if err != nil {
		return nil, err
	}
	if err := post(p, "/v1/announcements", map[string]any{"source": "tone", "length": "60s", "zones": []string{"gates"}}, &paspeaker.Session{}); err != nil {
		return nil, err
	}
	<-time.After(time.Second)
	ctl, loud := usage.Of(p.ctl.Process.Pid), usage.Of(node.Process.Pid)
	<-time.After(time.Duration(r.pick(10, 3)) * time.Second)
	ctlNow, nodeNow := usage.Of(p.ctl.Process.Pid), usage.Of(node.Process.Pid)
	return []figure{
		{Name: "node_rss_mb", Value: nodeNow.RSS, Unit: "MB", N: 1},
		{Name: "node_cpu_percent", Value: nodeNow.Percent(loud), Unit: "%", N: 1},
		{Name: "controller_small_rss_mb", Value: ctlNow.RSS, Unit: "MB", N: 1},
		{Name: "controller_small_cpu_percent", Value: ctlNow.Percent(ctl), Unit: "%", N: 1},
	}, nil
}
