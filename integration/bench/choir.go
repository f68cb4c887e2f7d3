package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

// choir is a controller and eight loudspeakers in the LAN.
type choir struct {
	*park
	began []int64 // host ns of each programme's request
}

// singers are the loudspeakers' faults: how their clocks are bent, and their
// sound cards. One has xruns; the wall clocks of two step, by an hour and by a
// leap second.
var singers = [choirSize]struct{ warp, card string }{
	{"offset=1h,ppm=+100,wander=1.5:5m", "ppm=-100,wander=1.5:5m"},
	{"offset=3h,ppm=-100,wander=1.5:7m", "ppm=+100,wander=1.5:4m,xrun=45s:80ms"},
	{"ppm=+80,wander=1.5:6m,wall=+1h@20s", "ppm=+90,wander=1.5:8m"},
	{"ppm=-80,wander=1.5:5m,wall=-1s@25s", "ppm=-90,wander=1.5:6m,jitter=300us"},
	{"offset=26h,ppm=+60,wander=1.5:9m", "ppm=-30,wander=1.5:5m"},
	{"ppm=-60,wander=1.5:4m", "ppm=+30,wander=1.5:7m,jitter=300us"},
	{"ppm=+20,wander=1.5:5m", "ppm=+70,wander=1.5:5m"},
	{"ppm=-20,wander=1.5:8m", "ppm=-70,wander=1.5:9m"},
}

// startChoir starts everybody and waits until all clocks are locked.
func startChoir(r *rig) (*choir, error) {
	dir, err := os.MkdirTemp("", "paspeaker-bench-")
	if err != nil {
		return nil, err
	}
	c := &choir{park: &park{bin: r.bin, dir: dir, http: "127.0.0.1:7080", client: &http.Client{Timeout: 30 * time.Second}}}
	if err := c.start(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *choir) recording(i int) string {
	return filepath.Join(c.dir, fmt.Sprintf("speaker-%d.wav", i+1))
}

func (c *choir) start() error {
	if err := startLAN(); err != nil {
		return err
	}
	var site strings.Builder
	fmt.Fprintf(&site, "site: {id: choir, name: Choir, time_zone: UTC, interface: %s, groups: 239.255.209.0/24, port: 36200}\n", lanBridge)
	site.WriteString("zones: [{id: hall, name: Hall}]\nspeakers:\n")
	for i := range singers {
		fmt.Fprintf(&site, "  - {id: speaker-%d, name: Speaker %d, zones: [hall]}\n", i+1, i+1)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "zones.yaml"), []byte(site.String()), 0o600); err != nil {
		return err
	}
	if err := c.startController(); err != nil {
		return err
	}
	for i := range singers {
		if err := c.startNode(i); err != nil {
			return err
		}
	}
	return c.wait("the loudspeakers", c.locked)
}

// locked says whether every loudspeaker reports a locked clock.
func (c *choir) locked() bool {
	var st paspeaker.Status
	if request(c.park, http.MethodGet, "/v1/status", nil, &st) != nil {
		return false
	}
	n := 0
	for _, sp := range st.Speakers {
		if sp.Online && sp.Report != nil && sp.Report.Clock.State == "locked" {
			n++
		}
	}
	return n == choirSize
}

func (c *choir) startController() error {
	var err error
	state := filepath.Join(c.dir, "state")
	c.ctl, err = launch(filepath.Join(c.bin, "paspeakerd"), "--config", filepath.Join(c.dir, "zones.yaml"), "--state", state,
		"--http", "0.0.0.0:7080", "--nats", "0.0.0.0:4222", "--log", "error")
	if err != nil {
		return err
	}
	return c.wait("the controller", func() bool {
		b, err := os.ReadFile(filepath.Join(state, "token"))
		c.token = strings.TrimSpace(string(b))
		return err == nil && request(c.park, http.MethodGet, "/v1/status", nil, &paspeaker.Status{}) == nil
	})
}

func (c *choir) startNode(i int) error {
	id := fmt.Sprintf("speaker-%d", i+1)
	var join paspeaker.JoinToken
	if err := post(c.park, "/v1/join-tokens", map[string]any{"node": id}, &join); err != nil {
		return err
	}
	token := filepath.Join(c.dir, id+".token")
	if err := os.WriteFile(token, []byte(join.Token), 0o600); err != nil {
		return err
	}
	seed := fmt.Sprintf(",seed=%d", i+1)
	node, err := plugIn(i+1, filepath.Join(c.bin, "paspeaker-node"), "--controller", lanHere+":7080", "--id", id, "--state", filepath.Join(c.dir, id),
		"--token-file", token, "--interface", "eth0", "--log", "error",
		"--warp", singers[i].warp+seed, "--output", "virtual:"+singers[i].card+seed+",file="+c.recording(i))
	if err == nil {
		c.nodes = append(c.nodes, node)
	}
	return err
}

// perform plays one programme and does to the choir what the act wants.
func (c *choir) perform(seed uint64, a act) error {
	if err := c.announce(ears.Noise(seed+1, a.length.Seconds())); err != nil {
		return err
	}
	end := time.After(a.length + 500*time.Millisecond)
	if a.do != "" {
		<-time.After(a.at)
	}
	switch a.do {
	case "cut":
		for n := choirSize/2 + 1; n <= choirSize; n++ {
			if err := pull(n, true); err != nil {
				return err
			}
		}
		<-time.After(a.cut)
		for n := choirSize/2 + 1; n <= choirSize; n++ {
			if err := pull(n, false); err != nil {
				return err
			}
		}
	case "kill":
		_ = c.ctl.Process.Kill()
		_ = c.ctl.Wait()
		return c.startController() // the programme died with it
	}
	<-end
	return nil
}

// announce uploads a recording for the hall.
func (c *choir) announce(pcm []float32) error {
	var file memory
	w, err := audio.NewWAVWriter(&file, audio.Rate)
	if err == nil {
		err = w.Write(pcm)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	options, err := json.Marshal(map[string]any{"zones": []string{"hall"}})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+c.http+"/v1/announcements/file?file=noise.wav&announcement="+url.QueryEscape(string(options)), bytes.NewReader(file.b))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		return fmt.Errorf("announce: %s", b)
	}
	c.began = append(c.began, hostNow())
	return nil
}

// hostNow is CLOCK_MONOTONIC, ns, as in the recordings.
func hostNow() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // it exists
	return ts.Nano()
}

// resyncs is how many hard corrections all nodes made.
func (c *choir) resyncs() (n uint64, err error) {
	var st paspeaker.Status
	err = request(c.park, http.MethodGet, "/v1/status", nil, &st)
	for _, sp := range st.Speakers {
		if sp.Report != nil {
			n += sp.Report.Counters.Resyncs
		}
	}
	return n, err
}

// hush ends everybody, so that the recordings are whole.
func (c *choir) hush() {
	for _, cmd := range append(c.nodes, c.ctl) {
		quit(cmd)
	}
}

// memory is a file that is not on a disk.
type memory struct {
	b  []byte
	at int64
}

func (m *memory) Write(p []byte) (int, error) {
	if need := int(m.at) + len(p); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	n := copy(m.b[m.at:], p)
	m.at += int64(n)
	return n, nil
}

func (m *memory) Seek(offset int64, whence int) (int64, error) {
	m.at = offset + [...]int64{io.SeekStart: 0, io.SeekCurrent: m.at, io.SeekEnd: int64(len(m.b))}[whence]
	return m.at, nil
}
