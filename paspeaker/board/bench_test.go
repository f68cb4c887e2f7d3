package board

import (
	"testing"

	"pa/paspeaker"
)

// A second of a site with a thousand loudspeakers, each of which reports: five
// batches of news and five pictures.
func BenchmarkASecondOfAThousandLoudspeakers(b *testing.B) {
	m := New(Config{Controller: &controller{all: park(1000)}})
	all := park(1000)
	m.take(news{whole: all})
	m.columns, m.lines = 160, 48
	for b.Loop() {
		for i := range 5 {
			var n news
			for j := range 200 {
				n.events = append(n.events, paspeaker.Event{Speaker: &all.status.Speakers[200*i+j]})
			}
			m.take(n)
			_ = m.View()
		}
	}
}
