package bus

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestAProgramTravelsInParts(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, gate1 := s.controller(), s.node("gate-1")
	sha, whole := strings.Repeat("ab", 32), bytes.Repeat([]byte("0123456789"), 100_000)
	_, err := gate1.FetchProgram(t.Context(), sha, 0)
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "nobody serves it yet")
	require.NoError(t, boss.ServeProgram(func(id paspeaker.SpeakerID, asked string, offset int64) ([]byte, error) {
		if asked != sha {
			return nil, paspeaker.Errorf(paspeaker.CodeNotFound, "no program %s for %s", asked, id)
		}
		rest := whole[min(int(offset), len(whole)):]
		return rest[:min(len(rest), paspeaker.MaxProgramChunk)], nil
	}))
	require.NoError(t, boss.nc.Flush())
	var got []byte
	for len(got) < len(whole) {
		part, err := gate1.FetchProgram(t.Context(), sha, int64(len(got)))
		require.NoError(t, err)
		require.NotEmpty(t, part)
		got = append(got, part...)
	}
	assert.True(t, bytes.Equal(whole, got))
	part, err := gate1.FetchProgram(t.Context(), sha, int64(len(got)))
	require.NoError(t, err)
	assert.Empty(t, part)
	for _, bad := range []struct {
		sha    string
		offset int64
		code   paspeaker.Code
	}{{strings.Repeat("cd", 32), 0, paspeaker.CodeNotFound}, {"../../etc/passwd", 0, paspeaker.CodeInvalid}, {sha, -1, paspeaker.CodeInvalid}} {
		_, err = gate1.FetchProgram(t.Context(), bad.sha, bad.offset)
		assert.Equal(t, bad.code, paspeaker.CodeOf(err))
	}
}
