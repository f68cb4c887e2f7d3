package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A LAN of network namespaces: a bridge, and each loudspeaker at the end of a
// cable of its own that can be pulled. It needs root, or a system that gives
// user namespaces away; and iproute2 and util-linux.

// lanEnv tells a copy of this program that it runs in a network of its own.
const lanEnv = "PASPEAKER_BENCH_LAN"

func withinLAN() bool { return os.Getenv(lanEnv) != "" }

const (
	lanBridge = "pabench"
	lanHere   = "10.99.0.1"
)

// inLAN runs one bench of this program once more, in a network namespace of its
// own, and returns its figures.
func inLAN(r *rig, bench string) ([]figure, error) {
	bin, err := filepath.Abs(r.bin)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "paspeaker-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "figures.json")
	cmd := exec.Command("/proc/self/exe", "-only", bench, "-bin", bin, "-out", out, fmt.Sprintf("-quick=%v", r.quick))
	cmd.Env = append(os.Environ(), lanEnv+"=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	err = cmd.Run()
	if errors.Is(err, syscall.EPERM) {
		err = fmt.Errorf("a network for the loudspeakers needs root or user namespaces: %w", err)
	}
	return read(out), err
}

// startLAN makes the bridge. This process stands at it, as the controller will.
func startLAN() error {
	return errors.Join(
		ip("link set lo up"),
		ip("link add %s type bridge mcast_snooping 0", lanBridge),
		ip("addr add %s/24 dev %s", lanHere, lanBridge),
		ip("link set %s up", lanBridge),
		ip("route add 224.0.0.0/4 dev %s", lanBridge),
	)
}

// ip runs ip(8).
func ip(format string, args ...any) error { return sh("ip", format, args...) }

func sh(program, format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	out, err := exec.Command(program, strings.Fields(line)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, line, err, bytes.TrimSpace(out))
	}
	return nil
}

// plugIn starts a program at the end of cable number n, 1…200.
func plugIn(n int, program string, args ...string) (*exec.Cmd, error) {
	// The shell waits until its network is there, then becomes the program.
	cmd := exec.Command("sh", append([]string{"-c", `read -r go && exec "$@"`, "sh", program}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	gate, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	err = cable(n, cmd.Process.Pid)
	if err == nil {
		_, err = io.WriteString(gate, "go\n")
	}
	if err = errors.Join(err, gate.Close()); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return cmd, nil
}

// cable connects a process's namespace with the bridge.
func cable(n, pid int) error {
	inside := func(format string, args ...any) error {
		return sh("nsenter", "-t %d -n ip "+format, append([]any{pid}, args...)...)
	}
	err := ip("link add pa%d type veth peer name eth0 netns %d", n, pid)
	if err != nil {
		return err
	}
	return errors.Join(
		ip("link set pa%d master %s up", n, lanBridge),
		inside("link set lo up"),
		inside("addr add 10.99.0.%d/24 dev eth0", 10+n),
		inside("link set eth0 up"),
		inside("route add 224.0.0.0/4 dev eth0"),
	)
}

// pull pulls cable n out, or puts it back.
func pull(n int, out bool) error {
	state := "up"
	if out {
		state = "down"
	}
	return ip("link set pa%d %s", n, state)
}
