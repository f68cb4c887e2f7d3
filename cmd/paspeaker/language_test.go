package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestTheEnvironmentChoosesTheLanguage(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want language
	}{
		{nil, english},
		{map[string]string{"LANG": "vi"}, vietnamese},
		{map[string]string{"LANG": "vi_VN.UTF-8"}, vietnamese},
		{map[string]string{"LANG": "VI_vn"}, vietnamese},
		{map[string]string{"LANG": "vi", "LC_MESSAGES": "en_US.UTF-8"}, english},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "vi_VN"}, vietnamese},
		{map[string]string{"LANG": "vi", "LC_ALL": ""}, vietnamese},
		{map[string]string{"LANG": "vie"}, english},
		{map[string]string{"LANG": "C.UTF-8"}, english},
	} {
		assert.Equal(t, c.want, languageOf(func(k string) string { return c.env[k] }), c.env)
	}
}

func TestWhatHasNoVietnameseStaysEnglish(t *testing.T) {
	assert.Equal(t, "zones", english.tr("zones"))
	assert.Equal(t, "khu vực", vietnamese.tr("zones"))
	assert.Equal(t, "never said before", vietnamese.tr("never said before"))
	assert.Equal(t, "có phải ý bạn là gates?", vietnamese.trf("did you mean %s?", "gates"))
	assert.Equal(t, []string{"mã", "tên"}, vietnamese.trs("id", "name"))
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(\.[0-9]+)?[a-zA-Z%]`)

// The catalogue keeps the verbs of every format, is NFC, and says nothing
// twice.
func TestTheCatalogueIsInOrder(t *testing.T) {
	seen := map[string]string{}
	for _, part := range catalogue {
		for en, vi := range part {
			assert.Equal(t, verb.FindAllString(en, -1), verb.FindAllString(vi, -1), en)
			assert.True(t, norm.NFC.IsNormalString(vi), "%q is not NFC", vi)
			assert.NotEmpty(t, strings.TrimSpace(vi), en)
			assert.Equal(t, strings.HasSuffix(en, "\n"), strings.HasSuffix(vi, "\n"), en)
			if other, twice := seen[en]; twice {
				assert.Equal(t, other, vi, "%q is said in two ways", en)
			}
			seen[en] = vi
		}
	}
}

// literals returns the texts in calls of tr, trf and trs that are written out.
func literals(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		tree, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || (fun.Sel.Name != "tr" && fun.Sel.Name != "trf" && fun.Sel.Name != "trs") {
				return true
			}
			args := call.Args
			if fun.Sel.Name != "trs" && len(args) > 0 {
				args = args[:1]
			}
			for _, a := range args {
				if lit, ok := a.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					require.NoError(t, err)
					out[text] = name
				}
			}
			return true
		})
	}
	return out
}

// Whatever is said through tr has its Vietnamese.
func TestEverythingSaidHasItsVietnamese(t *testing.T) {
	for text, file := range literals(t) {
		found := false
		for _, part := range catalogue {
			_, ok := part[text]
			found = found || ok
		}
		assert.True(t, found, "%s says %q, which vietnamese*.go does not have", file, text)
	}
}
