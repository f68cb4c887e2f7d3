package integration

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/integration/ears"
	"pa/paspeaker"
)

// refused returns a node's counters of refusals, by their words.
func (s *site) refused(id string) map[string]uint64 {
	s.t.Helper()
	if r := s.speaker(id).Report; r != nil {
		return r.Counters.Refused
	}
	return nil
}

// forger seals packets as a controller does, with keys of his own or with
// stolen ones.
type forger struct {
	root   ed25519.PrivateKey
	tagKey [32]byte // the flood filter's: every node has it, and so has a thief of a node
	term   uint32
}

// forge returns a second of a tone, to be played in ten seconds. Each session
// has its own number.
func (f forger) forge(t *testing.T, session uint64, target paspeaker.Tag) [][]byte {
	t.Helper()
	onAir := ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
	now := time.Now()
	sealer := wire.NewSealer(wire.SealerConfig{OnAir: onAir, TagKey: f.tagKey, Term: f.term,
		Cert: wire.NewCertificate(f.root, onAir.Public().(ed25519.PublicKey), now.Add(-time.Hour), now.Add(time.Hour))})
	stream := sealer.NewStream(session<<8, uint32(session), 97)
	loud := make([]byte, 960)
	for i := range 480 { // 500 Hz
		binary.BigEndian.PutUint16(loud[2*i:], uint16(int16(8000*math.Sin(2*math.Pi*float64(i)/96))))
	}
	var out [][]byte
	for i := range 100 {
		frame := wire.Frame{Payload: loud, Samples: 480, TPlay: now.Add(10*time.Second + time.Duration(i)*10*time.Millisecond).UnixNano(),
			Rank: 255 << 24, Targets: []uint32{uint32(target)}}
		if i == 99 {
			frame.Flags = wire.FlagEnd
		}
		packets, err := stream.Packet(frame)
		require.NoError(t, err)
		out = append(out, append([]byte(nil), packets[0]...))
	}
	return out
}

// stolen reads 32 bytes that the controller keeps.
func (s *site) stolen(name string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(s.path("state/" + name))
	require.NoError(s.t, err)
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(s.t, err)
	return b
}

// flipped copies packets with one bit changed, at a place counted from the end
// when it is negative; with a key it makes their flood filter's tag right again
// (docs/wire.md), as a thief of a node can.
func flipped(packets [][]byte, at int, tagKey []byte) [][]byte {
	var out [][]byte
	for _, b := range packets {
		c := append([]byte(nil), b...)
		c[(at+len(c))%len(c)] ^= 0x10
		if tagKey != nil {
			clear(c[45:49])
			h := hmac.New(sha256.New, tagKey)
			h.Write(c)
			copy(c[45:49], h.Sum(nil))
		}
		out = append(out, c)
	}
	return out
}

// unsealed turns packets into plain RTP.
func unsealed(packets [][]byte) (out [][]byte) {
	for _, p := range packets {
		out = append(out, append(append([]byte{0x80}, p[1:12]...), p[len(p)-960:]...))
	}
	return out
}

// attack is packets that an enemy sends, and how they are to be counted.
type attack struct {
	name string
	node string
	to   netip.AddrPort
	send [][]byte
	kind string
	also string // other words that some of them may be counted by
}

// TestNobodyElseSpeaks sends what an enemy on the cable could send: nothing of
// it sounds, and each kind is counted by its word.
func TestNobodyElseSpeaks(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	s.startNode("road-1")
	zones := s.groups()
	spy := s.spyOn(zones["gates"])
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "1s"})
	s.over(tone.ID, "gate-1")
	s.eventually("all of it was overheard", func() bool { return len(spy.of(tone.ID)) >= 100 })
	real := spy.of(tone.ID)[:100]

	tagKey := wire.DeriveTagKey(s.stolen("site.secret"), 0)
	own := ed25519.NewKeyFromSeed(make([]byte, 32))
	stranger := forger{root: own, term: s.term()}
	thief := forger{root: own, tagKey: tagKey, term: s.term()}
	genuine := forger{root: ed25519.NewKeyFromSeed(s.stolen("root.key")), tagKey: tagKey, term: s.term()}
	// A packet whose signature is wrong is one by an unknown key, when it does
	// not bring the key's certificate along: one in fifty does.
	gates, roads := paspeaker.TagOf("gates"), paspeaker.TagOf("roads")
	at := zones["gates"]
	for _, a := range []attack{
		{"zone A's packets, re-sent to zone B", "road-1", zones["roads"], real, "not for us", ""},
		{"fresh ones, too", "road-1", zones["roads"], genuine.forge(t, 1, gates), "not for us", ""},
		{"a replay", "gate-1", at, real, "stale", "duplicate"},
		{"a stranger's keys", "gate-1", at, stranger.forge(t, 2, gates), "unknown key", "flood"},
		{"a thief of a node, with the site's own tag", "gate-1", at, thief.forge(t, 3, gates), "unknown key", ""},
		{"the thief, to everybody", "road-1", zones["all"], thief.forge(t, 4, 0), "unknown key", ""},
		{"a flipped bit of the sound", "gate-1", at, flipped(genuine.forge(t, 5, gates), -100, nil), "signature", "unknown key, flood"},
		{"a flipped bit of the sound, the tag made right", "gate-1", at, flipped(genuine.forge(t, 6, gates), -100, tagKey[:]), "signature", "unknown key"},
		{"a flipped bit of the session", "gate-1", at, flipped(genuine.forge(t, 7, gates), 30, tagKey[:]), "signature", "unknown key"},
		{"a flipped bit of the time", "gate-1", at, flipped(genuine.forge(t, 8, gates), 42, tagKey[:]), "signature", "unknown key"},
		{"a flipped bit of the rank", "gate-1", at, flipped(genuine.forge(t, 9, gates), 33, tagKey[:]), "signature", "unknown key"},
		{"a flipped bit of the signature", "gate-1", at, flipped(genuine.forge(t, 10, gates), 60, tagKey[:]), "signature", "unknown key"},
		{"a flipped bit of the target", "gate-1", at, flipped(genuine.forge(t, 11, gates), 114, tagKey[:]), "not for us", ""},
		{"an earlier term", "gate-1", at, forger{genuine.root, tagKey, s.term() - 1}.forge(t, 12, gates), "old term", ""},
		{"the sound without a seal", "gate-1", at, unsealed(genuine.forge(t, 13, gates)), "unsealed", ""},
		{"noise", "gate-1", at, [][]byte{[]byte("hello"), make([]byte, 1400), {0x90}}, "malformed", ""},
	} {
		s.repel(a)
	}
	// What the flips began with is good: untouched, it is heard.
	s.inject(zones["roads"], genuine.forge(t, 20, roads))
	s.eventually("the genuine article is heard", func() bool { return s.plays("road-1", 20<<8) })
	s.replayToARestartedNode(at, real)
	x := s.recording("road-1")
	begin, end := ears.Span(x, 0.001)
	assert.InDelta(t, 1.0, float64(end-begin)/48000, 0.02, "the genuine second, and nothing of all the rest")
}

// repel makes an attack and waits until its packets are counted.
func (s *site) repel(a attack) {
	s.t.Helper()
	before := s.refused(a.node)
	s.inject(a.to, a.send)
	var first, all uint64
	s.eventually("it is counted: "+a.name, func() bool {
		now := s.refused(a.node)
		first, all = now[a.kind]-before[a.kind], now[a.kind]-before[a.kind]
		for also := range strings.SplitSeq(a.also, ", ") {
			all += now[also] - before[also]
		}
		return all >= uint64(len(a.send)*9/10) // loopback may drop some of a burst
	})
	assert.NotZero(s.t, first, "%s: by the word %q", a.name, a.kind)
}

// replayToARestartedNode first looks at what the node played, the tone once
// and nothing after it, then starts it again and replays the tone.
func (s *site) replayToARestartedNode(gates netip.AddrPort, real [][]byte) {
	t := s.t
	require.NoError(t, s.nodes["gate-1"].end(syscall.SIGTERM))
	x, err := ears.Open(s.path("gate-1.wav"))
	require.NoError(t, err)
	begin, end := ears.Span(x, 0.001)
	assert.InDelta(t, 1.0, float64(end-begin)/48000, 0.02, "the tone once, and nothing after it")
	s.runNode("gate-1")
	s.online("gate-1")
	s.inject(gates, real)
	s.eventually("the replay is refused", func() bool {
		r := s.refused("gate-1")
		return r["stale"]+r["ended"]+r["duplicate"] >= uint64(len(real)*9/10)
	})
	assert.Equal(t, ears.Silence, ears.DB(s.recording("gate-1")), "nothing of the replay sounds")
}

// inject sends packets to a group as somebody else.
func (s *site) inject(to netip.AddrPort, packets [][]byte) {
	s.t.Helper()
	out, err := wire.NewSender(wire.SenderConfig{Interface: "lo"})
	require.NoError(s.t, err)
	defer out.Close()
	for _, b := range packets {
		require.NoError(s.t, out.Send(b, to))
	}
}
