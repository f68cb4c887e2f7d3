package controller

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"pa/audio"
	"pa/audio/ingest"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/site"
)

// The live queue between a client's clock and ours: what is aimed at, and what
// it may grow to before old sound is dropped.
const (
	liveTarget = 20 * time.Millisecond
	liveMax    = 120 * time.Millisecond
)

// Announce puts an announcement on air, or says why not. A recording is
// decoded before it is asked for, so that what is accepted can be played; a
// live source is read by a goroutine of the controller until it ends.
func (c *Controller) Announce(ctx context.Context, a paspeaker.Announcement, src api.Source) (paspeaker.Session, error) {
	a.Emergency = ""
	if src.Kind == api.SourceMessage {
		src.Name = norm.NFC.String(src.Name)
		a.Message, a.Name = src.Name, first(a.Name, src.Name)
	}
	s, err := c.prepare(a, kindOf(src))
	if err != nil {
		return paspeaker.Session{}, err
	}
	if err := c.giveSource(ctx, s, src); err != nil {
		return paspeaker.Session{}, err
	}
	if err := c.passGuard(s, c.now()); err != nil {
		return paspeaker.Session{}, err
	}
	return c.admit(s)
}

// MaxUpload is how many bytes a recording may have, by the site in force.
func (c *Controller) MaxUpload() int64 { return c.site.Load().Limits.MaxUpload }

// kindOf returns what kind of announcement a source makes.
func kindOf(src api.Source) paspeaker.Kind {
	switch src.Kind {
	case api.SourceLive:
		return paspeaker.KindLive
	case api.SourceTone, api.SourceSweep:
		return paspeaker.KindTone
	case api.SourceChime:
		return paspeaker.KindChime
	}
	return paspeaker.KindMessage
}

// prepare checks an announcement and fills in the defaults of its class.
func (c *Controller) prepare(a paspeaker.Announcement, kind paspeaker.Kind) (*session, error) {
	st := c.site.Load()
	a.Kind = kind
	level := paspeaker.PriorityRoutine
	if kind == paspeaker.KindLive {
		_, class := st.Class(paspeaker.PriorityLive)
		level = class.Priority
	}
	if a.Priority != nil {
		level = *a.Priority
	}
	if a.Drill && level > paspeaker.PriorityDrillMax {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("a drill at priority %d", level),
			Hint: "a drill's priority is at most 223, so that it never masks the real thing"}
	}
	targets, err := st.Resolve(a.Zones, a.Speakers)
	if err != nil {
		return nil, err
	}
	name, class := st.Class(level)
	if d := time.Duration(a.Delay); d != 0 && (d < leastLead || d > mostLead) {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "delay " + d.String(),
			Hint: fmt.Sprintf("use %s to %s, or leave it out", leastLead, mostLead)}
	}
	s := &session{
		parts: make(map[int]*programme), places: make(map[int]placement), over: make(chan struct{})}
	s.Session = paspeaker.Session{ID: newSessionID(), Announcement: a, Level: level, Targets: targets, State: paspeaker.StateWaiting}
	s.leads = c.plan(st, s)
	s.Lead = paspeaker.Duration(s.leads.longest)
	if err := s.defaults(st, name, class); err != nil {
		return nil, err
	}
	s.gainDB = s.GainDB + class.GainDB
	s.req = paspeaker.Request{
		ID: s.ID, Name: s.Name, By: s.By, Speakers: targets, Groups: st.Groups(a.Zones), Priority: level,
		Routing: s.Routing, Preempted: s.Preempted, Live: kind == paspeaker.KindLive,
		Duck: s.Duck, MaxWait: time.Duration(s.MaxWait), MaxLength: time.Duration(s.MaxLength),
	}
	// Single loudspeakers that no zone asked for are a group of their own.
	if rest := beyond(targets, s.req.Groups); len(rest) > 0 {
		s.req.Groups = append(s.req.Groups, rest)
	}
	return s, nil
}

// defaults fills in what the announcement leaves to its class.
func (s *session) defaults(st *site.Site, class paspeaker.Class, d site.ClassDefaults) error {
	if s.Name == "" {
		s.Name = string(s.Kind)
	}
	if s.By == "" {
		s.By = "unknown"
	}
	if s.Routing == "" {
		s.Routing = d.Routing
		if s.Kind == paspeaker.KindLive && class != paspeaker.ClassEmergency {
			// Who speaks live must know that everybody hears it, or be told why not.
			s.Routing = paspeaker.RoutingWhole
		}
	}
	if class == paspeaker.ClassEmergency {
		s.Routing = paspeaker.RoutingPartial
	}
	if s.Preempted == "" {
		s.Preempted = d.Preempted
	}
	if s.MaxLength == 0 {
		s.MaxLength = paspeaker.Duration(d.MaxLength)
	}
	if time.Duration(s.MaxLength) > st.Limits.MaxLength {
		return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("maximum length %s", s.MaxLength),
			Hint: fmt.Sprintf("the site allows %s; see limits in zones.yaml", st.Limits.MaxLength)}
	}
	if s.MaxWait == 0 && s.Kind != paspeaker.KindLive {
		s.MaxWait = paspeaker.Duration(d.MaxWait)
	}
	s.Duck = (s.Duck || d.Duck) && class == paspeaker.ClassBackground
	return nil
}

// beyond returns the targets that are in none of the groups.
func beyond(targets []paspeaker.SpeakerID, groups [][]paspeaker.SpeakerID) []paspeaker.SpeakerID {
	grouped := make(map[paspeaker.SpeakerID]bool, len(targets))
	for _, g := range groups {
		for _, id := range g {
			grouped[id] = true
		}
	}
	var out []paspeaker.SpeakerID
	for _, id := range targets {
		if !grouped[id] {
			out = append(out, id)
		}
	}
	return out
}

// giveSource makes the session's sound: the chime before, the source, the
// repeats with their pauses.
func (c *Controller) giveSource(ctx context.Context, s *session, src api.Source) error {
	var chime *source.Clip
	if s.Chime != "" {
		var err error
		if chime, err = source.Chime(s.Chime); err != nil {
			return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("chime %q: there is none", s.Chime),
				Hint: "the chimes are " + strings.Join(source.Chimes(), ", ")}
		}
	}
	if src.Kind == api.SourceLive {
		return c.giveLive(s, src, chime)
	}
	once, length, err := c.opener(ctx, src)
	if err != nil {
		return err
	}
	n := s.Repeat
	if n == 0 {
		n = 1
	}
	if n > 0 {
		s.length = time.Duration(n)*length + time.Duration(n-1)*time.Duration(s.Pause)
		if chime != nil {
			s.length += chime.Len()
		}
		s.length = min(s.length, time.Duration(s.MaxLength))
	}
	s.open = func() (audio.Source, error) {
		body := once()
		if n != 1 {
			body = source.Repeat(n, time.Duration(s.Pause), once)
		}
		if chime != nil {
			body = source.Sequence(chime.Source(), body)
		}
		return body, nil
	}
	return nil
}

// opener returns what opens a source that is not live, as often as need be, and
// how long that sounds.
func (c *Controller) opener(ctx context.Context, src api.Source) (func() audio.Source, time.Duration, error) {
	st := c.site.Load()
	level, length, freq := src.LevelDB, src.Length, src.Freq
	if level == 0 {
		level = -20
	}
	peak := min(0, level+10*math.Log10(2)) // of a sine with that RMS
	if length == 0 {
		length = 5 * time.Second
	}
	if freq == 0 {
		freq = 1000
	}
	var clip *source.Clip
	var err error
	switch src.Kind {
	case api.SourceTone:
		return func() audio.Source { return source.Tone(freq, peak, length) }, length, nil
	case api.SourceSweep:
		to := src.To
		if to == 0 {
			freq, to = 100, 10000
		}
		return func() audio.Source { return source.Sweep(freq, to, peak, length) }, length, nil
	case api.SourceChime:
		if clip, err = source.Chime(src.Name); err != nil {
			err = &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("chime %q: there is none", src.Name),
				Hint: "the chimes are " + strings.Join(source.Chimes(), ", ")}
		}
	case api.SourceBuiltin:
		clip, err = c.cfg.Sounds.clip(ctx, src.Name)
	case api.SourceMessage:
		_, clip, err = c.readyMessage(ctx, src.Name)
	case api.SourceFile:
		clip, err = c.ingest.Decode(ctx, src.Body, source.Limits{MaxBytes: st.Limits.MaxUpload, MaxLength: st.Limits.MaxLength})
		err = fileError(src.Name, err)
	default:
		err = paspeaker.Errorf(paspeaker.CodeInvalid, "source kind %q: there is none", src.Kind)
	}
	if err != nil {
		return nil, 0, err
	}
	return func() audio.Source { return clip.Source() }, clip.Len(), nil
}

// fileError says what is wrong with a file that does not decode.
func fileError(name string, err error) error {
	if err == nil {
		return nil
	}
	if name == "" {
		name = "the file"
	}
	e := &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "decode " + name, Err: err}
	switch {
	case errors.Is(err, source.ErrUnknownFormat):
		e.Code = paspeaker.CodeUnsupported
	case errors.Is(err, source.ErrUnknownSound):
		e.Hint = "send a recording: WAV, FLAC, Ogg Vorbis, Ogg Opus, or what ffmpeg reads"
	case errors.Is(err, source.ErrTooLarge), errors.Is(err, ingest.ErrOutOfMemory):
		e.Code = paspeaker.CodeTooLarge
	case errors.Is(err, ingest.ErrOutOfTime):
		e.Hint = "convert it to WAV, FLAC or Ogg, or cut it"
	case errors.Is(err, ingest.ErrNoChild):
		e.Code, e.What = paspeaker.CodeUnavailable, "start a decoder for "+name
	}
	return e
}

// giveLive makes the queue between the client and the pacer. A voice has one
// source: what was said before it came on air is not said later.
func (c *Controller) giveLive(s *session, src api.Source, chime *source.Clip) error {
	if s.Repeat != 0 {
		return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "repeat a live voice", Hint: "leave out --repeat"}
	}
	rate := src.Rate
	if rate == 0 {
		rate = audio.Rate
	}
	s.live = air.NewVoice(air.LiveFormat{Rate: rate, Target: liveTarget, Max: liveMax})
	s.open = func() (audio.Source, error) {
		if chime != nil {
			return chime.Source(), nil
		}
		return nil, nil
	}
	s.body = src.Body
	c.giveTape(s)
	return nil
}

// listen copies a client's samples (s16le) into the live queue until the
// client ends, dies, or the session is over.
func (c *Controller) listen(s *session) {
	r := bufio.NewReaderSize(s.body, 4096)
	raw := make([]byte, 960)
	pcm := make([]float32, len(raw)/2)
	say := s.live.Write
	if s.tape != nil {
		defer s.tape.End()
		say = func(pcm []float32) { s.live.Write(pcm); s.tape.Write(pcm) }
	}
	for {
		n, err := io.ReadAtLeast(r, raw, 2)
		for i := range n / 2 {
			pcm[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
		}
		say(pcm[:n/2])
		if n%2 == 1 && err == nil { // half a sample: put its other half behind it
			raw[0] = raw[n-1]
			_, err = io.ReadFull(r, raw[1:2])
			say([]float32{float32(int16(binary.LittleEndian.Uint16(raw))) / 32768})
		}
		if err == nil {
			select {
			case <-s.over:
				return
			default:
				continue
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			s.live.CloseWrite() // what is queued is still heard
			return
		}
		c.post(func(now time.Time) { c.carryOut(now, c.arbiter.Cancel(now, s.ID, paspeaker.OutcomeLost)) })
		return
	}
}

// admit asks the Arbiter, and returns the session as ruled; a refusal is an
// error that says who holds the zones.
func (c *Controller) admit(s *session) (paspeaker.Session, error) {
	var out paspeaker.Session
	var refused error
	err := c.call(func(now time.Time) {
		if refused = c.mayAdmit(s); refused != nil {
			return
		}
		s.Asked = now
		c.sessions[s.ID] = s
		c.order = append(c.order, s.ID)
		rulings := c.arbiter.Request(now, s.req)
		c.recordAsked(now, s) // microseconds; the journal reads in order
		c.carryOut(now, rulings)
		if refused = refusal(rulings, s.ID); refused == nil {
			c.runTape(s)
			if s.Level >= paspeaker.PriorityEmergency {
				c.abortTests("an emergency began: " + s.Name)
			}
		}
		out = s.snapshot()
	})
	if err == nil {
		err = refused
	}
	if err == nil && s.live != nil {
		go c.listen(s)
	}
	return out, err
}

// mayAdmit refuses what the house cannot hold. Emergencies are always let in.
func (c *Controller) mayAdmit(s *session) error {
	if c.saying {
		return errEnding()
	}
	open := 0
	for _, other := range c.sessions {
		if !other.ended() {
			open++
		}
	}
	if limit := c.site.Load().Limits.Sessions; open >= limit && s.Level < paspeaker.PriorityEmergency {
		return &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("%d announcements are on air or waiting", open),
			Hint: "stop some, or raise limits.sessions in zones.yaml"}
	}
	return nil
}

// refusal returns the error of an announcement that the Arbiter refused.
func refusal(rulings []paspeaker.Ruling, id paspeaker.SessionID) error {
	i := slices.IndexFunc(rulings, func(r paspeaker.Ruling) bool {
		return r.Kind == paspeaker.RuleRefuse && r.Session.Announcement() == id
	})
	if i < 0 {
		return nil
	}
	return &paspeaker.Error{Code: paspeaker.CodeBusy, What: rulings[i].Reason,
		Hint: "wait with --max-wait, speak where it is free with --routing partial, or raise --priority"}
}

// newSessionID returns a random id of part 0; never 0.
func newSessionID() paspeaker.SessionID {
	var b [8]byte
	rand.Read(b[:7])
	b[0] |= 1
	return paspeaker.SessionID(binary.BigEndian.Uint64(b[:]))
}
