package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pa/integration/ears"
	"pa/paspeaker"
)

// The end-to-end tests run the real programs: `make build` (or this) makes
// them once. They talk over loopback: real multicast, real NATS, real files.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../bin")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("make", "-s", "-C", "..", "build")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
})

// parkYAML is the site of these tests: two zones apart, one loudspeaker in
// both, an office beside them, a mobile unit, a zone with third-party
// loudspeakers. The delays are long, so that a machine that is busy with
// something else drops nothing: what is tested is what comes out, not how
// little the machine may stall.
const parkYAML = siteYAML + `
zones:
  - {id: gates, name: Các cổng}
  - {id: roads, name: Đường chính}
  - {id: office, name: Văn phòng}
  - {id: yard, name: Sân, plain: {codec: %s}}
  - {id: mobile, name: Xe loa}
speakers:
  - {id: gate-1, name: Cổng số 1, kind: fixed, zones: [gates]}
  - {id: corner, name: Góc đường, kind: fixed, zones: [gates, roads]}
  - {id: road-1, name: Đường số 1, kind: fixed, zones: [roads]}
  - {id: desk-1, name: Văn phòng số 1, kind: fixed, zones: [office]}
  - {id: unit-1, name: Xe loa số 1, kind: mobile, zones: [mobile]}
  - {id: horn, name: Loa sân, kind: third-party, zones: [yard]}
`

// siteYAML begins every site file; PLACE is its place on the network.
const siteYAML = `
site: {id: park, name: Khu công nghiệp thử, time_zone: Asia/Ho_Chi_Minh, interface: lo, PLACE}
delays: {live: 400ms, recorded: 500ms, mobile: 600ms}
`

// sites numbers the sites of this process: each has addresses and groups of
// its own, so that tests run beside each other.
var sites atomic.Int32

// site is a park that runs: the controller and the nodes that a test starts.
type site struct {
	t     *testing.T
	dir   string
	bin   string
	http  string // host:port of the API
	nats  string
	clock string
	more  []string // further flags of paspeakerd
	// nodeEnv is what the nodes that are started from now on find in their
	// environment.
	nodeEnv []string
	ctl     *process
	nodes   map[string]*process
	last    map[string]string // a node's last known instance: a restarted one has another
}

// process is one of our programs, running.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	log  *lockedBuffer
}

// startSite starts a controller on parkYAML with the plain codec given.
func startSite(t *testing.T, plainCodec string) *site {
	t.Helper()
	s := newSite(t, fmt.Sprintf(parkYAML, plainCodec))
	s.startController()
	return s
}

// newSite prepares a site and starts nothing. PLACE in its file becomes its
// groups.
func newSite(t *testing.T, yaml string) *site {
	t.Helper()
	bin, err := binaries()
	require.NoError(t, err)
	s := &site{t: t, dir: t.TempDir(), bin: bin, nodes: make(map[string]*process), last: make(map[string]string)}
	n, pid := int(sites.Add(1)), os.Getpid()
	host := fmt.Sprintf("127.%d.%d.%d", 1+pid%250, 1+pid/250%250, n)
	s.http, s.nats, s.clock = host+":7080", host+":4222", host+":7081"
	s.writeSite(strings.Replace(yaml, "PLACE", fmt.Sprintf("groups: 239.255.%d.0/24, port: %d", 20+(pid+n)%230, 20000+pid%5000*2), 1))
	t.Cleanup(s.close)
	return s
}

func (s *site) writeSite(yaml string) {
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, "zones.yaml"), []byte(yaml), 0o600))
}

func (s *site) readSite() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "zones.yaml"))
	require.NoError(s.t, err)
	return string(b)
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// startController runs paspeakerd and waits until it answers.
func (s *site) startController(more ...string) {
	s.t.Helper()
	args := append([]string{"--config", s.path("zones.yaml"), "--state", s.path("state"), "--http", s.http,
		"--nats", s.nats, "--clock", s.clock}, append(s.more, more...)...)
	s.ctl = s.start("paspeakerd", args...)
	s.eventually("the controller answers", func() bool {
		resp, err := http.Get("http://" + s.http + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode < 300
	})
}

// startNode enrols and runs a node whose sound goes to <id>.wav, and waits
// until it is online with its clock locked.
func (s *site) startNode(id string, more ...string) {
	s.t.Helper()
	s.enrol(id)
	s.runNode(id, more...)
	s.online(id)
}

// enrol makes the join token of a node.
func (s *site) enrol(id string) {
	s.t.Helper()
	var join paspeaker.JoinToken
	s.must("POST", "/v1/join-tokens", map[string]any{"node": id}, &join)
	require.NoError(s.t, os.WriteFile(s.path(id+".token"), []byte(join.Token), 0o600))
}

// runNode starts a node's program and waits for nothing.
func (s *site) runNode(id string, more ...string) {
	s.t.Helper()
	args := append([]string{"--controller", s.http, "--id", id, "--state", s.path("node-" + id),
		"--token-file", s.path(id + ".token")}, more...)
	if !strings.Contains(strings.Join(more, " "), "--output") {
		args = append(args, "--output", "wav:"+s.path(id+".wav"))
	}
	if r := s.speaker(id).Report; r != nil {
		s.last[id] = r.Instance
	}
	s.nodes[id] = s.start("paspeaker-node", args...)
}

// online waits until a node reports with its clock locked.
func (s *site) online(id string) {
	s.t.Helper()
	s.eventually(id+" is online and in time", func() bool {
		st := s.speaker(id)
		return st.Online && st.Report != nil && st.Report.Instance != s.last[id] && st.Report.Clock.State == "locked"
	})
}

func (s *site) speaker(id string) paspeaker.SpeakerStatus {
	s.t.Helper()
	var status paspeaker.Status
	s.must("GET", "/v1/status", nil, &status)
	for _, sp := range status.Speakers {
		if string(sp.ID) == id {
			return sp
		}
	}
	s.t.Fatalf("no speaker %s", id)
	return paspeaker.SpeakerStatus{}
}

func (s *site) status() paspeaker.Status {
	s.t.Helper()
	var status paspeaker.Status
	s.must("GET", "/v1/status", nil, &status)
	return status
}

// start runs one of our programs.
func (s *site) start(name string, args ...string) *process {
	s.t.Helper()
	p := &process{cmd: exec.Command(filepath.Join(s.bin, name), args...), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if name == "paspeaker-node" {
		p.cmd.Env = append(os.Environ(), s.nodeEnv...)
	}
	p.run(s.t)
	return p
}

// run starts the process; it dies with the tests, however they end.
func (p *process) run(t *testing.T) {
	t.Helper()
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the system sees the death of the thread, not of the process
		started <- p.cmd.Start()
		if p.cmd.Process != nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
		runtime.UnlockOSThread()
	}()
	require.NoError(t, <-started, "is it installed? make test installs what it needs")
}

// end sends a signal and waits until the program is gone.
func (p *process) end(sig syscall.Signal) error {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
		return p.err
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end after %v:\n%s", p.cmd.Path, sig, p.log)
	}
}

func (s *site) close() {
	for id, n := range s.nodes {
		if err := n.end(syscall.SIGTERM); err != nil && s.t.Failed() {
			s.t.Logf("%s: %v\n%s", id, err, n.log)
		}
	}
	if s.ctl == nil {
		return
	}
	if err := s.ctl.end(syscall.SIGTERM); err != nil || s.t.Failed() {
		s.t.Logf("paspeakerd: %v\n%s", err, s.ctl.log)
	}
}

// request calls the API and returns status and body.
func (s *site) request(method, path string, body io.Reader, kind string) (int, []byte) {
	s.t.Helper()
	token, err := os.ReadFile(s.path("state/token"))
	require.NoError(s.t, err)
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.http+path, body)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, b
}

// must calls the API with JSON and reads the answer into out.
func (s *site) must(method, path string, in, out any) {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		require.NoError(s.t, err)
		body = bytes.NewReader(b)
	}
	code, b := s.request(method, path, body, "application/json")
	require.Less(s.t, code, 300, "%s %s: %s", method, path, b)
	if out != nil {
		require.NoError(s.t, json.Unmarshal(b, out), "%s", b)
	}
}

// announce asks for a tone, sweep, chime or shipped sound.
func (s *site) announce(what map[string]any) paspeaker.Session {
	s.t.Helper()
	var out paspeaker.Session
	s.must("POST", "/v1/announcements", what, &out)
	return out
}

// sessions lists what is on air, waiting and lately over.
func (s *site) sessions() []paspeaker.Session {
	s.t.Helper()
	var out []paspeaker.Session
	s.must("GET", "/v1/announcements", nil, &out)
	return out
}

func (s *site) session(id paspeaker.SessionID) (out paspeaker.Session) {
	s.t.Helper()
	s.must("GET", "/v1/announcements/"+id.String(), nil, &out)
	return out
}

// plays says whether a loudspeaker's own mixer has a session at full level.
func (s *site) plays(id string, session paspeaker.SessionID) bool {
	st := s.speaker(id)
	if st.Report == nil {
		return false
	}
	for _, p := range st.Report.Playing {
		if p.Session == session && p.Full {
			return true
		}
	}
	return false
}

// sounds waits until the last half second of a running node's recording is a
// tone of that frequency: what its mixer holds may not be heard yet.
func (s *site) sounds(id string, freq float64) {
	s.t.Helper()
	const span = 24000
	s.eventually(fmt.Sprintf("%g Hz come out of %s", freq, id), func() bool {
		x, err := ears.Open(s.path(id + ".wav"))
		return err == nil && len(x) > span && ears.Tone(x[len(x)-span:], freq) > -24
	})
}

// faults returns the ids of what is wrong.
func (s *site) faults() []string {
	s.t.Helper()
	var ids []string
	for _, f := range s.status().Faults {
		ids = append(ids, f.ID)
	}
	return ids
}

// over waits until a session has ended and its receipts from the given nodes
// are there.
func (s *site) over(id paspeaker.SessionID, nodes ...string) paspeaker.Session {
	s.t.Helper()
	var out paspeaker.Session
	s.eventually("session "+id.String()+" is over", func() bool {
		s.must("GET", "/v1/announcements/"+id.String(), nil, &out)
		done := 0
		for _, r := range out.Receipts {
			if r.Done {
				done++
			}
		}
		return !out.Ended.IsZero() && done >= len(nodes)
	})
	return out
}

// eventually polls until f holds; the test fails when it never does. How long
// programs take to start on a busy machine is nobody's to say.
func (s *site) eventually(what string, f func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(25 * time.Millisecond); ; <-tick.C {
		if f() {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			tick.Stop()
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// recording stops a node and returns what its output played.
func (s *site) recording(id string) []float32 {
	s.t.Helper()
	if n, running := s.nodes[id]; running {
		require.NoError(s.t, n.end(syscall.SIGTERM), "%s ends cleanly:\n%s", id, n.log)
		delete(s.nodes, id)
	}
	x, err := ears.Open(s.path(id + ".wav"))
	require.NoError(s.t, err)
	return x
}

func freePort(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// lockedBuffer keeps a program's words; tests read it while it runs.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Len()
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
