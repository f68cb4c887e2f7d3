package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jfreymuth/pulse"
	"github.com/jfreymuth/pulse/proto"

	"pa/audio"
)

// ErrNoSoundServer means that there is no way to a microphone here.
var ErrNoSoundServer = errors.New("no PulseAudio or PipeWire server; use --stdin or --file, or start one for this user")

// ErrMicrophoneLost means that the device or the sound server went away.
var ErrMicrophoneLost = errors.New("microphone lost")

const (
	micCheck  = time.Second     // between questions to the server whether it is there
	micSilent = 3 * time.Second // without one block: the device is gone
)

// Device is an input that can be opened.
type Device struct {
	ID      string // what OpenMicrophone takes
	Name    string // for people
	Default bool
	Monitor bool // not a microphone: what a loudspeaker plays
}

// ListMicrophones asks the sound server for its inputs. The error wraps
// ErrNoSoundServer when there is none.
func ListMicrophones() ([]Device, error) {
	client, err := dial()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return devices(client)
}

func dial() (*pulse.Client, error) {
	client, err := pulse.NewClient(pulse.ClientApplicationName("paspeaker"))
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w: %w", ErrNoSoundServer, err)
	}
	return client, nil
}

func devices(client *pulse.Client) ([]Device, error) {
	var list proto.GetSourceInfoListReply
	if err := client.RawRequest(&proto.GetSourceInfoList{}, &list); err != nil {
		return nil, fmt.Errorf("list microphones: %w", err)
	}
	var server proto.GetServerInfoReply
	if err := client.RawRequest(&proto.GetServerInfo{}, &server); err != nil {
		return nil, fmt.Errorf("list microphones: %w", err)
	}
	found := make([]Device, 0, len(list))
	for _, s := range list {
		found = append(found, Device{
			ID: s.SourceName, Name: s.Device, Default: s.SourceName == server.DefaultSourceName,
			Monitor: s.MonitorSourceIndex != proto.Undefined,
		})
	}
	return found, nil
}

// Microphone is an input of the sound server. Run it once.
type Microphone struct {
	client *pulse.Client
	source *pulse.Source
	device Device
}

// OpenMicrophone connects to the input with that id, or whose name contains
// it; the default input when device is empty. Nothing is recorded before Run.
// The error wraps ErrNoSoundServer when there is no server.
func OpenMicrophone(device string) (*Microphone, error) {
	client, err := dial()
	if err != nil {
		return nil, err
	}
	m, err := choose(client, device)
	if err != nil {
		client.Close()
		return nil, err
	}
	return m, nil
}

func choose(client *pulse.Client, device string) (*Microphone, error) {
	list, err := devices(client)
	if err != nil {
		return nil, err
	}
	d, err := pick(list, device)
	if err != nil {
		return nil, err
	}
	source, err := client.SourceByID(d.ID)
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", d.ID, err)
	}
	return &Microphone{client: client, source: source, device: d}, nil
}

// pick finds the device that a person means: its id, else the only one whose
// id or name contains the word.
func pick(list []Device, device string) (Device, error) {
	var found []Device
	for _, d := range list {
		if d.ID == device || device == "" && d.Default {
			return d, nil
		}
		word := strings.ToLower(device)
		if strings.Contains(strings.ToLower(d.ID), word) || strings.Contains(strings.ToLower(d.Name), word) {
			found = append(found, d)
		}
	}
	switch {
	case len(list) == 0:
		return Device{}, errors.New("open microphone: the sound server has no input; use --stdin or --file")
	case device == "":
		return list[0], nil
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Device{}, fmt.Errorf("open microphone: %q means %q and %q; give the whole id", device, found[0].ID, found[1].ID)
	}
	return Device{}, fmt.Errorf("open microphone: no %q; see --list-devices", device)
}

// Device is what was opened.
func (m *Microphone) Device() Device { return m.device }

// Run records until ctx is done and calls write with blocks of about 5 ms,
// mono at 48 kHz, from one goroutine and never after Run has returned. It
// returns nil when ctx ended it, else an error that wraps ErrMicrophoneLost.
func (m *Microphone) Run(ctx context.Context, write func(pcm []float32)) error {
	defer m.client.Close()
	var gate struct {
		sync.Mutex
		shut bool
	}
	defer func() {
		gate.Lock()
		defer gate.Unlock()
		gate.shut = true
	}()
	beat := make(chan struct{}, 1)
	take := pulse.Float32Writer(func(pcm []float32) (int, error) {
		gate.Lock()
		defer gate.Unlock()
		if gate.shut {
			return 0, pulse.EndOfData
		}
		write(pcm)
		select {
		case beat <- struct{}{}:
		default:
		}
		return len(pcm), nil
	})
	stream, err := m.client.NewRecord(take, pulse.RecordSource(m.source), pulse.RecordMono,
		pulse.RecordSampleRate(audio.Rate), pulse.RecordBufferFragmentSize(audio.FrameLen/2*4),
		pulse.RecordMediaName("live announcement"),
		pulse.RecordRawOption(func(r *proto.CreateRecordStream) { r.AdjustLatency = true }))
	if err != nil {
		return fmt.Errorf("record %q: %w: %w", m.device.ID, ErrMicrophoneLost, err)
	}
	stream.Start()
	return m.watch(ctx, beat)
}

// watch waits for the end: the caller's, the server's or the device's.
func (m *Microphone) watch(ctx context.Context, beat <-chan struct{}) error {
	check := time.NewTicker(micCheck)
	defer check.Stop()
	silent := time.NewTimer(micSilent)
	defer silent.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat:
			silent.Reset(micSilent)
		case <-silent.C:
			return fmt.Errorf("record %q: %w: no sound for %v", m.device.ID, ErrMicrophoneLost, micSilent)
		case <-check.C:
			var info proto.GetServerInfoReply
			if err := m.client.RawRequest(&proto.GetServerInfo{}, &info); err != nil {
				return fmt.Errorf("record %q: %w: %w", m.device.ID, ErrMicrophoneLost, err)
			}
		}
	}
}
