package site

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func TestHeardTogether(t *testing.T) {
	s := mustParse(t, head+`
delays: {earshot: 100m}
zones:
  - {id: gates, nested: [plaza]}
  - {id: plaza, plain: g722}
  - {id: road}
speakers:
  - {id: g1, zones: [gates], position: {lat: 10.7561, lon: 106.7402}}
  - {id: g2, zones: [gates], position: {lat: 10.7568, lon: 106.7402}}  # 78 m north
  - {id: g3, zones: [gates], position: {lat: 10.7561, lon: 106.7412}}  # 109 m east
  - {id: p1, zones: [plaza]}
  - {id: p2, zones: [plaza], position: {lat: 10.80, lon: 106.70}}
  - {id: horn, kind: third-party, zones: [plaza]}
  - {id: r1, zones: [road, gates]}
  - {id: car, kind: mobile}
`)
	for _, tc := range []struct {
		a, b sids
		want bool
	}{
		{sids{"g1"}, sids{"g2"}, true},
		{sids{"g1"}, sids{"g3"}, false},
		{sids{"g2"}, sids{"g3", "g1"}, true},
		{sids{"p1"}, sids{"p2"}, true},  // one has no position: the zone decides
		{sids{"p1"}, sids{"g1"}, false}, // not in the same zone by themselves
		{sids{"r1"}, sids{"g3"}, true},
		{sids{"r1"}, sids{"p1"}, false},
		{sids{"p1"}, sids{"horn"}, false},
		{sids{"car"}, sids{"g1", "p1", "r1"}, false}, // all is not a place
		{sids{"car"}, sids{"car"}, true},
		{sids{"nobody"}, sids{"g1"}, false},
		{nil, sids{"g1"}, false},
	} {
		assert.Equal(t, tc.want, s.HeardTogether(tc.a, tc.b), "%v %v", tc.a, tc.b)
		assert.Equal(t, tc.want, s.HeardTogether(tc.b, tc.a), "%v %v", tc.b, tc.a)
	}
}

// Positions decide by the distance on the globe, whatever the latitude.
func TestEarshotIsTheDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat, lon := rapid.Float64Range(-60, 60).Draw(t, "lat"), rapid.Float64Range(-179, 179).Draw(t, "lon")
		var b strings.Builder
		fmt.Fprintf(&b, "site: {id: a, time_zone: UTC}\ndelays: {earshot: 200m}\nspeakers:\n")
		n := rapid.IntRange(2, 6).Draw(t, "n")
		at := make([][2]float64, n)
		for i := range n {
			at[i] = [2]float64{lat + rapid.Float64Range(-0.003, 0.003).Draw(t, "dlat"), lon + rapid.Float64Range(-0.003, 0.003).Draw(t, "dlon")}
			fmt.Fprintf(&b, "  - {id: s%d, position: {lat: %.9f, lon: %.9f}}\n", i, at[i][0], at[i][1])
		}
		s, err := Parse([]byte(b.String()), "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for k := range i {
				d := haversine(at[i], at[k])
				if math.Abs(d-200) < 0.5 {
					continue
				}
				id := func(i int) sids { return sids{paspeaker.SpeakerID(fmt.Sprintf("s%d", i))} }
				if got := s.HeardTogether(id(i), id(k)); got != (d < 200) {
					t.Fatalf("%v and %v are %v m apart, heard together: %v", at[i], at[k], d, got)
				}
			}
		}
	})
}

// haversine is the distance on a sphere of the earth's size, metres.
func haversine(a, b [2]float64) float64 {
	rad := math.Pi / 180
	la, lb := a[0]*rad, b[0]*rad
	h := math.Pow(math.Sin((lb-la)/2), 2) + math.Cos(la)*math.Cos(lb)*math.Pow(math.Sin((b[1]-a[1])*rad/2), 2)
	return 2 * 6_371_009 * math.Asin(math.Sqrt(h))
}
