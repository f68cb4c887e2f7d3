package board

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
)

func TestDurationsAndLevelsForPeople(t *testing.T) {
	assert.Equal(t, "0:07", clock(7*time.Second))
	assert.Equal(t, "0:00", clock(-time.Hour))
	assert.Equal(t, "12:34", clock(12*time.Minute+34*time.Second))
	assert.Equal(t, "1:02:03", clock(time.Hour+2*time.Minute+3*time.Second))
	assert.Equal(t, []string{"0 s", "59 s", "1 min", "3 h", "2 d"}, []string{lasted(-1), lasted(59 * time.Second), lasted(61 * time.Second), lasted(3 * time.Hour), lasted(50 * time.Hour)})
	assert.Equal(t, "-∞ dB", decibels(silent))
	assert.Equal(t, "-18 dB", decibels(-18.4))
	assert.Equal(t, "········", bar(silent, 8))
	assert.Equal(t, "████····", bar(-30, 8))
	assert.Equal(t, "████████", bar(6, 8))
	assert.Equal(t, "±23 µs", within(23_400))
	assert.Equal(t, "±4 ms", within(4_200_000))
	assert.Empty(t, within(-1))
}

func TestVietnameseTakesItsColumns(t *testing.T) {
	decomposed := "Co\u0302\u0309ng so\u0302\u0301 1"
	assert.Equal(t, "Cổng số 1", clean(decomposed))
	assert.Equal(t, 9, width(clean(decomposed)))
	assert.Equal(t, "Cổng …", fill("Cổng số 1", 6))
	assert.Equal(t, "  Cổng", fillLeft("Cổng", 6))
	assert.Equal(t, "東京…", fill("東京都庁", 5))
	assert.Equal(t, "東… ", fill("東京都庁", 4), "a wide letter is not cut in two")
	assert.Equal(t, "left   right", ends("left", "right", 12))
	assert.Equal(t, "le… right", ends("leftleft", "right", 9))
}

func TestFolding(t *testing.T) {
	assert.Equal(t, "duong nguyen van linh", fold("Đường Nguyễn Văn Linh"))
	assert.True(t, matches("van duong", "d-1", "Đường Nguyễn Văn Linh"), "in any order")
	assert.True(t, matches("", "anything"))
	assert.False(t, matches("van hoa", "Đường Nguyễn Văn Linh"))
}

func TestLinesAreShared(t *testing.T) {
	least, usual := []int{2, 2, 2, 2}, []int{4, 5, 7, 5}
	turn := []int{2, 3, 1, 0}
	assert.Equal(t, []int{2, 2, 2, 2}, share(8, least, usual, []int{9, 9, 9, 9}, 0, turn))
	assert.Equal(t, []int{4, 5, 7, 5}, share(21, least, usual, []int{9, 9, 9, 9}, 0, turn))
	assert.Equal(t, []int{9, 5, 7, 5}, share(26, least, usual, []int{9, 9, 9, 9}, 0, turn), "what is looked at grows first")
	assert.Equal(t, []int{2, 2, 15, 2}, share(21, least, usual, []int{2, 2, 2, 2}, 0, turn), "what nobody wants is the loudspeakers'")
	assert.Equal(t, []int{2, 1, 0, 0}, share(3, least, usual, []int{9, 9, 9, 9}, 0, turn))
}

// Nobody's text moves the cursor, turns the writing, or breaks the line.
func FuzzCleanIsHarmless(f *testing.F) {
	for _, s := range []string{"Cổng số 1", "a\x1b[2Jb", "\x9b31m", "\u202eabc", "\u0300x", "👩‍👩‍👧", "\xff\xfe", "a\r\nb\tc", strings.Repeat("ổ", 99)} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, columns int) {
		got := clean(s)
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("%q keeps %q", s, r)
			}
		}
		columns = max(1, min(200, columns))
		if w := width(exact(fill(got, columns), columns)); w != columns {
			t.Fatalf("%q takes %d columns of %d", got, w, columns)
		}
	})
}
