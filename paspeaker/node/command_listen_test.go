package node

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

func TestListenIsRefusedWhereNothingListens(t *testing.T) {
	n := &Node{cfg: Config{ID: "gate-1"}}
	for args, code := range map[string]paspeaker.Code{
		`{"for":"15s"}`: paspeaker.CodeUnsupported, `{"for":"1s"}`: paspeaker.CodeInvalid, `{"for":"2h"}`: paspeaker.CodeInvalid, `{"for":`: paspeaker.CodeInvalid,
	} {
		_, err := n.listen(t.Context(), json.RawMessage(args))
		assert.Equal(t, code, paspeaker.CodeOf(err), args)
	}
}
