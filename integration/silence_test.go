package integration

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

// TestStopAllProvesSilence: with two loudspeakers sounding and one that hangs,
// the command line says who is silent, and of whom nothing can be known.
func TestStopAllProvesSilence(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	for _, id := range []string{"gate-1", "corner", "road-1"} {
		s.startNode(id)
	}
	tone := func() {
		s.announce(map[string]any{"zones": []string{"gates", "roads"}, "source": "tone", "freq": 500, "length": "120s"})
		for _, id := range []string{"gate-1", "corner"} {
			s.sounds(id, 500)
		}
	}
	tone()
	proof := s.silence(0)
	for _, sp := range proof.Speakers[:3] {
		assert.Equal(t, paspeaker.IsSilent, sp.State, "%+v", proof)
		t.Logf("%s: silent %s after the order", sp.Speaker, time.Duration(sp.After).Round(time.Millisecond))
	}
	assert.Len(t, proof.Stopped, 1)
	assert.Contains(t, proof.String(), "silent: 3 of 6; desk-1: offline, cannot be known; unit-1: offline, cannot be known; horn: third-party, cannot be known")

	tone()
	require.NoError(t, s.nodes["road-1"].cmd.Process.Signal(unix.SIGSTOP)) // it hangs, with its last report still young
	proof = s.silence(0)
	require.NoError(t, s.nodes["road-1"].cmd.Process.Signal(unix.SIGCONT))
	assert.Equal(t, paspeaker.IsSilent, proof.Speakers[0].State)
	assert.Equal(t, paspeaker.IsSilent, proof.Speakers[1].State)
	assert.Equal(t, paspeaker.SilenceUnsure, proof.Speakers[2].State, "%+v", proof)
	assert.True(t, proof.Speakers[2].Why == "no report since" || proof.Speakers[2].Why == "offline", proof.Speakers[2].Why)
	s.eventually("the journal says both", func() bool {
		var log []paspeaker.Entry
		s.must("GET", "/v1/log?what=silence", nil, &log)
		return len(log) == 2 && strings.HasPrefix(log[1].Detail, "silent: 2 of 6") && log[1].By == "Lan"
	})
}

// silence has the command line stop everything, and returns what it says; want
// is its exit status.
func (s *site) silence(want int) (out paspeaker.Silence) {
	s.t.Helper()
	p := s.cli(nil, nil, "stop", "--all", "--json")
	<-p.done
	require.Equal(s.t, want, p.cmd.ProcessState.ExitCode(), "%s", p.log)
	require.NoError(s.t, json.Unmarshal([]byte(p.log.String()), &out), "%s", p.log)
	return out
}

// TestAForeignSenderIsNamed: somebody plays plain RTP to a zone's group. No
// loudspeaker sounds it, and the fault says who it is and what it sends.
func TestAForeignSenderIsNamed(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	var group netip.AddrPort
	var zones []paspeaker.ZoneStatus
	s.must("GET", "/v1/zones", nil, &zones)
	for _, z := range zones {
		if z.ID == "gates" {
			group = z.Group
		}
	}
	end := babble(t, group)
	var fault paspeaker.Fault
	s.eventually("the foreign sender is a fault", func() bool {
		for _, f := range s.status().Faults {
			if f.ID == "foreign/127.0.0.1" {
				fault = f
			}
		}
		return fault.ID != ""
	})
	assert.Contains(t, fault.What, "plain RTP, G.711 µ-law")
	assert.Contains(t, fault.What, group.String())
	assert.Contains(t, fault.What, "heard at gate-1")
	assert.Contains(t, fault.Remedy, "ip neighbour show 127.0.0.1")

	doctor := s.cli(nil, nil, "doctor", "--here", "--config", s.path("zones.yaml"), "--groups", s.path("state/groups.json"), "--json", "--listen", "500ms")
	<-doctor.done
	assert.Equal(t, 1, doctor.cmd.ProcessState.ExitCode(), "a fault was found:\n%s", doctor.log)
	var examined []paspeaker.Examination
	require.NoError(t, json.Unmarshal([]byte(doctor.log.String()), &examined), "%s", doctor.log)
	assert.Contains(t, doctor.log.String(), "foreign sender: 127.0.0.1 sends plain RTP (G.711 µ-law) on "+group.String()+" (zone gates)")

	end()
	s.eventually("it is over", func() bool {
		for _, f := range s.faults() {
			if f == "foreign/127.0.0.1" {
				return false
			}
		}
		return true
	})
	x := s.recording("gate-1")
	for i, v := range x {
		require.Zero(t, v, "sample %d of %d: nothing of it was heard", i, len(x))
	}
}

// babble sends a loud square wave in G.711 to a group on the loopback, until it
// is told to end.
func babble(t *testing.T, group netip.AddrPort) (end func()) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInet4Addr(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, [4]byte{127, 0, 0, 1})
	}))
	require.NoError(t, err)
	return babbleOn(t, c, group)
}

// babbleOn does so from a socket, which it closes.
func babbleOn(t *testing.T, c *net.UDPConn, group netip.AddrPort) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		packet := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7}, make([]byte, 160)...)
		for i := range 160 {
			packet[12+i] = 0x10 | byte(i/8%2)<<7 // the sign
		}
		for seq := uint16(0); ; seq++ {
			binary.BigEndian.PutUint16(packet[2:], seq)
			_, _ = c.WriteToUDPAddrPort(packet, group)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	var done bool
	end = func() {
		if !done {
			done = true
			close(stop)
			<-stopped
			_ = c.Close()
		}
	}
	t.Cleanup(end)
	return end
}
