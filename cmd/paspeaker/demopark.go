package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// demoPark is the demonstration's controller and loudspeakers: real programs,
// on loopback.
type demoPark struct {
	dir, out string
	bin      string
	http     string
	running  []*exec.Cmd
}

// startController starts paspeakerd and waits until it answers.
func (d *demoPark) startController(ctx context.Context) (*client.Client, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d.bin = filepath.Dir(self)
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	site := filepath.Join(d.dir, "zones.yaml")
	if err := os.WriteFile(site, []byte(fmt.Sprintf(demoSite, ports[3]&^1)), 0o600); err != nil {
		return nil, err
	}
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	d.http = at(0)
	state := filepath.Join(d.dir, "state")
	if err := d.start(ctx, "paspeakerd", "--config", site, "--state", state, "--http", at(0), "--nats", at(1), "--clock", at(2)); err != nil {
		return nil, err
	}
	var last error
	for range 100 {
		token, err := os.ReadFile(filepath.Join(state, "token"))
		if err == nil {
			c, err := client.New(client.Config{URL: "http://" + d.http, Token: string(token), By: "demo"})
			if err != nil {
				return nil, err
			}
			if last = c.Health(ctx); last == nil {
				return c, nil
			}
		} else {
			last = err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the controller does not start: %w\n%s", last, d.log("paspeakerd"))
}

// startNodes enrols and starts the loudspeakers and waits until they are in
// time with the controller.
func (d *demoPark) startNodes(ctx context.Context, c *client.Client, sound bool) error {
	for _, id := range demoNodes {
		if err := d.startNode(ctx, c, id, "wav:"+filepath.Join(d.out, id+".wav")); err != nil {
			return err
		}
	}
	if sound {
		if err := d.startNode(ctx, c, "monitor", "oto:40ms,20ms"); err != nil {
			return err
		}
	}
	for range 100 {
		st, err := c.Status(ctx)
		if err != nil {
			return err
		}
		ready := 0
		for _, sp := range st.Speakers {
			if sp.ID != "monitor" && sp.Online && sp.Report != nil && sp.Report.Clock.State == "locked" {
				ready++
			}
		}
		if ready == len(demoNodes) {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the loudspeakers do not come online:\n" + d.log(demoNodes[0]))
}

func (d *demoPark) startNode(ctx context.Context, c *client.Client, id, output string) error {
	join, err := c.JoinToken(ctx, paspeaker.SpeakerID(id), time.Minute)
	if err != nil {
		return err
	}
	token := filepath.Join(d.dir, id+".token")
	if err := os.WriteFile(token, []byte(join.Token), 0o600); err != nil {
		return err
	}
	return d.start(ctx, "paspeaker-node", "--controller", d.http, "--id", id, "--state", filepath.Join(d.dir, id),
		"--token-file", token, "--output", output)
}

// start runs one of our programs, which stands beside this one.
func (d *demoPark) start(_ context.Context, name string, args ...string) error {
	log, err := os.Create(d.logName(name, args))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(d.bin, name), args...)
	cmd.Stdout, cmd.Stderr = log, log
	// Nothing outlives the demonstration, however it ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "start " + name, Err: err,
			Hint: "build all three programs into one folder: make build"}
	}
	d.running = append(d.running, cmd)
	return nil
}

func (d *demoPark) logName(name string, args []string) string {
	for i, a := range args {
		if a == "--id" && i+1 < len(args) {
			name = args[i+1]
		}
	}
	return filepath.Join(d.dir, name+".log")
}

func (d *demoPark) log(name string) string {
	b, err := os.ReadFile(filepath.Join(d.dir, name+".log"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// close ends the programs, the loudspeakers first.
func (d *demoPark) close() {
	for i := len(d.running) - 1; i >= 0; i-- {
		cmd := d.running[i]
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	}
	d.running = nil
}

func freePorts(n int) ([]int, error) {
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out, nil
}
