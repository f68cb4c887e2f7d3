package bus

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/hub"
)

func library(t *testing.T) (*site, *Library) {
	s := newSite(t).up()
	return s, s.controller().Library()
}

// sound is a file of n bytes that is another for each seed.
func sound(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func called(name string) paspeaker.Message {
	return paspeaker.Message{Name: name, Text: "Xin chào", By: "Chị Lan", Change: paspeaker.MessageAdded}
}

func names(list []paspeaker.Message) map[string]int {
	out := map[string]int{}
	for _, m := range list {
		out[m.Name] = m.Version
	}
	return out
}

func TestTheLifeOfAMessage(t *testing.T) {
	_, l := library(t)
	ctx := t.Context()
	name := "Chào buổi sáng, KCX-KCN"
	one, two := sound(1, 300_000), sound(2, 10)

	m, err := l.Store(ctx, one, called(name), 0)
	require.NoError(t, err)
	assert.Equal(t, 1, m.Version)
	assert.Equal(t, SoundHash(one), m.Hash)
	assert.EqualValues(t, 300_000, m.Bytes)

	_, err = l.Store(ctx, two, called(name), 0)
	require.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "there is one: %v", err)
	m2, err := l.Store(ctx, two, called(name), 1)
	require.NoError(t, err)
	m2.Note = "giọng mới"
	m3, err := l.Put(ctx, m2, 2)
	require.NoError(t, err)
	assert.Equal(t, 3, m3.Version)
	_, err = l.Put(ctx, m2, 2)
	require.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "somebody was faster: %v", err)

	versions, err := l.Versions(ctx, name)
	require.NoError(t, err)
	require.Len(t, versions, 3)
	assert.Equal(t, []int{3, 2, 1}, []int{versions[0].Version, versions[1].Version, versions[2].Version})
	assert.Equal(t, "giọng mới", versions[0].Note)
	got, err := l.Sound(ctx, versions[2].Hash)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(one, got), "older sounds are still there")

	list, err := l.All(ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{name: 3}, names(list))

	err = l.Remove(ctx, name, 2)
	require.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	require.NoError(t, l.Remove(ctx, name, 3))
	require.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(l.Remove(ctx, name, 3)))
	versions, err = l.Versions(ctx, name)
	require.NoError(t, err)
	assert.Empty(t, versions)
	list, err = l.All(ctx)
	require.NoError(t, err)
	assert.Empty(t, list)

	n, err := l.Sweep(ctx)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	_, err = l.Sound(ctx, SoundHash(one))
	require.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))

	m, err = l.Store(ctx, one, called(name), 0)
	require.NoError(t, err, "the name is free again")
	assert.Equal(t, 1, m.Version)
}

func TestAReaderDoesNotWaitForWhatIsRemoved(t *testing.T) {
	_, l := library(t)
	file := sound(1, 500_000)
	m, err := l.Store(t.Context(), file, called("Chào"), 0)
	require.NoError(t, err)
	store, err := l.sounds(t.Context())
	require.NoError(t, err)
	info, err := store.GetInfo(t.Context(), m.Hash)
	require.NoError(t, err)
	stream, err := l.bus.js.Stream(t.Context(), soundStream)
	require.NoError(t, err)
	require.NoError(t, stream.Purge(t.Context(), jetstream.WithPurgeSubject(soundParts+info.NUID)))

	read := make(chan error, 1)
	go func() { read <- second(l.Sound(t.Context(), m.Hash)) }()
	soon(t, "somebody waits for its parts", func() bool {
		state, err := stream.Info(t.Context())
		return err == nil && state.State.Consumers > 0
	})
	require.NoError(t, store.Delete(t.Context(), m.Hash))
	began := time.Now()
	require.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(<-read))
	t.Log("told after", time.Since(began))
}

func TestTheSameSoundIsStoredOnce(t *testing.T) {
	_, l := library(t)
	file := sound(1, 500_000)
	for i := range 5 {
		_, err := l.Store(t.Context(), file, called(fmt.Sprint("Bản ", i)), 0)
		require.NoError(t, err)
	}
	stream, err := l.bus.js.Stream(t.Context(), soundStream)
	require.NoError(t, err)
	info, err := stream.Info(t.Context())
	require.NoError(t, err)
	assert.Less(t, info.State.Bytes, uint64(600_000))
	require.NoError(t, l.Remove(t.Context(), "Bản 0", 1))
	n, err := l.Sweep(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n, "others have it")
}

func TestAnyNameIsAKey(t *testing.T) {
	_, l := library(t)
	all := []string{"Chào", "chào", "Chào ", "a.b", "*", ">", "安全", strings.Repeat("ệ", 100), "a b\tc", "\u00e0", "a\u0300"}
	for i, name := range all {
		_, err := l.Store(t.Context(), sound(uint64(i), 5), called(name), 0)
		require.NoError(t, err, name)
	}
	list, err := l.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, names(list), len(all))
}

func TestOfManyAtOnceOneWins(t *testing.T) {
	s, l := library(t)
	other := s.controller().Library()
	var wg sync.WaitGroup
	won := make(chan paspeaker.Message, 16)
	for i := range 8 {
		for _, at := range []*Library{l, other} {
			wg.Go(func() {
				m, err := at.Store(context.Background(), sound(uint64(i), 1000), called("Giờ nghỉ"), 0)
				if err == nil {
					won <- m
				} else if paspeaker.CodeOf(err) != paspeaker.CodeConflict {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	require.Len(t, won, 1)
	m := <-won
	_, err := l.Sound(t.Context(), m.Hash)
	require.NoError(t, err)
}

func TestChangesAreTold(t *testing.T) {
	_, l := library(t)
	_, err := l.Store(t.Context(), sound(1, 10), called("Cũ"), 0)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan string, 16)
	done := make(chan error, 1)
	go func() {
		done <- l.Watch(ctx, func(name string, m *paspeaker.Message) {
			if m == nil {
				told <- name + " gone"
				return
			}
			told <- fmt.Sprint(name, " ", m.Version)
		}, func() { told <- "all" })
	}()
	assert.Equal(t, "Cũ 1", <-told)
	assert.Equal(t, "all", <-told)
	_, err = l.Store(t.Context(), sound(2, 10), called("Mới"), 0)
	require.NoError(t, err)
	assert.Equal(t, "Mới 1", <-told)
	require.NoError(t, l.Remove(t.Context(), "Cũ", 1))
	assert.Equal(t, "Cũ gone", <-told)
	cancel()
	require.NoError(t, <-done)
}

func TestADamagedSoundIsNotGivenOut(t *testing.T) {
	_, l := library(t)
	store, err := l.sounds(t.Context())
	require.NoError(t, err)
	hash := SoundHash([]byte("what it should be"))
	_, err = store.PutBytes(t.Context(), hash, []byte("what it is"))
	require.NoError(t, err)
	_, err = l.Sound(t.Context(), hash)
	require.Equal(t, paspeaker.CodeInternal, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "damaged")
}

func TestWhileNATSIsDownTheLibrarySaysSo(t *testing.T) {
	s, l := library(t)
	s.hub.Shutdown()
	soon(t, "the bus knows", func() bool { return !l.bus.Connected() })
	_, err := l.Store(t.Context(), sound(1, 10), called("x"), 0)
	require.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	for _, err := range []error{l.Remove(t.Context(), "x", 1), second(l.Sound(t.Context(), "x")), second(l.All(t.Context())), second(l.Versions(t.Context(), "x")), second(l.Sweep(t.Context()))} {
		require.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	}
}

func second[T any](_ T, err error) error { return err }

func TestHalfAnUploadIsSweptAfterAnHour(t *testing.T) {
	_, l := library(t)
	now := time.Now()
	l.bus.now = func() time.Time { return now }
	_, err := l.Store(t.Context(), sound(1, 400_000), called("Giữ lại"), 0)
	require.NoError(t, err)
	for range 3 { // parts, as a kill leaves them
		_, err := l.bus.js.Publish(t.Context(), soundParts+"cutoff", sound(2, 100_000))
		require.NoError(t, err)
	}
	n, err := l.Sweep(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n, "somebody may be at it")
	now = now.Add(2 * time.Hour)
	n, err = l.Sweep(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	stream, err := l.bus.js.Stream(t.Context(), soundStream)
	require.NoError(t, err)
	_, err = stream.GetLastMsgForSubject(t.Context(), soundParts+"cutoff")
	require.ErrorIs(t, err, jetstream.ErrMsgNotFound)
	_, err = l.Sound(t.Context(), SoundHash(sound(1, 400_000)))
	require.NoError(t, err)
}

// killLibrary is the process of the next tests: a hub, and a library to which
// messages are added, new versions of them, and some of which are removed. It
// prints what was acknowledged.
func killLibrary() bool {
	dir := os.Getenv("PA_TEST_KILL_LIBRARY")
	if dir == "" {
		return false
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	must(err)
	b, err := Connect(context.Background(), Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	must(err)
	l, ctx := b.Library(), context.Background()
	for i := 0; ; i++ {
		name := fmt.Sprint("Thông báo số ", i)
		_, err := l.Store(ctx, sound(uint64(i), 1000+i*7919%400_000), called(name), 0)
		must(err)
		fmt.Printf("%d 1\n", i)
		if i%3 == 0 {
			_, err = l.Store(ctx, sound(uint64(i)+1_000_000, 50_000), called(name), 1)
			must(err)
			fmt.Printf("%d 2\n", i)
		}
		if i%10 == 9 {
			version := 1
			if (i-4)%3 == 0 {
				version = 2
			}
			must(l.Remove(ctx, fmt.Sprint("Thông báo số ", i-4), version))
			fmt.Printf("%d 0\n", i-4)
			_, err := l.Sweep(ctx)
			must(err)
		}
	}
}

// writer starts the process, and calls at with every line it prints until at
// says that it is enough. It returns what was acknowledged: version by number.
func writer(t *testing.T, dir string, at func(lines int) bool) map[int]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "PA_TEST_KILL_LIBRARY="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	acked := map[int]int{}
	lines, killed := bufio.NewScanner(out), false
	for n := 1; lines.Scan(); n++ {
		var i, version int
		if c, _ := fmt.Sscan(lines.Text(), &i, &version); c == 2 {
			acked[i] = version
		}
		if !killed && at(n) {
			killed = true
			require.NoError(t, cmd.Process.Kill())
		}
	}
	assert.Error(t, cmd.Wait(), "killed")
	return acked
}

// present checks that what was acknowledged is there, with its sound. What was
// asked for just then may be there, too.
func present(t *testing.T, l *Library, acked map[int]int) {
	t.Helper()
	list, err := l.All(t.Context())
	require.NoError(t, err)
	found := names(list)
	for i, version := range acked {
		name := fmt.Sprint("Thông báo số ", i)
		assert.GreaterOrEqual(t, found[name], version, name)
		if version == 0 {
			assert.NotContains(t, found, name)
		}
	}
	for _, m := range list {
		file, err := l.Sound(t.Context(), m.Hash)
		require.NoError(t, err, m.Name)
		assert.EqualValues(t, m.Bytes, len(file), m.Name)
	}
	_, err = l.Store(t.Context(), sound(1, 99_999), called("Sau sự cố"), 0)
	require.NoError(t, err, "it takes new ones")
}

func TestNoMessageIsLostByKillMinus9(t *testing.T) {
	for _, kill := range []int{1, 40, 97} {
		s := newSite(t)
		acked := writer(t, s.dir, func(n int) bool { return n == kill })
		require.GreaterOrEqual(t, len(acked), kill/3)
		present(t, s.up().controller().Library(), acked)
	}
}

// A back-up that was taken while the library is written to has all that was
// acknowledged before it began.
func TestACopyOfTheStoreMidWriteIsWhole(t *testing.T) {
	s, copied := newSite(t), newSite(t)
	acked := writer(t, s.dir, func(n int) bool {
		if n == 60 {
			require.NoError(t, copyTree(s.dir, copied.dir))
		}
		return n == 90
	})
	before := map[int]int{}
	for i := range 30 { // 60 lines are more than 30 messages
		if v, ok := acked[i]; ok {
			before[i] = v
		}
	}
	require.Len(t, before, 30)
	present(t, copied.up().controller().Library(), before)
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // it went while we looked
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o600)
	})
}
