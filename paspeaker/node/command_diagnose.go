package node

import (
	"context"
	"encoding/json"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/doctor"
)

// diagnose examines this machine's place on the network. The controller says
// what ought to be; what the node knows better it puts in itself.
func (n *Node) diagnose(ctx context.Context, args json.RawMessage) (any, error) {
	p, err := decodeArgs[paspeaker.Patient](args)
	if err != nil {
		return nil, err
	}
	if !n.examining.TryLock() {
		return nil, &paspeaker.Error{Code: paspeaker.CodeBusy, What: string(n.cfg.ID) + " is being examined already", Hint: "wait until that is over"}
	}
	defer n.examining.Unlock()
	conf := n.conf.Load()
	p.Role, p.Machine, p.Peer = paspeaker.RoleNode, string(conf.ID), host(n.cfg.Controller)
	p.Interface, p.Mobile = n.iface(conf), conf.Kind == paspeaker.KindMobile
	p.Joined = !p.Mobile
	p.Clock = paspeaker.ClockState(n.time.state())
	began := time.Now()
	e := paspeaker.Examination{Machine: p.Machine, At: n.wall(), Findings: doctor.Examine(ctx, p)}
	e.Listened = paspeaker.Duration(time.Since(began).Round(time.Millisecond))
	return e, nil
}
