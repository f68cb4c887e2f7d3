package site

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// head is the least that every site has; what a test adds begins in line 2.
const head = "site: {id: park, time_zone: Asia/Ho_Chi_Minh}\n"

// mustParse reads a site that has no faults.
func mustParse(t testing.TB, yaml string) *Site {
	t.Helper()
	s, err := Parse([]byte(yaml), "")
	require.NoError(t, err)
	return s
}

// faultsOf returns the lines that a technician sees.
func faultsOf(t testing.TB, yaml, dir string) []string {
	t.Helper()
	s, err := Parse([]byte(yaml), dir)
	if err == nil {
		return nil
	}
	require.Nil(t, s)
	var faults Faults
	require.ErrorAs(t, err, &faults)
	return strings.Split(faults.Error(), "\n")
}

// faultCase is a mistake in a file, and what the technician is told.
type faultCase struct {
	mistake string
	yaml    string // after head
	told    string // one line each
}

func runFaultCases(t *testing.T, cases []faultCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.mistake, func(t *testing.T) {
			assert.Equal(t, strings.Split(c.told, "\n"), faultsOf(t, head+c.yaml, ""))
		})
	}
}

func TestFileThatIsNoSite(t *testing.T) {
	for _, c := range []struct{ mistake, yaml, told string }{
		{"empty", "", `zones.yaml: is empty; begin with the lines "site:", "zones:" and "speakers:"`},
		{"comments alone", "# later\n", `zones.yaml: is empty; begin with the lines "site:", "zones:" and "speakers:"`},
		{"nothing but a word", "hello", "zones.yaml:1: is a single value; it must be a mapping, with the keys site, limits, delays, classes, zones, speakers, emergencies, messages, calendars, guard, recordings, self_tests, alerts\n"},
		{"a list", "- a\n- b\n", "zones.yaml:1: is a list; it must be a mapping, with the keys site, limits, delays, classes, zones, speakers, emergencies, messages, calendars, guard, recordings, self_tests, alerts\n"},
		{"not closed", head + "zones: [\n", "zones.yaml:2: is not YAML: did not find expected node content; mend this line or the one before it; indent with spaces, never with tabs"},
		{"a tab", "site:\n\tid: park\n", "zones.yaml:2: is not YAML: found character that cannot start any token; mend this line or the one before it; indent with spaces, never with tabs"},
		{"two documents", head + "---\nzones: []\n", "zones.yaml:2: a second document begins here; delete the line --- : a site is one document"},
		{"another encoding", head + "zones: [{id: gates, name: C\xf4ng}]", "zones.yaml:2: is not UTF-8 text; save the file as UTF-8"},
		{"aliases", head + "zones: &z\n  - {id: gates}\nspeakers: *z\n", "zones.yaml:4: *z is an alias; they are not read here; write the value out"},
		{"too large", strings.Repeat("# park\n", MaxFile/7+1), "zones.yaml: is larger than 4 MiB; name recordings by their file instead of writing them in"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			assert.Equal(t, strings.Split(strings.TrimSuffix(c.told, "\n"), "\n"), faultsOf(t, c.yaml, ""))
		})
	}
}

// A few lines of aliases can stand for gigabytes; here they stand for nothing.
func TestAliasBomb(t *testing.T) {
	bomb := head + "zones: &a [x, x, x, x, x, x, x, x, x]\n"
	last := "a"
	for _, name := range strings.Split("bcdefghijklmnop", "") {
		bomb += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat("*"+last+", ", 9), ", ") + "]\n"
		last = name
	}
	faults := faultsOf(t, bomb, "")
	assert.Contains(t, strings.Join(faults, "\n"), "*a is an alias")
	assert.Less(t, len(faults), 500)
}

func TestKeysAndKinds(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"unknown key", "zones:\n  - id: gates\n    grup: 239.1.2.3\n",
			"zones.yaml:4: zones[0].grup: no such key; did you mean group?"},
		{"unknown section", "zoness: []\n", "zones.yaml:2: zoness: no such key; did you mean zones?"},
		{"gain for gain_db", "speakers:\n  - {id: gate-1, gain: -3}\n",
			"zones.yaml:3: speakers[0].gain: no such key; did you mean gain_db?"},
		{"nothing near", "speakers:\n  - {id: gate-1, colour: red}\n",
			"zones.yaml:3: speakers[0].colour: no such key; use one of id, name, kind, zones, home, gain_db, delay, wifi, switch, position"},
		{"key twice", "zones: []\nzones: []\n", "zones.yaml:3: zones: stands here twice, first in line 2; delete one of them"},
		{"key without value", "zones:\n  - id: gates\n    name:\n",
			"zones.yaml:4: zones[0].name: has no value; give it one, or delete the line"},
		{"list entry without value", "zones:\n  -\n", "zones.yaml:3: zones[0]: has no value; give it one, or delete the line"},
		{"a mapping for a list", "zones: {gates: {}}\n", "zones.yaml:2: zones: is a mapping; it must be a list"},
		{"a list for a word", "zones:\n  - {id: gates, name: [a, b]}\n",
			"zones.yaml:3: zones[0].name: is a list; it must be a single value"},
		{"a word for a mapping", "zones:\n  - gates\n",
			"zones.yaml:3: zones[0]: is a single value; it must be a mapping, with the keys id, name, group, profile, plain, nested, members, delay, wifi"},
		{"a list as key", "zones:\n  - {id: gates, [a]: b}\n", "zones.yaml:3: zones[0]: a key is a list or a mapping; a key is one word"},
		{"a name of control characters", "zones:\n  - {id: gates, name: \"a\\nb\"}\n",
			"zones.yaml:3: zones[0].name: has a line break or another control character; write it in one line"},
		{"an empty name", "zones:\n  - {id: gates, name: \" \"}\n",
			"zones.yaml:3: zones[0].name: is empty; give it a name, or delete the line"},
		{"a long name", "zones:\n  - {id: gates, name: " + strings.Repeat("ổ", 201) + "}\n",
			"zones.yaml:3: zones[0].name: is longer than 200 characters; shorten it"},
	})
}

func TestSiteSection(t *testing.T) {
	for _, c := range []struct{ mistake, yaml, told string }{
		{"missing", "zones: []\n", "zones.yaml:1: site: is missing; begin the file with \"site:\", and under it id, name and time_zone"},
		{"without id and time zone", "site:\n  name: Park\n",
			"zones.yaml:1: site.id: is missing; give it an id, such as gate-1\n" +
				"zones.yaml:1: site.time_zone: is missing; use a name such as Asia/Ho_Chi_Minh"},
		{"time zone misspelt", "site: {id: park, time_zone: Asia/Ho_Chi_Min}",
			"zones.yaml:1: site.time_zone: Asia/Ho_Chi_Min is not a time zone; did you mean Asia/Ho_Chi_Minh?"},
		{"time zone of wherever this runs", "site: {id: park, time_zone: Local}",
			"zones.yaml:1: site.time_zone: \"Local\" is not a time zone; use a name such as Asia/Ho_Chi_Minh"},
		{"time zone that climbs", "site: {id: park, time_zone: ../../etc/passwd}",
			"zones.yaml:1: site.time_zone: \"../../etc/passwd\" is not a time zone; use a name such as Asia/Ho_Chi_Minh"},
		{"interface", "site: {id: park, time_zone: UTC, interface: \"eth0:1\"}",
			"zones.yaml:1: site.interface: \"eth0:1\" is not the name of a network interface; use a name that \"ip link\" shows, such as eth0; leave it out to let the routing table choose"},
		{"numbers", "site: {id: park, time_zone: UTC, ttl: 256, dscp: AF44, port: 5005}",
			"zones.yaml:1: site.ttl: 256 is not a whole number in range; use 1 to 255\n" +
				"zones.yaml:1: site.dscp: AF44 is not a DSCP; use EF, AF41, CS5 or a number from 0 to 63\n" +
				"zones.yaml:1: site.port: 5005 is odd; use 5004: RTP has even ports, the odd ones are RTCP's"},
		{"range: no range", "site: {id: park, time_zone: UTC, groups: 239.255.12.1}",
			"zones.yaml:1: site.groups: 239.255.12.1 is not a range of addresses; write it like 239.255.12.0/24"},
		{"range: not multicast", "site: {id: park, time_zone: UTC, groups: 10.0.0.0/24}",
			"zones.yaml:1: site.groups: 10.0.0.0/24 is not a range of IPv4 multicast addresses; use 239.x.y.0/24"},
		{"range: host bits", "site: {id: park, time_zone: UTC, groups: 239.255.12.7/24}",
			"zones.yaml:1: site.groups: 239.255.12.7/24 is not the beginning of a range; did you mean 239.255.12.0/24?"},
		{"range: too small", "site: {id: park, time_zone: UTC, groups: 239.255.12.0/31}",
			"zones.yaml:1: site.groups: 239.255.12.0/31 is too wide or too narrow; use /8 to /30; /24 has room for 255 groups"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			assert.Equal(t, strings.Split(c.told, "\n"), faultsOf(t, c.yaml, ""))
		})
	}
}

func TestSiteSectionAccepted(t *testing.T) {
	s := mustParse(t, "site: {id: park, name: Khu, time_zone: Europe/Berlin, interface: lo, ttl: 1, dscp: AF41, groups: 239.1.0.0/16, port: 6000}")
	assert.Equal(t, "lo", s.Interface)
	assert.Equal(t, 34, s.DSCP)
	assert.Equal(t, 1, s.TTL)
	assert.Equal(t, "Europe/Berlin", s.Location.String())
	assert.Equal(t, "239.1.0.0/16", s.GroupRange.Prefix.String())
	assert.EqualValues(t, 6000, s.GroupRange.Port)
	for word, want := range map[string]int{"EF": 46, "CS0": 0, "CS7": 56, "AF11": 10, "AF43": 38, "0": 0, "63": 63} {
		assert.Equal(t, want, mustParse(t, "site: {id: a, time_zone: UTC, dscp: "+word+"}").DSCP, word)
	}
}

func TestLimits(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"limits", "limits: {max_upload: 64 apples, max_length: 48h, sessions: 0}\n",
			"zones.yaml:2: limits.max_upload: 64 apples is not an amount of bytes; write it like 64MiB\n" +
				"zones.yaml:2: limits.max_length: 48h is out of range; use 1m to 24h\n" +
				"zones.yaml:2: limits.sessions: 0 is not a whole number in range; use 1 to 1000"},
		{"upload too large for a number", "limits: {max_upload: 9223372036854775807GiB}\n",
			"zones.yaml:2: limits.max_upload: 9223372036854775807GiB is out of range; use 1kB to 4096MiB"},
	})
	s := mustParse(t, head+"limits: {max_upload: 1500 kB, max_length: 20m, sessions: 4}\n")
	assert.Equal(t, Limits{MaxUpload: 1500_000, MaxLength: 20 * 60e9, Sessions: 4}, s.Limits)
	assert.EqualValues(t, 20*60e9, s.Classes[paspeaker.ClassBackground].MaxLength, "a default is never above the limit")
	assert.EqualValues(t, 20*60e9, s.Emergencies[0].MaxLength)
}

// All faults at once, in the order of the file, each with its line.
func TestAllFaultsAtOnce(t *testing.T) {
	assert.Equal(t, []string{
		"zones.yaml:5: zones[0].group: 10.0.0.1 is not a multicast address; use 239.x.y.z",
		"zones.yaml:7: zones[1].nested[0]: no zone gtaes; did you mean gates?",
		"zones.yaml:9: speakers[0].kind: moblie is not known; did you mean mobile?",
		"zones.yaml:10: speakers[0].gain_db: 30 is out of range; use a number from -60 to 20 dB",
		"zones.yaml:11: speakers[0].delay: 3s is not an acoustic delay; write it like 175ms (0 to 2s) or 60m (0 to 686m)",
		"zones.yaml:12: emergencies[0].message: an emergency without a message; add the line \"message: [builtin:evacuate-vi]\", or name a recording",
	}, faultsOf(t, head+`zones:
  - id: gates
    name: Các cổng
    group: 10.0.0.1
  - id: all-gates
    nested: [gtaes]
speakers:
  - {id: gate-1, kind: moblie,
     gain_db: 30,
     delay: 3s}
emergencies: [{id: riot}]
`, ""))
}

// A file of nonsense is answered at bounded length.
func TestFaultsAreBounded(t *testing.T) {
	faults := faultsOf(t, head+"zones:\n"+strings.Repeat("  - {id: UPPER}\n", 900), "")
	assert.Len(t, faults, maxFaults+1)
	assert.Equal(t, "zones.yaml: 400 more faults; mend these first", faults[maxFaults])

	faults = faultsOf(t, head+"speakers: ["+strings.Repeat("a,", maxSpeakers+1)+"]", "")
	assert.Contains(t, faults[0], "speakers: has 5001 entries; one site has at most 5000")
}

// Thousands of misspelt mentions cost no more than the few that are told.
func TestMisspeltMentionsAreBounded(t *testing.T) {
	yaml := head + "zones:\n"
	for z := range 90 {
		yaml += fmt.Sprintf("  - {id: z%d, members: [%s]}\n", z, strings.Repeat("spaeker-at-the-gate,", 100))
	}
	yaml += "speakers:\n"
	for i := range 500 {
		yaml += fmt.Sprintf("  - {id: speaker-at-gate-%d}\n", i)
	}
	faults := faultsOf(t, yaml, "")
	assert.Len(t, faults, maxFaults+1)
	assert.Equal(t, "zones.yaml: 8500 more faults; mend these first", faults[maxFaults])
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "park.yaml")

	_, err := Load(path)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	assert.EqualError(t, err, "read site file "+path+": no such file or directory; name the file with --config, or copy the example zones.yaml there")

	_, err = Load(dir)
	assert.EqualError(t, err, "read site file "+dir+": is a directory")

	require.NoError(t, os.WriteFile(path, []byte(head+"zones: 3\n"), 0o600))
	_, err = Load(path)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	assert.EqualError(t, err, path+":2: zones: is a single value; it must be a list")

	require.NoError(t, os.WriteFile(path, []byte(head), 0o600))
	s, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, "park", s.Name, "without a name the id is the name")
}

// Names are NFC whatever the editor wrote, so that equal words are equal bytes.
func TestNamesAreNFC(t *testing.T) {
	s := mustParse(t, head+"zones: [{id: gates, name: \"Ca\u0301c co\u0302\u0309ng\"}]\n")
	assert.Equal(t, "Các cổng", s.Zones[0].Name)
}
