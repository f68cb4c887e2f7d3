package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/program"
)

// ErrUpgrade is Run's error when a new program is to be tried in the place of
// this one: main starts over.
var ErrUpgrade = errors.New("another program is to be tried")

// versionWait is how long a new program may take to say its version.
const versionWait = 20 * time.Second

// upgrade fetches another program, checks it, and has it tried. Nothing that
// works is replaced; main and the plan on disk see to the rest.
func (n *Node) upgrade(ctx context.Context, args json.RawMessage) (any, error) {
	o, err := decodeArgs[paspeaker.Upgrade](args)
	if err != nil {
		return nil, err
	}
	if n.cfg.Slots == nil {
		return nil, paspeaker.Errorf(paspeaker.CodeUnsupported, "%s cannot change its program by itself", n.cfg.ID)
	}
	p, err := paspeaker.OpenProgram(n.conf.Load().Root, o.Program)
	if err != nil {
		return nil, err
	}
	running := n.cfg.Slots.Running()
	switch {
	case p.Arch != running.Arch:
		return nil, &paspeaker.Error{Code: paspeaker.CodeUnsupported, What: fmt.Sprintf("the program is for %s, %s is an %s", p.Arch, n.cfg.ID, running.Arch),
			Hint: "build it for that: GOARCH=" + running.Arch + " CGO_ENABLED=0 go build ./cmd/paspeaker-node, or make build-all"}
	case p.SHA256 == running.SHA256:
		return nil, paspeaker.Errorf(paspeaker.CodeConflict, "%s runs that program already", n.cfg.ID)
	case running.Trial:
		return nil, paspeaker.Errorf(paspeaker.CodeBusy, "%s is trying a program just now", n.cfg.ID)
	case !n.upgrading.CompareAndSwap(false, true):
		return nil, paspeaker.Errorf(paspeaker.CodeBusy, "%s is being upgraded", n.cfg.ID)
	}
	version, err := n.tryNext(ctx, p)
	if err != nil {
		n.upgrading.Store(false)
		return nil, err
	}
	n.log.Warn("another program is tried now", "version", version, "sha256", p.SHA256)
	close(n.restart) // the answer is sent before the uplink closes
	return paspeaker.Upgraded{Version: version}, nil
}

// proveItself ends the trial of this program, once its clock has locked and the
// controller has heard it and answered.
func (n *Node) proveItself(r paspeaker.NodeReport) {
	if r.Program == nil || !r.Program.Trial || r.Clock.State != "locked" || !n.fetched.Load() || r.Output.Fault != "" {
		return
	}
	if err := n.cfg.Slots.Confirm(); err != nil {
		n.log.Error("the new program works, and that cannot be written down: the one before comes back", "err", err)
		return
	}
	n.log.Info("the new program has proved itself", "version", n.cfg.Version)
}

// tryNext brings a program to the disk and writes down that it is to be tried.
func (n *Node) tryNext(ctx context.Context, p paspeaker.Program) (version string, err error) {
	if err := n.notOnAir(); err != nil {
		return "", err
	}
	path, err := n.cfg.Slots.Keep(p.SHA256, func(w io.Writer) error { return n.fetchProgram(ctx, p, w) })
	var known *paspeaker.Error
	if errors.As(err, &known) {
		return "", known
	}
	if err != nil {
		return "", &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the node cannot keep the program", Err: err, Hint: "look at its disk: a program takes some 20 MB"}
	}
	defer func() {
		if err != nil {
			n.cfg.Slots.Drop(p.SHA256)
		}
	}()
	if err := program.CheckArch(path, p.Arch); err != nil {
		return "", err
	}
	if version, err = sayVersion(ctx, path); err != nil {
		return "", err
	}
	if err := n.notOnAir(); err != nil { // it took a while
		return "", err
	}
	if err := n.cfg.Slots.Arm(p.SHA256); err != nil {
		return "", &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the node cannot write down what to try", Err: err, Hint: "look at its disk"}
	}
	return version, nil
}

// notOnAir refuses while anything sounds here or is about to.
func (n *Node) notOnAir() error {
	for _, s := range n.mixer.Snapshot().Streams {
		if !s.Ended {
			return &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("%s is on air", n.cfg.ID), Hint: "try again when it is silent"}
		}
	}
	return nil
}

// fetchProgram copies a program from the controller, in chunks.
func (n *Node) fetchProgram(ctx context.Context, p paspeaker.Program, w io.Writer) error {
	for at := int64(0); at < p.Size; {
		up := n.uplink.Load()
		if up == nil {
			return paspeaker.Errorf(paspeaker.CodeUnavailable, "the controller is gone")
		}
		chunk, err := up.bus.FetchProgram(ctx, p.SHA256, at)
		if err != nil {
			return err
		}
		if len(chunk) == 0 || at+int64(len(chunk)) > p.Size {
			return paspeaker.Errorf(paspeaker.CodeDenied, "the program that comes is not as long as it should be")
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		at += int64(len(chunk))
	}
	return nil
}

// sayVersion starts a program for its version alone: one that does not even do
// that is not tried.
func sayVersion(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionWait)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	name, version, ok := strings.Cut(strings.TrimSpace(string(out)), " version ")
	if err != nil || !ok || name != "paspeaker-node" || len(version) > 200 {
		return "", &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "the program does not start here, or is no paspeaker-node", Err: err,
			Hint: "is it built for this board, and may programs run from the node's state directory (mount option noexec)?"}
	}
	return version, nil
}
