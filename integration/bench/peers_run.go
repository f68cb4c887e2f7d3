package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"pa/audio"
	"pa/audio/wire"
)

// The groups and ports of the peers, in a network namespace of this bench.
const (
	peerPort  = 46000
	peerGroup = "239.255.60."
)

// allPeers are what is compared, ours first.
var allPeers = []*peer{
	{"paspeaker", []int{10, 20, 30, 40, 60}, "ms", ourselves},
	{"snapcast", []int{20, 40, 60, 80, 100, 150, 200, 300, 400, 600, 1000}, "ms", snapcast},
	{"gstreamer", []int{0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300}, "ms", gstreamer},
	{"ffmpeg", []int{10, 20, 30, 40, 60, 80, 120, 200, 400}, "ms", ffmpeg},
	{"trx", []int{4, 8, 16, 24, 32, 48, 64, 96, 128, 200}, "ms", trx},
	{"pulseaudio_rtp", []int{10, 20, 40, 60, 80, 100, 150, 200, 300, 500}, "ms", pulseRTP},
}

// comparePeers runs in a network of its own, where multicast goes over
// loopback whatever a program says.
func comparePeers(r *rig) ([]figure, error) {
	if !withinLAN() {
		return inLAN(r, "peers")
	}
	if err := errors.Join(ip("link set lo up multicast on"), ip("route add 224.0.0.0/4 dev lo")); err != nil {
		return nil, err
	}
	return peers(r)
}

// program starts one of a peer's programs; its complaints are kept quiet.
func program(env []string, in io.Reader, name string, args ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%s is not installed", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stdin = env, in
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd, cmd.Start()
}

// fed starts a program whose standard input is the wiring's.
func (w *wiring) fed(env []string, name string, args ...string) error {
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd, err := program(env, out, name, args...)
	if err != nil {
		in.Close()
		return err
	}
	w.in, w.sender = in, append(w.sender, cmd)
	return nil
}

// hear starts a receiver for each of both speakers; args may name it by %d.
func (w *wiring) hear(env func(i int) []string, name string, args ...string) error {
	for i := 1; i <= 2; i++ {
		own := make([]string, len(args))
		for k, a := range args {
			own[k] = strings.ReplaceAll(a, "%d", fmt.Sprint(i))
		}
		cmd, err := program(env(i), nil, name, own...)
		if err != nil {
			return err
		}
		w.receivers = append(w.receivers, cmd)
	}
	w.speakers = 2
	return nil
}

// started returns w when all went well, else ends what runs.
func (w *wiring) started(err error) (*wiring, error) {
	if err != nil {
		w.end()
		return nil, err
	}
	return w, nil
}

func everywhere(env []string) func(int) []string { return func(int) []string { return env } }

const twinSite = `
site: {id: bench, name: Bench, time_zone: UTC, interface: lo, ttl: 1, groups: 239.255.208.0/24, port: 36100}
zones: [{id: gates, name: Gates}]
speakers: [{id: gate-1, name: Gate 1, zones: [gates]}, {id: gate-2, name: Gate 2, zones: [gates]}]
`

// ourselves is a live call to two nodes that sound through oto. The setting is
// oto's buffer; how far ahead the call is sent is the controller's choice.
func ourselves(r *rig, c *soundCard, setting int) (*wiring, error) {
	p, err := startPark(r, twinSite)
	if err != nil {
		return nil, err
	}
	w := &wiring{sender: []*exec.Cmd{p.ctl}, speakers: 2}
	for i := 1; i <= 2 && err == nil; i++ {
		var node *exec.Cmd
		var before []string
		if before, err = c.streams(); err != nil {
			break
		}
		if node, err = p.nodeIn(c.direct(), fmt.Sprintf("gate-%d", i), fmt.Sprintf("oto:%dms,%dms", setting, setting/2)); err == nil {
			w.receivers = append(w.receivers, node)
			err = c.seat(i, before)
		}
	}
	if err != nil {
		p.close()
		return nil, err
	}
	out, in := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, "http://"+p.http+"/v1/announcements/live?"+url.Values{"announcement": {`{"zones":["gates"]}`}}.Encode(), out)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/octet-stream")
	over := make(chan struct{})
	call := sync.OnceFunc(func() {
		go func() {
			defer close(over)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
			out.CloseWithError(io.ErrClosedPipe)
		}()
	})
	w.in = &firstWord{in, call}
	w.close = func() { call(); <-over; p.close() }
	return w, nil
}

// firstWord opens the call with the first word: one that stands still for a
// second is over.
type firstWord struct {
	*io.PipeWriter
	open func()
}

// Write implements io.Writer.
func (m *firstWord) Write(b []byte) (int, error) {
	m.open()
	return m.PipeWriter.Write(b)
}

// snapcast sends PCM, which is its quickest codec. The setting is its buffer.
func snapcast(_ *rig, c *soundCard, setting int) (*wiring, error) {
	fifo := filepath.Join(c.dir, "snapfifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		return nil, err
	}
	own := filepath.Join(c.dir, "snap.conf") // Debian's has a stream of the same name
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		return nil, err
	}
	w := &wiring{}
	server, err := program(c.direct(), nil, "snapserver", "--config="+own, "--server.datadir="+c.dir, "--server.pidfile="+c.dir+"/snap.pid",
		"--http.enabled=0", "--tcp.enabled=0", "--logging.filter=*:error", "--stream.port=1704", "--stream.chunk_ms=10", fmt.Sprintf("--stream.buffer=%d", setting),
		"--stream.source=pipe://"+fifo+"?name=default&mode=read&sampleformat=48000:16:1&codec=pcm&chunk_ms=10")
	if err != nil {
		return nil, err
	}
	w.sender = append(w.sender, server)
	in, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		return w.started(err)
	}
	w.in = in
	<-time.After(500 * time.Millisecond)
	return w.started(w.hear(everywhere(c.direct()), "snapclient", "-h", "127.0.0.1", "-p", "1704", "--hostID", "speaker-%d", "-i", "%d",
		"--player", "pulse", "-s", "spk%d", "--logfilter", "*:error"))
}

// gstreamer sends L16 in packets of 10 ms through rtpbin on both sides. The
// setting is the latency of the receiver's jitter buffer.
func gstreamer(_ *rig, c *soundCard, setting int) (*wiring, error) {
	w := &wiring{}
	err := w.hear(everywhere(c.direct()), "gst-launch-1.0", strings.Fields(fmt.Sprintf("-q rtpbin name=b latency=%d "+
		"udpsrc address=%s1 port=%d multicast-iface=lo caps=application/x-rtp,media=audio,encoding-name=L16,clock-rate=48000,channels=1,payload=97 ! b.recv_rtp_sink_0 "+
		"b. ! rtpL16depay ! audioconvert ! pulsesink device=spk%%d buffer-time=20000 latency-time=5000", setting, peerGroup, peerPort))...)
	if err != nil {
		return w.started(err)
	}
	<-time.After(time.Second)
	return w.started(w.fed(c.direct(), "gst-launch-1.0", strings.Fields(fmt.Sprintf("-q rtpbin name=b fdsrc fd=0 blocksize=%d do-timestamp=true ! "+
		"rawaudioparse use-sink-caps=false format=pcm pcm-format=s16le sample-rate=48000 num-channels=1 ! audioconvert ! "+
		"rtpL16pay pt=97 min-ptime=10000000 max-ptime=10000000 ! b.send_rtp_sink_0 b.send_rtp_src_0 ! "+
		"udpsink host=%s1 port=%d auto-multicast=true multicast-iface=lo sync=false async=false", 2*audio.FrameLen, peerGroup, peerPort))...))
}

// ffmpeg sends L16. The setting is the buffer of the receiver's output.
func ffmpeg(_ *rig, c *soundCard, setting int) (*wiring, error) {
	sdp := filepath.Join(c.dir, "ffmpeg.sdp")
	text := fmt.Sprintf("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 %s2/1\nt=0 0\nm=audio %d RTP/AVP 97\na=rtpmap:97 L16/48000/1\n", peerGroup, peerPort+2)
	if err := os.WriteFile(sdp, []byte(text), 0o600); err != nil {
		return nil, err
	}
	w := &wiring{}
	err := w.fed(c.direct(), "ffmpeg", "-loglevel", "error", "-fflags", "nobuffer", "-probesize", "32", "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0",
		"-c:a", "pcm_s16be", "-payload_type", "97", "-flush_packets", "1", "-f", "rtp",
		fmt.Sprintf("rtp://%s2:%d?localaddr=127.0.0.1&ttl=1&pkt_size=972", peerGroup, peerPort+2))
	if err != nil {
		return w.started(err)
	}
	return w.started(w.hear(everywhere(c.direct()), "ffmpeg", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,udp,rtp", "-fflags", "nobuffer", "-flags", "low_delay",
		"-probesize", "32", "-analyzeduration", "0", "-localaddr", "127.0.0.1", "-i", sdp, "-f", "pulse", "-buffer_duration", fmt.Sprint(setting), "-device", "spk%d", "peer"))
}

// mic gives a program that records a sound card the signal as its microphone. A
// microphone has no holes: what plays into it has a buffer of four blocks.
func (w *wiring) mic(c *soundCard) error {
	return w.fed(c.direct(), "pacat", "--playback", "--raw", "-d", "mic", "--rate=48000", "--format=s16le", "--channels=1", "--latency-msec=20")
}

// trx sends Opus in frames of 10 ms. The setting is the jitter buffer and the
// buffers of both sound cards.
func trx(_ *rig, c *soundCard, setting int) (*wiring, error) {
	w := &wiring{}
	ms := fmt.Sprint(setting)
	if err := w.hear(c.through, "trx-rx", "-h", peerGroup+"3", "-p", fmt.Sprint(peerPort+4), "-m", ms, "-j", ms, "-c", "1", "-v", "0"); err != nil {
		return w.started(err)
	}
	if err := w.mic(c); err != nil {
		return w.started(err)
	}
	tx, err := program(c.through(0), nil, "trx-tx", "-d", "mic", "-h", peerGroup+"3", "-p", fmt.Sprint(peerPort+4), "-m", ms, "-c", "1", "-f", "480", "-v", "0")
	if err == nil {
		w.sender = append(w.sender, tx)
	}
	return w.started(err)
}

// pulseRTP has the card's own PulseAudio send the microphone and receive it
// again: one receiver, whose processor time cannot be told from the sender's.
func pulseRTP(_ *rig, c *soundCard, setting int) (*wiring, error) {
	w := &wiring{speakers: 1}
	if err := w.mic(c); err != nil {
		return w.started(err)
	}
	if err := c.pactl("load-module", "module-rtp-recv", "sink=spk1", fmt.Sprintf("latency_msec=%d", setting)); err != nil {
		return w.started(err)
	}
	err := c.pactl("load-module", "module-rtp-send", "source=mic.monitor", "destination_ip="+peerGroup+"4", fmt.Sprintf("port=%d", peerPort+6), "source_ip=127.0.0.1", "loop=1", "rate=48000", "channels=1")
	if err == nil {
		err = announcePulse()
	}
	return w.started(err)
}

// announcePulse says over loopback what PulseAudio's sender does not say there
// itself: where its stream is (SAP, RFC 2974).
func announcePulse() error {
	self := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: self.AsSlice()}, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 56), Port: 9875})
	if err != nil {
		return err
	}
	defer conn.Close()
	sdp := fmt.Sprintf("v=0\no=root 1 0 IN IP4 127.0.0.1\ns=peer\nc=IN IP4 %s4\nt=0 0\na=recvonly\nm=audio %d RTP/AVP 127\na=rtpmap:127 L16/48000/1\na=type:broadcast\n", peerGroup, peerPort+6)
	_, err = conn.Write(wire.SAP{Hash: 1, Origin: self, SDP: sdp}.Append(nil))
	return err
}
