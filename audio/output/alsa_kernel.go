package output

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pcmKernel is the part of the kernel that plays: the tests put another one
// there. Errors are errnos.
type pcmKernel interface {
	// card returns the number of the card of that id, or ENODEV.
	card(id string) (int, error)
	// open opens a device without waiting for one that is in use.
	open(path string) (fd int, err error)
	ioctl(fd int, request uintptr, arg unsafe.Pointer) error
	// poll waits until the device takes frames or is in trouble; false after
	// the timeout.
	poll(fd int, timeout time.Duration) (ready bool, err error)
	close(fd int) error
	// now reads CLOCK_MONOTONIC, ns, by which the kernel stamps.
	now() int64
}

// linux is the kernel we run on.
type linux struct{}

func (linux) card(id string) (int, error) {
	// A link to the card's own folder, which has its number.
	to, err := os.Readlink("/proc/asound/" + id)
	if err != nil {
		return 0, unix.ENODEV
	}
	n, err := strconv.Atoi(strings.TrimPrefix(to, "card"))
	if err != nil {
		return 0, unix.ENODEV
	}
	return n, nil
}

func (linux) open(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

func (linux) ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR: // by a signal of Go's own
		default:
			return errno
		}
	}
}

func (linux) poll(fd int, timeout time.Duration) (bool, error) {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds[:], int(timeout.Milliseconds()))
	if err == unix.EINTR {
		return true, nil // as good as ready: the status tells
	}
	return n > 0, err
}

func (linux) close(fd int) error { return unix.Close(fd) }

func (linux) now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // there is no Linux without this clock
	}
	return t.Nano()
}

// devicePath is where the kernel puts a card's playback device.
func devicePath(card, device int) string {
	return fmt.Sprintf("/dev/snd/pcmC%dD%dp", card, device)
}
