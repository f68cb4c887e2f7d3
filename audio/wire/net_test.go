package wire

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestMoreThanTwentyGroupsAreHeardAndNoOther(t *testing.T) {
	rx := NewReceiver(ReceiverConfig{Interface: "lo"})
	var groups []netip.AddrPort
	for i := range 45 {
		groups = append(groups, mustAddr(fmt.Sprintf("239.255.201.%d:35004", i+1)))
	}
	require.NoError(t, rx.SetGroups(groups))
	var mu sync.Mutex
	heard := make(map[netip.AddrPort]int)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- rx.Run(ctx, func(d Datagram) { mu.Lock(); heard[d.To]++; mu.Unlock() })
	}()
	tx, err := NewSender(SenderConfig{Interface: "lo", TTL: 1, DSCP: 46})
	require.NoError(t, err)
	defer tx.Close()
	require.NoError(t, tx.Send([]byte("x"), mustAddr("239.255.202.1:35004"))) // nobody asked for it
	for _, g := range groups {
		require.NoError(t, tx.Send([]byte("x"), g))
	}
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(heard) >= 45 }, 20*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	assert.Len(t, heard, 45)
	for g, n := range heard {
		assert.Equal(t, 1, n, g)
	}
}

func TestThePacerKeepsItsGridAndOutlivesAPanic(t *testing.T) {
	p := NewPacer(PacerConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.Add(0, time.Millisecond, func(int64, int64) bool { panic("a bad tick") })
	var due []int64
	over := make(chan struct{})
	p.Add(0, time.Millisecond, func(k, at int64) bool {
		due = append(due, at)
		if k == 49 {
			close(over)
		}
		return k < 49
	})
	<-over
	cancel()
	require.NoError(t, <-done)
	for i := range due {
		assert.Equal(t, due[0]+int64(i)*int64(time.Millisecond), due[i], "deadlines are absolute: no tick is skipped, none drifts")
	}
	assert.GreaterOrEqual(t, p.Lateness().Count, uint64(50))
}

func TestAnSDPSaysWhatAReceiverNeeds(t *testing.T) {
	s := SDP(SDPInfo{ID: 1, Version: 2, Name: "Khu A · Sân", Origin: netip.MustParseAddr("10.0.0.1"), Group: mustAddr("239.255.1.2:5004"),
		TTL: 8, Encoding: "PCMU", PT: 0, Rate: 8000, PtimeMS: 20, Clock: []string{"ts-refclk:local"}})
	for _, line := range []string{"v=0", "s=Khu A · Sân", "c=IN IP4 239.255.1.2/8", "m=audio 5004 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=ts-refclk:local"} {
		assert.Contains(t, s, line+"\r\n")
	}
	evil := SDP(SDPInfo{Name: "x\r\nc=IN IP4 6.6.6.6", Origin: netip.MustParseAddr("10.0.0.1"), Group: mustAddr("239.255.1.2:5004"), Encoding: "PCMU", Rate: 8000})
	assert.Equal(t, 1, strings.Count(evil, "\r\nc="), "a name cannot add lines")
}
