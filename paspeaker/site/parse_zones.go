package site

import (
	"fmt"
	"net/netip"
	"strconv"

	"pa/paspeaker"
)

// Bounds of a site: what one controller is built for, several times over.
const (
	maxZones    = 1000
	maxSpeakers = 5000
)

// Codecs of sealed and of plain streams.
var (
	profiles    = []string{"l16", "opus", "g722", "pcmu", "pcma"}
	plainCodecs = []string{"pcmu", "pcma", "g722", "l16", "opus"}
)

// Of a zone that does not say. Most third-party loudspeakers know G.722, and
// it carries speech well.
const (
	defaultProfile    = "l16"
	defaultPlainCodec = "g722"
)

// draft is the zones and loudspeakers as the file has them, before they are
// tied together.
type draft struct {
	zones     []*zoneDraft
	speakers  []*speakerDraft
	zoneAt    map[string]int // by id; the first of duplicates
	speakerAt map[string]int

	zoneIDs, speakerIDs []string // the same, sorted
}

type zoneDraft struct {
	paspeaker.Zone
	at, group, plainGroup value
	nested, members       []ref
	all                   bits // loudspeakers, those of nested zones too
}

type speakerDraft struct {
	paspeaker.Speaker
	at, homeAt value
	zones      []ref
	direct     []int // zones that it stands in without their nesting ones, and not ZoneAll; each once
}

// readDraft reads the sections zones and speakers.
func readDraft(zones, speakers value, celsius float64) *draft {
	d := &draft{zoneAt: map[string]int{}, speakerAt: map[string]int{}}
	for _, v := range bounded(zones, maxZones) {
		d.zones = append(d.zones, readZone(v))
	}
	for _, v := range bounded(speakers, maxSpeakers) {
		d.speakers = append(d.speakers, readSpeaker(v, celsius))
	}
	return d
}

// bounded returns a list's elements, the first most of them.
func bounded(v value, most int) []value {
	all := v.list()
	if len(all) <= most {
		return all
	}
	v.fault(fmt.Sprintf("has %d entries", len(all)), fmt.Sprintf("one site has at most %d; split it into several sites", most))
	return all[:most]
}

func readZone(v value) *zoneDraft {
	o := v.object("id", "name", "group", "profile", "plain", "nested", "members", "delay", "wifi")
	z := &zoneDraft{at: o.get("id"), group: o.get("group")}
	if o.present() && !o.get("id").bad {
		z.ID = paspeaker.ZoneID(o.get("id").id())
	}
	z.Name = o.get("name").name(string(z.ID))
	z.Group = z.group.multicast()
	z.Profile = o.get("profile").word(defaultProfile, profiles...)
	z.Lead = paspeaker.Duration(o.get("delay").duration(0, leastLead, mostLead))
	z.WiFi = o.get("wifi").truth()
	z.nested = o.get("nested").refs()
	z.members = o.get("members").refs()

	plain := o.get("plain")
	if s, ok := plain.single(); ok {
		z.Plain = &paspeaker.Plain{Codec: s.word(defaultPlainCodec, plainCodecs...)}
	} else if plain.present() {
		p := plain.object("codec", "group")
		z.plainGroup = p.get("group")
		z.Plain = &paspeaker.Plain{
			Codec: p.get("codec").word(defaultPlainCodec, plainCodecs...),
			Group: z.plainGroup.multicast(),
		}
	}
	return z
}

func readSpeaker(v value, celsius float64) *speakerDraft {
	o := v.object("id", "name", "kind", "zones", "home", "gain_db", "delay", "wifi", "switch", "position")
	s := &speakerDraft{at: o.get("id"), homeAt: o.get("home")}
	if o.present() && !o.get("id").bad {
		s.ID = paspeaker.SpeakerID(o.get("id").id())
	}
	s.Name = o.get("name").name(string(s.ID))
	s.Kind = paspeaker.SpeakerKind(o.get("kind").word(string(paspeaker.KindFixed),
		string(paspeaker.KindFixed), string(paspeaker.KindMobile), string(paspeaker.KindThirdParty)))
	s.zones = o.get("zones").refs()
	if s.homeAt.present() {
		s.Home = paspeaker.ZoneID(s.homeAt.id())
	}
	s.GainDB = o.get("gain_db").number(0, -60, 20, " dB")
	s.Delay = paspeaker.Duration(o.get("delay").acoustic(celsius))
	s.WiFi = o.get("wifi").truth()
	if sw := o.get("switch"); sw.present() {
		s.Switch = sw.id()
	}
	if p := o.get("position"); p.present() {
		f := p.object("lat", "lon")
		f.get("lat").missing("write position: {lat: 10.76, lon: 106.75}")
		f.get("lon").missing("write position: {lat: 10.76, lon: 106.75}")
		s.Position = &paspeaker.Position{
			Lat: f.get("lat").number(0, -90, 90, "°"),
			Lon: f.get("lon").number(0, -180, 180, "°"),
		}
	}
	return s
}

// multicast reads a group's address, with or without a port. Its port is 0
// when the file leaves it to the site. Absent or wrong: the zero AddrPort.
func (v value) multicast() netip.AddrPort {
	s, ok := v.scalar()
	if !ok {
		return netip.AddrPort{}
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		var a netip.Addr
		if a, err = netip.ParseAddr(s); err == nil {
			ap = netip.AddrPortFrom(a, 0)
		}
	}
	if err != nil {
		v.fault(clip(strconv.Quote(s))+" is not a group", "write it like 239.255.12.1 or 239.255.12.1:5004; leave it out to get one")
		return netip.AddrPort{}
	}
	if what, hint := whyNotGroup(ap.Addr()); what != "" {
		v.fault(ap.Addr().String()+" "+what, hint)
		return netip.AddrPort{}
	}
	if p := ap.Port(); p != 0 && (p < 1024 || p%2 != 0) {
		v.fault(fmt.Sprintf("port %d is not for RTP", p), "use an even one from 1024 up, such as 5004")
		return netip.AddrPort{}
	}
	return ap
}

// whyNotGroup says what keeps an address from carrying a zone, "" if nothing
// does.
func whyNotGroup(a netip.Addr) (what, hint string) {
	const use = "use 239.x.y.z"
	switch {
	case !a.IsMulticast():
		return "is not a multicast address", use
	case !a.Is4():
		return "is an IPv6 address", "loudspeakers listen to IPv4; " + use
	case a.As4()[0] == 232: // RFC 4607
		return "is for source-specific multicast, which loudspeakers do not join", use
	case a == sapGroup || a == sapGlobal:
		return "is where sessions are announced (SAP)", "use another one, such as 239.255.12.1"
	case etherGroup(a) < 1<<8:
		return "is flooded to every port by switches", "use one that does not end in 0.0.x or 128.0.x, such as 239.255.12.1"
	}
	return "", ""
}

// SAP's addresses (RFC 2974 §3): administrative scope and global.
var (
	sapGroup  = netip.AddrFrom4([4]byte{239, 255, 255, 255})
	sapGlobal = netip.AddrFrom4([4]byte{224, 2, 127, 254})
)

// etherGroup returns the 23 bits of an IPv4 group that Ethernet keeps (RFC 1112
// §6.4). Switches sort by them alone: those of 224.0.0.x go everywhere, and two
// groups that share them are one.
func etherGroup(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[1]&0x7f)<<16 | uint32(b[2])<<8 | uint32(b[3])
}
