package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"pa/paspeaker"
)

// load is what keeps a controller busy beside its programmes.
type load struct {
	api     int  // clients that ask, announce and stop without a pause
	uploads int  // clients that upload recordings without a pause
	hogs    bool // a process that spins for every core
}

// load begins a load; the function that it returns ends it.
func (p *pacedPark) load(l load) (end func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	for range l.api {
		work.Go(func() { p.chat(ctx) })
	}
	if l.uploads > 0 {
		file, err := p.recording()
		if err != nil {
			cancel()
			return nil, err
		}
		for range l.uploads {
			work.Go(func() { p.upload(ctx, file) })
		}
	}
	if l.hogs {
		for range runtime.NumCPU() {
			cmd := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			if err := cmd.Start(); err != nil {
				cancel()
				return nil, err
			}
			work.Go(func() { _ = cmd.Wait() })
		}
	}
	return func() { cancel(); work.Wait() }, nil
}

// chat is a client of the API: it looks, announces, looks again and stops.
// Every announcement is in the journal several times, on the disk.
func (p *pacedPark) chat(ctx context.Context) {
	for ctx.Err() == nil {
		var s paspeaker.Session
		_ = request(p.park, http.MethodGet, "/v1/status", nil, &paspeaker.Status{})
		if post(p.park, "/v1/announcements", map[string]any{"source": "chime", "sound": "gong", "zones": []string{"busy"}, "max_wait": "1s"}, &s) == nil {
			_ = request(p.park, http.MethodGet, "/v1/announcements", nil, &[]paspeaker.Session{})
			_ = request(p.park, http.MethodDelete, "/v1/announcements/"+s.ID.String(), nil, &[]paspeaker.Session{})
		}
	}
}

// recording is a minute of FLAC.
func (p *pacedPark) recording() ([]byte, error) {
	name := filepath.Join(p.dir, "upload.flac")
	cmd := exec.Command("ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "anoisesrc=d=60:c=pink:a=0.3:r=44100", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make a recording with ffmpeg: %w: %s", err, out)
	}
	return os.ReadFile(name)
}

// upload announces a recording again and again; what is decoded is cancelled.
func (p *pacedPark) upload(ctx context.Context, file []byte) {
	q := url.Values{"file": {"upload.flac"}, "announcement": {`{"zones":["busy"],"max_wait":"1s"}`}}
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.http+"/v1/announcements/file?"+q.Encode(), bytes.NewReader(file))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+p.token)
		req.Header.Set("Content-Type", "application/octet-stream")
		resp, err := p.client.Do(req)
		if err != nil {
			<-time.After(10 * time.Millisecond)
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
