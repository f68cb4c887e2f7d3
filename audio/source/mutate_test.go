package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What an operator uploads may be broken in any way, by accident or on purpose.
// These tests break real files thousands of times; `make fuzz` goes on where
// they end.

const (
	mutants     = 10_000
	mutantLimit = 5 * time.Second // of sound
	// What one decode may allocate in all, bytes. The sound that it may give is
	// 0.5 MB, which grows by steps; Vorbis and FLAC have tables and blocks of
	// their own.
	mutantBytes = 48 << 20
	stuck       = 30 * time.Second // no decode of so small a file takes so long
)

// smallFiles makes files of each format that we decode ourselves, each of a
// tenth of a second, by the encoders that people use.
func smallFiles(t testing.TB) map[string][][]byte {
	t.Helper()
	dir := t.TempDir()
	program := func(name string, args ...string) {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		require.NoError(t, err, "%s %v (is it installed?): %s", name, args, out)
	}
	wav := func(name string, args ...string) string {
		path := filepath.Join(dir, name+".wav")
		program("sox", append(append([]string{"-D", "-R", "-n"}, args...), path, "synth", "0.1", "sine", "300-3000", "vol", "0.7")...)
		return path
	}
	mono, stereo := wav("mono", "-r", "8000", "-c", "1", "-b", "16"), wav("stereo", "-r", "44100", "-c", "2", "-b", "24")
	wide := wav("wide", "-r", "48000", "-c", "1", "-b", "16")
	files := map[string][][]byte{}
	keep := func(format, path string) {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		files[format] = append(files[format], b)
	}
	for _, path := range []string{mono, stereo, wav("float", "-r", "16000", "-e", "float", "-b", "32"), wav("law", "-r", "8000", "-e", "u-law"), wav("eight", "-r", "8000", "-b", "8")} {
		keep("wav", path)
	}
	encode := func(format, name string, args ...string) {
		path := filepath.Join(dir, name)
		for i, a := range args {
			if a == "OUT" {
				args[i] = path
			}
		}
		program(args[0], args[1:]...)
		keep(format, path)
	}
	encode("flac", "a.flac", "flac", "-s", "-8", "--no-padding", "-o", "OUT", mono)
	encode("flac", "b.flac", "flac", "-s", "-5", "--no-padding", "-o", "OUT", stereo)
	encode("flac", "c.flac", "flac", "-s", "-0", "--no-padding", "-o", "OUT", wide)
	encode("vorbis", "a.ogg", "oggenc", "-Q", "-q", "2", "-o", "OUT", mono)
	encode("vorbis", "b.ogg", "oggenc", "-Q", "-q", "5", "-o", "OUT", stereo)
	encode("opus", "a.opus", "opusenc", "--quiet", "--bitrate", "16", wide, "OUT")
	encode("opus", "b.opus", "opusenc", "--quiet", "--bitrate", "96", stereo, "OUT")
	return files
}

// mutate returns a broken copy of a file.
func mutate(r *rand.Rand, file, other []byte) []byte {
	b := bytes.Clone(file)
	at := func() int {
		if r.IntN(3) == 0 { // headers are at the beginning
			return r.IntN(min(len(b), 200))
		}
		return r.IntN(len(b))
	}
	for range 1 + r.IntN(4) {
		if len(b) < 8 {
			break
		}
		switch i := at(); r.IntN(9) {
		case 0, 1:
			b[i] ^= 1 << r.IntN(8)
		case 2:
			b[i] = byte(r.Uint32())
		case 3: // numbers that are mistakes of others
			interesting := []uint32{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff}
			v := interesting[r.IntN(len(interesting))]
			if i+4 <= len(b) {
				binary.LittleEndian.PutUint32(b[i:], v)
			}
		case 4: // cut off
			b = b[:max(i, 1)]
		case 5: // a hole
			b = slices.Delete(b, i, min(len(b), i+1+r.IntN(64)))
		case 6: // something twice
			b = slices.Insert(b, i, b[i:min(len(b), i+1+r.IntN(64))]...)
		case 7: // noise
			for k := i; k < min(len(b), i+32); k++ {
				b[k] = byte(r.Uint32())
			}
		case 8: // two files in one
			j := r.IntN(len(other))
			b = append(b[:i:i], other[j:]...)
		}
	}
	if r.IntN(2) == 0 { // who means harm gets the checksums right
		mendOgg(b)
		mendFLAC(b)
	}
	return b
}

// mendOgg gives every page of an Ogg file the right checksum.
func mendOgg(b []byte) {
	for len(b) >= oggHeader && string(b[:4]) == "OggS" {
		size := oggHeader + int(b[26])
		if len(b) < size {
			return
		}
		for _, n := range b[oggHeader:size] {
			size += int(n)
		}
		if len(b) < size {
			return
		}
		binary.LittleEndian.PutUint32(b[22:], oggChecksum(b[:size]))
		b = b[size:]
	}
}

// mendFLAC gives a FLAC file's frames the right checksums, where it finds them:
// every sync code begins one, which ends before the next.
func mendFLAC(b []byte) {
	if len(b) < 8 || string(b[:4]) != "fLaC" {
		return
	}
	at := 4
	for at+4 <= len(b) {
		last := b[at]&0x80 != 0
		at += 4 + int(b[at+1])<<16 + int(b[at+2])<<8 + int(b[at+3])
		if last {
			break
		}
	}
	var frames []int
	for i := at; i+16 < len(b); i++ {
		if b[i] == 0xff && b[i+1]&0xfe == 0xf8 && (len(frames) == 0 || i > frames[len(frames)-1]+16) {
			frames = append(frames, i)
		}
	}
	for i, from := range frames {
		to := len(b)
		if i+1 < len(frames) {
			to = frames[i+1]
		}
		f := b[from:to]
		if n := flacHead(f); n < len(f) {
			f[n] = crc8(f[:n])
		}
		binary.BigEndian.PutUint16(f[len(f)-2:], crc16(f[:len(f)-2]))
	}
}

// flacHead is the length of a frame's header up to its checksum.
func flacHead(f []byte) int {
	n := 5
	for lead := f[4]; lead&0xc0 == 0xc0; lead <<= 1 {
		n++
	}
	switch f[2] >> 4 {
	case 6:
		n++
	case 7:
		n += 2
	}
	switch f[2] & 15 {
	case 12:
		n++
	case 13, 14:
		n += 2
	}
	return n
}

func crc8(b []byte) (crc byte) {
	for _, v := range b {
		crc ^= v
		for range 8 {
			carry := crc & 0x80
			if crc <<= 1; carry != 0 {
				crc ^= 0x07
			}
		}
	}
	return crc
}

func crc16(b []byte) (crc uint16) {
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			carry := crc & 0x8000
			if crc <<= 1; carry != 0 {
				crc ^= 0x8005
			}
		}
	}
	return crc
}

// outcome is what became of a broken file.
type outcome struct {
	err      error
	samples  int
	panicked any
}

// decodeBroken decodes as Decode does, but calls no ffmpeg.
func decodeBroken(file []byte) (out outcome) {
	defer func() { out.panicked = recover() }()
	c := &collector{stop: func() error { return nil }, limit: samplesIn(mutantLimit)}
	if out.err = decodeOurs(file, c); out.err == nil {
		clip, err := c.clip()
		if out.err = err; err == nil {
			out.samples = clip.Samples()
		}
	}
	return out
}

// known says whether an error is one that Decode promises.
func known(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrTooLong) || errors.Is(err, errForeign)
}

// TestTenThousandBrokenFilesOfEachFormat: no panic, no hang, bounded memory, and
// no error but those that are promised.
func TestTenThousandBrokenFilesOfEachFormat(t *testing.T) {
	files := smallFiles(t)
	for _, format := range []string{"wav", "flac", "vorbis", "opus"} {
		t.Run(format, func(t *testing.T) {
			var at atomic.Int64
			watch := watchdog(t, format, &at)
			defer watch()
			decoded, foreign, fell, most := 0, 0, 0, uint64(0)
			for seed := range uint64(mutants) {
				r := rand.New(rand.NewPCG(seed, 1))
				base := files[format]
				file := mutate(r, base[r.IntN(len(base))], base[r.IntN(len(base))])
				at.Store(int64(seed))
				before := allocated()
				out := decodeBroken(file)
				used := allocated() - before
				most = max(most, used)
				switch {
				case out.panicked != nil:
					t.Fatalf("mutant %d panics: %v, %x", seed, out.panicked, file)
				case out.err != nil && !known(out.err):
					t.Fatalf("mutant %d: %v", seed, out.err)
				case used > mutantBytes:
					t.Fatalf("mutant %d of %d bytes took %d bytes", seed, len(file), used)
				case errors.Is(out.err, errFell):
					fell++ // and was caught
				case errors.Is(out.err, errForeign):
					foreign++
				case out.err != nil:
				default:
					decoded++
				}
			}
			t.Logf("of %d: %d decoded, %d left to ffmpeg, the others refused, of those %d where the decoder fell and was caught; at most %.1f MB allocated for one",
				mutants, decoded, foreign, fell, float64(most)/1e6)
			require.Less(t, fell, mutants/10, "the checks before a decoder are worth little")
			if decoded == 0 || decoded == mutants {
				t.Error("the mutants are no test: all alike")
			}
		})
	}
}

// watchdog ends the test when one file takes for ever: a decoder that hangs
// cannot be stopped from within.
func watchdog(t *testing.T, format string, at *atomic.Int64) (stop func()) {
	done := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(stuck)
		defer tick.Stop()
		last := int64(-1)
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				now := at.Load()
				if now == last {
					panic(fmt.Sprintf("decoding mutant %d of %s hangs", now, format))
				}
				last = now
			}
		}
	}()
	return func() { close(done); <-gone }
}

// allocated is the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func fuzzFormat(f *testing.F, format string) {
	for _, file := range smallFiles(f)[format] {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<20 {
			return
		}
		mended := bytes.Clone(file)
		mendOgg(mended)
		mendFLAC(mended)
		for _, b := range [][]byte{file, mended} {
			out := decodeBroken(b)
			if out.panicked != nil {
				t.Fatal(out.panicked)
			}
			if out.err != nil && !known(out.err) {
				t.Fatal(out.err)
			}
		}
	})
}

func FuzzWAV(f *testing.F)    { fuzzFormat(f, "wav") }
func FuzzFLAC(f *testing.F)   { fuzzFormat(f, "flac") }
func FuzzVorbis(f *testing.F) { fuzzFormat(f, "vorbis") }
func FuzzOpus(f *testing.F)   { fuzzFormat(f, "opus") }
