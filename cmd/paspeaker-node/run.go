package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"pa/audio/output"
	"pa/paspeaker"
	"pa/paspeaker/node"
	"pa/paspeaker/state"
)

// options are the flags.
type options struct {
	controller, id, state, output, monitor, tokenFile, iface, warp, sys, logLevel, led string

	trial time.Duration // how long a new program may take to prove itself
}

// run makes the node and lets it live until ctx is done.
func run(ctx context.Context, o options) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return usageError{fmt.Errorf("--log %q: want debug, info, warn or error", o.logLevel)}
	}
	logs := &node.LogRing{}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(logs, os.Stderr), &slog.HandlerOptions{Level: level}))
	if !paspeaker.ValidID(o.id) {
		return usageError{fmt.Errorf("--id %q: want lower-case letters, digits and hyphens", o.id)}
	}
	bent, err := parseWarp(o.warp)
	if err != nil {
		return usageError{err}
	}
	if err := boot(ctx, o); err != nil {
		return err
	}
	clock := bent.clock()
	sink, err := output.Open(o.output, output.Options{Clock: clock, Log: log})
	if err != nil {
		return err
	}
	mon, err := parseMonitor(o.monitor)
	if err != nil {
		return err
	}
	token, err := readToken(o.tokenFile)
	if err != nil {
		return err
	}
	dir, err := state.Open(o.state)
	if err != nil {
		return err
	}
	defer dir.Close()
	slots := slots(o.state)
	n, err := node.New(ctx, node.Config{
		ID: paspeaker.SpeakerID(o.id), Controller: o.controller, Token: token, Interface: o.iface, State: dir,
		Sink: sink, SinkName: o.output, Monitor: mon, MonitorName: o.monitor, Now: clock, Wall: bent.wall(), Version: version, Sys: o.sys, LED: o.led, Logs: logs, Slots: slots, Log: log,
	})
	if err != nil {
		return err
	}
	log.Info("paspeaker-node", "version", version, "id", o.id, "output", o.output)
	return runOn(ctx, n, dir)
}

// runOn lets the node live; when it is to run another program, that one finds
// everything closed.
func runOn(ctx context.Context, n *node.Node, dir *state.Dir) error {
	err := n.Run(ctx)
	if !errors.Is(err, node.ErrUpgrade) {
		return err
	}
	if err := dir.Close(); err != nil {
		return fmt.Errorf("close the state directory: %w", err)
	}
	return next()
}

// readToken reads the join token: never from the command line, which everybody
// on the machine can read.
func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", usageError{fmt.Errorf("read token: %w", err)}
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, 4096))
	return string(b), err
}
