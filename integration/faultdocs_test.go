package integration

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// The table of faults in the operator's handbook has every kind.
func TestEveryKindOfFaultIsInTheHandbook(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	for _, kind := range paspeaker.FaultKinds() {
		assert.Regexp(t, `(?m)^\| .*`+"`"+string(kind)+"(/[^`]+)?`", string(text), kind)
	}
}
