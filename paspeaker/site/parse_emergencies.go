package site

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"pa/paspeaker"
)

// shippedEmergencies are the emergencies of a site that lists none; one of
// these ids in a list takes from here what the list leaves out.
func shippedEmergencies() []Emergency {
	var all []Emergency
	for _, e := range []struct{ id, name, tone string }{
		{"evacuate", "Sơ tán khẩn cấp", "evacuate"},
		{"fire", "Báo cháy", "slow-whoop"},
		{"chemical", "Rò rỉ hóa chất", "two-tone-alarm"},
		{"storm", "Bão", "two-tone-alarm"},
	} {
		d := plainEmergency()
		d.ID, d.Name, d.Tone = e.id, e.name, e.tone
		d.Message = []string{BuiltinPrefix + e.id + "-vi", BuiltinPrefix + e.id + "-en"}
		all = append(all, d)
	}
	return all
}

// plainEmergency is what any emergency is unless the file says otherwise.
func plainEmergency() Emergency {
	return Emergency{
		Tone:       "evacuate",
		ToneLength: 6 * time.Second,
		Drill:      []string{BuiltinPrefix + "drill-vi", BuiltinPrefix + "drill-en"},
		Cancel:     []string{BuiltinPrefix + "cancel-vi", BuiltinPrefix + "cancel-en"},
		Pause:      5 * time.Second,
		Priority:   paspeaker.PriorityRecorded,
	}
}

// readEmergencies reads the section emergencies.
func (s *Site) readEmergencies(v value) {
	most := s.Classes[paspeaker.ClassEmergency].MaxLength
	shipped := shippedEmergencies()
	for i := range shipped {
		shipped[i].MaxLength = most
	}
	if !v.present() {
		s.Emergencies = shipped
		return
	}
	lines := map[string]int{}
	for _, entry := range bounded(v, 100) {
		e, at := s.readEmergency(entry, shipped, most)
		if first, twice := lines[e.ID]; twice && e.ID != "" {
			at.fault("there is an emergency "+e.ID+" already, in line "+strconv.Itoa(first), "give one of them another id")
			continue
		}
		lines[e.ID] = at.line
		s.Emergencies = append(s.Emergencies, e)
	}
}

// readEmergency reads one emergency: a mapping, or the id of a shipped one
// alone. It returns where the id stands, too.
func (s *Site) readEmergency(v value, shipped []Emergency, most time.Duration) (Emergency, value) {
	var ids []string
	for _, d := range shipped {
		ids = append(ids, d.ID)
	}
	if single, ok := v.single(); ok {
		id := single.id()
		i := slices.Index(ids, id)
		if i < 0 {
			if id != "" {
				v.fault("no emergency "+id+" is shipped", didYouMean(id, ids)+"; or give this one a message")
			}
			return Emergency{}, v
		}
		return shipped[i], v
	}
	o := v.object("id", "name", "tone", "tone_length", "message", "drill", "cancel", "pause", "max_length", "priority")
	at := o.get("id")
	e := plainEmergency()
	e.MaxLength = most
	if o.present() && !at.bad {
		e.ID = at.id()
	}
	if i := slices.Index(ids, e.ID); i >= 0 {
		e = shipped[i]
	} else {
		e.Name = e.ID
	}
	e.Name = o.get("name").name(e.Name)
	e.Tone = o.get("tone").word(e.Tone, tones...)
	e.ToneLength = o.get("tone_length").duration(e.ToneLength, 3*time.Second, 10*time.Second)
	e.Message = s.sounds(o.get("message"), e.Message)
	e.Drill = s.sounds(o.get("drill"), e.Drill)
	e.Cancel = s.sounds(o.get("cancel"), e.Cancel)
	e.Pause = o.get("pause").duration(e.Pause, 0, 10*time.Second)
	e.MaxLength = o.get("max_length").length(e.MaxLength, s.Limits.MaxLength)
	e.Priority = paspeaker.Priority(o.get("priority").integer(int(e.Priority), int(paspeaker.PriorityEmergency), int(paspeaker.PriorityLiveEmergency)-1))
	if o.present() && o.node.Kind == yaml.MappingNode {
		o.checkSounds(e)
	}
	return e, at
}

// checkSounds reports an emergency that says nothing, and a drill that could be
// taken for the real thing.
func (o object) checkSounds(e Emergency) {
	if m := o.get("message"); len(e.Message) == 0 && !m.bad && (!m.present() || m.isEmptyList()) {
		m.fault("an emergency without a message", "add the line \"message: [builtin:evacuate-vi]\", or name a recording")
	}
	if d := o.get("drill"); len(e.Drill) == 0 && d.isEmptyList() {
		d.fault("a drill that does not say so is taken for the real thing", "delete the line for the shipped wording, or name a recording")
	}
}

func (v value) isEmptyList() bool {
	return v.present() && v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0
}

// sounds reads a list of builtin sounds and files, or a single one. Absent:
// otherwise.
func (s *Site) sounds(v value, otherwise []string) []string {
	if !v.present() {
		return otherwise
	}
	entries := []value{v}
	if _, single := v.single(); !single {
		entries = bounded(v, 20)
	}
	all := []string{}
	for _, e := range entries {
		sound, ok := e.scalar()
		if !ok {
			continue
		}
		all = append(all, sound)
		if name, builtin := strings.CutPrefix(sound, BuiltinPrefix); builtin {
			if !slices.Contains(builtins, name) {
				e.fault("no sound "+clip(sound)+" is shipped", didYouMean(name, builtins))
			}
			continue
		}
		s.checkFile(e, sound)
	}
	return all
}

// checkFile reports a recording that is not there. Whether it is sound at all
// shows when it is decoded.
func (s *Site) checkFile(v value, name string) {
	if s.dir == "" {
		return
	}
	const hint = "put the recording there, or use a shipped one such as builtin:evacuate-vi"
	info, err := os.Stat(inDir(s.dir, name))
	var cause *fs.PathError
	switch {
	case strings.ContainsRune(name, 0), name == "":
		v.fault(strconv.Quote(clip(name))+" is not a file name", hint)
	case errors.Is(err, fs.ErrNotExist):
		v.fault("there is no file "+clip(inDir(s.dir, name)), hint)
	case errors.As(err, &cause):
		v.fault("file "+clip(name)+": "+cause.Err.Error(), hint)
	case err != nil:
		v.fault("file "+clip(name)+": "+clip(err.Error()), hint)
	case !info.Mode().IsRegular():
		v.fault(clip(name)+" is not a file", hint)
	case info.Size() > s.Limits.MaxUpload:
		v.fault(fmt.Sprintf("%s is larger than limits.max_upload (%d bytes)", clip(name), s.Limits.MaxUpload), "shorten or compress it, or raise limits.max_upload")
	}
}

// inDir returns name as seen from dir.
func inDir(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
