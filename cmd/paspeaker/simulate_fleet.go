package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"pa/paspeaker"
)

// fleet is the child process in which simulated loudspeakers live: the node's
// own program, which the CLI must not carry.
type fleet struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu    sync.Mutex
	said  fleetState
	sum   fleetState    // receipts and reports of all intervals, the most of any
	ended chan struct{} // closed when it says nothing more
}

// fleetState is a line of what a fleet says of itself: fleet.State.
type fleetState struct {
	Members      int `json:"members"`
	Running      int `json:"running"`
	Stopped      int `json:"stopped"`
	Reports      int `json:"reports"`
	Receipts     int `json:"receipts"`
	MostReports  int `json:"most_reports"`
	MostReceipts int `json:"most_receipts"`
	Failed       []struct {
		ID    paspeaker.SpeakerID `json:"id"`
		Error string              `json:"error"`
	} `json:"failed"`
}

// fleetMember is a loudspeaker to be: fleet.Member.
type fleetMember struct {
	ID     paspeaker.SpeakerID `json:"id"`
	Token  string              `json:"token"`
	Sample bool                `json:"sample,omitempty"`
}

type fleetOrder struct {
	Join  *fleetMember          `json:"join,omitempty"`
	Start []paspeaker.SpeakerID `json:"start,omitempty"`
	Stop  []paspeaker.SpeakerID `json:"stop,omitempty"`
}

// startFleet starts the child; log is where its complaints go.
func startFleet(program, controller string, o simulation, log *os.File) (*fleet, error) {
	args := []string{"fleet", "--controller", controller, "--loss", strconv.FormatFloat(o.loss, 'g', -1, 64), "--seed", strconv.FormatUint(o.seed, 10)}
	f := &fleet{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	f.cmd.Stderr = log
	// Ctrl-C is for this program, which ends that one in its time.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if f.in, err = f.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, notBuilt("paspeaker-node", err)
	}
	go f.listen(out)
	return f, nil
}

func notBuilt(name string, err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "start " + name, Err: err,
		Hint: "build all three programs into one folder: make build"}
}

// listen takes in what the fleet says until it ends.
func (f *fleet) listen(out io.Reader) {
	defer close(f.ended)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var s fleetState
		if json.Unmarshal(lines.Bytes(), &s) != nil {
			continue // not one of ours
		}
		f.mu.Lock()
		f.said = s
		f.sum.Reports += s.Reports
		f.sum.Receipts += s.Receipts
		f.sum.MostReports = max(f.sum.MostReports, s.MostReports)
		f.sum.MostReceipts = max(f.sum.MostReceipts, s.MostReceipts)
		f.mu.Unlock()
	}
}

// state returns what the fleet said last, and all in all since anew.
func (f *fleet) state() (now, sum fleetState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.said, f.sum
}

// anew forgets the sums.
func (f *fleet) anew() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sum = fleetState{}
}

// order tells the fleet something.
func (f *fleet) order(o fleetOrder) error {
	line, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := f.in.Write(append(line, '\n')); err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the simulated loudspeakers are gone", Err: err}
	}
	return nil
}

// close ends the fleet and waits for it.
func (f *fleet) close() {
	_ = f.in.Close() // which ends them all
	kill := time.AfterFunc(10*time.Second, func() { _ = f.cmd.Process.Kill() })
	defer kill.Stop()
	<-f.ended
	_ = f.cmd.Wait()
}
