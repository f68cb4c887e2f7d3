package paspeaker

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// String returns the duration as time.Duration writes it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, d.String()), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(b []byte) error {
	v, err := ParseDuration(strings.Trim(string(b), `"`))
	if err == nil {
		*d = Duration(v)
	}
	return err
}

// ParseDuration reads "90s", "1m30s", "90d", or a number of seconds; at most
// 366 days, never negative.
func ParseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, dayErr := strconv.ParseUint(days, 10, 9); dayErr == nil {
			d, err = time.Duration(n)*24*time.Hour, nil
		}
	}
	if err != nil {
		f, numErr := strconv.ParseFloat(s, 64)
		if numErr != nil || f != f || f > 366*86400 {
			return 0, fmt.Errorf("duration %q: want a number of seconds, or a form like 90s or 1m30s", s)
		}
		d = time.Duration(f * float64(time.Second))
	}
	if d < 0 || d > 366*24*time.Hour {
		return 0, fmt.Errorf("duration %q: out of range", s)
	}
	return d, nil
}
