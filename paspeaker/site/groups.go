package site

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// AssignGroups gives every zone of s without a group, and every plain group
// left out, an address of s.GroupRange. What was assigned once is kept in the
// file at path, on disk before AssignGroups returns, and never moves by an edit
// of zones.yaml: not when zones are added, removed (and come back) or
// reordered, nor when the range or the port changes. s changes only when all
// went well.
//
// The error is Faults when the file gives a zone the group that another was
// assigned, or when the range is too small; else a *paspeaker.Error. Only one
// process may use the file at a time.
func AssignGroups(s *Site, path string) error {
	kept, err := readAssignments(path)
	if err != nil {
		return err
	}
	a := assigner{site: s, kept: maps.Clone(kept), used: map[uint32]string{}, fixed: map[uint32]Fault{}}
	if err := a.run(); err != nil {
		return err
	}
	if !maps.Equal(a.kept, kept) {
		if err := writeAssignments(path, a.kept); err != nil {
			return err
		}
	}
	for _, n := range a.slots {
		*n.group = a.kept[n.key]
	}
	return nil
}

// assignments are groups by whose they are: "gates", or "gates plain".
type assignments map[string]netip.AddrPort

// slot is a group that zones.yaml leaves out.
type slot struct {
	key   string
	group *netip.AddrPort
}

// assigner fills the slots of one site.
type assigner struct {
	site  *Site
	kept  assignments
	slots []slot
	used  map[uint32]string // who has it, by etherGroup
	fixed map[uint32]Fault  // where the file says so, by etherGroup
}

func (a *assigner) run() error {
	for i := range a.site.Zones {
		z := &a.site.Zones[i]
		a.take(&z.Group, string(z.ID), a.site.groupAt[i][0])
		if z.Plain != nil {
			a.take(&z.Plain.Group, string(z.ID)+" plain", a.site.groupAt[i][1])
		}
	}
	var faults Faults
	for _, n := range a.slots {
		g, ok := a.kept[n.key]
		if !ok {
			continue
		}
		if f, clash := a.fixed[etherGroup(g.Addr())]; clash {
			f.What = fmt.Sprintf("%s was assigned to %s before", g.Addr(), whose(n.key))
			f.Hint = "choose another address: an assigned group never moves"
			faults = append(faults, f)
		}
		a.used[etherGroup(g.Addr())] = n.key
	}
	if faults != nil {
		return faults
	}
	a.reserve()
	for _, n := range a.slots {
		if _, ok := a.kept[n.key]; ok {
			continue
		}
		g, ok := a.free()
		if !ok {
			return a.exhausted()
		}
		a.kept[n.key] = g
		a.used[etherGroup(g.Addr())] = n.key
	}
	return nil
}

// take notes a group that the file gives, or that it leaves out.
func (a *assigner) take(group *netip.AddrPort, key string, at Fault) {
	if !group.IsValid() {
		a.slots = append(a.slots, slot{key: key, group: group})
		return
	}
	a.fixed[etherGroup(group.Addr())] = at
	a.used[etherGroup(group.Addr())] = key
}

// reserve keeps the groups of zones that are gone or have one by the file now:
// they may come back. Somebody who needs the address by the file gets it.
func (a *assigner) reserve() {
	for _, key := range slices.Sorted(maps.Keys(a.kept)) {
		g := etherGroup(a.kept[key].Addr())
		if owner, ok := a.used[g]; ok && owner != key {
			delete(a.kept, key)
			continue
		}
		a.used[g] = key
	}
}

// free finds the lowest address that nobody has; when there is none, it takes
// one that is only reserved.
func (a *assigner) free() (netip.AddrPort, bool) {
	r := a.site.GroupRange
	for addr := r.Prefix.Addr().Next(); r.Prefix.Contains(addr); addr = addr.Next() {
		_, taken := a.used[etherGroup(addr)]
		if what, _ := whyNotGroup(addr); what == "" && !taken {
			return netip.AddrPortFrom(addr, r.Port), true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.kept)) {
		g := a.kept[key]
		_, fixed := a.fixed[etherGroup(g.Addr())]
		wanted := slices.ContainsFunc(a.slots, func(n slot) bool { return n.key == key })
		if r.Prefix.Contains(g.Addr()) && !fixed && !wanted {
			delete(a.kept, key)
			delete(a.used, etherGroup(g.Addr()))
			return netip.AddrPortFrom(g.Addr(), r.Port), true
		}
	}
	return netip.AddrPort{}, false
}

// exhausted says that the range is too small.
func (a *assigner) exhausted() error {
	return Faults{{
		File: "zones.yaml", Path: "site.groups",
		What: fmt.Sprintf("%s is too small for the %d groups that are needed", a.site.GroupRange.Prefix, len(a.slots)),
		Hint: "give a wider range, such as 239.255.12.0/24; groups that are assigned stay",
	}}
}

// whose writes an assignment's key for people.
func whose(key string) string {
	if id, plain := strings.CutSuffix(key, " plain"); plain {
		return "the plain group of zone " + id
	}
	return "zone " + key
}
