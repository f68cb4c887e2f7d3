package output

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeCard is a kernel with one card, which behaves like hardware: it plays by
// a clock of its own, its pointer moves in grains, it stops when nobody feeds
// it, and it can be pulled out. Fields are set before it is used, or with do.
type fakeCard struct {
	clock    func() int64 // ns, CLOCK_MONOTONIC
	ppm      float64      // by which its crystal is fast
	grain    int64        // frames
	fifo     int64        // frames behind the buffer
	id       string
	number   int
	formats  []int
	channels [2]uint32
	rates    [2]uint32
	periods  [2]uint32
	sizes    []uint32 // of periods, ascending

	mu        sync.Mutex
	openErr   error // what open answers
	gone      bool  // unplugged
	stuck     bool  // its pointer stands still
	asleep    int   // RESUME answers EAGAIN so often; -1: cannot resume at all
	full      int   // WRITEI answers EAGAIN so often
	crumbs    int   // WRITEI takes 7 frames so often
	opens     int
	fd        int // of the open device; 0: none
	state     int32
	hw        hwParams
	sw        swParams
	appl      int64 // frames written since PREPARE
	began     int64 // ns of START
	stopped   int64 // pointer at the stop
	heard     []sounded
	unstarted []int // indices in heard that wait for START
}

// sounded is one frame that was written: the first channel, whether the others
// are the same, and when it leaves the loudspeaker.
type sounded struct {
	value float64
	alike bool
	at    int64
}

func newFakeCard(clock func() int64) *fakeCard {
	return &fakeCard{clock: clock, grain: 1, id: "DAC", number: 1, formats: []int{formatS16, formatS32}, channels: [2]uint32{1, 8},
		rates: [2]uint32{8000, 192000}, periods: [2]uint32{2, 32}, sizes: []uint32{64, 120, 240, 256, 480, 512, 1024}}
}

// do changes the card while it plays.
func (c *fakeCard) do(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *fakeCard) card(id string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id != c.id || c.gone {
		return 0, unix.ENODEV
	}
	return c.number, nil
}

func (c *fakeCard) open(path string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone || path != devicePath(c.number, 0):
		return 0, unix.ENOENT
	case c.openErr != nil:
		return 0, c.openErr
	case c.fd != 0:
		return 0, unix.EBUSY
	}
	c.opens++
	c.fd, c.state = 10+c.opens, pcmOpen
	return c.fd, nil
}

func (c *fakeCard) close(fd int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fd != c.fd || fd == 0 {
		return unix.EBADF
	}
	c.fd, c.state = 0, pcmOpen
	return nil
}

func (c *fakeCard) now() int64 { return c.clock() }

func (c *fakeCard) rate() float64 { return 48000 * (1 + c.ppm*1e-6) }

// pointer is how many frames it has played. The lock is held.
func (c *fakeCard) pointer() int64 {
	if c.state != pcmRunning {
		return c.stopped
	}
	if c.stuck {
		return min(c.stopped, c.appl)
	}
	n := int64(float64(c.clock()-c.began) * c.rate() / 1e9)
	n -= n % c.grain
	if c.appl-n <= 0 { // nothing left: it stops
		c.state, c.stopped = pcmXrun, c.appl
		return c.appl
	}
	return n
}

func (c *fakeCard) buffer() int64 { return int64(c.hw.at(paramBufferSize).min) }

func (c *fakeCard) poll(fd int, timeout time.Duration) (bool, error) {
	end := c.clock() + int64(timeout)
	for {
		c.mu.Lock()
		avail := c.buffer() - (c.appl - c.pointer())
		short := int64(c.sw.availMin) - avail
		ready := c.gone || c.state != pcmRunning || short <= 0
		if c.stuck {
			short = math.MaxInt32
		}
		c.mu.Unlock()
		left := end - c.clock()
		if ready || left <= 0 {
			return ready, nil
		}
		wait := min(time.Duration(float64(max(short, 1))*1e9/c.rate())+time.Microsecond, time.Duration(left))
		t := time.NewTimer(wait)
		<-t.C
	}
}

func (c *fakeCard) ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case fd != c.fd || fd == 0:
		return unix.EBADF
	case c.gone:
		return unix.ENODEV
	}
	switch request {
	case iocHWRefine:
		return c.refine((*hwParams)(arg))
	case iocHWParams:
		return c.setHardware((*hwParams)(arg))
	case iocSWParams:
		return c.setSoftware((*swParams)(arg))
	case iocStatus:
		return c.status((*pcmStatus)(arg))
	case iocPrepare:
		return c.prepare()
	case iocStart:
		return c.start()
	case iocDrop:
		c.stopped, c.state = c.pointer(), pcmSetup
		return nil
	case iocResume:
		return c.resume()
	case iocWriteI:
		return c.writeI((*xferI)(arg))
	}
	return unix.ENOTTY
}

// refine narrows what is asked for to what the card can do.
func (c *fakeCard) refine(h *hwParams) error {
	allowed := hwParams{}
	allowed.choose(paramAccess, accessInterleaved)
	allowed.choose(paramSubformat, subformatStandard)
	for _, f := range c.formats {
		allowed.masks[paramFormat].bits[f/32] |= 1 << (f % 32)
	}
	for i := range allowed.masks {
		any := uint32(0)
		for k := range h.masks[i].bits {
			h.masks[i].bits[k] &= allowed.masks[i].bits[k]
			any |= h.masks[i].bits[k]
		}
		if any == 0 {
			return unix.EINVAL
		}
	}
	narrow := func(param int, low, high uint32) bool {
		i := h.at(param)
		i.min, i.max = max(i.min, low), min(i.max, high)
		return i.min <= i.max
	}
	size := h.at(paramPeriodSize)
	fits := slices.DeleteFunc(slices.Clone(c.sizes), func(s uint32) bool { return s < size.min || s > size.max })
	if len(fits) == 0 || !narrow(paramPeriodSize, fits[0], fits[len(fits)-1]) || !narrow(paramChannels, c.channels[0], c.channels[1]) ||
		!narrow(paramRate, c.rates[0], c.rates[1]) || !narrow(paramPeriods, c.periods[0], c.periods[1]) {
		return unix.EINVAL
	}
	n := h.at(paramPeriods)
	if !narrow(paramBufferSize, size.min*n.min, size.max*n.max) {
		return unix.EINVAL
	}
	return nil
}

func (c *fakeCard) setHardware(h *hwParams) error {
	if err := c.refine(h); err != nil {
		return err
	}
	h.at(paramBufferSize).min = h.at(paramBufferSize).max
	c.hw, c.state = *h, pcmSetup
	return nil
}

func (c *fakeCard) setSoftware(s *swParams) error {
	if c.state == pcmOpen || s.availMin == 0 {
		return unix.EINVAL
	}
	c.sw = *s
	return nil
}

func (c *fakeCard) status(s *pcmStatus) error {
	at := c.pointer()
	*s = pcmStatus{state: c.state}
	if c.state == pcmOpen {
		return nil
	}
	s.delay, s.avail = int(c.appl-at+c.fifo), uint(c.buffer()-(c.appl-at))
	if c.sw.stampMode == stampsOn && c.sw.stampType == stampsMonotonic && c.sw.protocol >= pcmProtocol {
		now := c.clock()
		s.stamp = timespec{int(now / 1e9), int(now % 1e9)}
	}
	return nil
}

func (c *fakeCard) prepare() error {
	if c.state == pcmOpen || c.state == pcmRunning {
		return unix.EBADFD
	}
	c.state, c.appl, c.stopped = pcmPrepared, 0, 0
	c.unstarted = nil
	return nil
}

func (c *fakeCard) start() error {
	if c.state != pcmPrepared {
		return unix.EBADFD
	}
	if c.appl == 0 {
		return unix.EPIPE
	}
	c.state, c.began = pcmRunning, c.clock()
	for i, k := range c.unstarted {
		c.heard[k].at = c.truth(int64(i))
	}
	c.unstarted = nil
	return nil
}

// truth is when a frame leaves the loudspeaker.
func (c *fakeCard) truth(frame int64) int64 {
	return c.began + int64(float64(frame+c.fifo)*1e9/c.rate())
}

func (c *fakeCard) resume() error {
	switch {
	case c.state != pcmSuspended:
		return unix.EBADFD
	case c.asleep < 0:
		return unix.ENOSYS
	case c.asleep > 0:
		c.asleep--
		return unix.EAGAIN
	}
	c.state = pcmRunning
	c.began = c.clock() - int64(float64(c.stopped)*1e9/c.rate())
	return nil
}

// suspend is what the machine's sleep does to it; the lock is held.
func (c *fakeCard) suspend(asleep int) {
	c.stopped = c.pointer()
	c.state, c.asleep = pcmSuspended, asleep
}

func (c *fakeCard) writeI(x *xferI) error {
	x.result = 0
	at := c.pointer()
	switch c.state {
	case pcmPrepared, pcmRunning:
	case pcmXrun:
		return unix.EPIPE
	case pcmSuspended:
		return unix.ESTRPIPE
	default:
		return unix.EBADFD
	}
	if c.full > 0 {
		c.full--
		return unix.EAGAIN
	}
	n := min(int64(x.frames), c.buffer()-(c.appl-at))
	if n == 0 {
		return unix.EAGAIN
	}
	if c.crumbs > 0 {
		c.crumbs--
		n = min(n, 7)
	}
	f := pcmFormat{channels: int(c.hw.at(paramChannels).min), format: formatS16}
	if c.hw.has(paramFormat, formatS32) {
		f.format = formatS32
	}
	raw := unsafe.Slice((*byte)(x.buf), int(n)*f.size())
	for i := range n {
		frame := raw[int(i)*f.size() : int(i+1)*f.size()]
		s := sounded{value: f.decode(frame), alike: true, at: c.truth(c.appl)}
		for ch := 1; ch < f.channels; ch++ {
			s.alike = s.alike && f.decode(frame[ch*f.size()/f.channels:]) == s.value
		}
		if c.state == pcmPrepared {
			c.unstarted = append(c.unstarted, len(c.heard))
		}
		c.heard = append(c.heard, s)
		c.appl++
	}
	x.result = int(n)
	return nil
}

func (f pcmFormat) decode(b []byte) float64 {
	if f.format == formatS32 {
		return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
	}
	return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
}
