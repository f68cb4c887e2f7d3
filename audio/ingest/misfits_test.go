package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"pa/audio/source"
)

// misfits are children that do not do what they should. They run in processes
// of their own.
var misfits = map[string]func(){
	"confess": func() {
		confined()
		_ = write(os.Stdout, report{Fault: "other", Text: confession()}, work{})
	},
	"crash":     func() { panic("a decoder's index is out of range") },
	"silent":    func() {},
	"nonsense":  func() { fmt.Println("hello, here is a decoder that talks about something else entirely") },
	"boast":     func() { text(`{"samples": 99999999999}`) },
	"cut-short": func() { text(`{"samples": 1000}`) },
	"grow": func() {
		confined()
		for size := 1 << 20; ; size *= 2 {
			runtime.KeepAlive(bytes.Repeat([]byte{1}, size))
		}
	},
	"spin": func() {
		confined()
		for i := 0; ; i++ {
			_ = i
		}
	},
	"hang": func() {
		r, _, _ := os.Pipe()
		_, _ = r.Read(make([]byte, 1))
	},
	"hold": func() { hold(dial()) },
	"brood": func() {
		young := exec.Command("/proc/self/exe", "hold")
		young.Stdin = os.Stdin
		_ = young.Run()
	},
	// parent is a program that takes recordings in, and is killed.
	"parent": func() {
		g := New(Config{Program: []string{"/proc/self/exe", "follow"}})
		_, err := g.Decode(context.Background(), os.Stdin, source.Limits{})
		fmt.Println(err)
	},
	"follow": func() {
		confined()
		hold(dial())
	},
}

func confined() {
	runtime.LockOSThread() // with cgo, under the race detector, one thread alone is confined
	var o order
	if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
		panic(err)
	}
	if err := confine(o); err != nil {
		panic(err)
	}
}

func text(s string) {
	_, _ = os.Stdout.Write(append(binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(s))), s...))
}

// dial connects to the address in the input.
func dial() net.Conn {
	address, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", string(address))
	if err != nil {
		panic(err)
	}
	return c
}

func hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// confession is what the process has, in words without spaces.
func confession() string {
	var words []string
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 {
			words = append(words, f[0]+f[1])
		}
	}
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	words = append(words, fmt.Sprint("nice:", 20-nice)) // as the kernel returns it
	for name, what := range map[string]int{"data": unix.RLIMIT_DATA, "cpu": unix.RLIMIT_CPU, "core": unix.RLIMIT_CORE} {
		var l unix.Rlimit
		_ = unix.Getrlimit(what, &l)
		words = append(words, fmt.Sprint(name, ":", l.Max))
	}
	oom, _ := os.ReadFile("/proc/self/oom_score_adj")
	words = append(words, "oom:"+strings.TrimSpace(string(oom)))
	if unix.Getpgrp() == os.Getpid() {
		words = append(words, "group:own")
	}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		words = append(words, "env:"+name)
	}
	return strings.Join(words, " ")
}
