package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/doctor"
	"pa/paspeaker/site"
)

// doctorHere examines this computer.
func (g *globals) doctorHere(ctx context.Context, o doctorOptions) error {
	st, err := site.Load(o.config)
	if err != nil {
		return usageError{err}
	}
	guessed, err := assignHere(st, o.groups)
	if err != nil {
		return err
	}
	p := st.Patient("")
	p.Role, p.Machine, p.Listen = paspeaker.RoleHere, "here", paspeaker.Duration(o.listen)
	if o.iface != "" {
		p.Interface = o.iface
	}
	shown := g.newTicker(1)
	e := paspeaker.Examination{Machine: "here", At: time.Now(), Listened: p.Listen, Findings: doctor.Examine(ctx, p)}
	if guessed > 0 {
		e.Findings = append(e.Findings, paspeaker.Finding{ID: "groups", Severity: paspeaker.SeverityNote,
			What:     fmt.Sprintf("%d groups are guessed: the file leaves them out, and the controller may have assigned others", guessed),
			Evidence: o.config, Next: "scp controller:/var/lib/paspeaker/groups.json . && paspeaker doctor --here --groups groups.json"})
	}
	shown.end()
	if !g.json {
		printExamination(g.out, e, o.verbose)
	}
	return g.diagnosed([]paspeaker.Examination{e})
}

// assignHere fills in the groups that the file leaves out: as the controller's
// own file has them, else as a new controller would. It returns how many were
// guessed.
func assignHere(st *site.Site, file string) (guessed int, err error) {
	for _, z := range st.Zones {
		if !z.Group.IsValid() {
			guessed++
		}
		if z.Plain != nil && !z.Plain.Group.IsValid() {
			guessed++
		}
	}
	dir, err := os.MkdirTemp("", "paspeaker-doctor-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "groups.json") // the controller's own is never written
	if file != "" {
		guessed = 0
		b, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(scratch, b, 0o600); err != nil {
			return 0, err
		}
	}
	return guessed, site.AssignGroups(st, scratch)
}
