package air

import (
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"pa/audio"
	"pa/audio/loudness"
	"pa/audio/wire"
)

const (
	// FrameTime is the sound of a recording that passes at a time.
	FrameTime = 10 * time.Millisecond
	// LiveFrame is that of a voice, which waits for less.
	LiveFrame = 5 * time.Millisecond
	// TailTime is how long the end of a programme is said on air, five times or more.
	TailTime  = 100 * time.Millisecond
	stopEvery = TailTime / 5
	stopTimes = 5
	ceilingDB = -1               // dBFS, true peak
	lookahead = time.Millisecond // of the limiter
)

// programme is one part of a session on its way to the air: source, limiter,
// and a lane for each codec in use. Orders load, aim and run it; its pacer's
// thread alone runs tick.
type programme struct {
	id     uint64
	engine *Engine
	pacer  *wire.Pacer
	flags  wire.Flags
	hold   int64 // ns
	gain   float32
	urgent bool
	every  time.Duration // FrameTime or LiveFrame

	run   atomic.Uint32         // which Play is in force; everything that ends one changes it
	route atomic.Pointer[route] // where to
	later atomic.Pointer[later] // what becomes of it in a while; a newer order undoes it
	next  atomic.Pointer[sound] // a source that replaces the one in use
	laid  map[laneKey]*lane     // every lane that was ever aimed; the orders' own

	// tick's own.
	src     audio.Source
	limiter *loudness.Limiter
	frame   []float32
	ended   int64 // local ns of the frame after the last; 0 while it sounds
	fresh   bool  // the next frame begins a talkspurt
}

// route is where a programme goes. It is read-only once made.
type route struct {
	rank uint32
	legs []aimed
}

// later is a change that waits until what takes a programme's place is heard.
type later struct {
	at int64  // local ns
	to *route // nil: off air
}

// withoutPlain is where a programme goes on while another takes its place.
func (r *route) withoutPlain() *route {
	out := &route{rank: r.rank}
	for _, leg := range r.legs {
		if leg.Plain == "" {
			out.legs = append(out.legs, leg)
		}
	}
	return out
}

// linger lets the programme go on as it is, but for its plain legs, and change
// after a while; false when there is nothing to wait for.
func (p *programme) linger(after time.Duration, to *route) bool {
	r := p.route.Load()
	p.later.Store(nil)
	if after <= 0 || r == nil || p.run.Load() == 0 {
		return false
	}
	now := r.withoutPlain()
	if to != nil {
		for _, leg := range to.legs {
			if leg.Plain != "" {
				now.legs = append(now.legs, leg)
			}
		}
	}
	p.route.Store(now)
	p.later.Store(&later{audio.Now() + int64(after), to})
	return true
}

// aimed is a lane and where its packets go.
type aimed struct {
	*lane
	Leg
}

func newProgramme(e *Engine, b *Begin) *programme {
	every := FrameTime
	if b.Frame > 0 && b.Frame < FrameTime {
		every = b.Frame
	}
	return &programme{every: every, frame: make([]float32, every*audio.Rate/time.Second), id: b.ID, engine: e, flags: b.Flags, hold: int64(b.Hold), gain: b.Gain, urgent: b.Urgent,
		laid: make(map[laneKey]*lane), limiter: loudness.NewLimiter(ceilingDB, lookahead)}
}

func (p *programme) load(l *Load) error {
	s := &sound{ring: l.sound, starved: &p.engine.starved}
	if l.Live != nil {
		s.live = newLiveQueue(l.live, *l.Live, len(p.frame))
	}
	p.next.Store(s)
	return nil
}

// aim lays the lanes that are new. Those that cannot be are left out, and told.
func (p *programme) aim(a *Aim) error {
	r := &route{rank: a.Rank, legs: make([]aimed, 0, len(a.Legs))}
	for _, leg := range a.Legs {
		k := laneKey{leg.Profile, leg.Unit, leg.Plain, leg.Lead}
		l := p.laid[k]
		if l == nil {
			var err error
			if l, err = newLane(p.engine, p.id, leg); err != nil {
				p.engine.tell(Event{Trouble: &Trouble{What: err.Error(), Profile: leg.Profile}})
				continue
			}
			p.laid[k] = l
		}
		r.legs = append(r.legs, aimed{l, leg})
	}
	if !p.linger(a.After, r) {
		p.route.Store(r)
	}
	return nil
}

// play puts it on the pacer's agenda: at the media time begin, when that is to
// come; else an urgent one at once, another within a frame, where the pacer has
// the least to do.
func (p *programme) play(run uint32, begins int64) {
	p.later.Store(nil)
	p.run.Store(run)
	begin := true
	tick := func(k, due int64) bool {
		if p.run.Load() != run {
			return false
		}
		if begin {
			begin, p.fresh, p.ended = false, true, 0
		}
		return p.tick(due)
	}
	if at := begins - p.engine.base; begins != 0 && at > audio.Now() {
		p.pacer.Add(at, p.every, tick)
	} else if p.urgent {
		p.pacer.Add(0, p.every, tick)
	} else {
		p.pacer.Spread(p.every, tick)
	}
}

// pause takes it off air, now or in a while.
func (p *programme) pause(after time.Duration) {
	if !p.linger(after, nil) {
		p.run.Store(0)
	}
}

// end takes it off air, with a stop order for everybody who plays it.
func (p *programme) end(o End) {
	r := p.route.Load()
	p.pause(o.After)
	if !o.Say || r == nil {
		return
	}
	sealer := p.engine.sealer
	p.pacer.Add(audio.Now()+int64(o.SayAfter), stopEvery, func(k, due int64) bool {
		for i := range r.legs {
			l := &r.legs[i]
			if l.sealed != nil {
				p.engine.sayStop(sealer, &Silence{Kind: wire.StopSession, Session: p.id, Targets: l.Targets, Groups: l.Groups, Units: l.Units}, due)
			}
		}
		return k < stopTimes-1
	})
}

// tick is a frame's walk: source → gain → limiter → a packet on each lane.
// It does not block and does not allocate.
func (p *programme) tick(due int64) bool {
	if s := p.next.Swap(nil); s != nil {
		p.src = s
	}
	if l := p.later.Load(); l != nil && due >= l.at && p.later.CompareAndSwap(l, nil) {
		if l.to == nil {
			return false
		}
		p.route.Store(l.to)
	}
	r := p.route.Load()
	if p.ended == 0 {
		p.fill(due)
	} else {
		clear(p.frame)
	}
	if p.gain != 1 {
		for i := range p.frame {
			p.frame[i] *= p.gain
		}
	}
	p.limiter.Process(p.frame)
	flags := p.flags
	if p.fresh {
		flags |= wire.FlagStart
		p.fresh = false
	}
	if p.ended != 0 && due >= p.ended+int64(p.every) {
		flags |= wire.FlagEnd
	}
	tail := max(int64(TailTime), p.hold)
	if p.ended == 0 || due < p.ended+int64(TailTime) {
		p.sendLanes(r, due, flags)
	} else if due >= p.ended+tail {
		p.engine.tell(Event{Finished: &Finished{ID: p.id, Run: p.run.Load()}})
		return false
	}
	return true
}

// fill reads the next frame; the rest of a last one is silence.
func (p *programme) fill(due int64) {
	n, err := 0, io.EOF
	if p.src != nil {
		n, err = p.src.Read(p.frame)
	}
	if n < len(p.frame) || err != nil {
		clear(p.frame[n:])
	}
	if err != nil || n < len(p.frame) {
		p.ended = due + int64(p.every)
	}
}

// sendLanes gives the frame to each lane, and sends a report once a second.
func (p *programme) sendLanes(r *route, due int64, flags wire.Flags) {
	if r == nil {
		return
	}
	media := p.engine.media(due) - int64(p.limiter.Latency())*int64(time.Second)/audio.Rate
	for i := range r.legs {
		leg := &r.legs[i]
		leg.add(p.frame, media, flags, r.rank, &leg.Leg, p.engine)
	}
}

// newSSRC returns a random SSRC (RFC 3550 §8.1).
func newSSRC() uint32 { return rand.Uint32() }
