package output

import (
	"net"
	"os"
	"path/filepath"
	"strings"
)

// pulseAnswers tells whether oto will find a PulseAudio or PipeWire server; oto
// itself does not say which way it went. The places are those where its client
// looks. A server across the network counts without being asked.
func pulseAnswers() bool {
	servers := []string{filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pulse/native")}
	if given, ok := os.LookupEnv("PULSE_SERVER"); ok {
		servers = strings.Fields(given)
	}
	for _, s := range servers {
		if _, host, ok := strings.Cut(s, "}"); ok { // {host}server
			s = host
		}
		path, local := strings.CutPrefix(s, "unix:")
		if !local && strings.Contains(path, ":") {
			return true
		}
		if c, err := net.Dial("unix", path); err == nil {
			return c.Close() == nil
		}
	}
	return false
}
