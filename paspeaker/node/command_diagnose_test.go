package node

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestANodeExaminesItsOwnMachine(t *testing.T) {
	n := &Node{cfg: Config{ID: "gate-1", Controller: "10.1.0.2:7080", Interface: "no-such0", Now: func() int64 { return 0 }}}
	n.conf.Store(&paspeaker.NodeConfig{ID: "gate-1", Kind: paspeaker.KindFixed, Groups: []string{"239.255.246.9:5004"}})
	args, err := json.Marshal(paspeaker.Patient{Role: paspeaker.RoleController, Machine: "nonsense", Listen: paspeaker.Duration(time.Millisecond), TTL: 16, Longest: 1500,
		Groups: []paspeaker.Group{{Addr: "239.255.246.9:5004", Whose: "zone gates"}}})
	require.NoError(t, err)
	out, err := n.diagnose(t.Context(), args)
	require.NoError(t, err)
	e := out.(paspeaker.Examination)
	assert.Equal(t, "gate-1", e.Machine)
	assert.Equal(t, "interface", e.Findings[0].ID)
	assert.Contains(t, e.Findings[0].What, "no-such0", "the node's flag wins")
	assert.Equal(t, paspeaker.SeverityFault, e.Worst())

	n.examining.Lock()
	_, err = n.diagnose(t.Context(), args)
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err), "one at a time")
	n.examining.Unlock()
	_, err = n.diagnose(t.Context(), json.RawMessage(`{`))
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}
