package integration

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

// lan is three computers on a switch, each a network namespace of its own: the
// controller's, a loudspeaker's, and somebody else's.
type lan struct {
	t                                *testing.T
	bin, site                        string
	sw, controller, speaker, another string // process ids
}

const lanYAML = `
site: {id: park, name: Khu thử, time_zone: Asia/Ho_Chi_Minh, interface: eth0, ttl: 16}
zones:
  - {id: gates, name: Cổng, group: 239.255.77.1}
  - {id: all, name: Tất cả, group: 239.255.77.2}
speakers:
  - {id: gate-1, name: Cổng 1, kind: fixed, zones: [gates]}
`

func newLAN(t *testing.T) *lan {
	t.Helper()
	bin, err := binaries()
	require.NoError(t, err)
	l := &lan{t: t, bin: bin, site: filepath.Join(t.TempDir(), "zones.yaml")}
	require.NoError(t, os.WriteFile(l.site, []byte(lanYAML), 0o600))
	for _, pid := range []*string{&l.sw, &l.controller, &l.speaker, &l.another} {
		*pid = namespace(t)
	}
	l.in(l.sw, "ip link add br0 type bridge mcast_snooping 1 mcast_querier 0")
	l.in(l.sw, "ip link set br0 up")
	for i, pid := range []string{l.controller, l.speaker, l.another} {
		l.in(l.sw, fmt.Sprintf("ip link add p%d type veth peer name eth0 netns %s", i, pid))
		l.in(l.sw, fmt.Sprintf("ip link set p%d master br0 up", i))
		l.in(pid, "ip link set lo up")
		l.in(pid, "ip link set eth0 up")
		l.in(pid, fmt.Sprintf("ip address add 10.77.9.%d/24 dev eth0", i+1))
		l.in(pid, "ip route add 239.0.0.0/8 dev eth0")
	}
	return l
}

// namespace holds a network namespace open until the test is over.
func namespace(t *testing.T) (pid string) {
	t.Helper()
	p := &process{cmd: exec.Command("sleep", "infinity"), done: make(chan struct{}), log: &lockedBuffer{}}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
		started <- p.cmd.Start()
		if p.cmd.Process != nil {
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	require.NoError(t, <-started, "the integration tests run as root")
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.done })
	return fmt.Sprint(p.cmd.Process.Pid)
}

// in runs a command in a namespace.
func (l *lan) in(pid, command string) {
	l.t.Helper()
	out, err := exec.Command("nsenter", append([]string{"-t", pid, "-n"}, strings.Fields(command)...)...).CombinedOutput()
	require.NoError(l.t, err, "%s: %s", command, out)
}

// open runs f in a namespace: what it opens stays there.
func (l *lan) open(pid string, f func() error) {
	l.t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		ns, err := os.Open("/proc/" + pid + "/ns/net")
		if err == nil {
			defer ns.Close()
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	require.NoError(l.t, <-done)
}

// doctor looks from the loudspeaker's place, and returns what it finds.
func (l *lan) doctor(pid string, more ...string) (found []paspeaker.Finding, exit int) {
	l.t.Helper()
	args := append([]string{"-t", pid, "-n", filepath.Join(l.bin, "paspeaker"), "doctor", "--here", "--config", l.site, "--json", "--listen", "400ms"}, more...)
	cmd := exec.Command("nsenter", args...)
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		require.NoError(l.t, err)
	}
	var list []paspeaker.Examination
	require.NoError(l.t, json.Unmarshal(out, &list), "%s", out)
	require.Len(l.t, list, 1)
	return list[0].Findings, cmd.ProcessState.ExitCode()
}

// finds wants a finding of that kind and severity, and returns it.
func finds(t *testing.T, found []paspeaker.Finding, id string, sev paspeaker.Severity) paspeaker.Finding {
	t.Helper()
	for _, f := range found {
		if f.ID == id && f.Severity == sev {
			return f
		}
	}
	require.Fail(t, "no such finding", "%s %s in %+v", id, sev, found)
	return paspeaker.Finding{}
}

// shows looks from a place until there is a finding of that kind and severity,
// and returns it: on a busy machine little may be heard in one short listening.
func (l *lan) shows(pid, id string, sev paspeaker.Severity) (out paspeaker.Finding) {
	l.t.Helper()
	l.eventually(fmt.Sprintf("%s is %s", id, sev), func() bool {
		found, exit := l.doctor(pid)
		for _, f := range found {
			if f.ID == id && f.Severity == sev {
				out = f
				assert.True(l.t, sev != paspeaker.SeverityFault || exit == 1, "a fault is an exit status")
				return true
			}
		}
		return false
	})
	return out
}

// sealed sends what looks like the controller's voice from its place, until it
// is told to end.
func (l *lan) sealed(ttl int) (end func()) {
	packets := forger{root: ed25519.NewKeyFromSeed(make([]byte, 32)), term: 1}.forge(l.t, 7, paspeaker.TagOf("gates"))
	var conn net.Conn
	l.open(l.controller, func() (err error) {
		d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
			var failed error
			err := raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, ttl) })
			if err != nil {
				return err
			}
			return failed
		}}
		conn, err = d.DialContext(l.t.Context(), "udp4", "239.255.77.1:5004")
		return err
	})
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for seq := uint16(0); ; seq++ {
			b := packets[int(seq)%len(packets)]
			b[2], b[3] = byte(seq>>8), byte(seq)
			_, _ = conn.Write(b)
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
	end = sync.OnceFunc(func() { close(stop); running.Wait(); _ = conn.Close() })
	l.t.Cleanup(end)
	return end
}

// relay sends every frame of multicast that another computer sees out again, as
// a loop in a network does.
func (l *lan) relay() (end func()) {
	fd := -1
	const all = 0x0300 // ETH_P_ALL in the network's byte order
	var index int
	l.open(l.another, func() error {
		i, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		index = i.Index
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all); err != nil {
			return err
		}
		wait := unix.NsecToTimeval(5e7)
		return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	})
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		buf := make([]byte, 2048)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, from, err := unix.Recvfrom(fd, buf, 0)
			link, ok := from.(*unix.SockaddrLinklayer)
			if err != nil || !ok || link.Pkttype != unix.PACKET_MULTICAST || n < 42 || buf[23] != unix.IPPROTO_UDP {
				continue
			}
			buf[40], buf[41] = 0, 0 // no checksum: that of a virtual link is not filled in
			_ = unix.Sendto(fd, buf[:n], 0, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index, Halen: 6})
		}
	})
	end = sync.OnceFunc(func() { close(stop); running.Wait(); _ = unix.Close(fd) })
	l.t.Cleanup(end)
	return end
}

// TestDoctorFindsEachCause makes every cause for real, one after the other, in
// a network of its own.
func TestDoctorFindsEachCause(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	const warning, fault = paspeaker.SeverityWarning, paspeaker.SeverityFault

	found, exit := l.doctor(l.speaker)
	for _, f := range found {
		assert.NotEqual(t, fault, f.Severity, "%+v: all is well", f)
	}
	assert.Zero(t, exit)

	end := l.sealed(16)
	l.shows(l.speaker, "order", paspeaker.SeverityOK)
	l.shows(l.speaker, "ttl", paspeaker.SeverityOK)
	assert.Contains(t, l.shows(l.speaker, "senders", paspeaker.SeverityOK).What, "10.77.9.1")

	endRelay := l.relay()
	l.in(l.sw, "ip link set br0 type bridge mcast_snooping 0") // so that the loop sees it
	assert.Contains(t, l.shows(l.speaker, "duplicates", warning).What, "arrive twice")
	endRelay()
	l.in(l.sw, "ip link set br0 type bridge mcast_snooping 1")
	end()

	end = l.sealed(1)
	assert.Contains(t, l.shows(l.speaker, "ttl", warning).What, "last breath")
	end()

	var c *net.UDPConn
	l.open(l.another, func() (err error) {
		c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 77, 9, 3)})
		return err
	})
	endBabble := babbleOn(t, c, netip.MustParseAddrPort("239.255.77.2:5004"))
	f := l.shows(l.speaker, "senders", fault)
	assert.Equal(t, "foreign sender: 10.77.9.3 sends plain RTP (G.711 µ-law) on 239.255.77.2:5004 (zone all)", f.What)
	assert.Contains(t, f.Next, "ip neighbour show 10.77.9.3")
	endBabble()

	l.in(l.speaker, "nft add table inet site")
	l.in(l.speaker, "nft add chain inet site input { type filter hook input priority 0 ; }")
	l.in(l.speaker, "nft add rule inet site input ip daddr 239.0.0.0/8 drop")
	f = l.shows(l.speaker, "firewall", fault)
	assert.Equal(t, "the firewall drops voice that comes in", f.What)
	l.in(l.speaker, f.Next) // what it says to type helps
	l.shows(l.speaker, "firewall", paspeaker.SeverityOK)
	l.in(l.speaker, "nft flush ruleset")

	l.in(l.speaker, "ip link set eth0 mtu 1000")
	f = l.shows(l.speaker, "mtu", fault)
	l.in(l.speaker, comment(f.Next))
	l.shows(l.speaker, "mtu", paspeaker.SeverityOK)

	found, exit = l.doctor(l.sw, "--interface", "br0")
	f = finds(t, found, "querier", fault)
	assert.Contains(t, f.What, "bridge br0 snoops IGMP and nobody asks")
	assert.Equal(t, 1, exit)
	l.in(l.sw, "ip address add 10.77.9.9/24 dev br0")
	l.in(l.sw, "ip link set br0 type bridge mcast_query_use_ifaddr 1 mcast_query_interval 100 mcast_startup_query_interval 100")
	l.in(l.sw, f.Next)
	l.eventually("the loudspeaker hears the querier", func() bool {
		found, _ = l.doctor(l.speaker, "--listen", "2500ms") // it asks every second
		for _, f := range found {
			if f.ID == "querier" && f.Severity == paspeaker.SeverityOK {
				return strings.Contains(f.What, "10.77.9.9")
			}
		}
		return false
	})

	l.in(l.speaker, "ip route del 239.0.0.0/8 dev eth0")
	f = l.shows(l.speaker, "route", warning)
	l.in(l.speaker, f.Next)
	l.shows(l.speaker, "route", paspeaker.SeverityOK)

	l.in(l.sw, "ip link set p1 down") // the switch's port: no carrier
	assert.Contains(t, l.shows(l.speaker, "interface", fault).What, "no carrier")
	l.in(l.speaker, "ip link set eth0 down")
	assert.Equal(t, "ip link set dev eth0 up", l.shows(l.speaker, "interface", fault).Next)
	found, _ = l.doctor(l.speaker, "--interface", "eth7")
	assert.Contains(t, finds(t, found, "interface", fault).What, "there is no interface eth7")
}

// comment cuts the remark off a command.
func comment(next string) string {
	command, _, _ := strings.Cut(next, "#")
	return command
}

func (l *lan) eventually(what string, f func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); {
		require.True(l.t, time.Now().Before(deadline), "waited in vain until %s", what)
	}
}

// TestDoctorAsksTheNodes: the controller's machine and a loudspeaker's, with a
// programme on air; a loudspeaker that is not there is a fault.
func TestDoctorAsksTheNodes(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "120s"})
	s.sounds("gate-1", 1000)
	examine := func(want int, args ...string) []paspeaker.Examination {
		p := s.cli(nil, nil, append([]string{"doctor", "--json", "--listen", "1s"}, args...)...)
		<-p.done
		require.Equal(t, want, p.cmd.ProcessState.ExitCode(), "%s", p.log)
		var list []paspeaker.Examination
		require.NoError(t, json.Unmarshal([]byte(p.log.String()), &list), "%s", p.log)
		return list
	}
	var list []paspeaker.Examination
	s.eventually("enough of the programme is heard", func() bool {
		list = examine(0, "gate-1")
		require.Len(t, list, 2)
		for _, f := range list[1].Findings {
			if f.ID == "order" {
				return f.Severity == paspeaker.SeverityOK
			}
		}
		return false
	})
	assert.Equal(t, "controller", list[0].Machine)
	assert.Equal(t, "gate-1", list[1].Machine)
	finds(t, list[0].Findings, "senders", paspeaker.SeverityOK)
	for _, id := range []string{"interface", "igmp", "senders", "order", "ttl", "media-clock", "collision"} {
		finds(t, list[1].Findings, id, paspeaker.SeverityOK)
	}
	list = examine(1, "--all")
	require.Len(t, list, 7)
	for _, e := range list {
		switch e.Machine {
		case "desk-1":
			assert.Contains(t, finds(t, e.Findings, "reach", paspeaker.SeverityFault).What, "desk-1 is offline")
		case "horn":
			assert.Contains(t, finds(t, e.Findings, "reach", paspeaker.SeverityNote).What, "third-party")
		}
	}
	p := s.cli(nil, nil, "doctor", "gaet-1")
	<-p.done
	assert.Equal(t, 5, p.cmd.ProcessState.ExitCode())
	assert.Contains(t, p.log.String(), "gate-1", "did you mean")
}
