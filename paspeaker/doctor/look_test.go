package doctor

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMembershipsAreReadAsTheKernelWritesThem(t *testing.T) {
	var raw [4]byte
	binary.NativeEndian.PutUint32(raw[:], binary.BigEndian.Uint32([]byte{239, 255, 12, 1}))
	group := hex.EncodeToString(raw[:])
	got := parseMembers([]byte("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n" +
		"1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n" +
		"2\teth0      :     2      V2\n\t\t\t\t" + group + "     1 0:00000000\t\t0\n\t\t\t\tnonsense     1 0:0\t0\n"))
	require.Len(t, got, 2)
	assert.Equal(t, member{"eth0", "V2", addr("239.255.12.1")}, got[1])
}

func TestCountersAndCapabilities(t *testing.T) {
	assert.EqualValues(t, 7, parseOverflows([]byte("Ip: A B\nIp: 1 2\nUdp: InDatagrams RcvbufErrors\nUdp: 100 7\n")))
	assert.Zero(t, parseOverflows([]byte("Udp: InDatagrams\nUdp: 1\n")))
	assert.Zero(t, parseOverflows(nil))
	assert.Equal(t, rights{raw: true, admin: true, nice: true}, parseRights([]byte("Name:\tx\nCapEff:\t000001ffffffffff\n")))
	assert.Equal(t, rights{raw: true}, parseRights([]byte("CapEff:\t0000000000002000\n")))
	assert.Equal(t, rights{}, parseRights([]byte("CapEff:\tzz\n")))
}

func TestTheProgramsThatKeepTheClockAreKnownByName(t *testing.T) {
	dir := t.TempDir()
	for pid, name := range map[string]string{"1": "systemd\n", "77": "chronyd\n", "78": "chronyd\n", "90": "systemd-timesyn\n"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, pid), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, pid, "comm"), []byte(name), 0o600))
	}
	assert.Equal(t, []string{"chronyd", "systemd-timesyn"}, keepers(dir))
}

func TestPacketsAreToldApart(t *testing.T) {
	sealed := append([]byte{0x90, 97, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0x10, 0, 0, 30, 1, 99, 0x10}, make([]byte, 200)...)
	for want, b := range map[string][]byte{
		kindSealed: sealed,
		kindRTP:    append([]byte{0x80, 0}, make([]byte, 170)...),
	} {
		assert.Equal(t, want, kindOf(b))
	}
	for _, b := range [][]byte{nil, []byte("hello, world"), {0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 11)} {
		assert.Equal(t, kindOther, kindOf(b))
	}
}

func TestQueriesAreKnown(t *testing.T) {
	query := []byte{0x11, 100, 0, 0, 0, 0, 0, 0}
	ip := append([]byte{0x46, 0, 0, 32, 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 0, 1, 224, 0, 0, 1, 0x94, 4, 0, 0}, query...)
	assert.True(t, isQuery(query))
	assert.True(t, isQuery(ip))
	assert.False(t, isQuery([]byte{0x22, 0, 0, 0, 0, 0, 0, 0}), "a report")
	assert.False(t, isQuery(ip[:24]))
	assert.False(t, isQuery(nil))
}

// Whatever comes in whatever order, each number is counted once as the first
// of its kind, and what never came is lost.
func TestTheOrderOfAStreamIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 300).Draw(t, "packets")
		start := rapid.Uint16().Draw(t, "start")
		lost := rapid.SliceOfDistinct(rapid.IntRange(1, n-1), rapid.ID).Draw(t, "lost")
		twice := rapid.SliceOfDistinct(rapid.IntRange(0, n-1), rapid.ID).Draw(t, "twice")
		gone, copied := map[int]bool{}, map[int]bool{}
		for _, i := range lost {
			gone[i] = i != n-1
		}
		for _, i := range twice {
			copied[i] = true
		}
		var o order
		missing, copies, duplicates := 0, 0, 0
		for i := range n {
			if gone[i] {
				missing++
				continue
			}
			d, late := o.add(start + uint16(i))
			assert.False(t, d || late, "%d", i)
			if copied[i] {
				copies++
				if d, _ := o.add(start + uint16(i)); d {
					duplicates++
				}
			}
		}
		assert.Equal(t, missing, o.lost())
		assert.Equal(t, copies, duplicates)
	})
}

func TestWhatOvertakesIsNotLost(t *testing.T) {
	var o order
	late := 0
	for _, seq := range []uint16{65533, 65535, 65534, 1, 0, 2} {
		if _, l := o.add(seq); l {
			late++
		}
	}
	assert.Equal(t, 2, late)
	assert.Zero(t, o.lost())
	_, l := o.add(65438)
	assert.True(t, l, "older than the window")
}

func TestTheKernelAnswersAboutTheLoopback(t *testing.T) {
	r := routeTo(addr("127.0.0.1"))
	require.NoError(t, r.err)
	assert.Equal(t, "lo", r.iface)
	l := lookAtLink("lo", nil)
	assert.True(t, l.up && !l.missing)
	assert.True(t, lookAtLink("no-such", nil).missing)
	assert.Contains(t, ownAddresses(), addr("127.0.0.1"))
	assert.Empty(t, bridgesOf("lo"))
	assert.Equal(t, []netip.Addr{addr("10.0.0.1")}, addresses([]string{"10.0.0.1", "::1", "gate"}))
}

// A talker on the loopback that is not ours is heard, with its real packets.
func TestAForeignSenderOnTheLoopbackIsHeard(t *testing.T) {
	const at = "239.255.247.19:35004"
	sock, err := net.Dial("udp4", at)
	if err != nil { // no route to groups here: lo takes them
		sock, err = (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}}).Dial("udp4", at)
	}
	require.NoError(t, err)
	defer sock.Close()
	s := &seen{}
	ctx, cancel := context.WithCancel(t.Context())
	e := make(chan struct{})
	go func() {
		defer close(e)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		packet := append([]byte{0x80, 8, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9}, make([]byte, 160)...)
		for seq := uint16(0); ctx.Err() == nil; seq++ {
			binary.BigEndian.PutUint16(packet[2:], seq)
			if seq%4 != 3 {
				_, _ = sock.Write(packet)
				_, _ = sock.Write(packet)
			}
			<-tick.C
		}
	}()
	link := link{name: "lo"}
	if local := sock.LocalAddr().(*net.UDPAddr).IP; !local.IsLoopback() {
		link.name = routeTo(addr("239.255.247.19")).iface
	}
	s.listen(t.Context(), parsed([]paspeaker.Group{{Addr: at}}), link, time.Second)
	cancel()
	<-e
	require.NoError(t, s.deaf)
	require.Len(t, s.streams, 1)
	st := s.streams[0]
	assert.Equal(t, kindRTP, st.kind)
	assert.EqualValues(t, 8, st.payload)
	assert.Equal(t, 200, st.longest)
	assert.Positive(t, st.ttl)
	assert.Positive(t, st.duplicates)
	assert.Positive(t, st.lost)
}

func TestExamineLooksAtThisMachine(t *testing.T) {
	list := Examine(t.Context(), paspeaker.Patient{Role: paspeaker.RoleHere, Interface: "no-such0", Listen: paspeaker.Duration(time.Millisecond),
		Groups: []paspeaker.Group{{Addr: "239.255.247.20:35006"}}})
	f, found := find(list, "interface", paspeaker.SeverityFault)
	require.True(t, found)
	assert.Contains(t, f.What, "no-such0")
	_, found = find(list, "route", paspeaker.SeverityFault)
	assert.False(t, found, "what stands on it is not judged")
}

func FuzzProc(f *testing.F) {
	f.Add([]byte("2\teth0      :     2      V2\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range parseMembers(b) {
			assert.True(t, m.group.Is4())
		}
		parseOverflows(b)
		parseRights(b)
		isQuery(b)
		kindOf(b)
		_, _ = routeAnswer(b)
		readLink(b)
		arrival(b)
	})
}
