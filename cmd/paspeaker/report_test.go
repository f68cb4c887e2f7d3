package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker/report"
)

func TestTheReportsFormat(t *testing.T) {
	for _, c := range []struct {
		o    reportOptions
		want string
	}{
		{reportOptions{day: "today"}, "text"},
		{reportOptions{day: "2026-11-24", out: "a.csv"}, "csv"},
		{reportOptions{day: "yesterday", out: "a.html"}, "html"},
		{reportOptions{day: "today", out: "a.html", format: "csv"}, "csv"},
		{reportOptions{day: "tomorrow"}, ""},
		{reportOptions{day: "24.11.2026"}, ""},
		{reportOptions{day: "today", format: "pdf"}, ""},
	} {
		got, err := c.o.check()
		assert.Equal(t, c.want, got, "%+v", c.o)
		if c.want == "" {
			assert.Equal(t, exitUsage, exitCode(err), "%+v", c.o)
		}
	}
}

func TestTheReportSpeaksTheReadersLanguage(t *testing.T) {
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	r := report.Build(report.Input{Site: "Khu thử", From: from, To: from.AddDate(0, 0, 1), Now: from.AddDate(0, 0, 2)})
	var out bytes.Buffer
	g := &globals{out: &out}
	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	for _, format := range []string{"text", "csv", "html"} {
		b, err := g.writeReport(r, format)
		require.NoError(t, err)
		assert.Contains(t, string(b), "báo cáo ngày 2026-11-24", format)
	}
	t.Setenv("LC_ALL", "C")
	b, err := g.writeReport(r, "text")
	require.NoError(t, err)
	assert.Contains(t, string(b), "report of 2026-11-24")
}
