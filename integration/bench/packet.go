package main

import (
	"crypto/ed25519"
	"fmt"
	"net/netip"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/wire"
)

// studio is what a controller speaks with, and what a node checks it with,
// both in this process.
type studio struct {
	root   ed25519.PublicKey
	tagKey [32]byte
	sealer *wire.Sealer
	sender *wire.Sender
}

func newStudio() (*studio, error) {
	seed := make([]byte, ed25519.SeedSize)
	root, onAir := ed25519.NewKeyFromSeed(seed), ed25519.NewKeyFromSeed(append(seed[1:], 1))
	now := time.Now()
	cert := wire.NewCertificate(root, onAir.Public().(ed25519.PublicKey), now.Add(-time.Hour), now.Add(time.Hour))
	key := wire.DeriveTagKey(seed, 0)
	sender, err := wire.NewSender(wire.SenderConfig{Interface: "lo", TTL: 1})
	return &studio{
		root: root.Public().(ed25519.PublicKey), tagKey: key, sender: sender,
		sealer: wire.NewSealer(wire.SealerConfig{OnAir: onAir, Cert: cert, TagKey: key, Term: 1}),
	}, err
}

// line is one programme's way to the air: samples in, packets out.
type line struct {
	*studio
	profile codec.Profile
	enc     codec.Encoder
	stream  *wire.Stream
	group   netip.AddrPort
	payload []byte
	pcm     []float32
}

func (s *studio) line(profile string, n int) (*line, error) {
	p, ok := codec.ProfileByName(profile)
	if !ok {
		return nil, fmt.Errorf("no codec profile %q", profile)
	}
	enc, err := codec.NewEncoder(p)
	if err != nil {
		return nil, err
	}
	l := &line{studio: s, profile: p, enc: enc, stream: s.sealer.NewStream(uint64(n+1)<<8, uint32(n+1), p.PayloadType),
		group:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, byte(204 + n/250), byte(n % 250)}), 36004),
		payload: make([]byte, 0, codec.MaxPayload), pcm: make([]float32, p.Frame)}
	for i := range l.pcm {
		l.pcm[i] = float32((i+n)%97)/97 - 0.5
	}
	return l, nil
}

// say encodes, seals and sends one packet, and returns it.
func (l *line) say(tPlay int64) ([]byte, error) {
	var err error
	if l.payload, err = l.enc.Encode(l.payload[:0], l.pcm); err != nil {
		return nil, err
	}
	packets, err := l.stream.Packet(wire.Frame{Payload: l.payload, Samples: l.profile.Units(), TPlay: tPlay, Rank: 1, Targets: []uint32{5}})
	if err != nil {
		return nil, err
	}
	return packets[0], l.sender.Send(packets[0], l.group)
}

// packet times encode + seal + send, and verify, of L16 packets of 10 ms.
func packet(r *rig) ([]figure, error) {
	s, err := newStudio()
	if err != nil {
		return nil, err
	}
	defer s.sender.Close()
	l, err := s.line("l16", 0)
	if err != nil {
		return nil, err
	}
	verifier := wire.NewVerifier(wire.VerifierConfig{Roots: []ed25519.PublicKey{s.root},
		TagKeys: map[uint8][32]byte{0: s.tagKey}, Tags: []uint32{5}})
	now := time.Now()
	media := now.UnixNano()
	n := r.pick(20000, 4000)
	send, verify := make([]float64, 0, n), make([]float64, 0, n)
	for i := range n {
		tPlay := media + int64(i)*int64(l.profile.Duration())
		t0 := audio.Now()
		b, err := l.say(tPlay)
		if err != nil {
			return nil, err
		}
		t1 := audio.Now()
		// The bucket of checks refills with local time: this one is media's.
		_, refusal := verifier.Verify(b, wire.Instant{Local: tPlay - media + 1, Media: tPlay, Locked: true, Wall: now})
		t2 := audio.Now()
		if refusal != wire.OK {
			return nil, fmt.Errorf("packet %d refused: %s", i, refusal)
		}
		send, verify = append(send, float64(t1-t0)/1e3), append(verify, float64(t2-t1)/1e3)
	}
	return []figure{
		{Name: "packet_send_us", Value: percentile(send, 50), Unit: "us", N: n},
		{Name: "packet_send_p99_us", Value: percentile(send, 99), Unit: "us", N: n},
		{Name: "packet_verify_us", Value: percentile(verify, 50), Unit: "us", N: n},
		{Name: "packet_verify_p99_us", Value: percentile(verify, 99), Unit: "us", N: n},
	}, nil
}

// fanout sends one sealed packet to 1,000 groups: what each further zone of a
// programme costs.
func fanout(r *rig) ([]figure, error) {
	s, err := newStudio()
	if err != nil {
		return nil, err
	}
	defer s.sender.Close()
	const groups = 1000
	lines := make([]*line, groups)
	for i := range lines {
		if lines[i], err = s.line("l16", i); err != nil {
			return nil, err
		}
	}
	b, err := lines[0].say(time.Now().UnixNano())
	if err != nil {
		return nil, err
	}
	n := r.pick(50, 20)
	took := make([]float64, 0, n)
	for range n {
		t0 := audio.Now()
		for _, l := range lines {
			if err := s.sender.Send(b, l.group); err != nil {
				return nil, err
			}
		}
		took = append(took, float64(audio.Now()-t0)/1e6)
	}
	ms := percentile(took, 50)
	return []figure{
		{Name: "fanout_1000_targets_ms", Value: ms, Unit: "ms", N: n},
		// How many fit into a 10 ms frame: the rest of the core is free then for nothing else.
		{Name: "targets_per_programme", Value: groups * 10 / ms, Unit: "", N: n},
	}, nil
}
