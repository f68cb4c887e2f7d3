package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pa/paspeaker"
)

const blinkEvery = 250 * time.Millisecond

// blink switches a light of the kernel's LED class on and off for a time, then
// leaves it as it was. A light that the kernel drives (its trigger: a
// heartbeat, the disk) is given back to it.
func blink(ctx context.Context, path string, length time.Duration) error {
	was, err := os.ReadFile(path)
	if err != nil {
		return darkness(path, err)
	}
	trigger, on := triggerOf(path), "1"
	if most, err := os.ReadFile(filepath.Join(filepath.Dir(path), "max_brightness")); err == nil {
		on = strings.TrimSpace(string(most))
	}
	tick := time.NewTicker(blinkEvery)
	defer tick.Stop()
	end := time.After(length)
	for lit := true; ; lit = !lit {
		value := "0"
		if lit {
			value = on
		}
		if err := writeExisting(path, value); err != nil {
			return darkness(path, err)
		}
		select {
		case <-tick.C:
			continue
		case <-end:
		case <-ctx.Done():
		}
		break
	}
	err = writeExisting(path, strings.TrimSpace(string(was)))
	if trigger != "" {
		err = writeExisting(filepath.Join(filepath.Dir(path), "trigger"), trigger)
	}
	if err != nil {
		return darkness(path, err)
	}
	return nil
}

// triggerOf returns what drives the light, "" when it is nothing or unknown.
func triggerOf(path string) string {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "trigger"))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "[")
	name, _, _ := strings.Cut(rest, "]")
	if name == "none" {
		return ""
	}
	return name
}

// writeExisting writes a file that must be there: what is not there is no lamp.
func writeExisting(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func darkness(path string, err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the light " + path + " cannot be switched", Err: err,
		Hint: "is --led right, and may paspeaker-node write there?"}
}
