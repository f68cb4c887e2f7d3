package bus

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestACommandIsAnsweredByItsNodeAlone(t *testing.T) {
	s := newSite(t, "gate-1", "gate-2").up()
	boss, gate1, gate2 := s.controller(), s.node("gate-1"), s.node("gate-2")
	for id, b := range map[string]*Bus{"gate-1": gate1, "gate-2": gate2} {
		require.NoError(t, b.OnCommand(func(c paspeaker.SignedCommand) paspeaker.NodeAnswer {
			if string(c.Body) == "no" {
				return paspeaker.NodeAnswer{Error: paspeaker.Errorf(paspeaker.CodeBusy, "%s is on air", id)}
			}
			return paspeaker.NodeAnswer{Result: []byte(`"` + id + " " + string(c.Body) + `"`)}
		}))
		require.NoError(t, b.nc.Flush())
	}
	a, err := boss.Command(t.Context(), "gate-2", paspeaker.SignedCommand{Body: []byte("hello"), Sig: []byte{1}})
	require.NoError(t, err)
	assert.JSONEq(t, `"gate-2 hello"`, string(a.Result))
	a, err = boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{Body: []byte("no")})
	require.NoError(t, err)
	require.NotNil(t, a.Error)
	assert.Equal(t, paspeaker.CodeBusy, a.Error.Code)
	assert.Zero(t, boss.Refused()+gate1.Refused()+gate2.Refused())
}

func TestWhoIsNotThereAnswersNothing(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss := s.controller()
	_, err := boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "is not there")

	gate1 := s.node("gate-1")
	ended := make(chan struct{})
	require.NoError(t, gate1.OnCommand(func(paspeaker.SignedCommand) paspeaker.NodeAnswer { <-ended; return paspeaker.NodeAnswer{} }))
	require.NoError(t, gate1.nc.Flush())
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = boss.Command(short, "gate-1", paspeaker.SignedCommand{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "in time")
	close(ended)

	_, err = boss.Command(t.Context(), "gate-1.config", paspeaker.SignedCommand{})
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	_, err = boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{Body: make([]byte, paspeaker.MaxCommand)})
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err))
	s.hub.Shutdown()
	require.Eventually(t, func() bool { return !boss.Connected() }, 20*time.Second, time.Millisecond)
	_, err = boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}

func TestANodeTakesSoManyCommandsAtOnce(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, gate1 := s.controller(), s.node("gate-1")
	began, ended := make(chan struct{}, maxCommands), make(chan struct{})
	require.NoError(t, gate1.OnCommand(func(paspeaker.SignedCommand) paspeaker.NodeAnswer {
		began <- struct{}{}
		<-ended
		return paspeaker.NodeAnswer{Result: []byte("1")}
	}))
	require.NoError(t, gate1.nc.Flush())
	answers := make(chan paspeaker.NodeAnswer, maxCommands)
	for range maxCommands {
		go func() {
			a, _ := boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
			answers <- a
		}()
	}
	for range maxCommands {
		<-began
	}
	a, err := boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
	require.NoError(t, err)
	require.NotNil(t, a.Error)
	assert.Equal(t, paspeaker.CodeBusy, a.Error.Code)

	// Close waits for those under way, and their answers are sent.
	closed := make(chan struct{})
	go func() { gate1.Close(); close(closed) }()
	require.Eventually(t, func() bool { gate1.gate.RLock(); defer gate1.gate.RUnlock(); return gate1.deaf }, 20*time.Second, time.Millisecond)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = boss.Command(short, "gate-1", paspeaker.SignedCommand{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "it takes no further one")
	close(ended)
	for range maxCommands {
		assert.JSONEq(t, "1", string((<-answers).Result))
	}
	<-closed
}

func TestAnAnswerThatIsTooLargeIsTold(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, gate1 := s.controller(), s.node("gate-1")
	var length atomic.Int64
	require.NoError(t, gate1.OnCommand(func(paspeaker.SignedCommand) paspeaker.NodeAnswer {
		return paspeaker.NodeAnswer{Result: []byte(`"` + strings.Repeat("x", int(length.Load())) + `"`)}
	}))
	require.NoError(t, gate1.nc.Flush())
	length.Store(paspeaker.MaxAnswer - 100)
	a, err := boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
	require.NoError(t, err)
	assert.Nil(t, a.Error)
	length.Store(paspeaker.MaxAnswer)
	a, err = boss.Command(t.Context(), "gate-1", paspeaker.SignedCommand{})
	require.NoError(t, err)
	require.NotNil(t, a.Error)
	assert.Equal(t, paspeaker.CodeTooLarge, a.Error.Code)
}
