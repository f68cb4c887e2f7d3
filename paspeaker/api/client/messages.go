package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

func messagePath(name string) string { return "/v1/messages/" + url.PathEscape(name) }

func versionQuery(version int) url.Values {
	if version == 0 {
		return nil
	}
	return url.Values{"version": {strconv.Itoa(version)}}
}

// Messages lists the message library: the newest version of each, by name.
func (c *Client) Messages(ctx context.Context) ([]paspeaker.Message, error) {
	return get[[]paspeaker.Message](ctx, c, "/v1/messages", nil)
}

// Message returns one version of a message, the newest for 0.
func (c *Client) Message(ctx context.Context, name string, version int) (paspeaker.Message, error) {
	return get[paspeaker.Message](ctx, c, messagePath(name), versionQuery(version))
}

// MessageVersions returns what is kept of a message, newest first.
func (c *Client) MessageVersions(ctx context.Context, name string) ([]paspeaker.Message, error) {
	return get[[]paspeaker.Message](ctx, c, messagePath(name)+"/versions", nil)
}

// maxSound bounds a message's sound in bytes: an hour that cannot be
// compressed.
const maxSound = 512 << 20

// MessageSound returns one version's sound, a FLAC file, mono at 48 kHz.
func (c *Client) MessageSound(ctx context.Context, name string, version int) ([]byte, error) {
	res, err := c.do(ctx, http.MethodGet, messagePath(name)+"/sound", versionQuery(version), "", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	file, err := io.ReadAll(io.LimitReader(res.Body, maxSound))
	if err != nil {
		return nil, c.unreached(ctx, fmt.Errorf("read sound of message: %w", err))
	}
	return file, nil
}

// AddMessage uploads a recording as a message. r is read once.
func (c *Client) AddMessage(ctx context.Context, name string, n body.NewMessage, r io.Reader) (paspeaker.Message, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return paspeaker.Message{}, fmt.Errorf("encode message: %w", err)
	}
	return ask[paspeaker.Message](ctx, c, http.MethodPost, messagePath(name)+"/sound", url.Values{"message": {string(text)}},
		"application/octet-stream", struct{ io.Reader }{r})
}

// SayMessage has a text said as a message.
func (c *Client) SayMessage(ctx context.Context, name string, n body.NewMessage) (paspeaker.Message, error) {
	return post[paspeaker.Message](ctx, c, messagePath(name)+"/speech", n)
}

// EditMessage changes a message.
func (c *Client) EditMessage(ctx context.Context, name string, e body.EditMessage) (paspeaker.Message, error) {
	return patch[paspeaker.Message](ctx, c, messagePath(name), e)
}

// RemoveMessage removes a message with all its versions.
func (c *Client) RemoveMessage(ctx context.Context, name string) error {
	_, err := remove[body.Removed](ctx, c, messagePath(name), nil)
	return err
}

// BuiltinSounds lists chimes, alert tones and shipped recordings.
func (c *Client) BuiltinSounds(ctx context.Context) ([]paspeaker.BuiltinSound, error) {
	return get[[]paspeaker.BuiltinSound](ctx, c, "/v1/sounds", nil)
}
