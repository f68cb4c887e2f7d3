package api_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

func TestTheJournalIsFollowed(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []uint64
	err := p.client.FollowLog(ctx, paspeaker.JournalQuery{After: 41, By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates"}}, func(e paspeaker.Entry) {
		assert.Equal(t, "Khẩu hiệu", e.Name)
		if got = append(got, e.Seq); len(got) == 3 {
			cancel()
		}
	})
	require.NoError(t, err, "who has had enough is no error")
	assert.Equal(t, []uint64{42, 43, 44}, got)
	assert.Equal(t, paspeaker.JournalQuery{After: 41, By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates"}}, p.query)
}

// A browser's EventSource comes back with the id of the last event.
func TestAFollowerThatWasInterruptedGoesOn(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/v1/log/follow?limit=5", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Last-Event-ID", "7")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	var ids []string
	for lines := bufio.NewScanner(res.Body); len(ids) < 3 && lines.Scan(); {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
	}
	assert.Equal(t, []string{"8", "9", "10"}, ids)
}

func TestAQuestionToTheJournalThatIsNone(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	for _, path := range []string{"/v1/log?session=xyz", "/v1/log/follow?session=xyz", "/v1/log?since=yesterday", "/v1/log?limit=10001"} {
		status, _ := p.request(t, http.MethodGet, path, "", http.Header{})
		assert.Equal(t, http.StatusUnprocessableEntity, status, path)
	}
}

func TestTheDaysReport(t *testing.T) {
	f := newFake()
	p := open(t, f, api.Limits{})
	r, err := p.client.Report(t.Context(), "2026-11-24")
	require.NoError(t, err)
	assert.Equal(t, "2026-11-24", r.Day)
	assert.Equal(t, 3, r.Total.Played)
	f.fail = &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "not a date"}
	_, err = p.client.Report(t.Context(), "tomorrow")
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}
