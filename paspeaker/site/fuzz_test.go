package site

import (
	"errors"
	"os"
	"testing"

	"pa/paspeaker"
)

// FuzzParse: any bytes are a whole site or faults that people can read; never a
// panic.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../zones.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte(yard))
	f.Add([]byte(head + "zones: &z [{id: a, nested: [b]}, {id: b, nested: [a], <<: *z}]"))
	f.Add([]byte("site: {id: a, time_zone: UTC, groups: 239.0.0.0/8}\nclasses: {live: {priorities: 1-2}}\n---\n..."))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b, "")
		if err != nil {
			checkFaults(t, err)
			return
		}
		checkWhole(t, s)
	})
}

func checkFaults(t *testing.T, err error) {
	t.Helper()
	var faults Faults
	if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > maxFaults+1 {
		t.Fatalf("want faults, got %v", err)
	}
	for i, fault := range faults {
		if fault.What == "" || fault.Hint == "" {
			t.Fatalf("says nothing or helps nobody: %v", fault)
		}
		if i > 0 && i < maxFaults && fault.Line < faults[i-1].Line {
			t.Fatalf("out of order: %v", faults)
		}
	}
}

func checkWhole(t *testing.T, s *Site) {
	t.Helper()
	if !paspeaker.ValidID(s.ID) || s.Location == nil || len(s.Classes) != 4 {
		t.Fatalf("not whole: %+v", s)
	}
	for p := range 256 {
		if _, d := s.Class(paspeaker.Priority(p)); d.MaxLength <= 0 || d.MaxLength > s.Limits.MaxLength {
			t.Fatalf("priority %d is endless", p)
		}
	}
	for _, e := range s.Emergencies {
		if len(e.Message) == 0 || len(e.Drill) == 0 || e.MaxLength <= 0 {
			t.Fatalf("emergency is not whole: %+v", e)
		}
	}
	tags := map[paspeaker.Tag]bool{}
	for _, z := range s.Zones {
		if tag := paspeaker.TagOf(z.ID); tags[tag] {
			t.Fatalf("tag of %s twice", z.ID)
		} else {
			tags[tag] = true
		}
		if got, err := s.Resolve([]paspeaker.ZoneID{z.ID}, nil); (err == nil) != (len(z.Members) > 0) || len(got) < len(z.Members) {
			t.Fatalf("resolve %s: %v %v", z.ID, got, err)
		}
	}
	for _, sp := range s.Speakers {
		if tag := paspeaker.TagOf(sp.ID); tags[tag] {
			t.Fatalf("tag of %s twice", sp.ID)
		} else {
			tags[tag] = true
		}
		if home, ok := s.Zone(sp.Home); (sp.Kind == paspeaker.KindThirdParty) != (ok && home.Plain != nil && sp.Home != "") {
			t.Fatalf("home of %+v", sp)
		}
	}
	s.Digest()
}

// FuzzAssignments: any bytes are groups that do not meet, or an error.
func FuzzAssignments(f *testing.F) {
	f.Add([]byte(`{"gates": "239.255.12.1:5004", "gates plain": "239.255.12.2:5004"}`))
	f.Add([]byte(`{"a": null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept, err := parseAssignments(b)
		if err != nil {
			return
		}
		seen := map[uint32]bool{}
		for key, g := range kept {
			if what, _ := whyNotGroup(g.Addr()); what != "" || seen[etherGroup(g.Addr())] {
				t.Fatalf("%q: %s", key, g)
			}
			seen[etherGroup(g.Addr())] = true
		}
	})
}
