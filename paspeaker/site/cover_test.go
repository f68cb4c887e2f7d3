package site

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func TestCover(t *testing.T) {
	s := mustParse(t, yard)
	for _, c := range []struct {
		what     string
		speakers sids
		targets  []string
	}{
		{"nobody", nil, nil},
		{"one", sids{"gate-1"}, []string{"gate-1"}},
		{"a whole zone", sids{"gate-1", "gate-2"}, []string{"gates"}},
		{"the larger of two", sids{"gate-1", "gate-2", "road-1"}, []string{"north"}},
		{"a zone and one", sids{"gate-1", "gate-2", "alone"}, []string{"gates", "alone"}},
		{"a part of a zone", sids{"gate-1", "road-1"}, []string{"gate-1", "road-1"}},
		{"horns alone", sids{"horn-1", "horn-2"}, nil},
		{"everybody", sids{"gate-1", "gate-2", "road-1", "alone", "car"}, []string{"all"}},
		{"unknown", sids{"nobody"}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			want := []paspeaker.Tag{}
			for _, id := range c.targets {
				want = append(want, paspeaker.TagOf(id))
			}
			slices.Sort(want)
			assert.Equal(t, want, s.Cover(c.speakers))
		})
	}
}

// A site without nodes never addresses everybody by accident.
func TestCoverWithoutNodes(t *testing.T) {
	s := mustParse(t, head+"zones: [{id: bus, plain: pcmu}]\nspeakers: [{id: horn, kind: third-party, zones: [bus]}]")
	assert.Empty(t, s.Cover(sids{"horn"}))
	assert.Empty(t, s.Reach(sids{"horn"}))
	assert.Empty(t, mustParse(t, head).Cover(nil))
}

func TestReach(t *testing.T) {
	s := mustParse(t, yard)
	assert.Equal(t, zids{"gates"}, s.Reach(sids{"gate-1", "gate-2"}))
	assert.Equal(t, zids{"gates"}, s.Reach(sids{"gate-1"}), "the smallest around it")
	assert.Equal(t, zids{"bus"}, s.Reach(sids{"gate-2"}))
	assert.Equal(t, zids{"all", "gates"}, s.Reach(sids{"gate-1", "gate-2", "alone"}))
	assert.Equal(t, zids{"all"}, s.Reach(sids{"gate-1", "gate-2", "alone", "road-1", "car"}), "one packet for an all-call")
	assert.Empty(t, s.Reach(sids{"car", "horn-1"}), "neither hears multicast of ours")
}

// randomSite draws a park: zones of random members, some nested.
func randomSite(t *rapid.T) (*Site, string) {
	var b strings.Builder
	b.WriteString(head)
	speakers := rapid.IntRange(1, 80).Draw(t, "speakers")
	b.WriteString("zones:\n")
	for z := range rapid.IntRange(1, 8).Draw(t, "zones") {
		members := rapid.SliceOfNDistinct(rapid.IntRange(0, speakers-1), 0, 12, rapid.ID[int]).Draw(t, "members")
		fmt.Fprintf(&b, "  - {id: z%d, plain: pcmu, members: [", z)
		for _, m := range members {
			fmt.Fprintf(&b, "s%d, ", m)
		}
		b.WriteString("], nested: [")
		if z > 0 && rapid.Bool().Draw(t, "nested") {
			fmt.Fprintf(&b, "z%d", rapid.IntRange(0, z-1).Draw(t, "inner"))
		}
		b.WriteString("]}\n")
	}
	b.WriteString("speakers:\n")
	for i := range speakers {
		kind := rapid.SampledFrom([]string{"fixed", "fixed", "mobile", "third-party, home: z0"}).Draw(t, "kind")
		fmt.Fprintf(&b, "  - {id: s%d, kind: %s}\n", i, kind)
	}
	s, err := Parse([]byte(b.String()), "")
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	return s, b.String()
}

// Whoever plays by the seal's rule (a target is myself or one of my zones) is
// exactly whom we meant; and every fixed one of them is reached by a group.
func TestCoverIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, yaml := randomSite(t)
		meant := map[paspeaker.SpeakerID]bool{}
		var ids sids
		for _, sp := range s.Speakers {
			if rapid.Float64Range(0, 1).Draw(t, "meant") < 0.7 {
				meant[sp.ID] = true
				ids = append(ids, sp.ID)
			}
		}
		tags, reach := s.Cover(ids), s.Reach(ids)
		if len(tags) > len(ids) {
			t.Fatalf("%d targets for %d loudspeakers", len(tags), len(ids))
		}
		for _, sp := range s.Speakers {
			if sp.Kind == paspeaker.KindThirdParty {
				continue
			}
			plays := slices.Contains(tags, paspeaker.TagOf(sp.ID))
			for _, z := range sp.Zones {
				plays = plays || slices.Contains(tags, paspeaker.TagOf(z))
			}
			if plays != meant[sp.ID] {
				t.Fatalf("%s plays: %v, meant: %v\n%s", sp.ID, plays, meant[sp.ID], yaml)
			}
			hears := slices.ContainsFunc(sp.Zones, func(z paspeaker.ZoneID) bool { return slices.Contains(reach, z) })
			if sp.Kind == paspeaker.KindFixed && plays && !hears {
				t.Fatalf("%s is not reached\n%s", sp.ID, yaml)
			}
		}
	})
}

// BenchmarkCover covers half of a park of a thousand loudspeakers.
func BenchmarkCover(b *testing.B) {
	var y strings.Builder
	y.WriteString(head + "zones:\n")
	for z := range 100 {
		fmt.Fprintf(&y, "  - {id: z%d}\n", z)
	}
	y.WriteString("speakers:\n")
	var ids sids
	for i := range 1000 {
		fmt.Fprintf(&y, "  - {id: s%d, zones: [z%d, z%d]}\n", i, i%100, i/10)
		if i%2 == 0 {
			ids = append(ids, paspeaker.SpeakerID(fmt.Sprintf("s%d", i)))
		}
	}
	s := mustParse(b, y.String())
	for b.Loop() {
		s.Cover(ids)
	}
}
