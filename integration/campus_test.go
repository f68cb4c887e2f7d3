package integration

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A campus of network namespaces: a switch that snoops IGMP and is its querier,
// the controller at a port of it, and each loudspeaker at the end of a cable of
// its own. It needs root, iproute2 and util-linux.
const (
	campusEnv    = "PASPEAKER_TEST_NETWORK" // this process has a network to itself
	campusSwitch = "pasw0"
	campusHere   = "10.98.0.1"
)

// inOwnNetwork runs the test that calls it once more, in a network namespace of its
// own, and says how that went. It returns true in there.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(campusEnv) != "" {
		return true
	}
	_, err := binaries()
	require.NoError(t, err)
	cmd := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), campusEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "this test makes networks, and so must run as root (CAP_NET_ADMIN)\n%s", out)
	return false
}

// campus is the network of one site.
type campus struct {
	*site
	ports    map[string]string // of each loudspeaker: its port at the switch
	programs map[string]string // of loudspeakers that run another paspeaker-node
	n        int
}

// newCampus makes the switches, the first of which is the controller's.
func newCampus(s *site, switches ...string) *campus {
	l := &campus{site: s, ports: make(map[string]string)}
	s.http, s.nats, s.clock = "127.0.0.1:7080", campusHere+":4222", campusHere+":7081"
	s.more = []string{"--http", "0.0.0.0:7080"} // plain HTTP for us, TLS for the nodes
	l.ip("link set lo up")
	// A switch without its uplink must not find the controller all the same: the
	// host would answer at any interface.
	require.NoError(s.t, os.WriteFile("/proc/sys/net/ipv4/conf/all/arp_ignore", []byte("1"), 0o644))
	l.ip("link add %s type bridge mcast_snooping 1 mcast_querier 1 mcast_query_response_interval 100 mcast_query_interval 200 mcast_startup_query_interval 50", campusSwitch)
	l.ip("link set %s up", campusSwitch)
	l.ip("link add pactl type veth peer name pactl0")
	l.ip("link set pactl0 master %s up", campusSwitch)
	l.ip("addr add %s/24 dev pactl", campusHere)
	l.ip("link set pactl up")
	l.ip("route add 224.0.0.0/4 dev pactl")
	for _, name := range switches {
		l.ip("link add %s type bridge mcast_snooping 0", name)
		l.ip("link set %s up", name)
		l.ip("link add %s-up type veth peer name %s-dn", name, name)
		l.ip("link set %s-up master %s up", name, campusSwitch)
		l.ip("link set %s-dn master %s up", name, name)
	}
	return l
}

func (l *campus) ip(format string, args ...any) { l.t.Helper(); l.sh("ip "+format, args...) }

func (l *campus) sh(format string, args ...any) {
	l.t.Helper()
	words := strings.Fields(fmt.Sprintf(format, args...))
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	require.NoError(l.t, err, "%s: %s", strings.Join(words, " "), out)
}

// in runs a program in a loudspeaker's network.
func (l *campus) in(id, format string, args ...any) {
	l.t.Helper()
	l.sh("nsenter -t %d -n %s", l.nodes[id].cmd.Process.Pid, fmt.Sprintf(format, args...))
}

// plug starts a node at the end of a new cable, and waits for nothing. as is
// its id, name the place of its state and its sound.
func (l *campus) plug(at, name, as string, more ...string) {
	l.t.Helper()
	l.n++
	port := fmt.Sprintf("pan%d", l.n)
	program := cmp.Or(l.programs[name], filepath.Join(l.bin, "paspeaker-node"))
	args := append([]string{"-n", "sh", "-c", `read -r go && exec "$@"`, "sh", program,
		"--controller", campusHere + ":7080", "--id", as, "--state", l.path("node-" + name), "--token-file", l.path(as + ".token"), "--interface", "eth0"}, more...)
	if !strings.Contains(strings.Join(more, " "), "--output") {
		args = append(args, "--output", "null")
	}
	p := &process{cmd: exec.Command("unshare", args...), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	gate, err := p.cmd.StdinPipe()
	require.NoError(l.t, err)
	p.run(l.t)
	l.nodes[name], l.ports[name] = p, port
	pid := p.cmd.Process.Pid
	mine, err := os.Readlink("/proc/self/ns/net")
	require.NoError(l.t, err)
	l.eventually(name+" has a network of its own", func() bool {
		its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		return err == nil && its != mine
	})
	l.ip("link add %s type veth peer name eth0 netns %d", port, pid)
	l.ip("link set %s master %s up", port, at)
	l.in(name, "ip link set lo up")
	l.in(name, "ip addr add 10.98.0.%d/24 dev eth0", 10+l.n)
	l.in(name, "ip link set eth0 up")
	l.in(name, "ip route add 224.0.0.0/4 dev eth0")
	_, err = io.WriteString(gate, "go\n")
	require.NoError(l.t, err)
	require.NoError(l.t, gate.Close())
}

// cable pulls a port's cable out, or puts it back.
func (l *campus) cable(port, state string) { l.t.Helper(); l.ip("link set %s %s", port, state) }
