package controller

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/site"
	"pa/paspeaker/supervise"
)

const (
	// A node that has said nothing for so long is offline; it speaks once a second.
	silence = 3200 * time.Millisecond
	// A node that was never heard of is given longer: a whole site may be
	// starting after a power cut.
	unheard = 15 * time.Second
)

// nodes is what is known of the loudspeakers' programs. It may be used from
// any goroutine.
type nodes struct {
	mu   sync.Mutex
	now  func() time.Time
	seen map[paspeaker.SpeakerID]*node
}

type node struct {
	report  *paspeaker.NodeReport // nil: none yet; never changed
	since   time.Time             // it was expected
	last    time.Time             // it was heard; zero: never
	online  bool
	missed  bool      // it was said that it was never heard of
	rival   string    // another instance that says it is the same node
	rivalAt time.Time // when it last said so
}

func newNodes(now func() time.Time) *nodes {
	return &nodes{now: now, seen: make(map[paspeaker.SpeakerID]*node)}
}

// report takes in what a node says; it returns whether the node has come
// online with it.
func (n *nodes) report(r *paspeaker.NodeReport) (cameOnline bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	old := n.seen[r.ID]
	if old == nil {
		old = &node{}
		n.seen[r.ID] = old
	}
	// A restart changes the instance once; a duplicate changes it to and fro.
	if old.online && old.report != nil && old.report.Instance != r.Instance {
		if old.rival == r.Instance {
			old.rivalAt = now
		}
		old.rival = old.report.Instance
	}
	cameOnline = !old.online
	old.report, old.last, old.online = r, now, true
	return cameOnline
}

// change is what has become of the nodes since the last look.
type change struct {
	fallen []paspeaker.SpeakerID // nothing is heard of it any more, or never was; each once
	risen  []paspeaker.SpeakerID // it keeps time again, though it does not report
	mute   []paspeaker.SpeakerID // it keeps time and has not reported for long, though it could
}

// tend looks who fell silent. A node lives by its reports and, where they do
// not come through, by its questions for the time, which need no NATS: ticks
// says whether one came lately. couldReport says that NATS has been there for
// long enough.
func (n *nodes) tend(ticks func(paspeaker.SpeakerID) bool, couldReport bool) (c change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	for id, node := range n.seen {
		was, reports := node.online, now.Sub(node.last) <= silence
		node.online = reports || ticks(id)
		switch {
		case was && !node.online:
			c.fallen = append(c.fallen, id)
		case !was && node.online:
			c.risen = append(c.risen, id)
		case !node.online && node.last.IsZero() && !node.missed && now.Sub(node.since) > unheard:
			node.missed = true
			c.fallen = append(c.fallen, id)
		}
		if node.online && couldReport && now.Sub(node.last) > unheard && now.Sub(node.since) > unheard {
			c.mute = append(c.mute, id)
		}
	}
	for _, ids := range [][]paspeaker.SpeakerID{c.fallen, c.risen, c.mute} {
		slices.Sort(ids)
	}
	return c
}

// doubles returns the nodes that two programs claim to be.
func (n *nodes) doubles() []paspeaker.SpeakerID {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []paspeaker.SpeakerID
	for id, node := range n.seen {
		if !node.rivalAt.IsZero() && n.now().Sub(node.rivalAt) < silence {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// get returns what is known of one loudspeaker. The report must not be changed.
func (n *nodes) get(id paspeaker.SpeakerID) (report *paspeaker.NodeReport, last time.Time, online bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	node := n.seen[id]
	if node == nil {
		return nil, time.Time{}, false
	}
	return node.report, node.last, node.online
}

// lead returns what a node's output says that it needs; false while it has not
// said so, or is not there.
func (n *nodes) lead(id paspeaker.SpeakerID) (time.Duration, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	node := n.seen[id]
	if node == nil || !node.online || node.report == nil || node.report.Output.Lead <= 0 {
		return 0, false
	}
	return min(time.Duration(node.report.Output.Lead), mostLead), true
}

// expect forgets the nodes that the site no longer has, which it returns, and
// waits for those that are new.
func (n *nodes) expect(s *site.Site) (gone []paspeaker.SpeakerID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.seen {
		if sp, ok := s.Speaker(id); !ok || sp.Kind == paspeaker.KindThirdParty {
			delete(n.seen, id)
			gone = append(gone, id)
		}
	}
	for _, sp := range s.Speakers {
		if n.seen[sp.ID] == nil && sp.Kind != paspeaker.KindThirdParty {
			n.seen[sp.ID] = &node{since: n.now()}
		}
	}
	return gone
}

// expectNodes takes over which nodes the site has, and ends the faults of
// those that it has no more.
func (c *Controller) expectNodes(s *site.Site) {
	for _, id := range c.nodes.expect(s) {
		c.faults.forget(id)
	}
}

// subscribe listens to what nodes say, and answers their question for a
// configuration.
func (c *Controller) subscribe() error {
	if err := c.cfg.Bus.OnReport(c.onReport); err != nil {
		return fmt.Errorf("listen to nodes: %w", err)
	}
	if err := c.cfg.Bus.OnReceipt(c.takeReceipt); err != nil {
		return fmt.Errorf("listen to receipts: %w", err)
	}
	if err := c.cfg.Bus.ServeProgram(c.programs.chunk); err != nil {
		return fmt.Errorf("serve programs: %w", err)
	}
	if err := c.cfg.Bus.ServeConfig(c.nodeConfig); err != nil {
		return fmt.Errorf("serve node configurations: %w", err)
	}
	return nil
}

func (c *Controller) onReport(r paspeaker.NodeReport) {
	if _, ok := c.site.Load().Speaker(r.ID); !ok {
		return
	}
	c.inSiteTime(&r)
	if c.nodes.report(&r) {
		c.roster.note(r.ID, c.cfg.Now())
		c.faults.see(supervise.Sight{Kind: paspeaker.FaultOffline, Subject: string(r.ID)})
		c.record(paspeaker.Entry{What: "node", Speakers: []paspeaker.SpeakerID{r.ID}, Detail: "online, " + r.Version})
	}
	c.faults.report(&r, c.own())
	if c.events.watched() { // a thousand times a second
		st := c.speakerStatus(r.ID)
		c.events.send(paspeaker.Event{Kind: "speaker", Speaker: &st})
	}
}

// inSiteTime puts a node's times into the site's zone, as people there read them.
func (c *Controller) inSiteTime(r *paspeaker.NodeReport) {
	zone := c.site.Load().Location
	if r.Muted != nil {
		r.Muted.Until = r.Muted.Until.In(zone)
	}
	if r.Program != nil && r.Program.Failed != nil {
		r.Program.Failed.At = r.Program.Failed.At.In(zone)
	}
}

// tendNodes opens and ends the faults of nodes. Loop only.
func (c *Controller) tendNodes(now time.Time) {
	if !c.cfg.Bus.Connected() {
		c.busDown = now
	}
	change := c.nodes.tend(func(id paspeaker.SpeakerID) bool {
		ago, ok := c.air.clock.Heard(string(id))
		return ok && ago <= silence
	}, now.Sub(c.busDown) > unheard)
	for _, id := range append(change.fallen, change.risen...) {
		st := c.speakerStatus(id)
		c.events.send(paspeaker.Event{Kind: "speaker", Speaker: &st})
	}
	c.superviseNodes(change)
}

// watchHealth looks at what has no event of its own.
func (c *Controller) watchHealth() {
	c.faults.when(!c.cfg.Bus.Connected(), "nats", "NATS is not reachable: no reports, no journal; voice goes on", "look at the NATS server and the disk under it")
	if c.cfg.Stored != nil {
		err := c.cfg.Stored()
		c.faults.when(err != nil, "storage", fmt.Sprintf("nothing can be recorded; voice goes on: %v", err), "make room on the disk; what waits is written then")
	}
	text := c.air.lastFailure.Swap(nil)
	if text != nil {
		c.faults.set("network", "packets cannot be sent: "+*text, "look at the network interface that zones.yaml names")
		c.air.failedAt.Store(c.media())
	} else if c.media()-c.air.failedAt.Load() > int64(5*time.Second) {
		c.faults.clear("network")
	}
	waiting, lost := c.journal.Pending()
	c.faults.when(lost > 0, "journal", fmt.Sprintf("%d journal entries were lost, %d wait", lost, waiting), "look at the NATS server and the disk under it")
}
