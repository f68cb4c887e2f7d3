package output

import "unsafe"

// The kernel's PCM interface: numbers and layouts of include/uapi/sound/asound.h
// as amd64, arm64 and 32-bit ARM have them. The kernel's unsigned long is Go's
// uint on all three. On ARM these are the layouts with 32-bit seconds: every
// kernel knows them, and the monotonic clock that they carry does not overflow.

// An ioctl's number: direction, size of its argument, 'A', and which.
const (
	iocRead  = 2 << 30
	iocWrite = 1 << 30
	iocBoth  = iocRead | iocWrite
	iocPCM   = 'A' << 8

	iocHWRefine = iocBoth | unsafe.Sizeof(hwParams{})<<16 | iocPCM | 0x10
	iocHWParams = iocBoth | unsafe.Sizeof(hwParams{})<<16 | iocPCM | 0x11
	iocSWParams = iocBoth | unsafe.Sizeof(swParams{})<<16 | iocPCM | 0x13
	iocStatus   = iocRead | unsafe.Sizeof(pcmStatus{})<<16 | iocPCM | 0x20
	iocPrepare  = iocPCM | 0x40
	iocStart    = iocPCM | 0x42
	iocDrop     = iocPCM | 0x43
	iocResume   = iocPCM | 0x47
	iocWriteI   = iocWrite | unsafe.Sizeof(xferI{})<<16 | iocPCM | 0x50
)

// The states of a stream.
const (
	pcmOpen         = 0
	pcmSetup        = 1
	pcmPrepared     = 2
	pcmRunning      = 3
	pcmXrun         = 4
	pcmSuspended    = 7
	pcmDisconnected = 8
)

// The hardware parameters in use. The first three are masks, the others
// intervals.
const (
	paramAccess       = 0
	paramFormat       = 1
	paramSubformat    = 2
	firstInterval     = 8
	paramChannels     = 10
	paramRate         = 11
	paramPeriodSize   = 13
	paramPeriods      = 15
	paramBufferSize   = 17
	accessInterleaved = 3 // by WRITEI
	subformatStandard = 0
)

// The sample formats that we make.
const (
	formatS16 = 2
	formatS32 = 10
)

const (
	pcmProtocol     = 2<<16 | 0<<8 | 12 // 2.0.12: the first whose swParams choose the clock
	stampsOn        = 1
	stampsMonotonic = 1
	wholeInterval   = 1 << 2 // of hwInterval.flags: integers only
	openMin         = 1 << 0
	openMax         = 1 << 1
)

type hwMask struct{ bits [8]uint32 }

type hwInterval struct {
	min, max uint32
	flags    uint32
}

// hwParams is what a stream may still be (HW_REFINE) or shall be (HW_PARAMS).
type hwParams struct {
	flags     uint32
	masks     [3]hwMask
	_         [5]hwMask
	intervals [12]hwInterval
	_         [9]hwInterval
	requested uint32
	changed   uint32
	info      uint32
	msbits    uint32
	rateNum   uint32
	rateDen   uint32
	fifoSize  uint
	_         [64]byte
}

// swParams say when a stream wakes us, stops, and by which clock it stamps.
type swParams struct {
	stampMode        int32
	periodStep       uint32
	sleepMin         uint32
	availMin         uint
	xferAlign        uint
	startThreshold   uint
	stopThreshold    uint
	silenceThreshold uint
	silenceSize      uint
	boundary         uint
	protocol         uint32
	stampType        uint32
	_                [56]byte
}

// timespec is the kernel's, of the width of a long.
type timespec struct{ sec, nsec int }

// pcmStatus is where a stream stands.
type pcmStatus struct {
	state          int32
	_              [unsafe.Sizeof(int(0)) - unsafe.Sizeof(int32(0))]byte
	trigger        timespec
	stamp          timespec // when the pointers below were taken
	applPtr        uint
	hwPtr          uint
	delay          int  // frames until one written now is heard, as far as the driver knows
	avail          uint // frames that may be written
	availMax       uint
	overrange      uint
	suspendedState int32
	audioStampData uint32
	audioStamp     timespec
	driverStamp    timespec
	audioAccuracy  uint32
	_              [52 - 2*unsafe.Sizeof(timespec{})]byte
}

// xferI hands interleaved frames over.
type xferI struct {
	result int
	buf    unsafe.Pointer
	frames uint
}
