package doctor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mostOfFile bounds what is read of any file of the kernel, bytes.
const mostOfFile = 1 << 20

// readFile reads a small file; what cannot be read is empty.
func readFile(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, mostOfFile))
	return b
}

// readNumber reads a file that holds one number; −1 when it does not.
func readNumber(name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(string(readFile(name))))
	if err != nil {
		return -1
	}
	return n
}

// parseMembers reads /proc/net/igmp: a line for each interface, then one, set
// in, for each of its groups, in hexadecimal of this machine's byte order.
func parseMembers(b []byte) []member {
	var out []member
	iface, version := "", ""
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		line := lines.Text()
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "Idx":
		case line[0] != '\t' && line[0] != ' ' && len(words) >= 2:
			iface = strings.TrimSuffix(words[1], ":")
			version = words[len(words)-1]
		default:
			raw, err := hex.DecodeString(words[0])
			if err != nil || len(raw) != 4 || iface == "" {
				continue
			}
			var addr [4]byte
			binary.NativeEndian.PutUint32(addr[:], binary.BigEndian.Uint32(raw))
			out = append(out, member{iface: iface, version: version, group: netip.AddrFrom4(addr)})
		}
	}
	return out
}

// parseOverflows reads RcvbufErrors of UDP from /proc/net/snmp: a line of
// names, then one of numbers.
func parseOverflows(b []byte) uint64 {
	var names []string
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		if i := slices.Index(names, "RcvbufErrors"); i > 0 && i < len(words) {
			n, _ := strconv.ParseUint(words[i], 10, 64)
			return n
		}
	}
	return 0
}

// parseRights reads the effective capabilities from /proc/self/status.
func parseRights(b []byte) rights {
	for line := range strings.Lines(string(b)) {
		word, ok := strings.CutPrefix(line, "CapEff:")
		if !ok {
			continue
		}
		caps, err := strconv.ParseUint(strings.TrimSpace(word), 16, 64)
		if err != nil {
			return rights{}
		}
		has := func(bit uint) bool { return caps&(1<<bit) != 0 }
		return rights{raw: has(unix.CAP_NET_RAW), admin: has(unix.CAP_NET_ADMIN), nice: has(unix.CAP_SYS_NICE)}
	}
	return rights{}
}

// timeKeepers are the programs that keep a clock.
var timeKeepers = []string{"chronyd", "ntpd", "systemd-timesyn", "ptp4l", "phc2sys", "ntpd-rs", "openntpd"}

// keepers returns which of them run, by the names that the kernel knows.
func keepers(proc string) []string {
	files, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
	var out []string
	for _, f := range files {
		name := strings.TrimSpace(string(readFile(f)))
		if slices.Contains(timeKeepers, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
