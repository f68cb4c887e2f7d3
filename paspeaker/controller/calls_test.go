package controller

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/site"
	"pa/paspeaker/supervise"
	"pa/paspeaker/webhook"
)

// pager is somebody else's server that is told of faults. It is down while it
// is told to be.
type pager struct {
	*httptest.Server
	mu    sync.Mutex
	down  bool
	wrong []error
	ids   map[string]int
	said  []string // "fault.began output/gate-1"
	tries int
}

const pagerSecret = "a secret of sixteen"

func newPager(t *testing.T) *pager {
	p := &pager{ids: make(map[string]int)}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if err := webhook.Verify([]byte(pagerSecret), r.Header, text, time.Now()); err != nil {
		p.wrong = append(p.wrong, err)
	}
	if p.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var c call
	_ = json.Unmarshal(text, &c)
	p.ids[r.Header.Get(webhook.HeaderID)]++
	p.said = append(p.said, c.Type+" "+c.Data.Fault.ID)
}

func (p *pager) set(down bool) {
	p.mu.Lock()
	p.down = down
	p.mu.Unlock()
}

// heard says whether it was told so, and how often it was asked.
func (p *pager) heard(what string) (times, tries int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.said {
		if s == what {
			times++
		}
	}
	return times, p.tries
}

// alertingSite is a folder with a site that tells of faults, and a command's
// log.
func alertingSite(t *testing.T, url string) (dir, log string) {
	dir = t.TempDir()
	log = filepath.Join(dir, "told")
	tell := filepath.Join(dir, "tell")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hook.secret"), []byte(pagerSecret+"\n"), 0o600))
	require.NoError(t, os.WriteFile(tell, []byte("#!/bin/sh\n{ cat; echo; echo \"nice $(nice) home ${HOME-none} $1\"; } >>"+log+"\n"), 0o700))
	yaml := parkYAML() + "alerts:\n  webhooks: [{url: " + url + ", secret_file: hook.secret, kinds: [output, flapping]}]\n" +
		"  commands: [{run: [" + tell + ", --sms], urgency: alarm}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte(yaml), 0o600))
	return dir, log
}

func sees(r *rig, kind paspeaker.FaultKind, bad bool) {
	r.faults.see(supervise.Sight{Kind: kind, Subject: "gate-1", Bad: bad, What: "gate-1: cáp đứt"})
}

// A receiver that is away is told when it is back, though the controller has
// been started anew meanwhile; a fault that lasts is not told again, and the
// ack of it is still known.
func TestAFaultIsToldAtLeastOnceOverARestart(t *testing.T) {
	p := newPager(t)
	p.set(true)
	dir, log := alertingSite(t, p.URL)
	r := newRig(t, dir)
	sees(r, paspeaker.FaultOutput, true)
	sees(r, paspeaker.FaultKey, true) // not of the webhook's kinds
	r.again("it is tried", func() error {
		if _, tries := p.heard(""); tries == 0 {
			return errEnding()
		}
		return nil
	})
	_, err := r.AckFault(t.Context(), chief, "output/gate-1", "thay cáp")
	require.NoError(t, err)
	r.stop()

	r = newRig(t, dir)
	f := r.Faults(false)
	require.NotEmpty(t, f)
	assert.Equal(t, "output/gate-1", f[len(f)-1].ID)
	assert.Equal(t, "thay cáp", f[len(f)-1].Ack.Note)
	sees(r, paspeaker.FaultOutput, true)
	p.set(false)
	r.again("it is told", func() error {
		acked, _ := p.heard("fault.acked output/gate-1")
		if began, _ := p.heard("fault.began output/gate-1"); began == 0 || acked == 0 {
			return errEnding()
		}
		return nil
	})
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), `"fault.began"`), "the command was there all the while")
	assert.Contains(t, string(text), `gate-1: cáp đứt`)
	assert.Contains(t, string(text), "nice 10 home none --sms")
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(t, p.wrong, "each try is signed")
	assert.Equal(t, []string{"fault.began output/gate-1", "fault.acked output/gate-1"}, p.said)
	assert.Len(t, p.ids, 2, "each has an id of its own")
}

func TestWhoIsNotToldIsAFaultItself(t *testing.T) {
	p := newPager(t)
	dir, _ := alertingSite(t, p.URL)
	require.NoError(t, os.Chmod(filepath.Join(dir, "hook.secret"), 0o644))
	r := newRig(t, dir)
	sees(r, paspeaker.FaultOutput, true)
	alerts := func() int { return r.faultsByKind()["alerts"] }
	r.again("the secret is complained of", func() error {
		if alerts() == 0 {
			return errEnding()
		}
		return nil
	})
	require.NoError(t, os.Chmod(filepath.Join(dir, "hook.secret"), 0o600))
	r.again("it is told, and all is well", func() error {
		if began, _ := p.heard("fault.began output/gate-1"); began == 0 || alerts() > 0 {
			return errEnding()
		}
		return nil
	})
	r.writeSite(parkYAML()) // nobody is told any more
	_, err := r.Reload(t.Context(), chief)
	require.NoError(t, err)
	assert.Empty(t, r.calls.receivers())
}

func TestCommandsThatFail(t *testing.T) {
	v := bus.Alert{ID: "flt_1", Body: json.RawMessage(`{}`)}
	for name, test := range map[string]struct {
		run  []string
		want string
	}{
		"it fails":         {[]string{"/bin/sh", "-c", "echo hết tiền >&2; exit 3"}, "exit status 3: hết tiền"},
		"it is not there":  {[]string{"/nowhere/tell"}, "no such file"},
		"it hangs":         {[]string{"/bin/sh", "-c", "sleep 600 & wait"}, "it took longer than 200ms"},
		"it says too much": {[]string{"/bin/sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; exit 1"}, "exit status 1: xxx"},
	} {
		err := runCommand(t.Context(), site.AlertCommand{Run: test.run, Timeout: 200 * time.Millisecond}, v)
		if name != "it hangs" {
			err = runCommand(t.Context(), site.AlertCommand{Run: test.run, Timeout: time.Minute}, v)
		}
		require.ErrorContains(t, err, test.want, name)
		assert.Less(t, len(err.Error()), 1000, name)
	}
}
