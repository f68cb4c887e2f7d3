package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// thousand lets paspeaker simulate run 1,000 loudspeakers against a controller,
// each with an enrolment, a connection, a clock exchange, reports and signed
// receipts of its own, and reads how long the verdict on all-calls takes and
// what the controller uses meanwhile.
func thousand(r *rig) ([]figure, error) {
	const speakers = 1000
	cmd := exec.Command(filepath.Join(r.bin, "paspeaker"), "simulate", "--json", "--speakers", strconv.Itoa(speakers), "--sample", "2",
		"--calls", strconv.Itoa(r.pick(3, 1)), "--length", "3s", "--pause", "1s")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, r.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	var got struct {
		VerdictS float64           `json:"verdict_complete_s"`
		Calls    []json.RawMessage `json:"calls"`
		IdleLoad struct {
			CPU float64 `json:"cpu_percent"`
			RSS float64 `json:"rss_mb"`
		} `json:"controller_idle"`
		BusyLoad struct {
			CPU float64 `json:"cpu_percent"`
			RSS float64 `json:"rss_mb"`
		} `json:"controller_busy"`
		MostReports  int `json:"most_reports_100ms"`
		MostReceipts int `json:"most_receipts_100ms"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		return nil, fmt.Errorf("read what simulate says: %w", err)
	}
	n := len(got.Calls)
	return []figure{
		{Name: "verdict_complete_s_1000_speakers", Value: got.VerdictS, Unit: "s", N: n},
		{Name: "controller_rss_mb_1000_speakers", Value: max(got.IdleLoad.RSS, got.BusyLoad.RSS), Unit: "MB", N: speakers},
		{Name: "controller_cpu_percent_1000_speakers", Value: got.BusyLoad.CPU, Unit: "%", N: n},
		{Name: "controller_cpu_percent_1000_speakers_idle", Value: got.IdleLoad.CPU, Unit: "%", N: 1},
		{Name: "reports_in_busiest_100ms_1000_speakers", Value: float64(got.MostReports), Unit: "", N: speakers},
		{Name: "receipts_in_busiest_100ms_1000_speakers", Value: float64(got.MostReceipts), Unit: "", N: speakers},
	}, nil
}
