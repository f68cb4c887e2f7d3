package node

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// board is what the machine says of itself under /sys. What it does not have
// is not asked for again.
type board struct {
	root                    string // "/sys"; "" for none
	found                   bool
	thermal, throttle, volt []string

	celsius                 float64 // of the hottest zone; 0: not known
	throttled, underVoltage bool
}

// Bits of the firmware's word on a Raspberry Pi, of what is so now.
const (
	bitUnderVoltage = 1 << 0
	bitCapped       = 1 << 1
	bitThrottled    = 1 << 2
	bitSoftLimit    = 1 << 3
)

// look reads what there is.
func (b *board) look() {
	if b.root == "" {
		return
	}
	if !b.found {
		b.found = true
		b.thermal = b.glob("class/thermal/thermal_zone*/temp")
		b.throttle = append(b.glob("devices/platform/soc/*/get_throttled"), b.glob("devices/platform/soc*/get_throttled")...)
		b.volt = b.glob("class/hwmon/hwmon*/in0_lcrit_alarm")
	}
	b.celsius = 0
	for _, f := range b.thermal {
		if milli, err := strconv.ParseInt(word(f), 10, 64); err == nil {
			b.celsius = max(b.celsius, float64(milli)/1000)
		}
	}
	b.throttled, b.underVoltage = false, false
	for _, f := range b.throttle {
		bits, err := strconv.ParseUint(strings.TrimPrefix(word(f), "0x"), 16, 32)
		if err != nil {
			continue
		}
		b.underVoltage = b.underVoltage || bits&bitUnderVoltage != 0
		b.throttled = b.throttled || bits&(bitCapped|bitThrottled|bitSoftLimit) != 0
	}
	for _, f := range b.volt {
		b.underVoltage = b.underVoltage || word(f) == "1"
	}
}

func (b *board) glob(pattern string) []string {
	found, err := filepath.Glob(filepath.Join(b.root, pattern))
	if err != nil {
		return nil
	}
	return found
}

// word is what a file of /sys says; "" when it says nothing.
func word(file string) string {
	text, err := os.ReadFile(file)
	if err != nil || len(text) > 64 {
		return ""
	}
	return strings.TrimSpace(string(text))
}
