package output

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// What a C compiler makes of the kernel's header on each machine: Debian's
// gcc 12 with <sound/asound.h> of Linux 6.1, printed by a program that ran
// there (ARM: armhf).
var kernelLayout = []struct {
	what           string // a struct, or struct.field
	long64, long32 int64  // bytes; of a field: its offset
}{
	{"hwInterval", 12, 12},
	{"hwMask", 32, 32},
	{"hwParams", 608, 604},
	{"hwParams.masks", 4, 4},
	{"hwParams.intervals", 260, 260},
	{"hwParams.requested", 512, 512},
	{"hwParams.info", 520, 520},
	{"hwParams.fifoSize", 536, 536},
	{"swParams", 136, 104},
	{"swParams.availMin", 16, 12},
	{"swParams.startThreshold", 32, 20},
	{"swParams.stopThreshold", 40, 24},
	{"swParams.boundary", 64, 36},
	{"swParams.protocol", 72, 40},
	{"swParams.stampType", 76, 44},
	{"pcmStatus", 152, 108},
	{"pcmStatus.state", 0, 0},
	{"pcmStatus.trigger", 8, 4},
	{"pcmStatus.stamp", 24, 12},
	{"pcmStatus.applPtr", 40, 20},
	{"pcmStatus.hwPtr", 48, 24},
	{"pcmStatus.delay", 56, 28},
	{"pcmStatus.avail", 64, 32},
	{"pcmStatus.availMax", 72, 36},
	{"pcmStatus.suspendedState", 88, 44},
	{"pcmStatus.audioStampData", 92, 48},
	{"pcmStatus.audioStamp", 96, 52},
	{"pcmStatus.driverStamp", 112, 60},
	{"pcmStatus.audioAccuracy", 128, 68},
	{"xferI", 24, 12},
	{"xferI.buf", 8, 4},
	{"xferI.frames", 16, 8},
}

var kernelNumbers = []struct {
	what           string
	long64, long32 uint64
}{
	{"iocHWRefine", 0xc2604110, 0xc25c4110},
	{"iocHWParams", 0xc2604111, 0xc25c4111},
	{"iocSWParams", 0xc0884113, 0xc0684113},
	{"iocStatus", 0x80984120, 0x806c4120},
	{"iocPrepare", 0x4140, 0x4140},
	{"iocStart", 0x4142, 0x4142},
	{"iocDrop", 0x4143, 0x4143},
	{"iocResume", 0x4147, 0x4147},
	{"iocWriteI", 0x40184150, 0x400c4150},
}

// The layouts and numbers are the kernel's on every machine that we build for,
// whichever this test runs on.
func TestLayoutsOnEveryMachine(t *testing.T) {
	files := token.NewFileSet()
	src, err := parser.ParseFile(files, "alsa_abi.go", nil, 0)
	require.NoError(t, err)
	for _, arch := range []string{"amd64", "arm64", "arm"} {
		t.Run(arch, func(t *testing.T) {
			sizes := types.SizesFor("gc", arch)
			conf := types.Config{Sizes: sizes, Importer: importer.Default()}
			room, err := conf.Check("output", files, []*ast.File{src}, nil)
			require.NoError(t, err)
			wide := sizes.Sizeof(types.Typ[types.Uint]) == 8
			for _, want := range kernelLayout {
				bytes := want.long32
				if wide {
					bytes = want.long64
				}
				assert.Equal(t, bytes, laidOut(t, room, sizes, want.what), want.what)
			}
			for _, want := range kernelNumbers {
				number := want.long32
				if wide {
					number = want.long64
				}
				got, exact := constant.Uint64Val(room.Scope().Lookup(want.what).(*types.Const).Val())
				require.True(t, exact, want.what)
				assert.Equal(t, number, got, "%s %#x", want.what, got)
			}
		})
	}
}

// laidOut returns the size of a struct or the offset of a field.
func laidOut(t *testing.T, room *types.Package, sizes types.Sizes, what string) int64 {
	t.Helper()
	name, field := what, ""
	for i := range what {
		if what[i] == '.' {
			name, field = what[:i], what[i+1:]
		}
	}
	s := room.Scope().Lookup(name).Type().Underlying().(*types.Struct)
	if field == "" {
		return sizes.Sizeof(s)
	}
	var all []*types.Var
	at := -1
	for i := range s.NumFields() {
		all = append(all, s.Field(i))
		if s.Field(i).Name() == field {
			at = i
		}
	}
	require.GreaterOrEqual(t, at, 0, what)
	return sizes.Offsetsof(all)[at]
}

// What the compiler does on this machine is what the test above computes.
func TestLayoutsHere(t *testing.T) {
	want := map[string][3]uintptr{"amd64": {608, 136, 152}, "arm64": {608, 136, 152}, "arm": {604, 104, 108}}[runtime.GOARCH]
	assert.Equal(t, want, [3]uintptr{unsafe.Sizeof(hwParams{}), unsafe.Sizeof(swParams{}), unsafe.Sizeof(pcmStatus{})})
}

// The kernel reads the files that its own name for a device gives.
func TestDevicePath(t *testing.T) {
	assert.Equal(t, "/dev/snd/pcmC2D0p", devicePath(2, 0))
	_, err := linux{}.card("no-such-card")
	assert.Equal(t, unix.ENODEV, err)
	_, err = linux{}.open("/dev/null")
	require.NoError(t, err)
	assert.Error(t, linux{}.ioctl(-1, iocPrepare, nil))
	assert.Positive(t, linux{}.now())
}

// Samples: full scale, the same in all channels, and no wrap-around beyond it.
func TestSamplesForTheCard(t *testing.T) {
	for _, tc := range []struct {
		in   float32
		s16  int16
		near float64 // of s32
	}{
		{0, 0, 0}, {0.5, 16384, 0.5}, {-0.5, -16384, -0.5}, {1, 32767, 1}, {-1, -32768, -1}, {7, 32767, 1}, {-7, -32768, -1},
		{1.0 / 32768, 1, 1.0 / 32768}, {float32(math.Inf(1)), 32767, 1}, {float32(math.Inf(-1)), -32768, -1}, {float32(math.NaN()), 0, 0},
	} {
		b := make([]byte, 16)
		narrow := pcmFormat{formatS16, 2}
		narrow.encode(b, []float32{tc.in})
		assert.Equal(t, float64(tc.s16)/32768, narrow.decode(b), "%v", tc.in)
		assert.Equal(t, float64(tc.s16)/32768, narrow.decode(b[2:]), "%v", tc.in)
		wide := pcmFormat{formatS32, 3}
		wide.encode(b, []float32{tc.in})
		for ch := range 3 {
			assert.InDelta(t, tc.near, wide.decode(b[4*ch:]), 1.0/32768, "%v", tc.in)
		}
	}
}

// Any samples fit, and come back as near as the format allows.
func TestSamplesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := pcmFormat{rapid.SampledFrom([]int{formatS16, formatS32}).Draw(t, "format"), rapid.IntRange(1, 8).Draw(t, "channels")}
		pcm := rapid.SliceOf(rapid.Float32Range(-2, 2)).Draw(t, "pcm")
		b := make([]byte, len(pcm)*f.size())
		f.encode(b, pcm)
		for i, x := range pcm {
			want := min(max(float64(x), -1), 1)
			for ch := range f.channels {
				got := f.decode(b[i*f.size()+ch*f.size()/f.channels:])
				if math.Abs(got-want) > 1.0/32768 {
					t.Fatalf("%v became %v in channel %d", x, got, ch)
				}
			}
		}
	})
}
