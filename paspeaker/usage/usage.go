// Package usage reads what a program uses of this computer, from Linux's /proc:
// for those who plan and who measure. It imports nothing of the house.
package usage

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Usage is what a program and its children have used of the machine.
type Usage struct {
	At    time.Time
	Ticks int     // of 10 ms, user and system
	RSS   float64 // resident memory, MB; what it shares with its children counts once
}

// Of reads a program's usage; what has ended is not in it, and of what is not
// there it is nothing.
func Of(pid int) Usage {
	u := Usage{At: time.Now()}
	for _, p := range family(pid) {
		u.Ticks += ticks(p)
		if p == pid {
			u.RSS += procMB(p, "status", "VmRSS:")
		} else {
			u.RSS += procMB(p, "smaps_rollup", "Private_Clean:", "Private_Dirty:")
		}
	}
	return u
}

// Percent is how much of one core was used since an earlier reading.
func (u Usage) Percent(since Usage) float64 {
	return float64(u.Ticks-since.Ticks) / u.At.Sub(since.At).Seconds()
}

// family is a process and its descendants.
func family(pid int) []int {
	out := []int{pid}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for f := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(f); err == nil {
				out = append(out, family(child)...)
			}
		}
	}
	return out
}

func ticks(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return user + system
}

// procMB adds up some lines of a process's file in /proc, MB.
func procMB(pid int, file string, lines ...string) (mb float64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		f := strings.Fields(l)
		if len(f) < 2 || !slices.Contains(lines, f[0]) {
			continue
		}
		kb, _ := strconv.Atoi(f[1])
		mb += float64(kb) / 1024
	}
	return mb
}
