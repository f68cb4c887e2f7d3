package air

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// twice returns a ring as its writer and as another process has it.
func twice(t require.TestingT) (w, r *Ring) {
	w, err := NewRing()
	require.NoError(t, err)
	dup, err := unix.FcntlInt(w.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	f := os.NewFile(uintptr(dup), "ring")
	defer f.Close()
	r, err = mapRing(f)
	require.NoError(t, err)
	w.release()
	w.release() // no harm
	return w, r
}

func TestARingIsAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, r := twice(t)
		wrote, read := 0, 0
		buf := make([]float32, ringSamples+1)
		for range rapid.IntRange(1, 40).Draw(t, "turns") {
			n := rapid.IntRange(0, len(buf)).Draw(t, "write")
			for i := range n {
				buf[i] = float32((wrote + i) % 1000)
			}
			free := w.Free()
			took := w.Write(buf[:n])
			assert.Equal(t, min(n, free), took)
			wrote += took
			assert.Equal(t, wrote-read, r.Queued())
			got, end := r.Read(buf[:rapid.IntRange(0, len(buf)).Draw(t, "read")])
			assert.False(t, end)
			for i, v := range buf[:got] {
				require.Equal(t, float32((read+i)%1000), v)
			}
			read += got
		}
		w.Close()
		n, end := r.Read(buf)
		assert.True(t, end)
		assert.Equal(t, wrote, read+n, "nothing is lost at the end")
	})
}

func TestARingBetweenTwoGoroutines(t *testing.T) {
	w, r := twice(t)
	const total = 1 << 20
	go func() {
		buf := make([]float32, 480)
		for at := 0; at < total; {
			for i := range buf {
				buf[i] = float32((at + i) % 4096)
			}
			n := w.Write(buf[:min(len(buf), total-at)])
			at += n
			if n == 0 {
				runtime.Gosched()
			}
		}
		w.Close()
	}()
	buf := make([]float32, 700)
	at := 0
	for end := false; !end; {
		var n int
		n, end = r.Read(buf)
		for i, v := range buf[:n] {
			if v != float32((at+i)%4096) {
				t.Fatalf("sample %d is %v", at+i, v)
			}
		}
		at += n
		if n == 0 {
			runtime.Gosched()
		}
	}
	assert.Equal(t, total, at)
}

func TestWhatIsNoRingIsNotMapped(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	_, err = mapRing(f)
	assert.ErrorIs(t, err, ErrOrder)
	require.NoError(t, f.Close())
	_, err = mapRing(f)
	assert.ErrorIs(t, err, os.ErrClosed)
}
