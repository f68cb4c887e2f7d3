package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/schedule"
	"pa/paspeaker/site"
)

// plan is what the controller holds of the campaigns: as they are stored, which
// the bus keeps up to date, and as they are read by the site in force.
type plan struct {
	c     *Controller
	store *bus.Campaigns
	sched *scheduler

	mu    sync.RWMutex
	all   map[string]*plannedCampaign
	told  map[string]bool // since the store was watched anew
	index map[paspeaker.SpeakerID]int
	once  sync.Once
	ready chan struct{} // closed when every campaign that is stored has been told

	recalled chan struct{} // closed when what sounded before the start is known

	guard *doorkeeper
	days  *dayRecord
}

// plannedCampaign is one campaign. It has no entrant when it cannot be read.
type plannedCampaign struct {
	campaign paspeaker.Campaign
	entrant  *schedule.Entrant
	fault    string
}

func newPlan(c *Controller, store *bus.Campaigns) *plan {
	return &plan{c: c, store: store, all: make(map[string]*plannedCampaign), told: make(map[string]bool), ready: make(chan struct{}), recalled: make(chan struct{}),
		guard: newDoorkeeper(), days: newDayRecord()}
}

// watch keeps the campaigns up to date until ctx is done.
func (p *plan) watch(ctx context.Context) error {
	return p.store.Watch(ctx, p.tell, p.complete)
}

// tell takes in what the store says of a campaign.
func (p *plan) tell(id string, v *paspeaker.Campaign) {
	if v != nil {
		p.mu.Lock()
		p.told[id] = true
		p.mu.Unlock()
	}
	p.take(id, v)
}

// take puts a campaign into the plan as it is now; nil removes it. What is
// older than what is there is old news.
func (p *plan) take(id string, v *paspeaker.Campaign) {
	p.mu.Lock()
	old := p.all[id]
	if v == nil {
		delete(p.all, id)
		p.mu.Unlock()
		p.sched.set(id, nil, time.Time{})
		return
	}
	if old != nil && old.campaign.Revision >= v.Revision {
		p.mu.Unlock()
		return
	}
	n := p.read(*v)
	p.all[id] = n
	p.mu.Unlock()
	p.schedule(n)
}

// complete forgets campaigns that were removed while nobody watched.
func (p *plan) complete() {
	p.mu.Lock()
	var gone []string
	for id := range p.all {
		if !p.told[id] {
			gone = append(gone, id)
			delete(p.all, id)
		}
	}
	p.told = make(map[string]bool)
	p.mu.Unlock()
	for _, id := range gone {
		p.sched.set(id, nil, time.Time{})
	}
	p.once.Do(func() { close(p.ready) })
}

// schedule hands a campaign to the scheduler.
func (p *plan) schedule(n *plannedCampaign) {
	v := &n.campaign
	if n.entrant == nil || v.Paused {
		p.sched.set(v.ID, nil, time.Time{})
		return
	}
	since := v.Changed
	if v.Created.After(since) {
		since = v.Created
	}
	p.sched.set(v.ID, n.entrant, since)
}

// reload reads every campaign anew, by the site now in force.
func (p *plan) reload() {
	p.mu.Lock()
	p.index = nil
	var list []*plannedCampaign
	for id, old := range p.all {
		p.all[id] = p.read(old.campaign)
		list = append(list, p.all[id])
	}
	p.mu.Unlock()
	p.guard.renew(p.c.site.Load().Guard())
	for _, n := range list {
		p.schedule(n)
	}
}

// read reads a campaign by the site in force. The caller holds mu.
func (p *plan) read(v paspeaker.Campaign) *plannedCampaign {
	n := &plannedCampaign{campaign: v}
	e, faults := p.entrant(v)
	if len(faults) > 0 {
		n.fault = faults[0].String()
		return n
	}
	n.entrant = e
	return n
}

// entrant reads a campaign; the faults are all that is wrong with it at this
// site. The caller holds mu.
func (p *plan) entrant(v paspeaker.Campaign) (*schedule.Entrant, []paspeaker.PlanFault) {
	st := p.c.site.Load()
	t, faults := schedule.Compile(v, st.Ground())
	targets, err := st.Resolve(v.Zones, v.Speakers)
	if err != nil && len(v.Zones)+len(v.Speakers) > 0 {
		faults = append(faults, faultOf("zones", err))
	}
	var chime time.Duration
	if v.Chime != "" {
		clip, err := source.Chime(v.Chime)
		if err != nil {
			faults = append(faults, paspeaker.PlanFault{Path: "chime", What: "there is no chime " + v.Chime, Hint: "the chimes are " + strings.Join(source.Chimes(), ", ")})
		} else {
			chime = clip.Len()
		}
	}
	for i, m := range v.Messages {
		if _, err := p.c.messageLength(m.Name); err != nil && m.Name != "" {
			faults = append(faults, faultOf(fmt.Sprintf("messages[%d]", i), err))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	e := schedule.NewEntrant(t, func(name string) time.Duration { d, _ := p.c.messageLength(name); return d }, chime)
	e.Priority = paspeaker.PriorityRoutine
	if v.Priority != nil {
		e.Priority = *v.Priority
	}
	var class site.ClassDefaults
	e.Class, class = st.Class(e.Priority)
	e.LevelDB = v.GainDB + class.GainDB
	e.Zones, e.Speakers = soundsIn(st, targets), p.bits(st, targets)
	return e, nil
}

func faultOf(path string, err error) paspeaker.PlanFault {
	f := paspeaker.PlanFault{Path: path, What: err.Error()}
	if e, ok := err.(*paspeaker.Error); ok {
		f.What, f.Hint = e.What, e.Hint
	}
	return f
}

// messageLength returns how long a message is: the library's of that name, else
// the shipped one.
func (c *Controller) messageLength(name string) (time.Duration, error) {
	if m, ok := c.library.lookup(name); ok {
		return time.Duration(m.Length), nil
	}
	clip, err := c.cfg.Sounds.clip(context.Background(), name)
	if err != nil {
		return 0, c.noMessage(name)
	}
	return clip.Len(), nil
}

// soundsIn returns every zone in which one of these loudspeakers stands, sorted.
func soundsIn(st *site.Site, targets []paspeaker.SpeakerID) []paspeaker.ZoneID {
	var out []paspeaker.ZoneID
	for _, id := range targets {
		sp, _ := st.Speaker(id)
		out = append(out, sp.Zones...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bits returns loudspeakers as a bit each. The caller holds mu.
func (p *plan) bits(st *site.Site, targets []paspeaker.SpeakerID) []uint64 {
	if p.index == nil {
		p.index = make(map[paspeaker.SpeakerID]int, len(st.Speakers))
		for i, sp := range st.Speakers {
			p.index[sp.ID] = i
		}
	}
	out := make([]uint64, len(st.Speakers)/64+1)
	for _, id := range targets {
		i := p.index[id]
		out[i/64] |= 1 << (i % 64)
	}
	return out
}

// entrants returns what is in the plan, by id: campaigns that can be read and
// are not paused.
func (p *plan) entrants() []*schedule.Entrant {
	p.mu.RLock()
	out := make([]*schedule.Entrant, 0, len(p.all))
	for _, n := range p.all {
		if n.entrant != nil && !n.campaign.Paused {
			out = append(out, n.entrant)
		}
	}
	p.mu.RUnlock()
	slices.SortFunc(out, func(a, b *schedule.Entrant) int { return cmp.Compare(a.Campaign().ID, b.Campaign().ID) })
	return out
}

// users says which campaigns mean to play a message.
func (p *plan) users(message string) []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []string
	for id, n := range p.all {
		if slices.ContainsFunc(n.campaign.Messages, func(m paspeaker.CampaignMessage) bool { return m.Name == message }) {
			out = append(out, "campaign "+id)
		}
	}
	slices.Sort(out)
	return out
}

// newSchedule makes the plan and what plays it.
func (c *Controller) newSchedule() {
	claims := c.cfg.Bus.Claims()
	c.campaigns = newPlan(c, c.cfg.Bus.Campaigns())
	c.campaigns.sched = newScheduler(schedulerConfig{
		Now: c.cfg.Now, Claim: claims.Claim, Claimed: claims.Get, Ready: c.readyRun, Busy: c.campaignOnAir, Lost: c.lostRun,
		Term: c.cfg.Identity.Term, Log: c.log,
	})
	c.campaigns.guard.renew(c.site.Load().Guard())
	c.messageUsers(c.campaigns.users)
}

// runPlan plays the plan when it is known, until ctx is done.
func (c *Controller) runPlan(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.campaigns.ready:
	}
	c.recallDay(ctx)
	close(c.campaigns.recalled)
	return c.campaigns.sched.Run(ctx)
}
