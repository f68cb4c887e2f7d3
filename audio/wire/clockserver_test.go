package wire

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANodeLearnsTheTimeAndTheControllerItsAddress(t *testing.T) {
	key := DeriveClockKey([]byte("secret"), "unit-1")
	const epoch = int64(1_800_000_000_000_000_000)
	srv, err := NewClockServer(ClockServerConfig{Addr: "127.0.0.1:0", Timescale: 7,
		Media: func(local int64) int64 { return local + epoch },
		Key:   func(node string) ([32]byte, bool) { return key, node == "unit-1" }})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- srv.Run(ctx) }()
	locked := make(chan struct{}, 1)
	c := NewClockClient(ClockClientConfig{Controller: srv.Addr().String(), Node: "unit-1", Key: key,
		Now: func() int64 { return processClock() + int64(time.Hour) }, OnLock: func() { locked <- struct{}{} }})
	heard := make(chan string, 1)
	go func() { done <- c.Run(ctx, func(d Datagram) { heard <- string(d.Data) }) }()
	<-locked
	require.Eventually(t, func() bool { _, known := srv.Peer("unit-1"); return known }, 20*time.Second, 5*time.Millisecond)
	here := processClock()
	r := c.Read(here + int64(time.Hour))
	assert.Equal(t, ClockReading{Media: r.Media, Timescale: 7, Locked: true}, r)
	assert.InDelta(t, here+epoch, r.Media, float64(5*time.Millisecond))
	assert.Equal(t, "locked", c.State().State)
	assert.InDelta(t, here+int64(time.Hour), c.Local(r.Media), 1000)
	ago, ok := srv.Heard("unit-1")
	assert.True(t, ok)
	assert.Less(t, ago, time.Minute)
	_, ok = srv.Heard("unit-2")
	assert.False(t, ok)

	peer, _ := srv.Peer("unit-1")
	require.NoError(t, srv.Send([]byte("sound"), peer))
	assert.Equal(t, "sound", <-heard, "unicast sound comes on the same socket")
	_, known := srv.Peer("unit-2")
	assert.False(t, known)
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

func TestAForgedOrCopiedQuestionMovesNoVoice(t *testing.T) {
	key := DeriveClockKey([]byte("secret"), "unit-1")
	srv, err := NewClockServer(ClockServerConfig{Addr: "127.0.0.1:0", Media: func(l int64) int64 { return l },
		Key: func(string) ([32]byte, bool) { return key, true }})
	require.NoError(t, err)
	defer srv.Close()
	home, thief := mustAddr("127.0.0.1:4001"), mustAddr("127.0.0.1:4002")
	ask := func(cookie [16]byte, k *[32]byte) []byte {
		b := make([]byte, clockLen)
		q := clockRequest{Node: "unit-1", Nonce: 1, Cookie: cookie}
		q.put(b, k)
		return b
	}
	now := processClock()
	wrong := [32]byte{1}
	srv.answer(Datagram{Data: ask([16]byte{}, &wrong), From: home, At: now})
	_, ok := srv.Heard("unit-1")
	assert.False(t, ok, "a forgery shows no life")
	srv.answer(Datagram{Data: ask([16]byte{}, &key), From: home, At: now})
	_, ok = srv.Peer("unit-1")
	assert.False(t, ok, "an address is believed only when it has answered")
	_, ok = srv.Heard("unit-1")
	assert.True(t, ok, "but somebody who has the key lives")

	good := ask(srv.cookie(home, 0), &key)
	srv.answer(Datagram{Data: good, From: home, At: now})
	at, ok := srv.Peer("unit-1")
	assert.True(t, ok)
	assert.Equal(t, home, at)

	srv.answer(Datagram{Data: good, From: thief, At: now})                              // a copy from elsewhere
	srv.answer(Datagram{Data: ask(srv.cookie(thief, 0), &wrong), From: thief, At: now}) // a forgery
	at, _ = srv.Peer("unit-1")
	assert.Equal(t, home, at)
	assert.EqualValues(t, 2, srv.Refused())
	assert.Len(t, srv.reply, clockLen)
	assert.Len(t, good, clockLen, "an answer is no longer than its question")
}
