package main

import (
	"context"
	"fmt"
	"strings"

	"pa/audio/monitor"
	"pa/audio/source"
)

// monitorForms is for help and errors.
const monitorForms = "pulse:[NAME] (a microphone or line of PulseAudio or PipeWire; the default one without a name) | " + monitor.Forms

// parseMonitor reads monitorForms; "" is none.
func parseMonitor(spec string) (monitor.Opener, error) {
	if spec == "" {
		return nil, nil
	}
	kind, name, _ := strings.Cut(spec, ":")
	if kind == "pulse" {
		return func(*monitor.Tap) (monitor.Source, error) {
			mic, err := source.OpenMicrophone(name)
			if err != nil {
				return nil, fmt.Errorf("monitor: %w", err)
			}
			return microphone{mic}, nil
		}, nil
	}
	open, err := monitor.Parse(spec)
	if err != nil {
		return nil, usageError{fmt.Errorf("--monitor: %w", err)}
	}
	return open, nil
}

// microphone is a monitor.Source made of an input of the sound server.
type microphone struct{ mic *source.Microphone }

func (m microphone) Run(ctx context.Context, write func([]float32)) error {
	return m.mic.Run(ctx, write)
}
