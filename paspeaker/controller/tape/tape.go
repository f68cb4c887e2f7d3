// Package tape keeps the sound of live calls: what a caller says goes through a
// bounded buffer to a goroutine of its own, which makes Opus in Ogg of it and
// hands it, a page a second, to a Store. It never holds up who speaks: what
// cannot be kept is counted and told.
package tape

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/paspeaker"
)

const (
	held       = 3 * time.Second // of sound, between the caller and the encoder
	keepEvery  = 250 * time.Millisecond
	pageLength = time.Second
	bitrate    = 24000
	maxWaiting = 256 << 10       // bytes of Opus that wait for the store: a minute and more
	storeWait  = 2 * time.Second // for one page
	lastWait   = 10 * time.Second
)

// Store keeps the pages of recordings, in order.
type Store interface {
	Put(ctx context.Context, id paspeaker.SessionID, n int, page []byte) error
}

// Result is what became of a recording.
type Result struct {
	Kept    time.Duration // of sound, in the store
	Missing time.Duration // of sound that was said and is not
	Err     error         // why, when the store was the reason
}

// Tape is the recording of one call.
type Tape struct {
	id    paspeaker.SessionID
	rate  int
	store Store
	every time.Duration
	last  time.Duration // of patience with the store at the end

	mu      sync.Mutex
	pcm     []float32 // at the caller's rate
	dropped int       // samples
	ended   chan struct{}
	once    sync.Once

	// The keeper's own.
	ogg       *audio.OggOpus
	enc       codec.Encoder
	resampler *audio.Resampler
	frame     []float32
	pending   [][]byte // packets that are not in the store yet
	waiting   int      // bytes of them
	page      []byte   // made of the first of them, until the store has it
	inPage    int      // packets
	pages     int
	kept      int // packets
	lost      int // packets
	err       error
}

// New returns a Tape of a call whose samples come at rate, Hz. title is for
// people who look at the file. The caller runs Run and calls Write and End.
func New(id paspeaker.SessionID, rate int, store Store, title string) (*Tape, error) {
	profile, _ := codec.ProfileByName("opus")
	enc, err := codec.NewEncoder(profile, codec.WithBitrate(bitrate), codec.WithLoss(0), codec.WithComplexity(3))
	if err != nil {
		return nil, err
	}
	t := &Tape{id: id, rate: rate, store: store, every: keepEvery, last: lastWait, ended: make(chan struct{}),
		ogg: audio.NewOggOpus(rand.Uint32()), enc: enc, resampler: audio.NewResampler(rate, audio.Rate), frame: make([]float32, 0, profile.Frame)}
	t.page = t.ogg.Head(rate, "TITLE="+title)
	return t, nil
}

// Write takes what the caller says and never waits.
func (t *Tape) Write(pcm []float32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := int(held.Seconds()*float64(t.rate)) - len(t.pcm)
	if len(pcm) > room {
		t.dropped += len(pcm) - max(0, room)
		pcm = pcm[:max(0, room)]
	}
	t.pcm = append(t.pcm, pcm...)
}

// End says that no more comes.
func (t *Tape) End() { t.once.Do(func() { close(t.ended) }) }

// Run keeps what is written until End was called and all is in the store, or
// the store has had its time. When ctx is done it ends the recording by itself.
func (t *Tape) Run(ctx context.Context) Result {
	next := time.NewTicker(t.every)
	defer next.Stop()
	for on := true; on; {
		select {
		case <-next.C:
		case <-t.ended:
			on = false
		case <-ctx.Done():
			on = false
		}
		t.take()
		if on {
			t.put(ctx, false)
		}
	}
	t.flush()
	patience := t.last
	if ctx.Err() != nil {
		patience = min(patience, storeWait)
	}
	t.finish(context.WithoutCancel(ctx), patience)
	return t.result()
}

// take encodes what was written.
func (t *Tape) take() {
	t.mu.Lock()
	pcm := t.pcm
	t.pcm = make([]float32, 0, cap(pcm))
	t.mu.Unlock()
	t.encode(pcm)
}

// encode makes packets of samples at the caller's rate.
func (t *Tape) encode(pcm []float32) {
	for _, x := range t.resample(pcm) {
		if t.frame = append(t.frame, x); len(t.frame) < cap(t.frame) {
			continue
		}
		packet, err := t.enc.Encode(nil, t.frame)
		t.frame = t.frame[:0]
		if err != nil || t.waiting+len(packet) > maxWaiting {
			t.lost++
			continue
		}
		t.pending, t.waiting = append(t.pending, packet), t.waiting+len(packet)
	}
}

// resample brings samples to 48 kHz.
func (t *Tape) resample(pcm []float32) []float32 {
	if t.rate == audio.Rate {
		return pcm
	}
	out := make([]float32, 0, len(pcm)*audio.Rate/t.rate+audio.FrameLen)
	buf := make([]float32, audio.FrameLen)
	for {
		n, used := t.resampler.Process(buf, pcm)
		out, pcm = append(out, buf[:n]...), pcm[used:]
		if n == 0 && used == 0 || len(pcm) == 0 && n < len(buf) {
			return out
		}
	}
}

// flush encodes the last words: what the resampler and a frame still hold.
func (t *Tape) flush() {
	t.encode(make([]float32, int(t.resampler.Delay())+1))
	if n := len(t.frame); n > 0 {
		t.encode(make([]float32, (cap(t.frame)-n)*t.rate/audio.Rate+1))
	}
}

// put hands full pages to the store until it takes no more; with all, the last
// one too, however short.
func (t *Tape) put(ctx context.Context, all bool) bool {
	perPage := int(pageLength/time.Second) * audio.Rate / cap(t.frame)
	for {
		if t.page == nil {
			n := min(len(t.pending), perPage)
			if n == 0 || n < perPage && !all {
				return true
			}
			t.page, t.inPage = t.ogg.Page(t.pending[:n], n*cap(t.frame), all && n == len(t.pending)), n
		}
		wait, cancel := context.WithTimeout(ctx, storeWait)
		err := t.store.Put(wait, t.id, t.pages, t.page)
		cancel()
		if err != nil {
			t.err = err
			return false
		}
		for _, p := range t.pending[:t.inPage] {
			t.waiting -= len(p)
		}
		t.pending, t.kept, t.pages = t.pending[t.inPage:], t.kept+t.inPage, t.pages+1
		t.page, t.inPage = nil, 0
	}
}

// finish has the rest stored, as long as there is patience.
func (t *Tape) finish(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(t.every)
	defer again.Stop()
	for len(t.pending) > 0 || t.page != nil {
		if t.put(ctx, true) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

func (t *Tape) result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	length := func(packets int) time.Duration {
		return time.Duration(packets*cap(t.frame)) * time.Second / audio.Rate
	}
	r := Result{Kept: length(t.kept)}
	r.Missing = length(t.lost+len(t.pending)) + time.Duration(t.dropped)*time.Second/time.Duration(t.rate)
	if r.Missing > 0 {
		r.Err = t.err
	}
	return r
}
