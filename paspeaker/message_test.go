package paspeaker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesOfMessages(t *testing.T) {
	for _, good := range []string{"Chào buổi sáng", "slogan-1", "PCCC: cháy (khu B)", "安全第一", strings.Repeat("ệ", 100)} {
		assert.NoError(t, CheckMessageName(good), good)
	}
	for _, bad := range []string{"", " a", "a ", "-a", "a/b", "a\nb", "a\x00", "\xff", strings.Repeat("ệ", 101)} {
		err := CheckMessageName(bad)
		assert.Equal(t, CodeInvalid, CodeOf(err), "%q", bad)
	}
}
