package main

import (
	"fmt"
	"slices"
	"time"

	"pa/paspeaker"
)

// verdictHead is the head of a table of verdicts.
var verdictHead = []string{"loudspeaker", "verdict", "played", "lost", "masked", "level"}

// verdictCells is one loudspeaker's row beneath verdictHead.
func verdictCells(l language, v paspeaker.SpeakerVerdict) []string {
	word, level := l.tr(string(v.Verdict)), ""
	if v.Why != "" {
		why := l.tr(v.Why)
		if !v.Since.IsZero() {
			why += " " + l.tr("since") + " " + v.Since.Local().Format("01-02 15:04")
		}
		if v.Detail != "" {
			why += ": " + v.Detail
		}
		word += " (" + why + ")"
	}
	if v.Played > 0 {
		level = fmt.Sprintf("%.1f dBFS", v.LevelDB)
	}
	return []string{string(v.Speaker), word, seconds(v.Played), seconds(v.Lost), seconds(v.Muted), level}
}

// allHeard says whether every loudspeaker that could tell sounded all of it.
func allHeard(verdicts []paspeaker.SpeakerVerdict) bool {
	return len(verdicts) > 0 && !slices.ContainsFunc(verdicts, paspeaker.SpeakerVerdict.Failed)
}

// seconds writes a length for a table; nothing is an empty cell.
func seconds(d paspeaker.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f s", time.Duration(d).Seconds())
}
