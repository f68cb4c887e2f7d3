package board

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

var three = []column{{head: "id", least: 4, most: 10}, {head: "name", least: 6, drop: 2}, {head: "n", least: 3, right: true, drop: 1}}

func cellsOf(texts ...string) []cell {
	var out []cell
	for _, t := range texts {
		out = append(out, plain(t))
	}
	return out
}

func TestColumnsFitTheirTexts(t *testing.T) {
	rows := [][]cell{cellsOf("gate-1", "Cổng số 1", "7"), cellsOf("road-12", "Đường", "12")}
	assert.Equal(t, []int{7, 9, 2}, fit(three, rows, 80), "as wide as they want, no wider")
	assert.Equal(t, []int{7, 8, 2}, fit(three, rows, 19), "then less")
	assert.Equal(t, []int{4, 6, 2}, fit(three, rows, 14), "down to the least")
	assert.Equal(t, []int{7, 0, 2}, fit(three, rows, 13), "then the first to drop is gone, and the others grow")
	assert.Equal(t, []int{4, 0, 0}, fit(three, rows, 4))
	assert.Equal(t, []int{4, 0, 0}, fit(three, rows, 2), "what is never dropped is cut")
	assert.Equal(t, []int{10, 0, 0}, fit(three, [][]cell{cellsOf("a-very-long-id", "", "")}, 80), "a column without texts takes nothing")
}

func TestAMeterAlwaysTakesItsWidth(t *testing.T) {
	columns := []column{{least: 4}, {least: 6, most: 8, meter: true}}
	silence, loud := fit(columns, [][]cell{cellsOf("gate", "")}, 80), fit(columns, [][]cell{{plain("gate"), meter(-30, good)}}, 80)
	assert.Equal(t, []int{4, 8}, silence)
	assert.Equal(t, silence, loud, "nothing jumps when somebody speaks")
	assert.Equal(t, "gate ████····  ", ansi.Strip(line(columns, loud, []cell{plain("gate"), meter(-30, good)}, 15, false)))
}

func TestARowIsAsWideAsThePane(t *testing.T) {
	row := cellsOf("gate-1", "Cổng số 1", "7")
	assert.Equal(t, "gate-1 Cổng số 1   7     ", line(three, []int{6, 9, 3}, row, 25, false))
	assert.Equal(t, "gate-1 Cổng …", line(three, []int{6, 9, 3}, row, 13, false))
	assert.Equal(t, "gate-1   7", line(three, []int{6, 0, 3}, row, 10, false))
	assert.Empty(t, line(three, []int{6, 9, 3}, row, 0, false))
	row[1].look = bad
	assert.NotContains(t, line(three, []int{6, 9, 3}, row, 25, true), bad.paint("Cổng số 1"), "a chosen row has one look")
}

// Whatever is to be shown, a row takes its pane and no more, and what has room
// for its least is there.
func TestAnyRowFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "columns")
		var columns []column
		var row []cell
		for i := range n {
			columns = append(columns, column{least: rapid.IntRange(1, 12).Draw(t, "least"), drop: i, right: rapid.Bool().Draw(t, "right")})
			row = append(row, plain(clean(anyText(t, "text"))))
		}
		room := rapid.IntRange(0, 120).Draw(t, "room")
		widths := fit(columns, [][]cell{row}, room)
		if taken(widths) > room {
			for i, c := range columns {
				assert.True(t, c.drop == 0 || widths[i] == 0, "%v in %d", widths, room)
			}
		}
		got := exact(line(columns, widths, row, room, rapid.Bool().Draw(t, "chosen")), room)
		assert.Equal(t, room, ansi.StringWidth(got))
		assert.False(t, strings.ContainsAny(ansi.Strip(got), "\n\r\x1b"))
	})
}

// The screen is divided without a rest, and nobody gets less than the least
// while another has more.
func TestEveryLineIsSomebodys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.IntRange(0, 200).Draw(t, "lines")
		wants := rapid.SliceOfN(rapid.IntRange(2, 1000), 4, 4).Draw(t, "wants")
		got := share(lines, []int{2, 2, 2, 2}, []int{4, 5, 7, 5}, wants, rapid.IntRange(0, 3).Draw(t, "favourite"), []int{2, 3, 1, 0})
		sum := 0
		for _, g := range got {
			sum += g
		}
		assert.Equal(t, lines, sum, got)
		assert.False(t, slices.Max(got) > 2 && slices.Min(got) < 2, got)
	})
}
