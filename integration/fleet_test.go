package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// simulated is what paspeaker simulate --json says.
type simulated struct {
	Speakers    int `json:"speakers"`
	Online      int `json:"online"`
	Unexplained int `json:"unexplained"`
	Calls       []struct {
		Tally paspeaker.Tally `json:"tally"`
		Down  int             `json:"down"`
	} `json:"calls"`
	MostReports  int `json:"most_reports_100ms"`
	MostReceipts int `json:"most_receipts_100ms"`
}

// simulate runs paspeaker simulate to its end.
func simulate(t *testing.T, args ...string) (out simulated) {
	t.Helper()
	bin, err := binaries()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "paspeaker"), append([]string{"simulate", "--json"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	require.NoError(t, cmd.Run(), "%s", &complained)
	require.NoError(t, json.Unmarshal(said.Bytes(), &out), "%s", &said)
	return out
}

// Fifty simulated loudspeakers on a network that loses packets, four of them
// dead: the verdict says so of each, and nobody else is missing in it. What is
// lost is what the loudspeakers were told to lose.
func TestAFleetsVerdictIsRight(t *testing.T) {
	t.Parallel()
	got := simulate(t, "--speakers", "50", "--loss", "0.1", "--dead", "4", "--sample", "2", "--calls", "1", "--length", "3s")
	assert.Equal(t, 50, got.Speakers)
	require.Len(t, got.Calls, 1)
	call := got.Calls[0]
	assert.Zero(t, got.Unexplained, "who was up said what it played")
	assert.Equal(t, 4, call.Down)
	assert.Equal(t, 4, call.Tally.Unknown, "the dead say nothing")
	assert.Equal(t, 46, call.Tally.Partly, "a tenth of it is missing everywhere else")
	assert.Zero(t, call.Tally.Silent)
	assert.Positive(t, got.MostReceipts)
}
