package site

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a loudspeaker's board may carry no time zones

	"pa/paspeaker"
)

// What a site file says when it says nothing.
const (
	defaultTTL  = 8 // hops; enough for any park, not for the next one
	defaultDSCP = 46
	defaultPort = 5004 // RTP's own (RFC 3551 §8)

	defaultTemperature = 20 // °C
)

var defaultRange = netip.MustParsePrefix("239.255.12.0/24") // of the local scope (RFC 2365 §6.1)

// readSite reads the section site.
func (s *Site) readSite(v value) {
	v.missing("begin the file with \"site:\", and under it id, name and time_zone")
	o := v.object("id", "name", "time_zone", "interface", "ttl", "dscp", "groups", "port", "temperature")
	if o.present() {
		s.ID = o.get("id").id()
	}
	s.Name = o.get("name").name(s.ID)
	s.Location = o.get("time_zone").location(o.present())
	s.Interface = o.get("interface").interfaceName()
	s.Temperature = o.get("temperature").number(defaultTemperature, -40, 60, " °C")
	s.TTL = o.get("ttl").integer(defaultTTL, 1, 255)
	s.DSCP = o.get("dscp").dscp()
	s.GroupRange = GroupRange{
		Prefix: o.get("groups").groupRange(),
		Port:   o.get("port").port(defaultPort),
	}
}

// location reads a time zone. There is no default: an announcement at 10:00 in
// the wrong zone is one at 03:00.
func (v value) location(required bool) *time.Location {
	const hint = "use a name such as Asia/Ho_Chi_Minh"
	if required {
		v.missing(hint)
	}
	s, ok := v.scalar()
	if !ok {
		return time.UTC
	}
	loc, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		if w, near := Suggest(s, commonZones); near {
			v.fault(clip(s)+" is not a time zone", "did you mean "+w+"?")
		} else {
			v.fault(clip(strconv.Quote(s))+" is not a time zone", hint)
		}
		return time.UTC
	}
	return loc
}

// commonZones are for hints alone; every IANA name is read.
var commonZones = []string{
	"Asia/Ho_Chi_Minh", "Asia/Bangkok", "Asia/Phnom_Penh", "Asia/Vientiane", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Europe/Berlin", "UTC",
}

// interfaceName reads the name of a network interface as Linux allows them.
// Whether there is one of that name is not known here: the file may be checked
// on another machine.
func (v value) interfaceName() string {
	s, ok := v.scalar()
	if !ok {
		return ""
	}
	if s == "" || len(s) > 15 || s == "." || s == ".." || strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || c == '/' || c == ':'
	}) {
		v.fault(clip(strconv.Quote(s))+" is not the name of a network interface", "use a name that \"ip link\" shows, such as eth0; leave it out to let the routing table choose")
		return ""
	}
	return s
}

// dscp reads a DSCP as a number or by its name (RFC 2474, 2597, 3246).
func (v value) dscp() int {
	s, ok := v.scalar()
	if !ok {
		return defaultDSCP
	}
	var class, drop int
	switch n, _ := fmt.Sscanf(s, "AF%1d%1d", &class, &drop); {
	case s == "EF":
		return 46
	case n == 2 && len(s) == 4 && class >= 1 && class <= 4 && drop >= 1 && drop <= 3:
		return class*8 + drop*2
	case len(s) == 3 && strings.HasPrefix(s, "CS") && s[2] >= '0' && s[2] <= '7':
		return int(s[2]-'0') * 8
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 63 {
		v.fault(clip(s)+" is not a DSCP", "use EF, AF41, CS5 or a number from 0 to 63")
		return defaultDSCP
	}
	return n
}

// groupRange reads the range that groups are assigned from.
func (v value) groupRange() netip.Prefix {
	s, ok := v.scalar()
	if !ok {
		return defaultRange
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		v.fault(clip(s)+" is not a range of addresses", "write it like 239.255.12.0/24")
	case !p.Addr().Is4() || !p.Addr().IsMulticast():
		v.fault(clip(s)+" is not a range of IPv4 multicast addresses", "use 239.x.y.0/24")
	case p.Bits() < 8 || p.Bits() > 30:
		v.fault(clip(s)+" is too wide or too narrow", "use /8 to /30; /24 has room for 255 groups")
	case p != p.Masked():
		v.fault(s+" is not the beginning of a range", "did you mean "+p.Masked().String()+"?")
	default:
		return p
	}
	return defaultRange
}

// port reads a UDP port for RTP.
func (v value) port(otherwise uint16) uint16 {
	n := v.integer(int(otherwise), 1024, 65534)
	if n%2 != 0 {
		v.fault(strconv.Itoa(n)+" is odd", fmt.Sprintf("use %d: RTP has even ports, the odd ones are RTCP's", n-1))
		return otherwise
	}
	return uint16(n)
}

// What a site allows when it does not say.
var defaultLimits = Limits{MaxUpload: 64 << 20, MaxLength: 12 * time.Hour, Sessions: 64}

// readLimits reads the section limits.
func (s *Site) readLimits(v value) {
	o := v.object("max_upload", "max_length", "sessions")
	s.Limits = Limits{
		MaxUpload: o.get("max_upload").bytes(defaultLimits.MaxUpload, 1000, 4<<30),
		MaxLength: o.get("max_length").duration(defaultLimits.MaxLength, time.Minute, 24*time.Hour),
		Sessions:  o.get("sessions").integer(defaultLimits.Sessions, 1, 1000),
	}
}

// routings and resumptions are the words of the core.
var (
	routings    = []string{string(paspeaker.RoutingPartial), string(paspeaker.RoutingWhole), string(paspeaker.RoutingStacked)}
	resumptions = []string{string(paspeaker.ResumeHere), string(paspeaker.ResumeRestart), string(paspeaker.ResumeDrop)}
)
