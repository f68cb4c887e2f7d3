package integration

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// benchYAML is a site with one loudspeaker of each fate: well, turned all the
// way down, dead, behind a network that loses a fifth of the voice, and
// somebody else's.
const benchYAML = siteYAML + `
zones:
  - {id: gates, name: Các cổng}
  - {id: mobile, name: Xe loa}
  - {id: yard, name: Sân, plain: {codec: pcmu}}
speakers:
  - {id: gate-1, name: Cổng số 1 – đường Nguyễn Văn Linh, zones: [gates]}
  - {id: gate-2, name: Cổng số 2 – đường Huỳnh Tấn Phát, zones: [gates], gain_db: -60}
  - {id: gate-3, name: Cổng số 3 – bến xe công nhân, zones: [gates]}
  - {id: unit-1, name: Xe loa số 1, kind: mobile, zones: [mobile]}
  - {id: horn, name: Loa nén, kind: third-party, zones: [yard]}
`

func TestATestOfLoudspeakersNamesEachFault(t *testing.T) {
	t.Parallel()
	s := newSite(t, benchYAML)
	s.startController()
	for _, id := range []string{"gate-1", "gate-2", "gate-3"} {
		s.startNode(id)
	}
	_ = s.nodes["gate-3"].end(syscall.SIGKILL)
	delete(s.nodes, "gate-3")
	s.enrol("unit-1")
	s.runNode("unit-1")
	s.online("unit-1")
	require.NoError(t, s.nodes["unit-1"].end(syscall.SIGTERM))
	s.last["unit-1"] = s.speaker("unit-1").Report.Instance
	lossy(t, s)
	s.online("unit-1")
	s.eventually("gate-3 is known to be gone", func() bool { return !s.speaker("gate-3").Online })

	p := s.cli(strings.NewReader(""), nil, "test", "all", "--quiet", "--all", "--report", s.path("test.html"))
	<-p.done
	require.Error(t, p.err)
	assert.Equal(t, 7, p.cmd.ProcessState.ExitCode(), "%s", p.log)
	var list paspeaker.TestList
	s.must("GET", "/v1/tests", nil, &list)
	require.Len(t, list.Runs, 1)
	var run paspeaker.TestRun
	s.must("GET", "/v1/tests/"+list.Runs[0].ID, nil, &run)
	got := make(map[string]paspeaker.SpeakerTest)
	for _, r := range run.Results {
		got[string(r.Speaker)] = r
	}
	assert.Equal(t, paspeaker.TestPassed, got["gate-1"].Result, "%+v", got["gate-1"])
	assert.Equal(t, "silent", got["gate-2"].Fault, "%+v", got["gate-2"])
	assert.Equal(t, "offline", got["gate-3"].Fault, "%+v", got["gate-3"])
	assert.Equal(t, "packet loss", got["unit-1"].Fault, "%+v", got["unit-1"])
	assert.InDelta(t, 20, got["unit-1"].LossShare, 6, "a fifth of the voice")
	assert.Equal(t, "third-party", got["horn"].Fault)
	assert.NotEmpty(t, got["gate-1"].Groups)
	assert.Empty(t, got["gate-1"].Missing)
	assert.InDelta(t, paspeaker.QuietLevelDB, got["gate-1"].LevelDB, 1)
	page, err := os.ReadFile(s.path("test.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "Cổng số 3 – bến xe công nhân")
	assert.Contains(t, p.log.String(), "of the sound was lost on the way")
}

// lossy starts unit-1 behind a relay that swallows every fifth datagram of its
// voice, and none of the clock's.
func lossy(t *testing.T, s *site) {
	t.Helper()
	at := netip.MustParseAddrPort(s.clock)
	host := at.Addr().As4()
	host[3] ^= 0x80 // another address of the loopback
	front, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(host), at.Port())))
	require.NoError(t, err)
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	require.NoError(t, err)
	var node atomic.Pointer[netip.AddrPort]
	var pumps sync.WaitGroup
	pumps.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := front.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			node.Store(&from)
			_, _ = back.Write(buf[:n])
		}
	})
	pumps.Go(func() {
		buf := make([]byte, 2048)
		for voice := 0; ; {
			n, err := back.Read(buf)
			to := node.Load()
			if err != nil {
				return
			}
			if n > 0 && buf[0]>>6 == 2 { // RTP; the clock speaks NTP
				if voice++; voice%5 == 0 {
					continue
				}
			}
			if to != nil {
				_, _ = front.WriteToUDPAddrPort(buf[:n], *to)
			}
		}
	})
	context.AfterFunc(t.Context(), func() { front.Close(); back.Close() })
	t.Cleanup(pumps.Wait)
	_, port, err := net.SplitHostPort(s.http)
	require.NoError(t, err)
	s.nodes["unit-1"] = s.start("paspeaker-node", "--controller", net.JoinHostPort(netip.AddrFrom4(host).String(), port), "--id", "unit-1",
		"--state", s.path("node-unit-1"), "--output", "wav:"+s.path("unit-1.wav"))
}
