package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestANarrowTerminalDoesWithoutSomeColumns(t *testing.T) {
	make := func() (*lined, *bytes.Buffer) {
		var b bytes.Buffer
		t := newTable(&b, "id", "name", "online", "groups")
		t.row("gate-1", "Cổng số 1 – đường Nguyễn Văn Linh", "yes", "239.255.12.1\n239.255.12.8")
		t.row("unit-1", "Xe loa số 1", "no", "")
		t.without("groups", "none such", "name", "online")
		return t, &b
	}
	whole, b := make()
	whole.print()
	drawn := utf8.RuneCountInString(strings.Split(b.String(), "\n")[0])
	assert.Equal(t, drawn, whole.width())
	for room, want := range map[int][]string{
		0: nil, drawn: nil, drawn - 1: {"groups"}, drawn - 16: {"groups", "name"}, 5: {"groups", "name", "online"},
	} {
		narrow, _ := make()
		assert.Equal(t, want, narrow.fit(room), room)
		assert.Len(t, narrow.rows[1], len(narrow.head))
		if room > 5 {
			assert.LessOrEqual(t, narrow.width(), room)
		}
	}
}
