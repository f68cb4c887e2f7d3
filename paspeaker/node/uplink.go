package node

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/bus"
)

// defaultPort is the API's when --controller gives none.
const defaultPort = 7080

// uplink is the node's connection to the controller beside the voice path.
type uplink struct{ bus *bus.Bus }

// enrol spends the join token, keeps the configuration, and returns it. While
// the controller is away it tries again, until ctx is done.
func (n *Node) enrol(ctx context.Context) (*paspeaker.NodeConfig, error) {
	if n.cfg.Token == "" {
		return nil, &paspeaker.Error{Code: paspeaker.CodeDenied, What: "node " + string(n.cfg.ID) + " is not enrolled yet",
			Hint: "make a token with `paspeaker join-token " + string(n.cfg.ID) + "` and start once with --token-file FILE"}
	}
	join, err := paspeaker.ParseJoinSecret(n.cfg.Token)
	if err != nil {
		return nil, err
	}
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		signed, err := n.askToEnrol(ctx, join)
		if err == nil {
			return n.keepEnrolment(signed)
		}
		var final *paspeaker.Error
		if errors.As(err, &final) && final.Code != paspeaker.CodeUnavailable {
			return nil, err
		}
		n.log.Warn("enrol: the controller does not answer, trying again", "controller", n.cfg.Controller, "err", err, "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("enrol: %w", err)
		}
	}
}

func (n *Node) keepEnrolment(signed paspeaker.SignedConfig) (*paspeaker.NodeConfig, error) {
	conf, err := openConfig(signed, nil)
	if err != nil {
		return nil, err
	}
	if conf.ID != n.cfg.ID {
		return nil, paspeaker.Errorf(paspeaker.CodeDenied, "the controller answered for %s instead of %s", conf.ID, n.cfg.ID)
	}
	if err := n.saveConfig(signed); err != nil {
		return nil, fmt.Errorf("keep enrolment (the token is spent, make another): %w", err)
	}
	n.log.Info("enrolled", "id", conf.ID, "name", conf.Name)
	return conf, nil
}

// askToEnrol posts the token over TLS to the API whose certificate the token
// names; any other certificate is refused.
func (n *Node) askToEnrol(ctx context.Context, join paspeaker.JoinSecret) (paspeaker.SignedConfig, error) {
	var out paspeaker.SignedConfig
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: pinnedTLS(join.Fingerprint)}}
	body, err := json.Marshal(paspeaker.EnrolRequest{ID: n.cfg.ID, Token: join.String(), Key: n.key.Public().(ed25519.PublicKey)})
	if err != nil {
		return out, err
	}
	addr := n.cfg.Controller
	if addr == host(addr) {
		addr = hostPort(addr, defaultPort)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+"/v1/enrol", bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return out, err
	}
	if resp.StatusCode != http.StatusOK {
		problem := &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "enrol: " + resp.Status}
		_ = json.Unmarshal(b, problem) // a problem document names code, what and hint
		return out, problem
	}
	return out, json.Unmarshal(b, &out)
}

// pinnedTLS trusts one certificate, by its SHA-256, and nothing else.
func pinnedTLS(fingerprint [32]byte) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // replaced by the pin below
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || sha256.Sum256(raw[0]) != fingerprint {
				return &paspeaker.Error{Code: paspeaker.CodeDenied, What: "the controller's certificate is not the one that the join token names",
					Hint: "is --controller right? else make a new join token"}
			}
			return nil
		},
	}
}

// keepUplink speaks with the controller over NATS until ctx is done: it takes
// configurations and lets reports and receipts out.
func (n *Node) keepUplink(ctx context.Context, conf *paspeaker.NodeConfig) error {
	b, err := bus.Connect(ctx, bus.Config{
		URL: natsURL(conf.NATSURL, n.cfg.Controller), NkeySeed: conf.NATSSeed, CertDER: conf.NATSCert,
		Key: n.key, Name: string(conf.ID), Spread: time.Duration(conf.Spread), Log: n.log,
	})
	if err != nil {
		n.log.Error("uplink: no reports and no new configuration; voice goes on", "err", err)
		<-ctx.Done()
		return nil
	}
	defer b.Close()
	if err := b.OnConfig(n.adopt); err != nil {
		n.log.Warn("listen for configurations", "err", err)
	}
	if err := b.OnCommand(func(c paspeaker.SignedCommand) paspeaker.NodeAnswer { return n.obey(ctx, c) }); err != nil {
		n.log.Warn("listen for commands", "err", err)
	}
	n.uplink.Store(&uplink{bus: b})
	defer n.uplink.Store(nil)
	fetch := time.NewTicker(5 * time.Second)
	defer fetch.Stop()
	for fetched := false; ; {
		if up := b.Connected(); !up {
			fetched = false
		} else if !fetched {
			if signed, err := b.FetchConfig(ctx, conf.ID); err == nil {
				n.adopt(signed)
				fetched = true
				n.fetched.Store(true)
			}
		}
		select {
		case <-fetch.C:
		case <-ctx.Done():
			return nil
		}
	}
}
