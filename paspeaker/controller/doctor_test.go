package controller

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestTheDoctorAsksWhoIsThereAndSaysWhoIsNot(t *testing.T) {
	r := newRig(t, "")
	node := r.nodeBus("gate-1")
	got := make(chan paspeaker.Patient, 10)
	require.NoError(t, node.OnCommand(func(s paspeaker.SignedCommand) paspeaker.NodeAnswer {
		c, err := paspeaker.OpenCommand(r.identity.Root.Public().(ed25519.PublicKey), s)
		var p paspeaker.Patient
		if err == nil && c.Verb == paspeaker.VerbDiagnose {
			err = json.Unmarshal(c.Args, &p)
		}
		if err != nil || c.Verb != paspeaker.VerbDiagnose {
			return paspeaker.NodeAnswer{Error: &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "what?"}}
		}
		got <- p
		raw, _ := json.Marshal(paspeaker.Examination{Machine: "nonsense", Findings: []paspeaker.Finding{{ID: "mtu", Severity: paspeaker.SeverityOK, What: "it fits"}}})
		return paspeaker.NodeAnswer{Result: raw}
	}))
	var list []paspeaker.Examination
	r.again("the node listens", func() (err error) {
		list, err = r.Doctor(t.Context(), paspeaker.DoctorOrder{Speakers: []paspeaker.SpeakerID{"gate-1", "gate-2", "horn"}, Listen: paspeaker.Duration(50 * time.Millisecond)})
		if err == nil && list[1].Findings[0].ID != "mtu" {
			return paspeaker.Errorf(paspeaker.CodeUnavailable, "%+v", list)
		}
		return err
	})
	require.Len(t, list, 4)
	assert.Equal(t, "controller", list[0].Machine)
	assert.NotEmpty(t, list[0].Findings)
	assert.Equal(t, "gate-1", list[1].Machine, "a node says nothing in another's name")
	assert.Equal(t, paspeaker.SeverityFault, list[2].Worst(), "gate-2 is not there")
	assert.Contains(t, list[2].Findings[0].What, "offline")
	assert.Equal(t, paspeaker.SeverityNote, list[3].Worst())

	p := <-got
	assert.Equal(t, []string{"127.0.0.1"}, p.Senders)
	assert.Len(t, p.Groups, 2, "gates and all")
	assert.Equal(t, "lo", p.Interface)

	list, err := r.Doctor(t.Context(), paspeaker.DoctorOrder{All: true, NotHere: true, Listen: paspeaker.Duration(time.Millisecond)})
	require.NoError(t, err)
	assert.Len(t, list, 5)
	_, err = r.Doctor(t.Context(), paspeaker.DoctorOrder{Speakers: []paspeaker.SpeakerID{"gaet-1"}})
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	_, err = r.Doctor(t.Context(), paspeaker.DoctorOrder{Listen: paspeaker.Duration(time.Hour)})
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}
