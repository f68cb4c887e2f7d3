package node

import (
	"context"
	"encoding/json"
	"time"

	"pa/paspeaker"
)

// mute silences the loudspeaker for a time; emergencies sound all the same,
// unless that was asked for and confirmed.
func (n *Node) mute(_ context.Context, args json.RawMessage) (any, error) {
	m, err := decodeArgs[paspeaker.Mute](args)
	if err != nil {
		return nil, err
	}
	length := time.Duration(m.For)
	if length == 0 {
		length = paspeaker.DefaultMute
	}
	switch {
	case length < time.Second || length > paspeaker.MaxMute:
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "mute for " + paspeaker.Duration(length).String() + ": want 1 s to 24 h",
			Hint: "a loudspeaker that is to be silent for longer is taken out of zones.yaml"}
	case m.EmergenciesToo && !m.Confirmed:
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "nobody has confirmed that emergencies are to be silent, too",
			Hint: "say confirmed, after asking the person"}
	}
	set := mutedSetting{paspeaker.Muting{By: m.By, Until: n.commandTime().Add(length).UTC(), EmergenciesToo: m.EmergenciesToo}, length}
	if err := n.bench.change(func(s *settings) { s.Mute = &set }); err != nil {
		return nil, err
	}
	n.mixer.SetMute(n.bench.below())
	n.log.Warn("muted", "by", m.By, "until", set.Until, "emergencies_too", m.EmergenciesToo)
	return set.Muting, nil
}

// unmute ends a mute; none is no error.
func (n *Node) unmute(context.Context, json.RawMessage) (any, error) {
	var was paspeaker.Muting
	if m := n.bench.muting(); m != nil {
		was = *m
	}
	if err := n.bench.change(func(s *settings) { s.Mute = nil }); err != nil {
		return nil, err
	}
	n.mixer.SetMute(0)
	n.log.Info("unmuted")
	return was, nil
}

// tendMute ends a mute whose time is over. It is called several times a second.
func (n *Node) tendMute() {
	if below := n.bench.below(); below != n.mutedBelow {
		n.mutedBelow = below
		n.mixer.SetMute(below)
	}
}
