package bus

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drain takes everything out of b, as Run does.
func drain(b *buffer) (text []string) {
	for {
		it, ok := b.head(morning)
		if !ok {
			return text
		}
		text = append(text, string(it.data))
		b.done(it)
	}
}

func TestRoutineGoesFirstWhenTheBufferIsFull(t *testing.T) {
	b := newBuffer("x")
	for i := range 100 {
		b.put(fmt.Appendf(nil, "live %d", i), true)
	}
	for i := range bufferEntries {
		b.put(fmt.Appendf(nil, "slogan %d", i), false)
	}
	waiting, lost := b.counts()
	assert.Equal(t, bufferEntries, waiting)
	assert.EqualValues(t, 100, lost)

	got := drain(b)
	assert.Contains(t, got[0], "100 entries were lost", "the loss is told first")
	assert.Equal(t, []string{"live 0", "live 99", "slogan 100"}, []string{got[1], got[100], got[101]})
	assert.Len(t, got, bufferEntries+1)
	assert.Zero(t, b.bytes)
}

func TestWhenAllIsImportantTheOldestGoes(t *testing.T) {
	b := newBuffer("x")
	for i := range bufferEntries + 3 {
		b.put(fmt.Appendf(nil, "%d", i), true)
	}
	assert.Equal(t, "3", drain(b)[1])
}

func TestTheBufferIsBoundedInBytes(t *testing.T) {
	b := newBuffer("x")
	big := []byte(strings.Repeat("x", maxMessage/2))
	for range 100 {
		b.put(big, false)
	}
	waiting, lost := b.counts()
	assert.Equal(t, bufferBytes/len(big), waiting)
	assert.EqualValues(t, 100-waiting, lost)
}

func TestALossOnTheWayIsToldByTheNextOne(t *testing.T) {
	b := newBuffer("x")
	b.lose()
	first, ok := b.head(morning)
	require.True(t, ok)
	b.lose()
	b.lose()
	again, _ := b.head(morning)
	assert.Equal(t, first.id, again.id, "a retry is the same entry")
	b.done(first)
	got := drain(b)
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "2 entries were lost")
}

// Whatever is appended, dropped and written: order is kept, nothing comes
// twice, and what did not come is counted.
func TestTheBufferKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBuffer("x")
		puts, last, written := 0, uint64(0), 0
		var inFlight *item
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range rapid.IntRange(1, bufferEntries/2).Draw(t, "n") {
					b.put([]byte("entry"), rapid.Bool().Draw(t, "important"))
					puts++
				}
			},
			"take": func(t *rapid.T) {
				if it, ok := b.head(morning); ok {
					inFlight = &it
				}
			},
			"written": func(t *rapid.T) {
				if inFlight == nil {
					return
				}
				if before, _ := b.counts(); string(inFlight.data) == "entry" {
					b.done(*inFlight)
					if after, _ := b.counts(); after < before {
						require.Greater(t, inFlight.n, last)
						last = inFlight.n
						written++
					}
				} else {
					b.done(*inFlight)
				}
				inFlight = nil
			},
			"": func(t *rapid.T) {
				waiting, lost := b.counts()
				require.Equal(t, puts, waiting+int(lost)+written)
				require.LessOrEqual(t, waiting, bufferEntries)
				require.Equal(t, 5*waiting, b.bytes)
				select {
				case <-b.mark():
					require.Zero(t, waiting)
				default:
					require.True(t, waiting > 0 || b.notice != nil || b.unreported > 0)
				}
			},
		})
	})
}
