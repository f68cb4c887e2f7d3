package air

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	ringSamples = 1 << 15 // 683 ms at 48 kHz: what a recording is read ahead
	ringHead    = 4096    // bytes before the samples
	ringBytes   = ringHead + 4*ringSamples
)

// Ring carries samples from one process, or goroutine, to another through
// shared memory. One goroutine writes and closes, another reads; neither ever
// waits.
type Ring struct {
	file    *os.File       // by which another process maps it; nil once it has
	written *atomic.Uint64 // samples so far
	read    *atomic.Uint64
	closed  *atomic.Uint32
	piece   *atomic.Uint32 // samples of the longest Write since Piece
	pcm     []float32
}

// NewRing makes an empty ring.
func NewRing() (*Ring, error) {
	fd, err := unix.MemfdCreate("paspeaker-sound", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make ring: %w", err)
	}
	f := os.NewFile(uintptr(fd), "ring")
	err = f.Truncate(ringBytes)
	var r *Ring
	if err == nil {
		r, err = mapRing(f)
	}
	if err != nil {
		return nil, fmt.Errorf("make ring: %w", errors.Join(err, f.Close()))
	}
	r.file = f
	return r, nil
}

// mapRing returns the ring of a file that another process's NewRing made. The
// mapping goes when nobody holds the ring.
func mapRing(f *os.File) (*Ring, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("map ring: %w", err)
	}
	if st.Size() != ringBytes {
		return nil, fmt.Errorf("map ring: %w: %d bytes, want %d", ErrOrder, st.Size(), ringBytes)
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, ringBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map ring: %w", err)
	}
	r := &Ring{
		written: (*atomic.Uint64)(unsafe.Pointer(&mem[0])),
		read:    (*atomic.Uint64)(unsafe.Pointer(&mem[64])), // a cache line of its own
		closed:  (*atomic.Uint32)(unsafe.Pointer(&mem[128])),
		piece:   (*atomic.Uint32)(unsafe.Pointer(&mem[192])),
		pcm:     unsafe.Slice((*float32)(unsafe.Pointer(&mem[ringHead])), ringSamples),
	}
	runtime.AddCleanup(r, func(mem []byte) { _ = unix.Munmap(mem) }, mem)
	return r, nil
}

// release closes the ring's file: whoever needs it has it.
func (r *Ring) release() {
	if r != nil && r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// Free is how many samples Write would take.
func (r *Ring) Free() int { return ringSamples - r.Queued() }

// Queued is how many samples wait to be read.
func (r *Ring) Queued() int {
	n := r.written.Load() - r.read.Load()
	return int(min(n, ringSamples))
}

// Write takes as much of pcm as there is room for and says how much that was.
func (r *Ring) Write(pcm []float32) int {
	n := min(len(pcm), r.Free())
	at := r.written.Load()
	k := copy(r.pcm[at%ringSamples:], pcm[:n])
	copy(r.pcm, pcm[k:n])
	r.written.Add(uint64(n))
	r.piece.Store(max(r.piece.Load(), uint32(n))) // Piece in between is forgotten, not torn
	return n
}

// Piece is how many samples the longest Write had since the last call.
func (r *Ring) Piece() int { return int(min(r.piece.Swap(0), ringSamples)) }

// Close says that no more comes.
func (r *Ring) Close() { r.closed.Store(1) }

// Read takes what waits, at most len(dst). end says that it was the last.
func (r *Ring) Read(dst []float32) (n int, end bool) {
	closed := r.closed.Load() != 0 // before the count: what is written before it is seen
	n = min(len(dst), r.Queued())
	at := r.read.Load()
	k := copy(dst[:n], r.pcm[at%ringSamples:])
	copy(dst[k:n], r.pcm)
	r.read.Add(uint64(n))
	return n, closed && r.Queued() == 0
}
