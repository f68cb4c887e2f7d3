package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/site"
)

// The state directory's copies.
const (
	lastGoodFile = "last-good.json"
	groupsFile   = "groups.json"
)

// lastGood is the newest site file that started, and the folder its message
// files are relative to.
type lastGood struct {
	Dir  string `json:"dir"`
	YAML []byte `json:"yaml"`
	// Calendars and guard, by the names that the site file gives them.
	Beside map[string][]byte `json:"beside,omitempty"`
}

// candidate is a site that may be taken over: checked, with its groups and its
// sounds. file is nil when it is the last good one.
type candidate struct {
	site   *site.Site
	sounds *soundbook
	file   *lastGood
}

// firstSite reads the site at start. A bad file starts the last good one. A
// message that does not decode silences nobody: without a last good site that
// has it, the site starts without the message.
func (c *Controller) firstSite() (candidate, error) {
	first, err := c.readSite()
	missing := err
	if err == nil {
		if missing = first.sounds.fault(); missing == nil {
			return first, nil
		}
	}
	old, oldErr := c.readLastGood()
	switch {
	case oldErr == nil && old.sounds.fault() == nil:
		c.log.Error("site file is bad, the last good one runs", "file", c.cfg.SitePath, "err", missing)
		c.faults.set("config", fmt.Sprintf("%s is bad, the last good one runs: %v", c.cfg.SitePath, missing),
			"mend the file (paspeaker check), then paspeaker reload")
		return old, nil
	case err == nil:
		old = first
	case oldErr != nil:
		return candidate{}, err
	}
	c.log.Error("sounds are missing, the site runs without them", "err", old.sounds.fault())
	c.faults.set("sounds", "emergencies lack sounds: "+old.sounds.fault().Error(), "put them there, then paspeaker reload")
	if err != nil {
		c.faults.set("config", fmt.Sprintf("%s is bad, the last good one runs: %v", c.cfg.SitePath, err),
			"mend the file (paspeaker check), then paspeaker reload")
	}
	return old, nil
}

// readSite loads and checks the site file, assigns groups, and decodes its
// sounds.
func (c *Controller) readSite() (candidate, error) {
	s, err := site.Load(c.cfg.SitePath)
	if err != nil {
		return candidate{}, err
	}
	yaml, err := os.ReadFile(c.cfg.SitePath)
	if err != nil {
		return candidate{}, fmt.Errorf("read site file: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(c.cfg.SitePath))
	if err != nil {
		return candidate{}, fmt.Errorf("find site folder: %w", err)
	}
	out, err := c.equip(s)
	out.file = &lastGood{Dir: dir, YAML: yaml, Beside: s.Beside()}
	return out, err
}

// equip gives a site its groups and its sounds.
func (c *Controller) equip(s *site.Site) (candidate, error) {
	if err := c.assignGroups(s); err != nil {
		return candidate{}, err
	}
	sounds, err := newSoundbook(s, c.cfg.Sounds)
	return candidate{site: s, sounds: sounds}, err
}

// keepLastGood remembers a site that has started, for a start with a bad file.
func (c *Controller) keepLastGood(of candidate) {
	if of.file == nil {
		return
	}
	b, err := json.Marshal(of.file)
	if err == nil {
		err = c.cfg.State.Write(lastGoodFile, b)
	}
	c.faults.when(err != nil, "last-good", fmt.Sprintf("the last good site file cannot be kept: %v", err), "free the disk, then paspeaker reload")
}

// assignGroups gives zones their groups. A disk that takes no writes does not
// keep a site silent whose groups are all known.
func (c *Controller) assignGroups(s *site.Site) error {
	err := site.AssignGroups(s, c.cfg.State.Path(groupsFile))
	if err == nil {
		return nil
	}
	for _, z := range s.Zones {
		if !z.Group.IsValid() || z.Plain != nil && !z.Plain.Group.IsValid() {
			return fmt.Errorf("assign multicast groups: %w", err)
		}
	}
	c.faults.set("disk", "group assignments cannot be kept: "+err.Error(), "free the disk, then paspeaker reload")
	return nil
}

func (c *Controller) readLastGood() (candidate, error) {
	b, err := c.cfg.State.Read(lastGoodFile)
	if err != nil {
		return candidate{}, err
	}
	var old lastGood
	if err := json.Unmarshal(b, &old); err != nil {
		return candidate{}, fmt.Errorf("read last good site: %w", err)
	}
	s, err := site.ParseKept(old.YAML, old.Dir, old.Beside)
	if err != nil {
		return candidate{}, err
	}
	return c.equip(s)
}

// Reload reads the site file again: checks everything, starts the new, then
// stops the old. A bad file changes nothing; the error names every fault.
func (c *Controller) Reload(ctx context.Context, by paspeaker.Caller) (paspeaker.ReloadResult, error) {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	res, err := c.reload(ctx)
	e := paspeaker.Entry{What: "reload", By: by.By, From: by.From, Detail: "digest " + res.Digest}
	if err != nil {
		e.Outcome, e.Detail = "refused", err.Error()
		c.faults.set("config", fmt.Sprintf("%s is bad, the site runs on as it was: %v", c.cfg.SitePath, err),
			"mend the file (paspeaker check), then paspeaker reload")
	} else {
		c.faults.clear("config")
		c.faults.clear("sounds")
	}
	c.record(e)
	return res, err
}

func (c *Controller) reload(ctx context.Context) (paspeaker.ReloadResult, error) {
	old := c.site.Load()
	next, err := c.readSite()
	if err == nil {
		err = next.sounds.fault()
	}
	if err != nil {
		var faults site.Faults
		if errors.As(err, &faults) {
			err = &paspeaker.Error{Code: paspeaker.CodeInvalid, What: faults.Error()}
		}
		return paspeaker.ReloadResult{Digest: old.Digest()}, err
	}
	s := next.site
	if s.Interface != old.Interface || s.TTL != old.TTL || s.DSCP != old.DSCP {
		if err := c.air.tune(s); err != nil {
			return paspeaker.ReloadResult{Digest: old.Digest()}, err
		}
	}
	err = c.call(func(now time.Time) {
		c.site.Store(s)
		c.sounds.Store(next.sounds)
		c.reloads.Add(1)
		c.carryOut(now, c.arbiter.Retire(now, func(id paspeaker.SpeakerID) bool { _, ok := s.Speaker(id); return ok }))
		c.reaim()
	})
	if err != nil {
		return paspeaker.ReloadResult{}, err
	}
	c.keepLastGood(next)
	c.campaigns.reload()
	c.planSelfTests(old, s)
	c.expectNodes(s)
	c.air.do(beaconsOf(s))
	c.calls.look()
	if s.Recordings != old.Recordings {
		if err := c.recordings().Prepare(ctx); err != nil {
			c.log.Warn("recordings keep their old limits until the next start", "err", err)
		}
	}
	c.pushConfigs()
	return paspeaker.ReloadResult{Changed: s.Digest() != old.Digest(), Digest: s.Digest()}, nil
}

// reaim sends what is on air to where the new site says. Loop only.
func (c *Controller) reaim() {
	for _, s := range c.sessions {
		for part, p := range s.parts {
			if at := s.places[part]; !at.done && !at.paused {
				c.aimAt(s, p, at)
			}
		}
	}
}

func (c *Controller) aimAt(s *session, p *programme, at placement) {
	if p.aimed == nil {
		return
	}
	p.aim(c.route(s, paspeaker.Ruling{Session: p.id, Rank: paspeaker.Rank(p.aimed.rank), Full: at.full, Targets: at.targets}), 0)
}
