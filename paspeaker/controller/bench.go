package controller

import (
	"context"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// What a chirp's level is compared with where the guard speaks of gains:
// programmes are levelled to about this, dBFS.
const programmeLevel = -20

// Identify has a loudspeaker chirp or blink. Chirps keep the guard's hours:
// CodeDenied, with its words, when they may not sound now.
func (c *Controller) Identify(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Identify) (paspeaker.Identified, error) {
	if !o.Blink && c.reachable(id) == nil {
		night, err := c.mayChirp(id, o)
		if err != nil {
			return paspeaker.Identified{}, err
		}
		if night != 0 {
			if o.LevelDB == 0 {
				o.LevelDB = paspeaker.IdentifyLevelDB
			}
			o.LevelDB = max(o.LevelDB+night, -60)
		}
	}
	length := time.Duration(o.For)
	if length <= 0 {
		length = paspeaker.IdentifyTime
	}
	ctx, cancel := context.WithTimeout(ctx, length+commandWait)
	defer cancel()
	return tell[paspeaker.Identified](ctx, c, by, id, paspeaker.VerbIdentify, o)
}

// mayChirp asks the guard; it returns by how much the night makes it softer.
func (c *Controller) mayChirp(id paspeaker.SpeakerID, o paspeaker.Identify) (night float64, err error) {
	level := o.LevelDB
	if level == 0 {
		level = paspeaker.IdentifyLevelDB
	}
	v := c.campaigns.guard.ask(schedule.Ask{At: c.now(), Length: time.Duration(o.For), Class: paspeaker.ClassBackground,
		Zones: soundsIn(c.site.Load(), []paspeaker.SpeakerID{id}), LevelDB: level - programmeLevel})
	if v.Refusal != nil {
		return 0, &paspeaker.Error{Code: paspeaker.CodeDenied, What: "identify " + string(id) + ": " + v.Refusal.String(),
			Hint: "blink its light (--blink), or come back when it may sound"}
	}
	return v.NightDB, nil
}

// Calibrate has a loudspeaker play sweeps and listen to them on its monitor. It
// keeps the guard's hours, as chirps do.
func (c *Controller) Calibrate(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Calibrate) (paspeaker.Calibrated, error) {
	level := o.LevelDB
	if level == 0 {
		level = paspeaker.CalibrateLevelDB
	}
	if c.reachable(id) == nil {
		night, err := c.mayChirp(id, paspeaker.Identify{For: paspeaker.Duration(paspeaker.CalibrateTime), LevelDB: level})
		if err != nil {
			return paspeaker.Calibrated{}, err
		}
		o.LevelDB = max(level+night, -60)
	}
	ctx, cancel := context.WithTimeout(ctx, paspeaker.CalibrateTime+commandWait)
	defer cancel()
	return tell[paspeaker.Calibrated](ctx, c, by, id, paspeaker.VerbCalibrate, o)
}

// Adjust has a loudspeaker keep a correction of level and delay.
func (c *Controller) Adjust(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, a paspeaker.Adjust) (paspeaker.Adjusted, error) {
	return tell[paspeaker.Adjusted](ctx, c, by, id, paspeaker.VerbAdjust, a)
}

// Volume sets a loudspeaker's trim, or shows it when v says none.
func (c *Controller) Volume(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, v paspeaker.Volume) (paspeaker.Trim, error) {
	if v.DB == nil {
		return look[paspeaker.Trim](ctx, c, id, paspeaker.VerbVolume, v)
	}
	return tell[paspeaker.Trim](ctx, c, by, id, paspeaker.VerbVolume, v)
}

// Mute silences a loudspeaker for a time.
func (c *Controller) Mute(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, m paspeaker.Mute) (paspeaker.Muting, error) {
	m.By = by.By
	out, err := tell[paspeaker.Muting](ctx, c, by, id, paspeaker.VerbMute, m)
	out.Until = out.Until.In(c.site.Load().Location)
	return out, err
}

// Unmute ends a mute and returns it; its Until is zero when there was none.
func (c *Controller) Unmute(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID) (paspeaker.Muting, error) {
	return tell[paspeaker.Muting](ctx, c, by, id, paspeaker.VerbUnmute, nil)
}

// NodeLogs returns a page of a node's log. The first page is in the journal,
// those that follow are not.
func (c *Controller) NodeLogs(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Logs) (paspeaker.LogPage, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(o.Wait, 0))+commandWait)
	defer cancel()
	if o.After > 0 {
		return look[paspeaker.LogPage](ctx, c, id, paspeaker.VerbLogs, o)
	}
	return tell[paspeaker.LogPage](ctx, c, by, id, paspeaker.VerbLogs, o)
}
