package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// What was put is handed out until it is taken, in its order, over a restart of
// everybody; one that is put twice is handed out once.
func TestAnAlertIsHandedOutUntilItIsTaken(t *testing.T) {
	s := newSite(t).up()
	a := s.controller().Alerts()
	for i := range 3 {
		v := Alert{ID: fmt.Sprint("alert-", i), Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))}
		require.NoError(t, a.Put(t.Context(), "one", v))
		require.NoError(t, a.Put(t.Context(), "one", v), "again")
		require.NoError(t, a.Put(t.Context(), "two", v))
	}
	s.hub.Shutdown()
	s.up()
	a = s.controller().Alerts()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	tries := 0
	take := func(v Alert) (time.Duration, error) {
		if v.ID == "alert-1" {
			if tries++; tries < 4 {
				return time.Millisecond, errors.New("nobody is in")
			}
		}
		got = append(got, v.ID+string(v.Body))
		if len(got) == 3 {
			cancel()
		}
		return 0, nil
	}
	for ctx.Err() == nil { // a server that has only just started may be slow to answer
		_ = a.Deliver(ctx, "one", take)
	}
	assert.Equal(t, []string{`alert-0{"n":0}`, `alert-1{"n":1}`, `alert-2{"n":2}`}, got)
	assert.Equal(t, 4, tries)
	n, err := a.Waiting(t.Context(), "one")
	require.NoError(t, err)
	assert.LessOrEqual(t, n, 1, "the last word of the last one may be on its way")
	_, err = a.Waiting(t.Context(), "two")
	assert.Error(t, err, "nobody has asked for them yet")
}

func TestAlertsWithoutNATS(t *testing.T) {
	s := newSite(t).up()
	b := s.controller()
	s.hub.Shutdown()
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(b.Alerts().Put(t.Context(), "one", Alert{ID: "x", Body: json.RawMessage("1")})))
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(b.Alerts().Deliver(t.Context(), "one", nil)))
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(b.KeepBook(t.Context(), json.RawMessage("{}"))))
	_, err := b.ReadBook(t.Context())
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}

func TestTheBookOfFaultsIsKept(t *testing.T) {
	s := newSite(t).up()
	b := s.controller()
	text, err := b.ReadBook(t.Context())
	require.NoError(t, err)
	assert.Empty(t, text)
	require.NoError(t, b.KeepBook(t.Context(), json.RawMessage(`{"open":[]}`)))
	require.NoError(t, b.KeepBook(t.Context(), json.RawMessage(`{"open":[1]}`)))
	text, err = b.ReadBook(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `{"open":[1]}`, string(text))
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(b.KeepBook(t.Context(), make([]byte, maxBook+1))))
}
