// Package client speaks to a controller's HTTP API, for the CLI and for nodes
// that enrol. Errors that the controller answers come back as
// *paspeaker.Error, and so do failures to reach it (CodeUnavailable).
package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Config says where the controller is and who asks.
type Config struct {
	URL         string // http://127.0.0.1:8080 or https://host:port; a bare host:port is https unless it is loopback
	Token       string // bearer token; white space around it is ignored
	Fingerprint string // SHA-256 of the controller's certificate, hex, colons allowed; needed for https unless its certificate is publicly trusted
	By          string // name of the person who asks, for the journal; may be empty
	Agent       string // User-Agent, "paspeaker/1.2"; may be empty
}

// Client is safe for use by several goroutines.
type Client struct {
	base   *url.URL
	http   *http.Client
	header http.Header
}

// New checks cfg and returns a client. It connects to nothing yet.
func New(cfg Config) (*Client, error) {
	base, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(cfg.Fingerprint)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if token := strings.TrimSpace(cfg.Token); token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	if cfg.By != "" {
		header.Set("X-PA-By", url.PathEscape(cfg.By))
	}
	if cfg.Agent != "" {
		header.Set("User-Agent", cfg.Agent)
	}
	return &Client{base: base, http: &http.Client{Transport: transport}, header: header}, nil
}

// Close ends idle connections. The client can still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Announce asks for an announcement whose sound the controller makes: a tone,
// a sweep, a chime or a message that is shipped.
func (c *Client) Announce(ctx context.Context, a paspeaker.Announcement, s body.Sound) (paspeaker.Session, error) {
	return post[paspeaker.Session](ctx, c, "/v1/announcements", body.Announce{Announcement: a, Sound: s})
}

// AnnounceFile uploads a recording and has it announced. name is the file's
// name, for people; the format is told by content.
func (c *Client) AnnounceFile(ctx context.Context, a paspeaker.Announcement, name string, r io.Reader) (paspeaker.Session, error) {
	q, err := spoken(a)
	if err != nil {
		return paspeaker.Session{}, err
	}
	if name != "" {
		q.Set("file", name)
	}
	return upload(ctx, c, "/v1/announcements/file", q, r)
}

// AnnounceStream streams s16le mono samples at rate Hz until r's io.EOF, and
// returns when the call is over. r must yield samples all the time, silence
// too: after a second without any the controller ends the call as lost. Ending
// ctx ends it so, too. A Read of r that waits may outlast AnnounceStream.
func (c *Client) AnnounceStream(ctx context.Context, a paspeaker.Announcement, rate int, r io.Reader) (paspeaker.Session, error) {
	q, err := spoken(a)
	if err != nil {
		return paspeaker.Session{}, err
	}
	q.Set("rate", strconv.Itoa(rate))
	voice, leave := leaving(ctx, r)
	defer leave()
	return upload(ctx, c, "/v1/announcements/live", q, voice)
}

// Sessions lists what is on air, waiting, and ended in the last minutes.
func (c *Client) Sessions(ctx context.Context) ([]paspeaker.Session, error) {
	return get[[]paspeaker.Session](ctx, c, "/v1/announcements", nil)
}

// Session returns one announcement.
func (c *Client) Session(ctx context.Context, id paspeaker.SessionID) (paspeaker.Session, error) {
	return get[paspeaker.Session](ctx, c, "/v1/announcements/"+id.String(), nil)
}

// StopSession stops one announcement and returns how it stands then. One that
// is over already is no error.
func (c *Client) StopSession(ctx context.Context, id paspeaker.SessionID) (paspeaker.Session, error) {
	return remove[paspeaker.Session](ctx, c, "/v1/announcements/"+id.String(), nil)
}

// Stop ends sessions by id, by zone, or all, and returns those it ended.
func (c *Client) Stop(ctx context.Context, s body.Stop) ([]paspeaker.Session, error) {
	return post[[]paspeaker.Session](ctx, c, "/v1/stop", s)
}

// Silence stops everything, and returns within two seconds which loudspeakers
// are known to be silent.
func (c *Client) Silence(ctx context.Context) (paspeaker.Silence, error) {
	return post[paspeaker.Silence](ctx, c, "/v1/silence", struct{}{})
}

// Emergencies lists the emergencies that the site defines, and what runs.
func (c *Client) Emergencies(ctx context.Context) ([]paspeaker.EmergencyInfo, error) {
	return get[[]paspeaker.EmergencyInfo](ctx, c, "/v1/emergencies", nil)
}

// Emergency starts a.Emergency in a.Zones and a.Speakers.
func (c *Client) Emergency(ctx context.Context, a paspeaker.Announcement) (paspeaker.Session, error) {
	return post[paspeaker.Session](ctx, c, "/v1/emergencies", a)
}

// StopEmergency stops the emergency id, or every one when id is empty, in the
// zones given or everywhere.
func (c *Client) StopEmergency(ctx context.Context, id string, zones []paspeaker.ZoneID) ([]paspeaker.Session, error) {
	q := url.Values{}
	if len(zones) > 0 {
		names := make([]string, len(zones))
		for i, z := range zones {
			names[i] = string(z)
		}
		q.Set("zones", strings.Join(names, ","))
	}
	path := "/v1/emergencies"
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	return remove[[]paspeaker.Session](ctx, c, path, q)
}

// Status returns the controller at a glance.
func (c *Client) Status(ctx context.Context) (paspeaker.Status, error) {
	return get[paspeaker.Status](ctx, c, "/v1/status", nil)
}

// Zones lists the zones and what is on air in them.
func (c *Client) Zones(ctx context.Context) ([]paspeaker.ZoneStatus, error) {
	return get[[]paspeaker.ZoneStatus](ctx, c, "/v1/zones", nil)
}

// Speakers lists the loudspeakers and what their nodes say.
func (c *Client) Speakers(ctx context.Context) ([]paspeaker.SpeakerStatus, error) {
	return get[[]paspeaker.SpeakerStatus](ctx, c, "/v1/speakers", nil)
}

// Log returns journal entries, in the journal's order. Of q.Zones the last one
// counts.
func (c *Client) Log(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	return get[[]paspeaker.Entry](ctx, c, "/v1/log", logQuery(q))
}

func logQuery(q paspeaker.JournalQuery) url.Values {
	v := url.Values{}
	set := func(key, value string, given bool) {
		if given {
			v.Set(key, value)
		}
	}
	set("since", q.Since.UTC().Format(time.RFC3339Nano), !q.Since.IsZero())
	set("until", q.Until.UTC().Format(time.RFC3339Nano), !q.Until.IsZero())
	for _, z := range q.Zones {
		set("zone", string(z), true)
	}
	set("what", strings.Join(q.What, ","), len(q.What) > 0)
	set("campaign", q.Campaign, q.Campaign != "")
	set("planned", "true", q.Planned)
	set("before", strconv.FormatUint(q.Before, 10), q.Before != 0)
	set("after", strconv.FormatUint(q.After, 10), q.After != 0)
	set("by", q.By, q.By != "")
	set("session", q.Session.String(), q.Session != 0)
	set("limit", strconv.Itoa(q.Limit), q.Limit != 0)
	return v
}

// SDP returns the session description of a zone's plain group.
func (c *Client) SDP(ctx context.Context, zone paspeaker.ZoneID) (string, error) {
	return c.text(ctx, "/v1/zones/"+url.PathEscape(string(zone))+"/sdp")
}

// Reload has the controller read its site file again.
func (c *Client) Reload(ctx context.Context) (paspeaker.ReloadResult, error) {
	return post[paspeaker.ReloadResult](ctx, c, "/v1/reload", struct{}{})
}

// JoinToken makes a token that lets the node id enrol once. A ttl of 0 is the
// controller's default.
func (c *Client) JoinToken(ctx context.Context, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return post[paspeaker.JoinToken](ctx, c, "/v1/join-tokens", body.Join{Node: id, TTL: paspeaker.Duration(ttl)})
}

// Enrol is a node's first word. It needs no bearer token.
func (c *Client) Enrol(ctx context.Context, r paspeaker.EnrolRequest) (paspeaker.SignedConfig, error) {
	return post[paspeaker.SignedConfig](ctx, c, "/v1/enrol", r)
}

// Health returns nil while voice can go out.
func (c *Client) Health(ctx context.Context) error {
	_, err := c.text(ctx, "/healthz")
	return err
}
