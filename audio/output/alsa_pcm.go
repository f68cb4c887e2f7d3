package output

import (
	"fmt"
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"pa/audio"
)

// pcm is an open playback device of the kernel.
type pcm struct {
	kernel pcmKernel
	fd     int
	path   string
	pcmFormat
	period, buffer int // frames

	status pcmStatus
	xfer   xferI
}

// openPCM opens a device and readies it for 48 kHz with periods near those
// asked for.
func openPCM(k pcmKernel, s alsaSpec) (*pcm, error) {
	card := s.card
	if s.id != "" {
		var err error
		if card, err = k.card(s.id); err != nil {
			return nil, openError("card "+s.id, err)
		}
	}
	path := devicePath(card, s.device)
	fd, err := k.open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	p := &pcm{kernel: k, fd: fd, path: path}
	if err := p.configure(s); err != nil {
		_ = p.close() // the first error says more
		return nil, err
	}
	return p, nil
}

// openError says what keeps a device from being opened, and what to do.
func openError(what string, err error) error {
	hint := "is it plugged in? aplay -l lists the cards"
	switch err {
	case unix.EBUSY, unix.EAGAIN:
		hint = "another program plays on it; a sound server must leave it alone"
	case unix.EACCES, unix.EPERM:
		hint = "this user may not: put it in the group audio"
	}
	return fmt.Errorf("open %s: %w: %w; %s", what, ErrNoDevice, err, hint)
}

// configure finds what the card can do that is nearest to what we want.
func (p *pcm) configure(s alsaSpec) error {
	h := anyParams()
	h.choose(paramAccess, accessInterleaved)
	h.choose(paramSubformat, subformatStandard)
	h.set(paramRate, audio.Rate, audio.Rate)
	if err := p.refine(h); err != nil {
		return fmt.Errorf("%s does not play at %d Hz: %w", p.path, audio.Rate, err)
	}
	if err := p.chooseFormat(h, s); err != nil {
		return err
	}
	var err error
	frames := uint32(int64(s.period) * audio.Rate / int64(time.Second))
	if p.period, err = p.nearest(h, paramPeriodSize, frames); err != nil {
		return fmt.Errorf("choose the period of %s: %w", p.path, err)
	}
	if _, err = p.nearest(h, paramPeriods, uint32(s.periods)); err != nil {
		return fmt.Errorf("choose the buffer of %s: %w", p.path, err)
	}
	if err := p.ioctl(iocHWParams, unsafe.Pointer(h)); err != nil {
		return fmt.Errorf("set up %s: %w", p.path, err)
	}
	p.buffer = int(h.at(paramBufferSize).min)
	if p.buffer < 2*p.period {
		return fmt.Errorf("set up %s: its buffer of %d frames has no two periods of %d", p.path, p.buffer, p.period)
	}
	return p.setSoftware()
}

// chooseFormat takes the widest format, and two channels where there are two.
func (p *pcm) chooseFormat(h *hwParams, s alsaSpec) error {
	formats := []int{formatS32, formatS16}
	if s.format != 0 {
		formats = []int{s.format}
	}
	for _, f := range formats {
		if h.has(paramFormat, f) {
			p.format = f
			break
		}
	}
	if p.format == 0 {
		return fmt.Errorf("%s plays neither 16 nor 32 bit samples", p.path)
	}
	h.choose(paramFormat, p.format)
	channels := uint32(2)
	if s.channels != 0 {
		channels = uint32(s.channels)
	}
	var err error
	if p.channels, err = p.nearest(h, paramChannels, channels); err != nil {
		return fmt.Errorf("choose the channels of %s: %w", p.path, err)
	}
	return nil
}

// nearest settles an interval on the value that the card has nearest to want:
// that one, the next above, or the next below.
func (p *pcm) nearest(h *hwParams, param int, want uint32) (int, error) {
	var err error
	for _, try := range []struct {
		low, high uint32
		top       bool
	}{{want, want, false}, {want, math.MaxUint32, false}, {0, want, true}} {
		probe := *h
		probe.set(param, try.low, try.high)
		if err = p.refine(&probe); err != nil {
			continue
		}
		v := probe.at(param).lowest()
		if try.top {
			v = probe.at(param).highest()
		}
		probe.set(param, v, v)
		if err = p.refine(&probe); err == nil {
			*h = probe
			return int(v), nil
		}
	}
	return 0, err
}

// setSoftware makes the card wake us for every period, stop when it is empty,
// start when told, and stamp by the monotonic clock.
func (p *pcm) setSoftware() error {
	sw := &swParams{
		stampMode: stampsOn, stampType: stampsMonotonic, protocol: pcmProtocol, periodStep: 1,
		availMin: uint(p.period), xferAlign: 1, startThreshold: math.MaxInt32, stopThreshold: uint(p.buffer),
	}
	if err := p.ioctl(iocSWParams, unsafe.Pointer(sw)); err != nil {
		return fmt.Errorf("set up %s: %w", p.path, err)
	}
	return nil
}

func (p *pcm) refine(h *hwParams) error {
	h.requested = math.MaxUint32
	return p.ioctl(iocHWRefine, unsafe.Pointer(h))
}

func (p *pcm) ioctl(request uintptr, arg unsafe.Pointer) error {
	return p.kernel.ioctl(p.fd, request, arg)
}

// look reads the status.
func (p *pcm) look() error { return p.ioctl(iocStatus, unsafe.Pointer(&p.status)) }

// stamp is when the status was taken, ns of the kernel's monotonic clock.
func (p *pcm) stamp() int64 { return int64(p.status.stamp.sec)*1e9 + int64(p.status.stamp.nsec) }

// write hands over whole frames and returns how many the card took.
func (p *pcm) write(b []byte) (frames int, err error) {
	p.xfer = xferI{buf: unsafe.Pointer(unsafe.SliceData(b)), frames: uint(len(b) / p.size())}
	err = p.ioctl(iocWriteI, unsafe.Pointer(&p.xfer))
	switch {
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, err
	}
	return p.xfer.result, nil
}

// prime fills the buffer with silence, returns the frames of it, and starts the
// card.
func (p *pcm) prime(silence []byte) (frames int, err error) {
	if err := p.ioctl(iocPrepare, nil); err != nil {
		return 0, err
	}
	for frames < p.buffer {
		n, err := p.write(silence[:min((p.buffer-frames)*p.size(), len(silence))])
		if err != nil {
			return frames, err
		}
		if n == 0 {
			break // it is as full as it gets
		}
		frames += n
	}
	return frames, p.ioctl(iocStart, nil)
}

func (p *pcm) close() error {
	_ = p.ioctl(iocDrop, nil) // a card that is gone has stopped
	return p.kernel.close(p.fd)
}

// anyParams leaves everything open.
func anyParams() *hwParams {
	h := &hwParams{info: math.MaxUint32}
	for i := range h.masks {
		for k := range h.masks[i].bits {
			h.masks[i].bits[k] = math.MaxUint32
		}
	}
	for i := range h.intervals {
		h.intervals[i] = hwInterval{max: math.MaxUint32}
	}
	return h
}

// choose leaves a mask one value.
func (h *hwParams) choose(param, value int) {
	h.masks[param] = hwMask{}
	h.masks[param].bits[value/32] = 1 << (value % 32)
}

// has says whether a mask still allows the value.
func (h *hwParams) has(param, value int) bool {
	return h.masks[param].bits[value/32]&(1<<(value%32)) != 0
}

func (h *hwParams) at(param int) *hwInterval { return &h.intervals[param-firstInterval] }

// set narrows an interval to whole numbers from low to high.
func (h *hwParams) set(param int, low, high uint32) {
	*h.at(param) = hwInterval{min: low, max: high, flags: wholeInterval}
}

// lowest is the least whole number in an interval.
func (i *hwInterval) lowest() uint32 {
	if i.flags&openMin != 0 {
		return i.min + 1
	}
	return i.min
}

// highest is the greatest whole number in an interval.
func (i *hwInterval) highest() uint32 {
	if i.flags&openMax != 0 {
		return i.max - 1
	}
	return i.max
}
