package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// planner is a plan behind an API, as far as the CLI sees it.
type planner struct {
	t         *testing.T
	campaigns map[string]paspeaker.Campaign
	revision  uint64
	query     paspeaker.PlanQuery
	plan      paspeaker.Plan
	today     paspeaker.Today
	fault     string // of every draft and every campaign that is put
	writes    []string
}

var saigon = time.FixedZone("", 7*3600)

func newPlanner(t *testing.T) *planner {
	p := &planner{t: t, campaigns: map[string]paspeaker.Campaign{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, paspeaker.Status{Site: "KCX Tân Phong", Zone: "Asia/Ho_Chi_Minh", Now: time.Date(2026, 11, 24, 8, 0, 0, 0, saigon)})
	})
	mux.HandleFunc("GET /v1/campaigns", func(w http.ResponseWriter, _ *http.Request) {
		list := []paspeaker.CampaignInfo{}
		for _, c := range p.campaigns {
			list = append(list, p.info(c))
		}
		slices.SortFunc(list, func(a, b paspeaker.CampaignInfo) int { return strings.Compare(a.ID, b.ID) })
		p.answer(w, list)
	})
	mux.HandleFunc("GET /v1/campaigns/{id}", func(w http.ResponseWriter, r *http.Request) {
		c, ok := p.campaigns[r.PathValue("id")]
		if !ok {
			p.refuse(w, http.StatusNotFound, paspeaker.CodeNotFound, "there is none")
			return
		}
		p.answer(w, p.info(c))
	})
	mux.HandleFunc("PUT /v1/campaigns/{id}", p.put)
	mux.HandleFunc("DELETE /v1/campaigns/{id}", func(w http.ResponseWriter, r *http.Request) {
		delete(p.campaigns, r.PathValue("id"))
		p.writes = append(p.writes, "- "+r.PathValue("id"))
		p.answer(w, body.Removed{Removed: r.PathValue("id")})
	})
	mux.HandleFunc("POST /v1/plan", func(w http.ResponseWriter, r *http.Request) {
		p.query = paspeaker.PlanQuery{}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&p.query))
		if p.fault != "" {
			p.refuse(w, http.StatusUnprocessableEntity, paspeaker.CodeInvalid, p.fault)
			return
		}
		p.answer(w, p.plan)
	})
	mux.HandleFunc("GET /v1/today", func(w http.ResponseWriter, _ *http.Request) { p.answer(w, p.today) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("PASPEAKER_URL", srv.URL)
	t.Setenv("PASPEAKER_TOKEN_FILE", token)
	t.Setenv("LC_ALL", "C.UTF-8")
	return p
}

func (p *planner) put(w http.ResponseWriter, r *http.Request) {
	var c paspeaker.Campaign
	assert.NoError(p.t, json.NewDecoder(r.Body).Decode(&c))
	old := p.campaigns[c.ID]
	switch {
	case p.fault != "" && r.URL.Query().Get("force") == "":
		p.refuse(w, http.StatusUnprocessableEntity, paspeaker.CodeInvalid, p.fault)
		return
	case c.ID != r.PathValue("id") || c.Revision != old.Revision:
		p.refuse(w, http.StatusConflict, paspeaker.CodeConflict, "somebody has changed it meanwhile")
		return
	}
	p.revision++
	c.Revision, c.By = p.revision, "Chị Lan"
	p.campaigns[c.ID] = c
	p.writes = append(p.writes, "+ "+c.ID)
	p.answer(w, p.info(c))
}

func (p *planner) info(c paspeaker.Campaign) paspeaker.CampaignInfo {
	info := paspeaker.CampaignInfo{Campaign: c, State: "active", Next: &paspeaker.Occurrence{At: time.Date(2026, 11, 25, 6, 30, 0, 0, saigon)}}
	if c.Paused {
		info.State, info.Next = "paused", nil
	}
	return info
}

func (p *planner) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	assert.NoError(p.t, json.NewEncoder(w).Encode(v))
}

func (p *planner) refuse(w http.ResponseWriter, status int, code paspeaker.Code, what string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	assert.NoError(p.t, json.NewEncoder(w).Encode(body.Problem{Status: status, Code: code, What: what}))
}

func TestCampaignAdd(t *testing.T) {
	p := newPlanner(t)
	out, code := run(t, "campaign", "add", "slogans", "-m", "Khẩu hiệu 1=3", "-m", "slogan-2", "--order", "weighted", "-z", "gates,roads",
		"--every", "30m", "--from", "06:00", "--to", "18:00", "--keep", "working-days", "--chime", "gong", "-p", "routine", "--gain", "-3")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "2026-11-25 06:30")
	level := paspeaker.PriorityRoutine
	assert.Equal(t, paspeaker.Campaign{ID: "slogans", Order: paspeaker.RotateWeighted, Zones: []paspeaker.ZoneID{"gates", "roads"},
		Messages: []paspeaker.CampaignMessage{{Name: "Khẩu hiệu 1", Weight: 3}, {Name: "slogan-2"}},
		Rules:    []paspeaker.Rule{{Every: paspeaker.Duration(30 * time.Minute), From: "06:00", To: "18:00"}},
		Keep:     []string{"working-days"}, Chime: "gong", Priority: &level, GainDB: -3, Revision: 1, By: "Chị Lan"}, p.campaigns["slogans"])

	out, code = run(t, "campaign", "add", "slogans", "-m", "slogan-1", "-z", "gates", "--at", "06:30")
	assert.Equal(t, exitBusy, code, out)
	out, code = run(t, "campaign", "add", "doi-ca", "-m", "slogan-1", "-z", "all", "--at", "06:30")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "this sounds in all")
	out, code = run(t, "campaign", "add", "doi-ca", "-m", "slogan-1", "-z", "all", "--at", "06:30", "--yes", "--json")
	require.Equal(t, exitOK, code, out)
	var info paspeaker.CampaignInfo
	require.NoError(t, json.Unmarshal([]byte(out), &info))
	assert.Equal(t, "doi-ca", info.ID)
}

func TestCampaignAddIsToldWhatIsMissing(t *testing.T) {
	newPlanner(t)
	for want, args := range map[string][]string{
		"id":       {"Khẩu hiệu", "-m", "x", "-z", "gates", "--at", "06:30"},
		"say what": {"a", "-z", "gates", "--at", "06:30"},
		"where":    {"a", "-m", "x", "--at", "06:30"},
		"when":     {"a", "-m", "x", "-z", "gates"},
		"priority": {"a", "-m", "x", "-z", "gates", "--at", "06:30", "-p", "300"},
		"--gain":   {"a", "-m", "x", "-z", "gates", "--at", "06:30", "--gain", "loud"},
	} {
		out, code := run(t, append([]string{"campaign", "add"}, args...)...)
		assert.Equal(t, exitUsage, code, want)
		assert.Contains(t, out, want)
	}
}

func TestTheGuardsRefusalIsShownAndCanBeOverruled(t *testing.T) {
	p := newPlanner(t)
	p.fault = "rules[0].at: guard: hours (community broadcast), zone gates: 03:15, allowed 06:00-18:00; next at 2026-11-25 06:00:00"
	args := []string{"campaign", "add", "dem", "-m", "slogan-1", "-z", "gates", "--at", "03:15"}
	out, code := run(t, args...)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "03:15, allowed 06:00-18:00; next at 2026-11-25 06:00:00")
	_, code = run(t, append(args, "--force")...)
	assert.Equal(t, exitOK, code)
}

func stored(p *planner, id string) paspeaker.Campaign {
	p.revision++
	c := paspeaker.Campaign{ID: id, Name: "Giờ vào ca", Zones: []paspeaker.ZoneID{"gates"}, Revision: p.revision,
		Messages: []paspeaker.CampaignMessage{{Name: "slogan-1"}}, Rules: []paspeaker.Rule{{At: []string{"06:30"}, Weekdays: []string{"mon-fri"}}}}
	p.campaigns[id] = c
	return c
}

func TestCampaignListAndShow(t *testing.T) {
	p := newPlanner(t)
	out, code := run(t, "campaign", "list")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "nothing to show")
	stored(p, "vao-ca")
	out, _ = run(t, "campaign", "list")
	for _, want := range []string{"vao-ca", "Giờ vào ca", "06:30 mon-fri", "gates", "slogan-1", "2026-11-25 06:30", "active"} {
		assert.Contains(t, out, want)
	}
	p.plan.Occurrences = []paspeaker.Occurrence{{Campaign: "vao-ca", At: time.Date(2026, 11, 25, 6, 30, 0, 0, saigon), State: paspeaker.OccurrencePlanned}}
	out, code = run(t, "campaign", "show", "vao-ca")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "at: ['06:30']")
	assert.Contains(t, out, "Wed 2026-11-25")
	assert.NotContains(t, out, "revision")
	_, code = run(t, "campaign", "show", "khac")
	assert.Equal(t, exitNotFound, code)
	out, _ = run(t, "__complete", "campaign", "show", "")
	assert.Contains(t, out, "vao-ca\tGiờ vào ca")
}

func TestCampaignEditPauseResumeRm(t *testing.T) {
	p := newPlanner(t)
	stored(p, "vao-ca")
	editor(t, `s/name: .*/name: Giờ tan ca/`)
	out, code := run(t, "campaign", "edit", "vao-ca")
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, "Giờ tan ca", p.campaigns["vao-ca"].Name)
	require.Len(t, p.query.Drafts, 1, "the controller is asked before it is saved")
	editor(t, "")
	out, code = run(t, "campaign", "edit", "vao-ca")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "nothing was changed")
	editor(t, `s/id: .*/id: khac/`)
	_, code = run(t, "campaign", "edit", "vao-ca")
	assert.NotEqual(t, exitOK, code, "its id stays")

	_, code = run(t, "campaign", "pause", "vao-ca")
	require.Equal(t, exitOK, code)
	assert.True(t, p.campaigns["vao-ca"].Paused)
	_, code = run(t, "campaign", "resume", "vao-ca")
	require.Equal(t, exitOK, code)
	assert.False(t, p.campaigns["vao-ca"].Paused)

	_, code = run(t, "campaign", "rm", "vao-ca")
	assert.Equal(t, exitUsage, code, "it asks")
	_, code = run(t, "campaign", "rm", "vao-ca", "khac", "--yes")
	assert.Equal(t, exitNotFound, code, "all or nothing")
	assert.Contains(t, p.campaigns, "vao-ca")
	out, code = run(t, "campaign", "rm", "vao-ca", "--yes")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "removed vao-ca")
	assert.Empty(t, p.campaigns)
}

const twoCampaigns = `campaigns:
  - id: slogans
    name: Khẩu hiệu
    messages: [{name: slogan-1}, {name: slogan-2, weight: 2}]
    zones: [gates, roads]
    priority: routine
    begin: 2026-12-01
    rules:
      - {every: 30m, from: 06:00, to: 18:00}
      - {at: [20:00], weekdays: [sat]}
  - id: gio-nghi
    messages: [{name: Giờ nghỉ}]
    zones: [offices]
    rules: [{at: ["11:30"]}]
`

func planFile(t *testing.T, text string) string { return file(t, "campaigns.yaml", []byte(text)) }

func TestApplyIsIdempotent(t *testing.T) {
	p := newPlanner(t)
	stored(p, "old")
	name := planFile(t, twoCampaigns)
	out, code := run(t, "apply", name, "--dry-run")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "+ slogans\n+ gio-nghi")
	assert.Empty(t, p.writes, "nothing was changed")
	assert.Len(t, p.query.Drafts, 2)
	out, code = run(t, "apply", name)
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, []string{"+ slogans", "+ gio-nghi"}, p.writes)
	assert.Equal(t, "2026-12-01", p.campaigns["slogans"].Begin, "a day stays a day")
	assert.Equal(t, []string{"20:00"}, p.campaigns["slogans"].Rules[1].At, "and a time a time")
	assert.Equal(t, paspeaker.PriorityRoutine, *p.campaigns["slogans"].Priority)

	p.writes = nil
	out, code = run(t, "apply", name)
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "= slogans\n= gio-nghi")
	assert.Empty(t, p.writes, "again does nothing")
	out, code = run(t, "apply", planFile(t, strings.Replace(twoCampaigns, "zones: [offices]", "zones: [gates]", 1)), "--prune", "--yes")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "~ gio-nghi: zones")
	assert.Contains(t, out, "- old")
	assert.Equal(t, []string{"+ gio-nghi", "- old"}, p.writes)
}

func TestWhatIsExportedAppliesToNothing(t *testing.T) {
	p := newPlanner(t)
	name := planFile(t, twoCampaigns)
	_, code := run(t, "apply", name)
	require.Equal(t, exitOK, code)
	dir := t.TempDir()
	for _, form := range []string{"all.yaml", "all.json", "all.ics"} {
		to := filepath.Join(dir, form)
		out, code := run(t, "campaign", "export", "-o", to)
		require.Equal(t, exitOK, code, out)
		p.writes = nil
		out, code = run(t, "campaign", "import", to)
		require.Equal(t, exitOK, code, out)
		assert.Contains(t, out, "= slogans", form)
		assert.Empty(t, p.writes, form)
	}
}

func TestAnEmptyFileIsAnEmptyPlan(t *testing.T) {
	p := newPlanner(t)
	stored(p, "old")
	name := planFile(t, "campaigns: []\n")
	out, code := run(t, "apply", name)
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, p.campaigns, "old")
	out, code = run(t, "apply", name, "--prune")
	assert.Equal(t, exitUsage, code, out)
	out, code = run(t, "apply", name, "--prune", "--yes")
	require.Equal(t, exitOK, code, out)
	assert.Empty(t, p.campaigns)
}

func TestEveryFaultOfAFileHasItsLine(t *testing.T) {
	newPlanner(t)
	for want, text := range map[string]string{
		":2: id":                           "campaigns:\n  - id: Khẩu hiệu\n",
		":3: zonez: there is no such word": "campaigns:\n  - id: a\n    zonez: [gates]\n",
		":5: evry: there is no such word":  "campaigns:\n  - id: a\n    rules:\n      - at: [06:30]\n        evry: 30m\n",
		":3: messages: want a list":        "campaigns:\n  - id: a\n    messages: slogan-1\n",
		":3: priority \"loud\"":            "campaigns:\n  - id: a\n    priority: loud\n",
		":3: revision: the controller":     "campaigns:\n  - id: a\n    revision: 3\n",
		":3: id: said twice":               "campaigns:\n  - id: a\n    id: b\n",
		"there are two of that id":         "campaigns:\n  - id: a\n  - id: a\n",
		"no campaigns":                     "schedule: []\n",
		"line 2":                           "campaigns:\n\t- id: a\n",
		":2: id \"\"":                      "campaigns:\n  - name: a\n",
	} {
		out, code := run(t, "apply", planFile(t, text))
		assert.Equal(t, exitUsage, code, text)
		assert.Contains(t, out, want, text)
	}
}

func TestFaultsThatTheControllerFindsHaveTheirLinesToo(t *testing.T) {
	p := newPlanner(t)
	p.fault = "campaign slogans: rules[1].at[0]: no such time\ncampaign gio-nghi: zones: no such zone"
	out, code := run(t, "apply", planFile(t, twoCampaigns))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "campaigns.yaml:10: campaign slogans: rules[1].at[0]: no such time")
	assert.Contains(t, out, "campaigns.yaml:13: campaign gio-nghi: zones: no such zone")
	assert.Empty(t, p.writes)
}

func runs() []paspeaker.Occurrence {
	day := time.Date(2026, 11, 25, 6, 30, 0, 0, saigon)
	return []paspeaker.Occurrence{
		{ID: "slogans@2026-11-25T06:30", Campaign: "slogans", Name: "Khẩu hiệu", At: day, Message: "slogan-1", Length: paspeaker.Duration(8 * time.Second), Zones: []paspeaker.ZoneID{"gates"}, State: paspeaker.OccurrencePlanned,
			Collides: []paspeaker.Collision{{Name: "Giờ nghỉ", Wins: true}}},
		{ID: "dem@2026-11-26T03:15", Campaign: "dem", At: day.Add(20*time.Hour + 45*time.Minute), State: paspeaker.OccurrenceRefused,
			Refused: &paspeaker.Refusal{Rule: paspeaker.GuardHours, Asked: "03:15", Allow: "06:00-18:00", Next: day.Add(24 * time.Hour)}},
		{ID: "tet@2027-02-06T06:30", Campaign: "tet", At: day.AddDate(0, 2, 12), State: paspeaker.OccurrenceRemoved, Removed: "tet"},
	}
}

func TestPreviewSaysWhatASheetOfPaperWould(t *testing.T) {
	p := newPlanner(t)
	p.plan = paspeaker.Plan{Occurrences: runs(), Counts: paspeaker.PlanCounts{Planned: 1, Refused: 1, Removed: 1, Collides: 1}}
	out, code := run(t, "campaign", "preview", "--from", "2026-11-25", "--to", "2026-11-30", "-z", "gates")
	require.Equal(t, exitOK, code, out)
	for _, want := range []string{"Wed 2026-11-25", "06:30:00", "yields to Giờ nghỉ", "03:15, allowed 06:00-18:00; next at 2026-11-26 06:30:00", "removed: tet", "1 will sound"} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, time.Date(2026, 11, 25, 0, 0, 0, 0, saigon).Unix(), p.query.From.Unix(), "by the site's clock")
	assert.Equal(t, time.Date(2026, 12, 1, 0, 0, 0, 0, saigon).Unix(), p.query.To.Unix(), "the last day included")
	assert.Equal(t, paspeaker.ZoneID("gates"), p.query.Zone)
	for _, bad := range [][]string{{"--from", "tomorrow"}, {"--from", "2026-11-30", "--to", "2026-11-25"}} {
		_, code = run(t, append([]string{"campaign", "preview"}, bad...)...)
		assert.Equal(t, exitUsage, code, bad)
	}

	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	out, _ = run(t, "campaign", "preview")
	for _, want := range []string{"T4 2026-11-25", "nhường Giờ nghỉ", "bị từ chối", "03:15, chỉ cho phép 06:00-18:00; sớm nhất được phép: 2026-11-26 06:30:00", "sẽ phát 1 lần"} {
		assert.Contains(t, out, want)
	}
}

func TestPreviewOfAFileShowsWhatChanges(t *testing.T) {
	p := newPlanner(t)
	p.plan.Diff = &paspeaker.PlanDiff{Added: runs()[:1], Gone: runs()[1:2]}
	p.plan.Diff.Counts.Added, p.plan.Diff.Counts.Gone = 1, 1
	out, code := run(t, "campaign", "preview", "--file", planFile(t, twoCampaigns))
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "+ Wed 2026-11-25 06:30  slogans  slogan-1")
	assert.Contains(t, out, "- Thu 2026-11-26 03:15  dem")
	assert.Contains(t, out, "1 runs more, 1 fewer, 0 changed")
	assert.Len(t, p.query.Drafts, 2)
}

func TestTheWeekAsATableAndAsAMap(t *testing.T) {
	p := newPlanner(t)
	day := paspeaker.PlanDay{Day: "2026-11-25", Calendar: []string{"working-days"}, Lunar: "17/10"}
	day.Hours[6] = paspeaker.HourPlan{Runs: 2, Seconds: 20}
	day.Hours[7] = paspeaker.HourPlan{Runs: 2, Seconds: 600}
	day.Hours[12] = paspeaker.HourPlan{Runs: 2, Seconds: 3000}
	day.Hours[3] = paspeaker.HourPlan{Refused: 1}
	p.plan.Days = []paspeaker.PlanDay{day}
	out, code := run(t, "campaign", "preview", "--week")
	require.Equal(t, exitOK, code)
	for _, want := range []string{"Wed 2026-11-25", "working-days", "17/10", "06:00", "12:59"} {
		assert.Contains(t, out, want)
	}
	out, code = run(t, "campaign", "preview", "--heat")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "Wed 2026-11-25 ······"+"·✗"+"····"+"░░"+"▓▓"+"········"+"██")
}

func TestTodayShowsWhatWentWrong(t *testing.T) {
	p := newPlanner(t)
	list := runs()
	list[0].State, list[0].Started = paspeaker.OccurrenceShortened, list[0].At.Add(3*time.Second)
	list[0].Detail = "interrupted by a live call"
	p.today = paspeaker.Today{Day: "2026-11-25", Lunar: "17/10", Calendars: []string{"working-days"}, Occurrences: list,
		Counts: paspeaker.TodayCounts{Shortened: 1, Refused: 1, Missed: 2, Upcoming: 4}}
	out, code := run(t, "today")
	require.Equal(t, exitOK, code)
	for _, want := range []string{"Wed 2026-11-25 · lunar 17/10 · working-days", "shortened 1 · refused 1 · missed 2", "◐", "interrupted by a live call", "3.0 s late", "✗"} {
		assert.Contains(t, out, want)
	}
	out, _ = run(t, "today", "--json")
	var got paspeaker.Today
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	assert.Equal(t, p.today.Counts, got.Counts)
}

func TestALongDayIsCutWhereItIsStillToCome(t *testing.T) {
	p := newPlanner(t)
	for i := range soonest + 5 {
		p.today.Occurrences = append(p.today.Occurrences, paspeaker.Occurrence{Campaign: fmt.Sprint("c-", i), State: paspeaker.OccurrencePlanned})
	}
	p.today.Occurrences = append(p.today.Occurrences, paspeaker.Occurrence{Campaign: "night", State: paspeaker.OccurrenceMissed})
	out, _ := run(t, "today")
	assert.Contains(t, out, "c-99")
	assert.NotContains(t, out, "c-100")
	assert.Contains(t, out, "night", "what went wrong is always shown")
	assert.Contains(t, out, "(5 more are still to come")
	out, _ = run(t, "today", "--all")
	assert.Contains(t, out, "c-104")
}

func TestAnyCampaignSurvivesAFile(t *testing.T) {
	words := rapid.SampledFrom([]string{"06:30", "2026-12-01", "true", "null", "1", "1e3", "0x10", "Khẩu hiệu: số 1", "# no comment", "- a", "'", "\"", "[", "a\nb", "~", "…", "mon-fri"})
	rapid.Check(t, func(t *rapid.T) {
		level := paspeaker.Priority(rapid.IntRange(0, 223).Draw(t, "priority"))
		c := paspeaker.Campaign{
			ID: "a", Name: words.Draw(t, "name"), Notes: words.Draw(t, "notes"), Priority: &level,
			Messages: []paspeaker.CampaignMessage{{Name: words.Draw(t, "message"), Weight: rapid.IntRange(0, 100).Draw(t, "weight")}},
			Zones:    []paspeaker.ZoneID{"gates"}, GainDB: float64(rapid.IntRange(-600, 200).Draw(t, "gain")) / 10,
			Rules:  []paspeaker.Rule{{At: rapid.SliceOf(words).Draw(t, "at"), Every: paspeaker.Duration(rapid.IntRange(0, 86400).Draw(t, "every")) * paspeaker.Duration(time.Second), Cron: words.Draw(t, "cron")}},
			Except: rapid.SliceOf(words).Draw(t, "except"), Paused: rapid.Bool().Draw(t, "paused"), Repeat: rapid.IntRange(0, 100).Draw(t, "repeat"),
		}
		text, err := writeCampaigns([]paspeaker.Campaign{c})
		require.NoError(t, err)
		f, err := readCampaigns("x", text)
		require.NoError(t, err, "%s", text)
		fields, err := changedFields(c, f.campaigns[0])
		require.NoError(t, err)
		assert.Empty(t, fields, "%s", text)
	})
}

func FuzzCampaignFile(f *testing.F) {
	f.Add([]byte(twoCampaigns))
	f.Add([]byte("campaigns: [{id: a, rules: [{at: [1, 2]}], priority: 1e9}]"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := readCampaigns("x", text)
		if err != nil {
			return
		}
		again, err := writeCampaigns(c.campaigns)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readCampaigns("x", again); err != nil {
			t.Fatal(fmt.Errorf("what was written cannot be read: %w\n%s", err, again))
		}
	})
}
