package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

func speakerPath(id paspeaker.SpeakerID, verb string) string {
	return "/v1/speakers/" + url.PathEscape(string(id)) + "/" + verb
}

// Identify has a loudspeaker chirp or blink, and returns when that is over.
func (c *Client) Identify(ctx context.Context, id paspeaker.SpeakerID, o paspeaker.Identify) (paspeaker.Identified, error) {
	return post[paspeaker.Identified](ctx, c, speakerPath(id, "identify"), o)
}

// Calibrate measures a loudspeaker by its monitor, and returns when that is done.
func (c *Client) Calibrate(ctx context.Context, id paspeaker.SpeakerID, o paspeaker.Calibrate) (paspeaker.Calibrated, error) {
	return post[paspeaker.Calibrated](ctx, c, speakerPath(id, "calibrate"), o)
}

// Adjust sets a loudspeaker's trims of level and delay.
func (c *Client) Adjust(ctx context.Context, id paspeaker.SpeakerID, a paspeaker.Adjust) (paspeaker.Adjusted, error) {
	return post[paspeaker.Adjusted](ctx, c, speakerPath(id, "adjust"), a)
}

// Volume sets a loudspeaker's trim, or shows it when v says none.
func (c *Client) Volume(ctx context.Context, id paspeaker.SpeakerID, v paspeaker.Volume) (paspeaker.Trim, error) {
	return post[paspeaker.Trim](ctx, c, speakerPath(id, "volume"), v)
}

// Mute silences a loudspeaker for a time.
func (c *Client) Mute(ctx context.Context, id paspeaker.SpeakerID, m paspeaker.Mute) (paspeaker.Muting, error) {
	return post[paspeaker.Muting](ctx, c, speakerPath(id, "mute"), m)
}

// Unmute ends a mute and returns it; its Until is zero when there was none.
func (c *Client) Unmute(ctx context.Context, id paspeaker.SpeakerID) (paspeaker.Muting, error) {
	return post[paspeaker.Muting](ctx, c, speakerPath(id, "unmute"), struct{}{})
}

// Adopt makes a join token for a loudspeaker that has no hardware yet. A ttl of
// 0 is the controller's default.
func (c *Client) Adopt(ctx context.Context, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return post[paspeaker.JoinToken](ctx, c, speakerPath(id, "adopt"), body.Lifetime{TTL: paspeaker.Duration(ttl)})
}

// Replace makes a join token with which new hardware takes a loudspeaker's id
// over; the keys of the old are revoked when it is used.
func (c *Client) Replace(ctx context.Context, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return post[paspeaker.JoinToken](ctx, c, speakerPath(id, "replace"), body.Lifetime{TTL: paspeaker.Duration(ttl)})
}

// NodeLogs returns a page of what a loudspeaker's program has logged.
func (c *Client) NodeLogs(ctx context.Context, id paspeaker.SpeakerID, o paspeaker.Logs) (paspeaker.LogPage, error) {
	return post[paspeaker.LogPage](ctx, c, speakerPath(id, "logs"), o)
}

// Doctor examines the controller's machine and those of loudspeakers; it takes
// as long as is listened.
func (c *Client) Doctor(ctx context.Context, o paspeaker.DoctorOrder) ([]paspeaker.Examination, error) {
	return post[[]paspeaker.Examination](ctx, c, "/v1/doctor", o)
}

// AddProgram uploads a paspeaker-node. r is read once.
func (c *Client) AddProgram(ctx context.Context, r io.Reader) (paspeaker.Program, error) {
	return ask[paspeaker.Program](ctx, c, http.MethodPost, "/v1/programs", nil, "application/octet-stream", struct{ io.Reader }{r})
}

// UpgradeNode has a node run a program that was uploaded, and returns when it
// has proved itself or was given up: that takes up to some minutes.
func (c *Client) UpgradeNode(ctx context.Context, id paspeaker.SpeakerID, u paspeaker.UpgradeTo) (paspeaker.RunningProgram, error) {
	return post[paspeaker.RunningProgram](ctx, c, speakerPath(id, "upgrade"), u)
}
