package controller

import (
	"sync/atomic"
	"time"

	"pa/audio"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/controller/air"
)

// programme is one part of a session on air, as the loop sees it: the engine
// of package air does what is ordered here. Loop only.
type programme struct {
	id      paspeaker.SessionID
	air     *transmitter
	voice   *air.Voice // nil unless the session is one
	feed    *air.Feed  // what is read ahead now; nil for a mere voice
	aimed   *route     // nil before the first aim
	run     uint32     // which play is in force
	playing atomic.Bool
	turn    atomic.Uint32 // rises with every play
}

// newProgramme makes the programme of one part of a session.
func (c *Controller) newProgramme(s *session, id paspeaker.SessionID) *programme {
	p := &programme{id: id, air: c.air, voice: s.live}
	b := &air.Begin{ID: uint64(id), Gain: audio.DB(s.gainDB), Hold: s.leads.longest,
		Urgent: s.live != nil || s.Level >= paspeaker.PriorityEmergency, Frame: s.frame()}
	for _, f := range []struct {
		on   bool
		flag wire.Flags
	}{{s.Drill, wire.FlagDrill}, {s.req.Duck, wire.FlagDuckable}, {s.live != nil, wire.FlagLive}} {
		if f.on {
			b.Flags |= f.flag
		}
	}
	p.air.do(air.Order{Begin: b})
	return p
}

// frame is how much of its sound passes at a time.
func (s *session) frame() time.Duration {
	if s.live != nil {
		return air.LiveFrame
	}
	return air.FrameTime
}

// load gives it a source to play from the next frame on, and the session's
// voice after it. src may be nil when there is a voice.
func (p *programme) load(src audio.Source) error {
	p.rest()
	if src != nil {
		feed, err := air.NewFeed(src)
		if err != nil {
			return err
		}
		p.feed = feed
	}
	l, err := air.NewLoad(uint64(p.id), p.feed, p.voice, &p.playing)
	if err != nil {
		return err
	}
	p.air.do(air.Order{Load: l})
	if p.feed != nil {
		p.air.read(p.feed)
	}
	return nil
}

// aim sends it elsewhere, from the next frame on or after a while.
func (p *programme) aim(r *route, after time.Duration) {
	p.aimed = r
	p.air.do(air.Order{Aim: &air.Aim{ID: uint64(p.id), Rank: r.rank, Legs: r.legs, After: after}})
}

// play puts it on air, its first frame due at a media time; one that is past is
// at once.
func (p *programme) play(begin int64) {
	p.run++
	p.turn.Add(1)
	p.playing.Store(true)
	p.air.do(air.Order{Play: &air.Play{ID: uint64(p.id), Run: p.run, Begin: begin}})
}

// overlap is how long a programme goes on when another takes its place: it is
// sent until the other is heard, and only then may be stopped at the
// loudspeakers. Until then they would have nothing to play.
type overlap struct{ sent, heard time.Duration }

// overlapMargin covers the pacer's slots, a thread that is late, and the
// crossfade.
const overlapMargin = 30 * time.Millisecond

// overlapWith is the overlap of s with the session that takes its place; none
// when nobody does.
func (c *Controller) overlapWith(s *session, by paspeaker.SessionID) (o overlap) {
	other := c.find(by)
	if by == 0 || other == nil || other == s {
		return overlap{}
	}
	for id, lead := range other.leads.of {
		if own, both := s.leads.of[id]; both {
			o.sent, o.heard = max(o.sent, lead-own+overlapMargin, overlapMargin), max(o.heard, lead+overlapMargin)
		}
	}
	return o
}

// pause takes it off air where it stands. Nothing is said: what preempted it
// outranks it in every mixer.
func (p *programme) pause(o overlap) {
	p.air.do(air.Order{Pause: &air.Pause{ID: uint64(p.id), After: o.sent}})
	p.mute(o.sent)
}

// mute takes no more of a voice, now or after a while unless it plays anew.
func (p *programme) mute(after time.Duration) {
	if after <= 0 || p.voice == nil {
		p.playing.Store(false)
		return
	}
	turn := p.turn.Load()
	time.AfterFunc(after, func() {
		if p.turn.Load() == turn {
			p.playing.Store(false)
		}
	})
}

// stop ends it. When its source has not run out by itself, a stop order goes
// over the voice path.
func (p *programme) stop(order bool, o overlap) {
	p.air.do(air.Order{End: &air.End{ID: uint64(p.id), Say: order, After: o.sent, SayAfter: o.heard}})
	p.mute(o.sent)
	if o.sent <= 0 {
		p.rest()
		return
	}
	if p.feed != nil {
		p.feed.Stop() // what it has read ahead is enough
		p.feed = nil
	}
	if voice := p.voice; voice != nil {
		time.AfterFunc(o.sent, func() { voice.Leave(&p.playing) })
	}
}

// rest lets go of the sound.
func (p *programme) rest() {
	if p.feed != nil {
		p.feed.Stop()
		p.feed = nil
	}
	if p.voice != nil {
		p.voice.Leave(&p.playing)
	}
}
