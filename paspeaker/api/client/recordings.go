package client

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"pa/paspeaker"
)

// maxRecording bounds a recording in bytes.
const maxRecording = 256 << 20

// Recordings lists the live calls that q selects and that were recorded, oldest
// first.
func (c *Client) Recordings(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Recording, error) {
	return get[[]paspeaker.Recording](ctx, c, "/v1/recordings", logQuery(q))
}

// RecordingSound returns the sound of a live call, Ogg Opus.
func (c *Client) RecordingSound(ctx context.Context, id paspeaker.SessionID) ([]byte, error) {
	res, err := c.do(ctx, http.MethodGet, "/v1/recordings/"+id.String(), nil, "", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	file, err := io.ReadAll(io.LimitReader(res.Body, maxRecording))
	if err != nil {
		return nil, c.unreached(ctx, fmt.Errorf("read recording: %w", err))
	}
	return file, nil
}

// EraseRecording removes the sound of a live call for good.
func (c *Client) EraseRecording(ctx context.Context, id paspeaker.SessionID) error {
	res, err := c.do(ctx, http.MethodDelete, "/v1/recordings/"+id.String(), nil, "", nil)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
