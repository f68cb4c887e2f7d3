package board

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/supervise"
)

// Whatever the board says is in Vietnamese, too.
func TestEverythingSaidHasItsVietnamese(t *testing.T) {
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, name := range names {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || strings.HasSuffix(name, "_test.go") {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "tr" && f.Sel.Name != "trf" {
				return true
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok {
				text, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				assert.Contains(t, Vietnamese, text, name)
				found++
			}
			return true
		})
	}
	assert.Greater(t, found, 40, "the board says more than that")
}

// What differs from one fault to the next is kept, in its order.
func TestWhatIsWrongIsToldInVietnamese(t *testing.T) {
	m := New(Config{Say: say})
	for _, c := range []struct{ subject, text, want string }{
		{"gate-2", "gate-2 has said nothing since 01:55:32", "gate-2 im lặng từ 01:55:32"},
		{"gate-2", "gate-2 lost 12.5 % of the last minute's packets", "gate-2 mất 12.5 % số gói trong phút vừa qua"},
		{"switch:sw-2", "3 of 12 loudspeakers of switch sw-2 are not heard of", "3/12 loa của switch sw-2 mất liên lạc"},
		{"site", "9 of 12 loudspeakers of the site are not heard of", "9/12 loa của toàn khu mất liên lạc"},
		{"unit-1", "is it powered, is its network cable in, is paspeaker-node running? Is it enrolled (paspeaker join-token unit-1)?",
			"có điện không, dây mạng cắm chưa, paspeaker-node có chạy không? Đã đăng ký chưa (paspeaker join-token unit-1)?"},
		{"", "packets cannot be sent: no route 7", "packets cannot be sent: no route 7"},
		{"gate-1", "gate-1: no such device #3 {}", "gate-1: no such device #3 {}"},
		{"", "", ""},
	} {
		assert.Equal(t, c.want, m.told(paspeaker.Fault{Subject: c.subject}, c.text))
	}
	assert.Equal(t, "gate-2 has said nothing since 01:55:32", New(Config{}).told(paspeaker.Fault{Subject: "gate-2"}, "gate-2 has said nothing since 01:55:32"))
	for en, vi := range VietnameseFaults {
		assert.Equal(t, strings.Count(en, "#"), strings.Count(vi, "#"), en)
		assert.Equal(t, strings.Contains(en, "{}"), strings.Contains(vi, "{}"), en)
	}
}

// A technician reads in Vietnamese what a fault comes from and what to do. A
// rule may be younger than its translation: it is shown in English until then.
func TestEveryFaultHasItsVietnamese(t *testing.T) {
	said, all := 0, 0
	for _, r := range supervise.Rules() {
		for _, text := range []string{kindMark + string(r.Kind), r.Cause, r.Remedy} {
			all++
			if _, ok := VietnameseFaults[text]; ok {
				said++
			} else {
				t.Log("not yet in Vietnamese:", text)
			}
		}
	}
	assert.Greater(t, 10*said, 9*all, "nine in ten at least")
}
