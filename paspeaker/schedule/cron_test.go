package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	oracle "github.com/netresearch/go-cron"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func TestCronLines(t *testing.T) {
	for line, want := range map[string]string{
		"30 7 * * mon-fri":  "2026-10-01T07:30 2026-10-02T07:30 2026-10-05T07:30",
		"0 6,18 1-2 10 *":   "2026-10-01T06:00 2026-10-01T18:00 2026-10-02T06:00 2026-10-02T18:00",
		"*/40 6 3 * *":      "2026-10-03T06:00 2026-10-03T06:40",
		"0 0 4 * 7":         "2026-10-04T00:00", // Sunday the 4th
		"0 5 2 * sun":       "2026-10-02T05:00 2026-10-04T05:00",
		"15/20 9 * OCT thu": "2026-10-01T09:15 2026-10-01T09:35 2026-10-01T09:55",
		"@weekly":           "2026-10-04T00:00",
		"0 12 ? * ?":        "2026-10-01T12:00 2026-10-02T12:00 2026-10-03T12:00 2026-10-04T12:00 2026-10-05T12:00",
		"59 23 31 2 *":      "",
	} {
		c, err := parseCron(line)
		require.NoError(t, err, line)
		assert.Equal(t, want, strings.Join(walls(c, day(t, "2026-10-01"), day(t, "2026-10-05")), " "), line)
	}
}

func TestCronLinesThatAreNone(t *testing.T) {
	for line, want := range map[string]string{
		"": "five fields", "* * * *": "five fields", "60 * * * *": "minute", "* 24 * * *": "hour", "* * 0 * *": "day of the month",
		"* * * 13 *": "month", "* * * * 8": "day of the week", "5-1 * * * *": "end is before", "*/0 * * * *": "step", "a * * * *": "minute",
		"@reboot": "five fields", "+1 * * * *": "minute", "1- * * * *": "minute", ", * * * *": "minute",
	} {
		_, err := parseCron(line)
		assert.ErrorContains(t, err, want, line)
	}
}

// Every line fires when another maker's library says so.
func TestCronAgreesWithAnotherLibrary(t *testing.T) {
	field := func(t *rapid.T, name string, low, top int) string {
		one := func() string {
			a := rapid.IntRange(low, top).Draw(t, name)
			switch rapid.IntRange(0, 4).Draw(t, "form") {
			case 0:
				return "*"
			case 1:
				return fmt.Sprintf("*/%d", rapid.IntRange(1, 12).Draw(t, "step"))
			case 2:
				return fmt.Sprintf("%d-%d", a, rapid.IntRange(a, top).Draw(t, "end"))
			case 3:
				return fmt.Sprintf("%d-%d/%d", a, rapid.IntRange(a, top).Draw(t, "end"), rapid.IntRange(1, 5).Draw(t, "step"))
			}
			return fmt.Sprint(a)
		}
		if rapid.IntRange(0, 3).Draw(t, "list") == 0 {
			return fmt.Sprintf("%d,%d", rapid.IntRange(low, top).Draw(t, name), rapid.IntRange(low, top).Draw(t, name))
		}
		return one()
	}
	// It can do as cron(5) does, where either of the two fields of days is enough.
	parser := oracle.MustNewParser(oracle.Minute | oracle.Hour | oracle.Dom | oracle.Month | oracle.Dow | oracle.DowOrDom)
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Join([]string{field(t, "minute", 0, 59), field(t, "hour", 0, 23), field(t, "day", 1, 31), field(t, "month", 1, 12), field(t, "weekday", 0, 6)}, " ")
		if f := strings.Fields(line); strings.HasPrefix(f[2], "*/") || strings.HasPrefix(f[4], "*/") {
			t.Skip("cron(5) takes a step through all days for no restriction, the other library for one")
		}
		c, err := parseCron(line)
		if err != nil {
			t.Fatal(err)
		}
		o, err := parser.Parse(line)
		if err != nil {
			t.Skip("the other library does not take it")
		}
		first := paspeaker.Date(rapid.Int32Range(20000, 22000).Draw(t, "first"))
		got := walls(c, first, first+45)
		var want []string
		end := time.Unix(int64(first+46)*86400, 0).UTC()
		for at := o.Next(time.Unix(int64(first)*86400-1, 0).UTC()); !at.IsZero() && at.Before(end); at = o.Next(at) {
			want = append(want, paspeaker.WallOf(at).String())
		}
		if !slices.Equal(want, got) {
			t.Fatalf("%q: ours %v, the other %v", line, got[:min(5, len(got))], want[:min(5, len(want))])
		}
	})
}

func FuzzCron(f *testing.F) {
	for _, s := range []string{"30 7 * * mon-fri", "@daily", "*/5,7-9/2 * 1-31 jan-dec 7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := parseCron(s); err == nil && len(c.times(20000, nil)) > 1440 {
			t.Fatalf("%q fires too often", s)
		}
	})
}
