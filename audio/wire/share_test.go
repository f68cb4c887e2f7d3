package wire

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestUnitsAreSentToFromTheClocksPort(t *testing.T) {
	s, err := NewClockServer(ClockServerConfig{Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	defer s.Close()
	var tx *Sender
	require.NoError(t, s.Descriptor(func(fd int) error {
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		require.NoError(t, err)
		tx, err = NewUnitSender(os.NewFile(uintptr(dup), "clock"))
		return err
	}))
	defer tx.Close()
	node, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer node.Close()
	require.NoError(t, tx.Send([]byte("voice"), unmap(node.LocalAddr().(*net.UDPAddr).AddrPort())))
	buf := make([]byte, 16)
	n, from, err := node.ReadFromUDPAddrPort(buf)
	require.NoError(t, err)
	assert.Equal(t, "voice", string(buf[:n]))
	assert.Equal(t, s.Addr(), unmap(from), "the NAT in front of a unit lets nothing else in")
	require.NoError(t, s.Descriptor(func(fd int) error {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		assert.NotZero(t, flags&unix.O_NONBLOCK, "the server's reader still wakes when it is closed")
		return err
	}))
}

func TestAUnitSenderWantsAUDPSocket(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	_, err = NewUnitSender(null)
	assert.Error(t, err)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(pair[1])
	_, err = NewUnitSender(os.NewFile(uintptr(pair[0]), "pair"))
	assert.ErrorContains(t, err, "not UDP")
}
