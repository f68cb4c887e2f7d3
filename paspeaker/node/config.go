package node

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"pa/paspeaker"
)

const configFile = "config.json"

// configContext goes before a configuration's body under the root's signature.
const configContext = "pa-node-config-v1\x00"

// firstConfig returns the configuration on disk or, the first time, what the
// controller gives for the join token.
func (n *Node) firstConfig(ctx context.Context) (*paspeaker.NodeConfig, error) {
	b, err := n.cfg.State.Read(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return n.enrol(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var signed paspeaker.SignedConfig
	if err := json.Unmarshal(b, &signed); err != nil {
		return nil, fmt.Errorf("read %s: %w; delete it and enrol again with a join token", n.cfg.State.Path(configFile), err)
	}
	conf, err := openConfig(signed, nil)
	if err != nil {
		return nil, err
	}
	if conf.ID != n.cfg.ID {
		return nil, &paspeaker.Error{Code: paspeaker.CodeConflict,
			What: fmt.Sprintf("state directory %s belongs to node %s, not %s", n.cfg.State.Path(""), conf.ID, n.cfg.ID),
			Hint: "start with --id " + string(conf.ID) + ", or with another --state directory"}
	}
	return conf, nil
}

// openConfig checks a configuration's signature and content. The root pinned
// at enrolment is the judge; nil at enrolment itself, where TLS has proved
// whose word it is.
func openConfig(signed paspeaker.SignedConfig, pinned ed25519.PublicKey) (*paspeaker.NodeConfig, error) {
	var conf paspeaker.NodeConfig
	if err := json.Unmarshal(signed.Body, &conf); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	root := pinned
	if root == nil {
		root = conf.Root
	}
	switch {
	case len(root) != ed25519.PublicKeySize || len(conf.Root) != ed25519.PublicKeySize,
		!ed25519.Verify(root, append([]byte(configContext), signed.Body...), signed.Sig):
		return nil, &paspeaker.Error{Code: paspeaker.CodeDenied, What: "the configuration is not signed by this site's root key"}
	case len(conf.ClockKey) != 32, !paspeaker.ValidID(string(conf.ID)):
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "the configuration is not whole"}
	}
	for id, key := range conf.TagKeys {
		if len(key) != 32 || id > 15 {
			return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "the configuration's tag keys are not whole"}
		}
	}
	_, err := parseGroups(conf.Groups)
	return &conf, err
}

// adopt takes a configuration that came over the bus. What is not signed by
// the pinned root, not for this node, or not newer changes nothing.
func (n *Node) adopt(signed paspeaker.SignedConfig) {
	old := n.conf.Load()
	conf, err := openConfig(signed, old.Root)
	if err == nil && conf.ID != old.ID {
		err = fmt.Errorf("it is for %s", conf.ID)
	}
	if err != nil {
		n.log.Warn("configuration refused", "err", err)
		return
	}
	if conf.Serial <= old.Serial {
		return
	}
	if err := n.saveConfig(signed); err != nil {
		n.log.Warn("keep configuration", "err", err)
	}
	n.conf.Store(conf)
	n.intake.update(conf)
	n.mixer.SetGain(conf.GainDB + n.bench.trim())
	n.mixer.SetDelay(n.delay(conf))
	n.join(conf)
	if !sameLinks(old, conf) {
		select {
		case n.relink <- struct{}{}:
		default:
		}
	}
	n.log.Info("configuration taken over", "serial", conf.Serial, "groups", len(conf.Groups))
}

// sameLinks says whether clock and uplink go to the same places.
func sameLinks(a, b *paspeaker.NodeConfig) bool {
	return a.ClockPort == b.ClockPort && a.NATSURL == b.NATSURL && a.NATSSeed == b.NATSSeed &&
		reflect.DeepEqual(a.ClockKey, b.ClockKey) && reflect.DeepEqual(a.NATSCert, b.NATSCert)
}

func (n *Node) saveConfig(signed paspeaker.SignedConfig) error {
	b, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return n.cfg.State.Write(configFile, b)
}

func parseGroups(in []string) ([]netip.AddrPort, error) {
	out := make([]netip.AddrPort, 0, len(in))
	for _, s := range in {
		g, err := netip.ParseAddrPort(s)
		if err != nil || !g.Addr().IsMulticast() {
			return nil, fmt.Errorf("group %q is not a multicast address and port", s)
		}
		out = append(out, g)
	}
	return out, nil
}

// host returns the controller's name or address without its port.
func host(controller string) string {
	if h, _, err := net.SplitHostPort(controller); err == nil {
		return h
	}
	return strings.Trim(controller, "[]")
}

func hostPort(controller string, port uint16) string {
	return net.JoinHostPort(host(controller), strconv.Itoa(int(port)))
}

// natsURL puts the controller's host in where the URL leaves it open: a
// controller that listens everywhere does not know by which name nodes reach it.
func natsURL(raw, controller string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.IsUnspecified() {
		u.Host = net.JoinHostPort(host(controller), u.Port())
	}
	return u.String()
}
