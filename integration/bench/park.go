package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pa/paspeaker"
)

// smallSite has two zones with a loudspeaker each.
const smallSite = `
site: {id: bench, name: Bench, time_zone: UTC, interface: lo, groups: 239.255.208.0/24, port: 36100}
zones: [{id: gates, name: Gates, group: 239.255.208.9}, {id: roads, name: Roads}]
speakers: [{id: gate-1, name: Gate, zones: [gates]}, {id: road-1, name: Road, zones: [roads]}]
`

// bigSite has a zone of gates, and n zones with so many loudspeakers each.
func bigSite(zones, speakers int) string {
	var b strings.Builder
	b.WriteString("site: {id: bench, name: Bench, time_zone: UTC, interface: lo, groups: 239.255.208.0/24, port: 36100}\nlimits: {sessions: 400}\n")
	b.WriteString("zones:\n  - {id: gates, name: Gates, group: 239.255.208.9}\n")
	for z := range zones {
		fmt.Fprintf(&b, "  - {id: zone-%d, name: Zone %d}\n", z, z)
	}
	b.WriteString("speakers:\n  - {id: gate-1, name: Gate, zones: [gates]}\n")
	for s := range zones * speakers {
		fmt.Fprintf(&b, "  - {id: speaker-%d, name: Speaker %d, zones: [zone-%d]}\n", s, s, s%zones)
	}
	return b.String()
}

// park is a controller that runs, with the nodes that a bench has started.
type park struct {
	bin, dir, http, nats, token string
	ctl                         *exec.Cmd
	nodes                       []*exec.Cmd
	client                      *http.Client
}

// startPark starts paspeakerd on a site, in a folder of its own and with further
// flags, and waits until it answers. close ends everything.
func startPark(r *rig, site string, flags ...string) (*park, error) {
	dir, err := os.MkdirTemp("", "paspeaker-bench-")
	if err != nil {
		return nil, err
	}
	p := &park{bin: r.bin, dir: dir, client: &http.Client{Timeout: 10 * time.Second}}
	if err := p.start(site, flags...); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *park) start(site string, flags ...string) error {
	file, state := filepath.Join(p.dir, "zones.yaml"), filepath.Join(p.dir, "state")
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		return err
	}
	addr, err := freeAddresses(3)
	if err != nil {
		return err
	}
	p.http, p.nats = addr[0], addr[1]
	p.ctl, err = launch(filepath.Join(p.bin, "paspeakerd"), append([]string{"--config", file, "--state", state,
		"--http", addr[0], "--nats", addr[1], "--clock", addr[2], "--log", "error"}, flags...)...)
	if err != nil {
		return err
	}
	return p.wait("the controller", func() bool {
		b, err := os.ReadFile(filepath.Join(state, "token"))
		p.token = strings.TrimSpace(string(b))
		return err == nil && request(p, http.MethodGet, "/v1/status", nil, &paspeaker.Status{}) == nil
	})
}

// freeAddresses returns n addresses of loopback on which nobody listens.
func freeAddresses(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // after the last: all are different
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// node enrols and starts a node and waits until it is online and in time.
func (p *park) node(id, output string, more ...string) (*exec.Cmd, error) {
	return p.nodeIn(nil, id, output, more...)
}

// nodeIn does so in an environment, nil for this program's.
func (p *park) nodeIn(env []string, id, output string, more ...string) (*exec.Cmd, error) {
	var join paspeaker.JoinToken
	if err := post(p, "/v1/join-tokens", map[string]any{"node": id}, &join); err != nil {
		return nil, err
	}
	token := filepath.Join(p.dir, id+".token")
	if err := os.WriteFile(token, []byte(join.Token), 0o600); err != nil {
		return nil, err
	}
	cmd, err := launchIn(env, filepath.Join(p.bin, "paspeaker-node"), append([]string{"--controller", p.http, "--id", id,
		"--state", filepath.Join(p.dir, "node-"+id), "--token-file", token, "--output", output, "--log", "error"}, more...)...)
	if err != nil {
		return nil, err
	}
	p.nodes = append(p.nodes, cmd)
	return cmd, p.wait(id, func() bool {
		var st paspeaker.Status
		if request(p, http.MethodGet, "/v1/status", nil, &st) != nil {
			return false
		}
		for _, sp := range st.Speakers {
			if string(sp.ID) == id {
				return sp.Online && sp.Report != nil && sp.Report.Clock.State == "locked"
			}
		}
		return false
	})
}

func launch(name string, args ...string) (*exec.Cmd, error) { return launchIn(nil, name, args...) }

// launchIn starts a program in an environment, nil for this program's.
func launchIn(env []string, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd, cmd.Start()
}

func (p *park) close() {
	for _, cmd := range append(p.nodes, p.ctl) {
		quit(cmd)
	}
	_ = os.RemoveAll(p.dir)
}

// quit ends a program and waits for it; nil, or one that has ended, is no
// program any more.
func quit(cmd *exec.Cmd) {
	if cmd != nil && cmd.Process != nil && cmd.ProcessState == nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
}

func (p *park) wait(what string, f func() bool) error {
	for range 400 {
		if f() {
			return nil
		}
		<-time.After(50 * time.Millisecond)
	}
	return fmt.Errorf("%s did not come up", what)
}

// post calls the API and reads the answer into out.
func post[T any](p *park, path string, in map[string]any, out *T) error {
	return request(p, http.MethodPost, path, in, out)
}

func request[T any](p *park, method, path string, in map[string]any, out *T) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://"+p.http+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, b)
	}
	return json.Unmarshal(b, out)
}
