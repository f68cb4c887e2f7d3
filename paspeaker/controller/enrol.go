package controller

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nkeys"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/site"
)

// configContext goes before a configuration's body under the root's signature.
const configContext = "pa-node-config-v1\x00"

// JoinToken makes a token with which one node enrols once.
func (c *Controller) JoinToken(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return c.joinToken(ctx, by, id, ttl, false)
}

func (c *Controller) joinToken(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration, replace bool) (paspeaker.JoinToken, error) {
	sp, ok := c.site.Load().Speaker(id)
	if !ok {
		_, err := c.site.Load().Resolve(nil, []paspeaker.SpeakerID{id})
		return paspeaker.JoinToken{}, err
	}
	if sp.Kind == paspeaker.KindThirdParty {
		return paspeaker.JoinToken{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: string(id) + " is a third-party loudspeaker",
			Hint: "it does not enrol; give it the SDP of its zone: paspeaker sdp " + string(sp.Home)}
	}
	if ttl == 0 {
		ttl = time.Hour
	}
	secret, err := c.cfg.Bus.CreateToken(ctx, bus.Grant{Node: id, Replace: replace}, ttl)
	if err != nil {
		return paspeaker.JoinToken{}, err
	}
	e := paspeaker.Entry{What: paspeaker.WhatJoinToken, By: by.By, From: by.From, Speakers: []paspeaker.SpeakerID{id}}
	if replace {
		e.Detail = "for new hardware in its place"
	}
	c.record(e)
	join := paspeaker.JoinSecret{Node: id, Secret: secret, Fingerprint: sha256.Sum256(c.cfg.Identity.TLS.Certificate[0])}
	return paspeaker.JoinToken{Token: join.String(), Node: id, Expires: c.cfg.Now().Add(ttl)}, nil
}

// Enrol spends a join token and hands out the node's configuration.
func (c *Controller) Enrol(ctx context.Context, r paspeaker.EnrolRequest) (paspeaker.SignedConfig, error) {
	if len(r.Key) != 0 && len(r.Key) != ed25519.PublicKeySize {
		return paspeaker.SignedConfig{}, paspeaker.Errorf(paspeaker.CodeInvalid, "the node's key has %d bytes, want %d", len(r.Key), ed25519.PublicKeySize)
	}
	join, err := paspeaker.ParseJoinSecret(r.Token)
	if err != nil {
		return paspeaker.SignedConfig{}, err
	}
	denied := &paspeaker.Error{Code: paspeaker.CodeDenied, What: "the join token is not for node " + string(r.ID),
		Hint: "make one with: paspeaker join-token " + string(r.ID)}
	if join.Node != r.ID {
		return paspeaker.SignedConfig{}, denied
	}
	grant, err := c.cfg.Bus.UseToken(ctx, join.Secret)
	if err != nil {
		return paspeaker.SignedConfig{}, err
	}
	id := grant.Node
	if id != r.ID {
		return paspeaker.SignedConfig{}, denied
	}
	e := paspeaker.Entry{What: paspeaker.WhatEnrolled, Speakers: []paspeaker.SpeakerID{id}}
	if grant.Replace {
		generation, err := c.changeKeys(id)
		if err != nil {
			return paspeaker.SignedConfig{}, err
		}
		e.Detail = fmt.Sprintf("new hardware in its place (number %d); the keys of the old are revoked", generation+1)
	}
	c.roster.note(id, c.cfg.Now())
	c.record(e)
	if err := c.keybook.enrolled(ctx, id, r.Key); err != nil {
		c.log.Warn("pin the key of a node: it is pinned at its first receipt", "node", id, "err", err)
	}
	return c.nodeConfig(id)
}

// nodeConfig returns a node's configuration, signed by the root.
func (c *Controller) nodeConfig(id paspeaker.SpeakerID) (paspeaker.SignedConfig, error) {
	st := c.site.Load()
	sp, ok := st.Speaker(id)
	if !ok || sp.Kind == paspeaker.KindThirdParty {
		return paspeaker.SignedConfig{}, paspeaker.Errorf(paspeaker.CodeNotFound, "%s is not a node of this site", id)
	}
	name, open := c.roster.keyName(id)
	if !open {
		return paspeaker.SignedConfig{}, paspeaker.Errorf(paspeaker.CodeUnavailable, "the keys of %s are being changed", id)
	}
	seed, _, err := NodeKey(c.cfg.Identity.Secret, name)
	if err != nil {
		return paspeaker.SignedConfig{}, err
	}
	clockKey := wire.DeriveClockKey(c.cfg.Identity.Secret, string(name))
	tagKey := wire.DeriveTagKey(c.cfg.Identity.Secret, tagKeyID)
	cfg := paspeaker.NodeConfig{
		ID: id, Name: sp.Name, Kind: sp.Kind, Serial: c.serial(), Interface: st.Interface,
		Tags: []paspeaker.Tag{paspeaker.TagOf(id)}, GainDB: sp.GainDB, Delay: sp.Delay, Spread: paspeaker.Duration(paspeaker.SpreadOf(len(st.Speakers))),
		TagKeys: map[uint8][]byte{tagKeyID: tagKey[:]}, ClockPort: c.air.clock.Addr().Port(), ClockKey: clockKey[:],
		Root: c.cfg.Identity.Root.Public().(ed25519.PublicKey), NATSURL: c.cfg.NodeNATS, NATSSeed: seed, NATSCert: c.cfg.NATSCert,
	}
	for _, z := range sp.Zones {
		cfg.Tags = append(cfg.Tags, paspeaker.TagOf(z))
	}
	for _, g := range st.SpeakerGroups(id) {
		cfg.Groups = append(cfg.Groups, g.String())
	}
	body, err := json.Marshal(cfg)
	if err != nil {
		return paspeaker.SignedConfig{}, fmt.Errorf("write configuration of %s: %w", id, err)
	}
	sig := ed25519.Sign(c.cfg.Identity.Root, append([]byte(configContext), body...))
	return paspeaker.SignedConfig{Body: body, Sig: sig}, nil
}

// serial rises with every start and every reload, without a store: the term,
// then the reloads of this run.
func (c *Controller) serial() uint64 {
	return uint64(c.cfg.Identity.Term)<<16 | uint64(c.reloads.Load()&0xffff)
}

// pushConfigs sends every node its configuration. Who is not there fetches it.
func (c *Controller) pushConfigs() {
	for _, sp := range c.site.Load().Speakers {
		if sp.Kind == paspeaker.KindThirdParty {
			continue
		}
		cfg, err := c.nodeConfig(sp.ID)
		if err == nil {
			err = c.cfg.Bus.PushConfig(sp.ID, cfg)
		}
		if err != nil {
			c.log.Debug("push configuration", "node", sp.ID, "err", err)
		}
	}
}

// NodeKey derives a node's nkey from the site's secret, so that no store of
// them is needed: its seed and its public key. Of a node whose hardware was
// replaced id is roster.keyName's.
func NodeKey(secret []byte, id paspeaker.SpeakerID) (seed, public string, err error) {
	raw, err := hkdf.Key(sha256.New, secret, nil, "pa-node-nkey-v1 "+string(id), ed25519.SeedSize)
	if err != nil {
		return "", "", fmt.Errorf("derive nkey of %s: %w", id, err)
	}
	enc, err := nkeys.EncodeSeed(nkeys.PrefixByteUser, raw)
	if err != nil {
		return "", "", fmt.Errorf("derive nkey of %s: %w", id, err)
	}
	pair, err := nkeys.FromSeed(enc)
	if err != nil {
		return "", "", fmt.Errorf("derive nkey of %s: %w", id, err)
	}
	public, err = pair.PublicKey()
	return string(enc), public, err
}

// NodeOfKey returns whose nkey a public key is, for the hub's door. The keys of
// a site are derived once: a thousand nodes that come back together after a
// power cut would else derive a million.
func (c *Controller) NodeOfKey(public string) (string, bool) {
	st := c.site.Load()
	ring := c.keys.Load()
	if version := c.roster.version(); ring == nil || ring.of != st || ring.version != version {
		ring = newKeyring(st, c.cfg.Identity.Secret, c.roster.keyName)
		ring.version = version
		c.keys.Store(ring)
	}
	id, ok := ring.nodes[public]
	return string(id), ok
}

// keyring knows the nodes of one site by their public nkeys. It is read-only.
type keyring struct {
	of      *site.Site
	version uint64 // of the roster
	nodes   map[string]paspeaker.SpeakerID
}

func newKeyring(st *site.Site, secret []byte, name func(paspeaker.SpeakerID) (paspeaker.SpeakerID, bool)) *keyring {
	ring := &keyring{of: st, nodes: make(map[string]paspeaker.SpeakerID, len(st.Speakers))}
	for _, sp := range st.Speakers {
		if sp.Kind == paspeaker.KindThirdParty {
			continue
		}
		name, open := name(sp.ID)
		if !open {
			continue
		}
		if _, public, err := NodeKey(secret, name); err == nil {
			ring.nodes[public] = sp.ID
		}
	}
	return ring
}
