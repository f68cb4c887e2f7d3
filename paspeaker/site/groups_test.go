package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

// assigned parses, assigns and returns the groups by zone; "gates plain" is the
// plain one.
func assigned(t testing.TB, yaml, path string) map[string]string {
	t.Helper()
	s := mustParse(t, yaml)
	require.NoError(t, AssignGroups(s, path))
	return groupsOf(s)
}

func groupsOf(s *Site) map[string]string {
	all := map[string]string{}
	for _, z := range s.Zones {
		all[string(z.ID)] = z.Group.String()
		if z.Plain != nil {
			all[string(z.ID)+" plain"] = z.Plain.Group.String()
		}
	}
	return all
}

func TestGroupsSurviveEdits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")

	first := assigned(t, head+"zones: [{id: a}, {id: b, plain: pcmu}, {id: c, group: 239.255.12.2}]", path)
	assert.Equal(t, map[string]string{
		"a": "239.255.12.1:5004", "b": "239.255.12.3:5004", "b plain": "239.255.12.4:5004", "c": "239.255.12.2:5004", "all": "239.255.12.5:5004",
	}, first, "the lowest that nobody has")

	t.Log("a zone is added in front, the others are reordered and renamed")
	edited := assigned(t, head+"zones: [{id: new}, {id: c, group: 239.255.12.2}, {id: b, name: Bê, plain: opus}, {id: a}]", path)
	assert.Equal(t, "239.255.12.6:5004", edited["new"])
	for zone, group := range first {
		assert.Equal(t, group, edited[zone], zone)
	}

	t.Log("zone a goes, another comes, a comes back")
	without := assigned(t, head+"zones: [{id: other}]", path)
	assert.Equal(t, "239.255.12.2:5004", without["other"], "what only the file gave is free again")
	back := assigned(t, head+"zones: [{id: a}, {id: other}]", path)
	assert.Equal(t, first["a"], back["a"])
	assert.Equal(t, without["other"], back["other"])

	t.Log("the range and the port change: what is assigned stays")
	moved := assigned(t, "site: {id: p, time_zone: UTC, groups: 239.7.7.0/24, port: 6000}\nzones: [{id: a}, {id: z}]", path)
	assert.Equal(t, first["a"], moved["a"])
	assert.Equal(t, "239.7.7.1:6000", moved["z"])

	t.Log("a gets one by the file, and loses it again")
	assert.Equal(t, "239.9.9.9:5004", assigned(t, head+"zones: [{id: a, group: 239.9.9.9}]", path)["a"])
	assert.Equal(t, first["a"], assigned(t, head+"zones: [{id: a}]", path)["a"])
}

func TestGroupTakenByAnEdit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	first := assigned(t, head+"zones: [{id: a}, {id: b}]", path)
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	s := mustParse(t, head+"zones:\n  - {id: a}\n  - {id: b}\n  - {id: c, group: 239.255.12.1}\n")
	err = AssignGroups(s, path)
	assert.EqualError(t, err, "zones.yaml:5: zones[2].group: 239.255.12.1 was assigned to zone a before; choose another address: an assigned group never moves")
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	a, _ := s.Zone("a")
	assert.False(t, a.Group.IsValid(), "the site is as it was")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)

	t.Log("without zone a the address is free for the taking")
	taken := assigned(t, head+"zones: [{id: b}, {id: c, group: 239.255.12.1}]", path)
	assert.Equal(t, first["b"], taken["b"])
	assert.Equal(t, "239.255.12.1:5004", taken["c"])
}

func TestRangeTooSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	small := "site: {id: p, time_zone: UTC, groups: 239.1.1.0/30}\n"
	first := assigned(t, small+"zones: [{id: a}, {id: b}]", path) // a, b, all: full

	err := AssignGroups(mustParse(t, small+"zones: [{id: a}, {id: b}, {id: c}]"), path)
	assert.EqualError(t, err, "zones.yaml: site.groups: 239.1.1.0/30 is too small for the 4 groups that are needed; give a wider range, such as 239.255.12.0/24; groups that are assigned stay")

	t.Log("c comes for b: only then is b's address given away")
	next := assigned(t, small+"zones: [{id: a}, {id: c}]", path)
	assert.Equal(t, first["a"], next["a"])
	assert.Equal(t, first["b"], next["c"])
}

// The range may lie across addresses that no zone can have.
func TestRangeWithHoles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	got := assigned(t, "site: {id: p, time_zone: UTC, groups: 239.0.0.0/16}\nzones: [{id: a}]", path)
	assert.Equal(t, map[string]string{"a": "239.0.1.0:5004", "all": "239.0.1.1:5004"}, got, "239.0.0.x is flooded by switches")
}

// A kill at any moment leaves the old file or the new one, and perhaps a piece
// of the next beside it.
func TestGroupsSurviveKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	first := assigned(t, head+"zones: [{id: a}, {id: b}]", path)

	require.NoError(t, os.WriteFile(path+".new", []byte(`{"a": "239.2`), 0o600))
	second := assigned(t, head+"zones: [{id: x}, {id: b}, {id: a}]", path)
	assert.Equal(t, first["a"], second["a"])
	assert.Equal(t, first["b"], second["b"])
	assert.NoFileExists(t, path+".new", "the piece became the file")
}

// What cannot be written is not used; what need not be written works on a full
// or read-only disk.
func TestGroupsWithoutDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "groups.json")
	first := assigned(t, head+"zones: [{id: a}]", path)

	t.Log("nothing can be created beside the file any more")
	require.NoError(t, os.Mkdir(path+".new", 0o700))
	assert.Equal(t, first, assigned(t, head+"zones: [{id: a}]", path), "nothing new to write")

	s := mustParse(t, head+"zones: [{id: a}, {id: b}]")
	err := AssignGroups(s, path)
	assert.EqualError(t, err, "write assigned groups "+path+": is a directory; let the controller write its state directory")
	b, _ := s.Zone("b")
	assert.False(t, b.Group.IsValid(), "never on air on a group that may move")
}

// A file that makes no sense is never taken for an empty one.
func TestGroupsFileBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	for content, told := range map[string]string{
		``:                          "EOF",
		`{"a": "239.1.1`:            "unexpected EOF",
		`{"a": "239.1.1.1:5004"} x`: "something follows the object",
		`{"a": ""}`:                 `"a" has no group`,
		`{"a": "10.0.0.1:5004"}`:    `"a": 10.0.0.1 is not a multicast address`,
		`{"a": "239.1.1.1:1", "b": "239.1.1.1:1"}`: `"a" and "b" have the same group 239.1.1.1`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		err := AssignGroups(mustParse(t, head), path)
		assert.EqualError(t, err, "read assigned groups "+path+": "+told+"; restore the file from a backup; without it every zone gets a new group")
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(left), "it is left for whoever mends it")
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(" ", maxAssignments+1)), 0o600))
	var e *paspeaker.Error
	require.True(t, errors.As(AssignGroups(mustParse(t, head), path), &e))
	assert.EqualError(t, e.Err, "larger than 4 MiB")
}

// Over any history of edits no two groups meet, and none of a zone that stayed
// ever moves.
func TestGroupsNeverMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.json")
	rapid.Check(t, func(t *rapid.T) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		last := map[string]string{}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 20), 0, 15, rapid.ID[int]).Draw(t, "zones")
			yaml := head + "zones:\n"
			for _, id := range ids {
				plain := rapid.SampledFrom([]string{"", ", plain: pcmu"}).Draw(t, "plain")
				yaml += fmt.Sprintf("  - {id: z%d%s}\n", id, plain)
			}
			if len(ids) == 0 {
				yaml = head
			}
			s, err := Parse([]byte(yaml), "")
			if err != nil {
				t.Fatal(err)
			}
			if err := AssignGroups(s, path); err != nil {
				t.Fatal(err)
			}
			owner := map[string]string{}
			for zone, group := range groupsOf(s) {
				if other, ok := owner[group]; ok {
					t.Fatalf("%s and %s share %s", zone, other, group)
				}
				owner[group] = zone
				if was, ok := last[zone]; ok && was != group {
					t.Fatalf("%s moved from %s to %s", zone, was, group)
				}
				last[zone] = group
			}
		}
	})
}
