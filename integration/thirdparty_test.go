package integration

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/integration/ears"
	"pa/paspeaker"
)

// gstDepay is how GStreamer unpacks and decodes each plain codec.
var gstDepay = map[string]string{
	"pcmu": "rtppcmudepay ! mulawdec",
	"pcma": "rtppcmadepay ! alawdec",
	"g722": "rtpg722depay ! avdec_g722",
	"l16":  "rtpL16depay",
	"opus": "rtpopusdepay ! opusdec",
}

// horns is a site with a zone of third-party loudspeakers for each codec.
func horns(codecs []string) string {
	zones, speakers := "zones:\n", "speakers:\n"
	for _, c := range codecs {
		zones += fmt.Sprintf("  - {id: %s, name: Sân %s, plain: {codec: %s}}\n", c, c, c)
		speakers += fmt.Sprintf("  - {id: horn-%s, name: Loa %s, kind: third-party, zones: [%s]}\n", c, c, c)
	}
	return siteYAML + zones + speakers
}

// TestOtherMakersReceiversHearEachPlainCodec lets ffmpeg and GStreamer listen
// by the SDP that `paspeaker sdp` prints: a 1 kHz tone comes out.
func TestOtherMakersReceiversHearEachPlainCodec(t *testing.T) {
	t.Parallel()
	codecs := []string{"pcmu", "pcma", "g722", "l16", "opus"}
	s := newSite(t, horns(codecs))
	s.startController()
	receivers := make(map[string]*process) // by recording
	for _, codec := range codecs {
		p := s.cli(nil, nil, "sdp", codec)
		<-p.done
		require.NoError(t, p.err, "%s", p.log)
		sdp := p.log.String()
		require.True(t, strings.HasPrefix(sdp, "v=0"), "%s", sdp)
		group := s.plainGroup(paspeaker.ZoneID(codec))
		require.NoError(t, os.WriteFile(s.path(codec+".sdp"), []byte(sdp), 0o600))
		ff, gst := codec+"-ffmpeg.wav", codec+"-gstreamer.wav"
		receivers[ff] = s.receiver(group, "ffmpeg", "-v", "error", "-nostdin", "-protocol_whitelist", "file,udp,rtp",
			"-localaddr", "127.0.0.1", "-i", s.path(codec+".sdp"), "-y", s.path(ff))
		receivers[gst] = s.receiver(group, "gst-launch-1.0", strings.Fields(fmt.Sprintf(
			"-q -e udpsrc address=%s port=%d multicast-iface=lo caps=%s ! rtpjitterbuffer latency=500 ! %s ! audioconvert ! audio/x-raw,format=S16LE ! wavenc ! filesink location=%s",
			group.Addr(), group.Port(), gstCaps(sdp), gstDepay[codec], s.path(gst)))...)
	}
	tone := s.announce(map[string]any{"zones": codecs, "source": "tone", "freq": 1000, "length": "8s"})
	s.over(tone.ID)
	for _, p := range receivers {
		_ = p.cmd.Process.Signal(syscall.SIGINT) // all of them at once: each takes its time
		t.Cleanup(func() { _ = p.end(syscall.SIGKILL) })
	}
	for name, p := range receivers {
		_ = p.end(0) // a second signal would break it off
		x, err := ears.Open(s.path(name))
		require.NoError(t, err, "%s:\n%s", name, p.log)
		first, end := ears.Span(x, 0.01)
		require.Greater(t, end-first, 48000, "%s: a second of it at least", name)
		mid := x[(first+end)/2-12000 : (first+end)/2+12000]
		assert.Greater(t, ears.Tone(mid, 1000), -22.0, name)
		assert.InDelta(t, ears.DB(mid), ears.Tone(mid, 1000), 0.5, "%s: and nothing else", name)
	}
}

// gstCaps turns our rtpmap into GStreamer's caps.
func gstCaps(sdp string) string {
	for line := range strings.Lines(sdp) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "a=rtpmap:")
		if !ok {
			continue
		}
		pt, name, _ := strings.Cut(rest, " ")
		parts := strings.Split(name, "/")
		caps := fmt.Sprintf("application/x-rtp,media=audio,payload=%s,encoding-name=%s,clock-rate=%s", pt, strings.ToUpper(parts[0]), parts[1])
		if strings.EqualFold(parts[0], "l16") {
			caps += ",channels=1"
		}
		return caps
	}
	return ""
}

// receiver starts somebody else's program and waits until it has joined. One
// that ends before is started again: why, is in the test's log.
func (s *site) receiver(group netip.AddrPort, name string, args ...string) *process {
	s.t.Helper()
	before := members(s.t, group.Addr())
	p, again := s.listens(name, args), 2
	s.eventually(name+" has joined "+group.String(), func() bool {
		select {
		case <-p.done:
			s.t.Logf("%s ended before it had joined (%v):\n%s", name, p.err, p.log)
			if again--; again < 0 {
				s.t.FailNow()
			}
			p = s.listens(name, args)
		default:
		}
		return members(s.t, group.Addr()) > before
	})
	return p
}

func (s *site) listens(name string, args []string) *process {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.run(s.t)
	s.t.Cleanup(func() {
		_ = p.end(syscall.SIGKILL)
		if s.t.Failed() {
			s.t.Logf("%s said:\n%s", name, p.log)
		}
	})
	return p
}

// members counts this host's memberships of a group on loopback.
func members(t *testing.T, group netip.Addr) int {
	t.Helper()
	b, err := os.ReadFile("/proc/net/igmp")
	require.NoError(t, err)
	a := group.As4()
	want := fmt.Sprintf("%08X", binary.LittleEndian.Uint32(a[:]))
	n := 0
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == want {
			fmt.Sscan(f[1], &n)
		}
	}
	return n
}

func (s *site) plainGroup(id paspeaker.ZoneID) netip.AddrPort {
	s.t.Helper()
	var zones []paspeaker.ZoneStatus
	s.must("GET", "/v1/zones", nil, &zones)
	for _, z := range zones {
		if z.ID == id {
			return z.Plain.Group
		}
	}
	s.t.Fatalf("no zone %s", id)
	return netip.AddrPort{}
}
