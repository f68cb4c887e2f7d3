package wire

import (
	"fmt"
	"net/netip"
	"strings"
)

// SDPInfo describes one multicast stream of plain RTP.
type SDPInfo struct {
	ID       uint64         // o= session id, the same for the life of the stream
	Version  uint64         // o= version, raised with every change
	Name     string         // s=, UTF-8; line breaks become spaces
	Origin   netip.Addr     // address of the sender
	Group    netip.AddrPort // where the sound goes
	TTL      int            // of the group, 1–255; 0 = DefaultTTL
	Encoding string         // encoding name: "PCMU", "PCMA", "G722", "L16", "opus"
	PT       uint8
	Rate     int      // RTP clock rate, Hz (8000 for G722, RFC 3551 §4.5.2; 48000 for opus)
	Channels int      // 0 = 1; left out of rtpmap when 1; opus needs 2, RFC 7587 §7
	PtimeMS  int      // ms of sound in a packet
	Clock    []string // values of a=, RFC 7273, e.g. "ts-refclk:local", "mediaclk:sender"
}

// SDP returns the session description (RFC 8866, RFC 7273), CRLF lines.
func SDP(i SDPInfo) string {
	if i.TTL == 0 {
		i.TTL = DefaultTTL
	}
	name := oneLine(i.Name)
	if name == "" {
		name = "-" // s= must not be empty
	}
	format := fmt.Sprintf("%d %s/%d", i.PT, oneLine(i.Encoding), i.Rate)
	if i.Channels > 1 {
		format += fmt.Sprintf("/%d", i.Channels)
	}
	lines := []string{
		"v=0",
		fmt.Sprintf("o=- %d %d IN IP4 %s", i.ID, i.Version, i.Origin.Unmap()),
		"s=" + name,
		fmt.Sprintf("c=IN IP4 %s/%d", i.Group.Addr().Unmap(), i.TTL),
		"t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP %d", i.Group.Port(), i.PT),
		"a=rtpmap:" + format,
		fmt.Sprintf("a=ptime:%d", i.PtimeMS),
		"a=recvonly",
	}
	for _, c := range i.Clock {
		lines = append(lines, "a="+oneLine(c))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// oneLine keeps a name from becoming lines of its own.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " ")))
}
