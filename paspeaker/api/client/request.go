package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// maxAnswer bounds an answer in bytes: a journal of ten thousand entries with
// their receipts fits.
const maxAnswer = 64 << 20

func get[T any](ctx context.Context, c *Client, path string, q url.Values) (T, error) {
	return ask[T](ctx, c, http.MethodGet, path, q, "", nil)
}

func remove[T any](ctx context.Context, c *Client, path string, q url.Values) (T, error) {
	return ask[T](ctx, c, http.MethodDelete, path, q, "", nil)
}

func post[T, B any](ctx context.Context, c *Client, path string, b B) (out T, err error) {
	return send[T](ctx, c, http.MethodPost, path, b)
}

func patch[T, B any](ctx context.Context, c *Client, path string, b B) (out T, err error) {
	return send[T](ctx, c, http.MethodPatch, path, b)
}

func send[T, B any](ctx context.Context, c *Client, method, path string, b B) (out T, err error) {
	text, err := json.Marshal(b)
	if err != nil {
		return out, fmt.Errorf("encode request: %w", err)
	}
	return ask[T](ctx, c, method, path, nil, "application/json", bytes.NewReader(text))
}

// upload posts sound. Expect lets the controller refuse before anything is
// read of it.
func upload(ctx context.Context, c *Client, path string, q url.Values, r io.Reader) (paspeaker.Session, error) {
	return ask[paspeaker.Session](ctx, c, http.MethodPost, path, q, "application/octet-stream", struct{ io.Reader }{r})
}

// leaving returns r as a body that ends when ctx does or leave is called, even
// while a Read of r waits: net/http may otherwise wait for that Read before it
// returns, and a microphone may yield nothing for ever.
func leaving(ctx context.Context, r io.Reader) (voice io.Reader, leave func()) {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err) // nil is io.EOF: the last word was said
	}()
	stop := context.AfterFunc(ctx, func() { out.CloseWithError(context.Cause(ctx)) })
	return out, func() { stop(); out.Close() }
}

// spoken is the query of a request whose body is sound.
func spoken(a paspeaker.Announcement) (url.Values, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode announcement: %w", err)
	}
	return url.Values{"announcement": {string(text)}}, nil
}

func ask[T any](ctx context.Context, c *Client, method, path string, q url.Values, kind string, b io.Reader) (out T, err error) {
	res, err := c.do(ctx, method, path, q, kind, b)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&out); err != nil {
		return out, c.unreached(ctx, fmt.Errorf("read answer of %s %s: %w", method, path, err))
	}
	return out, nil
}

func (c *Client) text(ctx context.Context, path string) (string, error) {
	res, err := c.do(ctx, http.MethodGet, path, nil, "", nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", c.unreached(ctx, fmt.Errorf("read answer of %s: %w", path, err))
	}
	return string(text), nil
}

// do sends a request and returns an answer that is no error.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, kind string, b io.Reader) (*http.Response, error) {
	target := *c.base
	target.Path, target.RawPath = "", ""
	address := target.String() + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, b)
	if err != nil {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "make request: %w", err)
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if kind == "application/octet-stream" {
		req.Header.Set("Expect", "100-continue")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	if res.StatusCode >= 400 {
		defer res.Body.Close()
		return nil, refusal(res)
	}
	return res, nil
}

// maxProblem bounds an error's text in bytes.
const maxProblem = 64 << 10

// refusal reads an error that the controller answered.
func refusal(res *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxProblem)) // what came is better than nothing
	var p body.Problem
	if json.Unmarshal(text, &p) != nil || p.Code == "" {
		code := paspeaker.CodeInvalid
		if res.StatusCode >= 500 {
			code = paspeaker.CodeUnavailable
		}
		return &paspeaker.Error{
			Code: code, What: fmt.Sprintf("%s answered %s", res.Request.URL.Host, res.Status),
			Hint: "is it a paspeaker controller?",
		}
	}
	return asError(p)
}

func asError(p body.Problem) error {
	e := &paspeaker.Error{Code: p.Code, What: p.What, Hint: p.Hint}
	if p.Status == http.StatusUnauthorized {
		e.Hint = "give the controller's token: --token-file names the file, and the controller prints its path when it starts"
	}
	return e
}

// unreached says why a request had no answer. Where ctx ended it, the error is
// ctx's.
func (c *Client) unreached(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var e *paspeaker.Error // of the transport: the fingerprint
	if errors.As(err, &e) {
		return e
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var stranger *tls.CertificateVerificationError
	if errors.As(err, &stranger) {
		return &paspeaker.Error{
			Code: paspeaker.CodeDenied, What: "the controller at " + c.base.String() + " shows a certificate that nothing here vouches for", Err: err,
			Hint: "name it with --fingerprint: paspeakerd says it in its first log line",
		}
	}
	return &paspeaker.Error{
		Code: paspeaker.CodeUnavailable, What: "reach controller at " + c.base.String(), Err: err,
		Hint: "is paspeakerd running there? --url says where it is",
	}
}
