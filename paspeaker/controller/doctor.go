package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/doctor"
)

// examinedAtOnce bounds how many nodes listen at the same time.
const examinedAtOnce = 32

// Doctor examines this machine, and those of the loudspeakers named or of all,
// side by side; the answer takes as long as is listened, 3 s when nothing is
// said. A loudspeaker that cannot be asked has a finding that says why.
// CodeNotFound: no such loudspeaker; CodeInvalid: longer than
// doctor.MostListen.
func (c *Controller) Doctor(ctx context.Context, o paspeaker.DoctorOrder) ([]paspeaker.Examination, error) {
	site := c.site.Load()
	if o.Listen == 0 {
		o.Listen = paspeaker.Duration(doctor.DefaultListen)
	}
	if time.Duration(o.Listen) < 0 || time.Duration(o.Listen) > doctor.MostListen {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "listen for %s: at most %s", time.Duration(o.Listen), doctor.MostListen)
	}
	ids := o.Speakers
	if o.All {
		ids = nil
		for _, sp := range site.Speakers {
			ids = append(ids, sp.ID)
		}
	} else if len(ids) > 0 {
		if _, err := site.Resolve(nil, ids); err != nil {
			return nil, err
		}
	}
	here := site.Patient("")
	here.Role, here.Machine, here.Listen = paspeaker.RoleController, "controller", o.Listen
	senders := doctor.Sources(here)
	var out []paspeaker.Examination
	if !o.NotHere {
		out = append(out, paspeaker.Examination{})
	}
	first := len(out)
	out = append(out, make([]paspeaker.Examination, len(ids))...)
	var running sync.WaitGroup
	if first > 0 {
		running.Go(func() { out[0] = c.examineHere(ctx, here) })
	}
	places := make(chan struct{}, examinedAtOnce)
	for i, id := range ids {
		p := site.Patient(id)
		p.Listen, p.Senders = o.Listen, senders
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out[first+i] = c.examineNode(ctx, id, p)
		})
	}
	running.Wait()
	return out, ctx.Err()
}

func (c *Controller) examineHere(ctx context.Context, p paspeaker.Patient) paspeaker.Examination {
	began := time.Now()
	e := paspeaker.Examination{Machine: p.Machine, At: c.now(), Findings: doctor.Examine(ctx, p)}
	e.Listened = paspeaker.Duration(time.Since(began).Round(time.Millisecond))
	return e
}

// examineNode has a node examine its machine. It is only looked at, so the
// journal does not speak of it.
func (c *Controller) examineNode(ctx context.Context, id paspeaker.SpeakerID, p paspeaker.Patient) paspeaker.Examination {
	e := paspeaker.Examination{Machine: string(id), At: c.now()}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.Listen)+commandWait)
	defer cancel()
	raw, err := json.Marshal(p)
	if err == nil {
		raw, err = c.askNode(ctx, id, paspeaker.VerbDiagnose, raw)
	}
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err == nil {
		e.Machine = string(id)
		return e
	}
	f := paspeaker.Finding{ID: "reach", Severity: paspeaker.SeverityFault, What: err.Error(), Next: "ssh " + string(id) + " systemctl status paspeaker-node"}
	var told *paspeaker.Error
	if errors.As(err, &told) {
		f.What, f.Evidence = told.What, told.Hint
	}
	switch paspeaker.CodeOf(err) {
	case paspeaker.CodeUnsupported:
		f.Severity, f.Next = paspeaker.SeverityNote, ""
	case paspeaker.CodeBusy:
		f.Severity, f.Next = paspeaker.SeverityUnknown, fmt.Sprintf("paspeaker doctor %s", id)
	}
	e.Findings = []paspeaker.Finding{f}
	return e
}
