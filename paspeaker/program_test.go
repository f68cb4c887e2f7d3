package paspeaker

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProgramIsTheRootsWord(t *testing.T) {
	ours, theirs := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	root := ours.Public().(ed25519.PublicKey)
	good := Program{SHA256: strings.Repeat("ab", 32), Size: 1000, Arch: "arm64", Version: "v1"}
	s, err := SignProgram(ours, good)
	require.NoError(t, err)
	p, err := OpenProgram(root, s)
	require.NoError(t, err)
	assert.Equal(t, good, p)
	_, err = OpenProgram(theirs.Public().(ed25519.PublicKey), s)
	assert.Equal(t, CodeDenied, CodeOf(err))
	s.Body[5] ^= 1
	_, err = OpenProgram(root, s)
	assert.Equal(t, CodeDenied, CodeOf(err))
	for name, change := range map[string]func(*Program){
		"no hash":         func(p *Program) { p.SHA256 = "" },
		"a path":          func(p *Program) { p.SHA256 = "../../" + p.SHA256[6:] },
		"in capitals":     func(p *Program) { p.SHA256 = strings.ToUpper(p.SHA256) },
		"no size":         func(p *Program) { p.Size = 0 },
		"too large":       func(p *Program) { p.Size = MaxProgram + 1 },
		"no architecture": func(p *Program) { p.Arch = "" },
	} {
		bad := good
		change(&bad)
		s, err := SignProgram(ours, bad)
		require.NoError(t, err)
		_, err = OpenProgram(root, s)
		assert.Equal(t, CodeInvalid, CodeOf(err), name)
	}
}

func FuzzOpenProgram(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	f.Add([]byte(`{"sha256":"` + strings.Repeat("ab", 32) + `","size":1,"arch":"arm"}`))
	f.Add([]byte(`{"size":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := OpenProgram(key.Public().(ed25519.PublicKey), SignedProgram{Body: body, Sig: ed25519.Sign(key, append([]byte(programContext), body...))})
		if err == nil && (!ValidSHA256(p.SHA256) || p.Size <= 0 || p.Size > MaxProgram) {
			t.Fatalf("%+v", p)
		}
	})
}
