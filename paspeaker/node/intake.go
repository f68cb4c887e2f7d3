package node

import (
	"crypto/ed25519"
	"math"
	"net/netip"
	"sync"
	"time"

	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
)

// A node without the time asks for it before it plays, but not for longer than
// this; the packets wait meanwhile, at most so many.
const (
	askTime = 500 * time.Millisecond
	askHold = 128
)

// intake takes what the network brings: verify, obey, or hand to the mixer.
// Packets come from the receiver's goroutine and from the clock's.
type intake struct {
	node *Node

	mu       sync.Mutex
	heard    map[netip.AddrPort]int64 // local ns at which a packet of ours last came over each group
	verifier *wire.Verifier
	held     []heldPacket // came before their time was known
	since    int64        // local ns of the first of them; 0: none
	term     uint32       // the newest of theirs
	jitter   jitter
	gaveUp   uint32 // nobody told the time of this term: play on arrival
}

type heldPacket struct {
	data []byte
	to   netip.AddrPort
	at   int64
}

func newIntake(n *Node, conf *paspeaker.NodeConfig) *intake {
	in := &intake{node: n, heard: make(map[netip.AddrPort]int64)}
	cfg := in.config(conf)
	cfg.Term, cfg.Ended = n.memory.recall()
	in.verifier = wire.NewVerifier(cfg)
	return in
}

// config translates a node's configuration for the verifier.
func (in *intake) config(conf *paspeaker.NodeConfig) wire.VerifierConfig {
	cfg := wire.VerifierConfig{
		Roots:   []ed25519.PublicKey{conf.Root},
		TagKeys: make(map[uint8][32]byte),
		OnTerm:  in.node.memory.setTerm,
		OnEnded: in.node.memory.addEnded,
		Witness: in.node.cfg.Parts.Witness,
	}
	for id, key := range conf.TagKeys {
		cfg.TagKeys[id] = [32]byte(key)
	}
	for _, t := range conf.Tags {
		cfg.Tags = append(cfg.Tags, uint32(t))
	}
	return cfg
}

// update takes a new configuration over.
func (in *intake) update(conf *paspeaker.NodeConfig) { in.verifier.Update(in.config(conf)) }

// counts returns what became of all packets so far.
func (in *intake) counts() map[wire.Refusal]uint64 { return in.verifier.Counts() }

// take is called for every datagram.
func (in *intake) take(d wire.Datagram) {
	in.mu.Lock()
	defer in.mu.Unlock()
	r := in.node.time.Read(d.At)
	if in.since != 0 && (in.timeIsKnown(r, in.term) || d.At-in.since > int64(askTime) || len(in.held) == askHold) {
		in.release(r)
	}
	if term, sound := in.termToLearn(d.Data, r); sound && term > in.gaveUp {
		in.hold(d, term)
		return
	}
	if why := in.verify(d.Data, d.To, d.At); why != wire.OK {
		in.node.foreign.note(d, why)
	}
	in.node.slack.note(in.node.cfg.Now() - d.At)
}

// timeIsKnown says whether the clock speaks of a term's media time. That of an
// older one is refused anyhow.
func (in *intake) timeIsKnown(r playout.Reading, term uint32) bool {
	return r.Locked && r.Timescale >= term
}

// termToLearn returns the term of a packet whose time the clock does not know.
func (in *intake) termToLearn(b []byte, r playout.Reading) (term uint32, ok bool) {
	if in.timeIsKnown(r, wire.TermOf(b)) {
		return 0, false // as ever: nothing is looked at twice
	}
	return in.verifier.SoundTerm(b)
}

// hold keeps a packet while the time is asked for: of the first controller, or
// of one that has just taken over.
func (in *intake) hold(d wire.Datagram, term uint32) {
	if in.since == 0 {
		in.since = d.At
		in.node.time.ask()
	}
	in.term = max(in.term, term)
	in.held = append(in.held, heldPacket{append([]byte(nil), d.Data...), d.To, d.At})
}

// clockLocked lets go what waited for the time.
func (in *intake) clockLocked() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.gaveUp = 0
	if in.since != 0 {
		in.release(in.node.time.Read(in.held[len(in.held)-1].at))
	}
}

// release verifies what was held, in its order.
func (in *intake) release(r playout.Reading) {
	if !in.timeIsKnown(r, in.term) {
		in.gaveUp = in.term
		in.node.log.Warn("nobody tells the time: playing on arrival", "term", in.term)
	}
	held := in.held
	in.held, in.since, in.term = nil, 0, 0
	for _, h := range held {
		in.verify(h.data, h.to, h.at)
	}
}

// verify decides about one packet and carries it to the mixer. It returns why
// not.
func (in *intake) verify(b []byte, to netip.AddrPort, at int64) wire.Refusal {
	n := in.node
	r := n.time.Read(at)
	now := wire.Instant{Local: at, Media: r.Media, Locked: r.Locked, Timescale: r.Timescale, Wall: time.Unix(0, r.Media)}
	p, refusal := in.verifier.Verify(b, now)
	in.hear(to, at, refusal)
	if refusal != wire.OK {
		n.turned.note(b, refusal, at)
		return refusal
	}
	switch {
	case p.Stop != nil && p.Stop.Kind == wire.StopSession:
		n.mixer.Stop(p.Stop.Session, 0)
	case p.Stop != nil:
		n.mixer.StopAll(p.Stop.Before)
		n.quiet.stop(p.Stop.Before)
	case p.Flags&wire.FlagBeacon != 0:
	default:
		in.jitter.note(p.Session, p.TPlay, at)
		n.mixer.Push(playout.Packet{
			Session: p.Session, SSRC: p.SSRC, Rank: p.Rank, Seq: p.Seq, TS: p.TS, PT: p.PT, TPlay: p.TPlay,
			Flags: mixerFlags(p.Flags), Payload: p.Payload, Arrived: at, Unlocked: p.Unlocked,
		})
	}
	return refusal
}

// maxHeard bounds what strangers' packets can make us remember.
const maxHeard = 2048

// hear notes over which group something sealed came. Whether it may be played
// is another question: the way is open.
func (in *intake) hear(to netip.AddrPort, at int64, r wire.Refusal) {
	if r == wire.Malformed || r == wire.Unsealed || len(in.heard) >= maxHeard {
		return
	}
	in.heard[to] = at
}

// lastHeard is when that was, local ns; the beginning of time for never.
func (in *intake) lastHeard(group string) int64 {
	g, err := netip.ParseAddrPort(group)
	if err != nil {
		return math.MinInt64
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if at, ok := in.heard[g]; ok {
		return at
	}
	return math.MinInt64
}

func mixerFlags(f wire.Flags) playout.Flags {
	var out playout.Flags
	for _, m := range [...]struct {
		from wire.Flags
		to   playout.Flags
	}{{wire.FlagEnd, playout.End}, {wire.FlagDuckable, playout.Duckable}, {wire.FlagDrill, playout.Drill}, {wire.FlagLive, playout.Live}} {
		if f&m.from != 0 {
			out |= m.to
		}
	}
	return out
}
