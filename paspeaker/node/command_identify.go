package node

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/playout"
	"pa/paspeaker"
)

const (
	identifyMost   = time.Minute
	identifyPacket = 10 * time.Millisecond
	identifyDrain  = 2 * time.Second // for the mixer to tell what became of it
)

// identify has the loudspeaker chirp, and blink where it has a light. The
// chirps have the lowest rank that there is: whatever is on air covers them.
func (n *Node) identify(ctx context.Context, args json.RawMessage) (any, error) {
	o, err := decodeArgs[paspeaker.Identify](args)
	if err != nil {
		return nil, err
	}
	length, level := time.Duration(o.For), o.LevelDB
	if length == 0 {
		length = paspeaker.IdentifyTime
	}
	if level == 0 {
		level = paspeaker.IdentifyLevelDB
	}
	if length < time.Second || length > identifyMost || level < -60 || level > -12 {
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "identify for %s at %g dB: want 1 s to 1 m, and -60 to -12 dB", paspeaker.Duration(length), level)
	}
	if o.Blink {
		if n.cfg.LED == "" {
			return nil, &paspeaker.Error{Code: paspeaker.CodeUnsupported, What: fmt.Sprintf("%s has no light", n.cfg.ID),
				Hint: "start its paspeaker-node with --led /sys/class/leds/NAME/brightness, or leave --blink out and listen"}
		}
		return paspeaker.Identified{Blinked: true}, blink(ctx, n.cfg.LED, length)
	}
	if m := n.bench.muting(); m != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("%s is muted by %s until %s", n.cfg.ID, m.By, m.Until.Format(time.RFC3339)),
			Hint: "paspeaker unmute " + string(n.cfg.ID) + ", or identify with --blink"}
	}
	var out paspeaker.Identified
	var lit sync.WaitGroup
	if n.cfg.LED != "" {
		lit.Go(func() { out.Blinked = blink(ctx, n.cfg.LED, length) == nil })
	}
	played, err := n.chirp(ctx, length, level)
	lit.Wait()
	out.Sounded = paspeaker.Duration(played)
	return out, err
}

// chirp plays chirps for a time and returns how much of it was heard.
func (n *Node) chirp(ctx context.Context, length time.Duration, level float64) (time.Duration, error) {
	return n.sing(ctx, length, func(pcm []float32, at int64) { chirps(pcm, at, audio.DB(level)) })
}

// sing plays what wave makes, for a time, beneath whatever is on air, and returns
// how much of it was heard.
func (n *Node) sing(ctx context.Context, length time.Duration, wave func(pcm []float32, at int64)) (time.Duration, error) {
	l16, ok := codec.ProfileByName("l16")
	if !ok {
		return 0, paspeaker.Errorf(paspeaker.CodeInternal, "no profile l16")
	}
	enc, err := codec.NewEncoder(l16)
	if err != nil {
		return 0, err
	}
	session, ended := n.local.begin()
	defer n.local.forget(session)
	pcm, packets := make([]float32, audio.FrameLen), int64(length/identifyPacket)
	tick := time.NewTicker(identifyPacket)
	defer tick.Stop()
	from := n.cfg.Now()
	for i := int64(0); i < packets; {
		for ; i < packets && n.cfg.Now() >= from+i*int64(identifyPacket); i++ {
			wave(pcm, i*audio.FrameLen)
			payload, err := enc.Encode(nil, pcm)
			if err != nil {
				return 0, err
			}
			p := playout.Packet{Session: session, SSRC: 1, Seq: uint16(i), TS: uint32(i * audio.FrameLen), PT: l16.PayloadType,
				TPlay: from + i*int64(identifyPacket), Arrived: from + i*int64(identifyPacket), Unlocked: true,
				Payload: payload}
			if i == packets-1 {
				p.Flags = playout.End
			}
			n.mixer.Push(p)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			n.mixer.Stop(session, 0)
			return 0, paspeaker.Errorf(paspeaker.CodeUnavailable, "%s was interrupted while it sounded", n.cfg.ID)
		}
	}
	select {
	case s := <-ended:
		return time.Duration(s.Played) * identifyPacket, nil
	case <-time.After(identifyDrain):
	case <-ctx.Done():
	}
	return 0, nil
}

// chirps fills out with the pattern from its sample at on: in every second two
// chirps of 150 ms that rise from 1 to 3 kHz, then silence.
func chirps(out []float32, at int64, rms float32) {
	const length, second = 0.15, audio.Rate / 4 // s, of a chirp; when the second one begins, samples
	for i := range out {
		out[i] = 0
		n := (at + int64(i)) % audio.Rate
		if n >= second {
			n -= second
		}
		t := float64(n) / audio.Rate
		if t >= length {
			continue
		}
		phase := 2 * math.Pi * (1000*t + (3000-1000)/(2*length)*t*t)
		fade := math.Sin(math.Pi * t / length)
		out[i] = 2 * rms * float32(fade*math.Sin(phase)) // the fade takes 3 dB of it
	}
}
