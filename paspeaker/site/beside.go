package site

import (
	"io"
	"os"
	"path/filepath"
	"sync"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// readBeside reads the files that zones.yaml names beside itself: the site's
// calendars and its guard. Their faults are told with their own lines.
func (s *Site) readBeside(r *reader, calendars, guard value, known func(paspeaker.ZoneID) bool) {
	s.usual()
	if name, ok := calendars.fileName(); ok {
		if root, sub, ok := s.openBeside(r, calendars, name); ok {
			spec, at := readCalendars(root)
			cals, faults := schedule.NewCalendars(spec)
			sub.tell(faults, at)
			r.take(sub)
			if cals != nil {
				ground := schedule.NewGround(s.Location, cals)
				s.ground = func() *schedule.Ground { return ground }
			}
		}
	}
	name, ok := guard.fileName()
	if !ok {
		return
	}
	root, sub, ok := s.openBeside(r, guard, name)
	if !ok {
		return
	}
	gspec, at := readGuard(root)
	g, faults := schedule.NewGuard(gspec, s.ground(), known)
	sub.tell(faults, at)
	s.guard = g
	r.take(sub)
}

// usual makes the calendars of a site that names none when they are asked for:
// that takes some milliseconds, and most checks of a file never do.
func (s *Site) usual() {
	loc := s.Location
	s.ground = sync.OnceValue(func() *schedule.Ground { return schedule.NewGround(loc, schedule.DefaultCalendars()) })
}

// Ground is what plans stand on: the site's time zone and its calendars.
func (s *Site) Ground() *schedule.Ground { return s.ground() }

// Guard judges what may sound; nil when the site names no guard.
func (s *Site) Guard() *schedule.Guard { return s.guard }

// Beside returns the files that zones.yaml names beside itself, by name, as
// they were read.
func (s *Site) Beside() map[string][]byte { return s.beside }

// fileName reads the name of a file beside this one.
func (v value) fileName() (string, bool) {
	name, ok := v.scalar()
	if ok && (name == "" || !filepath.IsLocal(name)) {
		v.fault(clip(name)+" is not the name of a file beside this one", "write it like guard.yaml")
		return "", false
	}
	return name, ok
}

// openBeside reads a file beside zones.yaml into its root.
func (s *Site) openBeside(r *reader, v value, name string) (root value, sub *reader, ok bool) {
	b, kept := r.kept[name]
	if !kept {
		if r.dir == "" {
			return value{}, nil, false // unlooked for
		}
		f, err := os.Open(filepath.Join(r.dir, name))
		if err == nil {
			b, err = io.ReadAll(io.LimitReader(f, MaxFile+1))
			f.Close()
		}
		if err != nil {
			v.fault(clip(err.Error()), "put the file there, or delete this line")
			return value{}, nil, false
		}
	}
	if s.beside == nil {
		s.beside = map[string][]byte{}
	}
	s.beside[name] = b
	sub = &reader{file: filepath.Join(filepath.Dir(r.file), name)}
	root, ok = decode(sub, b)
	if !ok {
		r.take(sub)
	}
	return root, sub, ok
}

// take adds another file's faults to this one's.
func (r *reader) take(o *reader) {
	r.faults = append(r.faults, o.faults...)
	r.dropped += o.dropped
}

// tell reports the faults of a plan at the lines of what they are about.
func (r *reader) tell(faults []paspeaker.PlanFault, at map[string]value) {
	for _, f := range faults {
		v, ok := nearestValue(at, f.Path)
		if !ok {
			v = value{r: r}
		}
		v.path = f.Path
		v.fault(clip(f.What), f.Hint)
	}
}

// nearestValue returns the place of a path, or of what it lies in.
func nearestValue(at map[string]value, path string) (value, bool) {
	for path != "" {
		if v, ok := at[path]; ok {
			return v, true
		}
		i := len(path) - 1
		for i > 0 && path[i] != '.' && path[i] != '[' {
			i--
		}
		path = path[:i]
	}
	v, ok := at[""]
	return v, ok
}

// places notes where everything in a file stands, by its path.
func places(v value, into map[string]value) map[string]value {
	into[v.path] = v
	if !v.present() {
		return into
	}
	for i, n := range v.node.Content {
		switch {
		case v.isMapping() && i%2 == 1:
			key := v.node.Content[i-1]
			places(value{r: v.r, node: n, path: v.child(key.Value), line: key.Line}, into)
		case !v.isMapping():
			places(value{r: v.r, node: n, path: v.path + "[" + itoa(i) + "]", line: n.Line}, into)
		}
	}
	return into
}
