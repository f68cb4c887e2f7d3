package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/site"
)

func TestFindingsAreReadLikeAList(t *testing.T) {
	e := paspeaker.Examination{Machine: "gate-1", Findings: []paspeaker.Finding{
		{ID: "interface", Severity: paspeaker.SeverityOK, What: "eth0 is up", Evidence: "10.1.0.11/16"},
		{ID: "mtu", Severity: paspeaker.SeverityFault, What: "packets do not fit", Evidence: "mtu of eth0 is 576", Next: "ip link set dev eth0 mtu 1500"},
		{ID: "querier", Severity: paspeaker.SeverityUnknown, What: "not known", Next: "look"},
	}}
	var out bytes.Buffer
	printExamination(&out, e, false)
	assert.Equal(t, `gate-1: 1 fault, 1 not known
  ok    interface   eth0 is up
  FAULT mtu         packets do not fit
                    mtu of eth0 is 576
                  → ip link set dev eth0 mtu 1500
  ?     querier     not known
                  → look
`, out.String())
	out.Reset()
	printExamination(&out, e, true)
	assert.Contains(t, out.String(), "10.1.0.11/16")
	assert.Equal(t, "nothing is wrong", summary(paspeaker.Examination{}))
	assert.Equal(t, "2 warnings", summary(paspeaker.Examination{Findings: []paspeaker.Finding{{Severity: paspeaker.SeverityWarning}, {Severity: paspeaker.SeverityWarning}}}))

	g := &globals{out: &out}
	assert.ErrorIs(t, g.diagnosed([]paspeaker.Examination{e}), errSaid)
	assert.Equal(t, exitFailed, exitCode(g.diagnosed([]paspeaker.Examination{e})))
	assert.NoError(t, g.diagnosed([]paspeaker.Examination{{Findings: e.Findings[:1]}}))
}

func TestTheDoctorNeedsAPlaceToLookFrom(t *testing.T) {
	for _, args := range [][]string{{"doctor", "--here", "gate-1"}, {"doctor", "--all", "gate-1"}, {"doctor", "--here", "--config", "nowhere.yaml"}} {
		g := &globals{out: &bytes.Buffer{}, errOut: &bytes.Buffer{}}
		cmd := newRoot(g)
		cmd.SetArgs(args)
		assert.Equal(t, exitUsage, exitCode(cmd.Execute()), "%q", args)
	}
}

func TestGroupsAreAsTheControllerKeepsThem(t *testing.T) {
	parse := func() *site.Site {
		s, err := site.Parse([]byte("site: {id: park, name: Park, time_zone: UTC}\nzones:\n  - {id: gates, name: G, plain: {codec: pcmu}}\nspeakers:\n  - {id: gate-1, name: G1, kind: fixed, zones: [gates]}\n"), "")
		require.NoError(t, err)
		return s
	}
	s := parse()
	guessed, err := assignHere(s, "")
	require.NoError(t, err)
	assert.Equal(t, 3, guessed, "gates, its plain group, and all")
	assert.True(t, s.Zones[0].Group.IsValid())

	file := filepath.Join(t.TempDir(), "groups.json")
	kept := parse()
	require.NoError(t, site.AssignGroups(kept, file))
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	s = parse()
	guessed, err = assignHere(s, file)
	require.NoError(t, err)
	assert.Zero(t, guessed)
	assert.Equal(t, kept.Zones[0].Group, s.Zones[0].Group)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the controller's file is never written")
	_, err = assignHere(parse(), filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestStillSoundingIsAnExitStatusOfItsOwn(t *testing.T) {
	assert.Equal(t, exitNotSilent, exitCode(errors.Join(errNotSilent, errSaid)))
}
