package site

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pa/paspeaker"
)

// check finds what is wrong between zones and loudspeakers, and ties them
// together.
func (d *draft) check(s *Site) {
	d.checkIDs()
	d.zoneIDs, d.speakerIDs = slices.Sorted(maps.Keys(d.zoneAt)), slices.Sorted(maps.Keys(d.speakerAt))
	for _, z := range d.zones {
		z.all = newBits(len(d.speakers))
		z.refuseAll()
		z.nested = d.knownZones(z.nested, "that is a loudspeaker: put it under members")
		z.members = d.knownSpeakers(z.members)
		for _, m := range z.members {
			z.all.set(d.speakerAt[m.id])
		}
	}
	for i, sp := range d.speakers {
		sp.zones = d.knownZones(sp.zones, "that is a loudspeaker, not a zone")
		for _, ref := range sp.zones {
			d.enter(i, ref.id)
		}
		if sp.Home != "" && !d.exists(sp.Home) {
			sp.homeAt.fault("no zone "+string(sp.Home), didYouMean(string(sp.Home), d.zoneIDs))
			sp.Home = ""
			sp.homeAt.bad = true
		} else if sp.Home != "" {
			d.enter(i, string(sp.Home))
		}
	}
	d.findDirect()
	d.checkHomes()
	if d.checkLoops() {
		d.nest()
	}
	d.checkGroups(s.GroupRange.Port)
}

// refuseAll reports a zone that nests ZoneAll, which nests every zone itself.
func (z *zoneDraft) refuseAll() {
	z.nested = slices.DeleteFunc(z.nested, func(n ref) bool {
		if n.id != string(paspeaker.ZoneAll) || z.ID == paspeaker.ZoneAll {
			return false
		}
		n.fault("all nests every zone, and no zone nests all", "take it out, and announce to all instead")
		return true
	})
}

// enter puts loudspeaker i into a zone; into ZoneAll everybody comes anyway.
func (d *draft) enter(i int, zone string) {
	if z, ok := d.zoneAt[zone]; ok {
		d.zones[z].all.set(i)
	}
}

// exists says whether there is such a zone.
func (d *draft) exists(id paspeaker.ZoneID) bool {
	_, ok := d.zoneAt[string(id)]
	return ok || id == paspeaker.ZoneAll
}

// checkIDs finds duplicates, and ids that would be one on the wire.
func (d *draft) checkIDs() {
	tags := map[paspeaker.Tag]string{paspeaker.TagEveryone: string(paspeaker.ZoneAll)}
	ids := map[string]value{}
	claim := func(id string, at value) bool {
		if id == "" {
			return false
		}
		if first, ok := ids[id]; ok {
			at.fault("there is a "+id+" already, in line "+strconv.Itoa(first.line), "give one of them another id; zones and loudspeakers share them")
			return false
		}
		ids[id] = at
		tag := paspeaker.TagOf(id)
		if other, ok := tags[tag]; ok && other != id {
			at.fault(fmt.Sprintf("%s and %s are the same on the wire (tag %08x)", id, other, uint32(tag)), "change a letter of one of them")
		}
		tags[tag] = id
		return true
	}
	for i, z := range d.zones {
		if claim(string(z.ID), z.at) {
			d.zoneAt[string(z.ID)] = i
		}
	}
	for i, sp := range d.speakers {
		if sp.ID == paspeaker.SpeakerID(paspeaker.ZoneAll) {
			sp.at.fault("all is the zone of every loudspeaker", "give the loudspeaker another id")
		} else if claim(string(sp.ID), sp.at) {
			d.speakerAt[string(sp.ID)] = i
		}
	}
}

// knownZones returns the refs that name a zone of the file, and reports those
// that name none. ZoneAll need not be in the file: everybody stands in it.
func (d *draft) knownZones(refs []ref, ifSpeaker string) []ref {
	return slices.DeleteFunc(refs, func(ref ref) bool {
		_, known := d.zoneAt[ref.id]
		if !known && ref.id != string(paspeaker.ZoneAll) {
			_, other := d.speakerAt[ref.id]
			ref.unknown("zone", d.zoneIDs, other, ifSpeaker)
		}
		return !known
	})
}

// knownSpeakers returns the refs that name a loudspeaker, and reports the
// others.
func (d *draft) knownSpeakers(refs []ref) []ref {
	return slices.DeleteFunc(refs, func(ref ref) bool {
		_, known := d.speakerAt[ref.id]
		if !known {
			_, other := d.zoneAt[ref.id]
			ref.unknown("loudspeaker", d.speakerIDs, other, "that is a zone: put it under nested")
		}
		return !known
	})
}

// unknown reports a ref that names nothing of its kind. other says that it
// names something of the other kind, ifOther what to do then.
func (ref ref) unknown(kind string, ids []string, other bool, ifOther string) {
	hint := ifOther
	switch {
	case ref.r.full(): // nobody reads the hint, and it is dear to find
		hint = ""
	case !other:
		hint = didYouMean(ref.id, ids)
	}
	ref.fault("no "+kind+" "+ref.id, hint)
}

// findDirect notes in which zones each loudspeaker stands by itself.
func (d *draft) findDirect() {
	for zi, z := range d.zones {
		if z.ID == paspeaker.ZoneAll {
			continue
		}
		for i := range z.all.each() {
			d.speakers[i].direct = append(d.speakers[i].direct, zi)
		}
	}
}

// checkHomes sees to it that every third-party loudspeaker has one plain group
// to listen to.
func (d *draft) checkHomes() {
	for _, sp := range d.speakers {
		if sp.Kind != paspeaker.KindThirdParty {
			if sp.homeAt.present() {
				sp.homeAt.fault("only third-party loudspeakers have a home", "delete the line, or write kind: third-party")
			}
			sp.Home = ""
			continue
		}
		if sp.homeAt.bad || sp.Home == "" && sp.homeAt.present() {
			continue // reported
		}
		if sp.Home == "" && len(sp.direct) == 1 {
			sp.Home = d.zones[sp.direct[0]].ID
		}
		if sp.Home == "" {
			d.faultHome(sp)
			continue
		}
		i, ok := d.zoneAt[string(sp.Home)]
		if !ok || d.zones[i].Plain == nil {
			at := sp.at
			if sp.homeAt.present() {
				at = sp.homeAt
			}
			at.fault(fmt.Sprintf("third-party loudspeaker %s hears zone %s, which has no plain codec", sp.ID, sp.Home),
				"add the line \"plain: g722\" to that zone, with a codec that the loudspeaker knows")
		}
	}
}

// faultHome reports a third-party loudspeaker in no zone or in several.
func (d *draft) faultHome(sp *speakerDraft) {
	if len(sp.direct) == 0 {
		sp.at.fault(fmt.Sprintf("third-party loudspeaker %s is in no zone", sp.ID), "put it into the zone whose plain group it listens to")
		return
	}
	var in []string
	for _, z := range sp.direct {
		in = append(in, string(d.zones[z].ID))
	}
	sp.at.fault(fmt.Sprintf("third-party loudspeaker %s is in %s, but can listen to one plain group only", sp.ID, strings.Join(in, " and ")),
		"say which with \"home: "+in[0]+"\"")
}

// checkLoops reports zones that nest themselves; ok is false if there are any.
func (d *draft) checkLoops() (ok bool) {
	const inside, done = 1, 2
	state := make([]int, len(d.zones))
	ok = true
	var visit func(i int, path []string)
	visit = func(i int, path []string) {
		z := d.zones[i]
		state[i] = inside
		path = append(path, string(z.ID))
		for _, n := range z.nested {
			next := d.zoneAt[n.id]
			switch {
			case state[next] == inside:
				loop := path[max(0, slices.Index(path, n.id)):]
				n.fault("a zone nests itself: "+strings.Join(loop, " > ")+" > "+n.id, "take it out of one of them")
				ok = false
			case state[next] == 0:
				visit(next, path)
			}
		}
		state[i] = done
	}
	for i := range d.zones {
		if state[i] == 0 {
			visit(i, nil)
		}
	}
	return ok
}

// nest gives each zone the loudspeakers of those it nests. It needs zones
// without loops.
func (d *draft) nest() {
	done := make([]bool, len(d.zones))
	var visit func(i int)
	visit = func(i int) {
		done[i] = true
		for _, n := range d.zones[i].nested {
			next := d.zoneAt[n.id]
			if !done[next] {
				visit(next)
			}
			d.zones[i].all.add(d.zones[next].all)
		}
	}
	for i := range d.zones {
		if !done[i] {
			visit(i)
		}
	}
}

// checkGroups completes the groups' ports, and finds groups that meet.
func (d *draft) checkGroups(port uint16) {
	first := map[uint32]string{}
	claim := func(ap *netip.AddrPort, at value, whose string) {
		if !ap.IsValid() {
			return
		}
		if ap.Port() == 0 {
			*ap = netip.AddrPortFrom(ap.Addr(), port)
		}
		key := etherGroup(ap.Addr())
		if other, ok := first[key]; ok {
			at.fault(ap.Addr().String()+" is already taken by "+other,
				"choose another address, whatever the port: switches see the address alone, and of it the last 23 bits")
			return
		}
		first[key] = whose + ", line " + strconv.Itoa(at.line)
	}
	for _, z := range d.zones {
		claim(&z.Group, z.group, "zone "+string(z.ID))
		if z.Plain != nil {
			claim(&z.Plain.Group, z.plainGroup, "the plain group of zone "+string(z.ID))
		}
	}
}
