package site

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pa/paspeaker"
)

// MaxFile is the size in bytes that a site file may have.
const MaxFile = 4 << 20

// Load reads and checks the site file at path. Files that it names are
// relative to its directory. The error is Faults, or a *paspeaker.Error when
// the file cannot be read.
func Load(path string) (*Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return parse(b, &reader{file: path, dir: filepath.Dir(path)})
}

// unreadable says that a site file cannot be read, and what to do.
func unreadable(path string, err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	e := &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read site file " + path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Code, e.Hint = paspeaker.CodeNotFound, "name the file with --config, or copy the example zones.yaml there"
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Hint = paspeaker.CodeDenied, "let the user that runs this read it"
	}
	return e
}

// Parse reads and checks a site file. The files it names are looked for in
// dir; "" leaves them unlooked for. The error is Faults: all of them.
func Parse(b []byte, dir string) (*Site, error) {
	return parse(b, &reader{file: "zones.yaml", dir: dir})
}

// ParseKept is Parse for a site file that was kept together with the files
// beside it: those are taken from beside, not from dir.
func ParseKept(b []byte, dir string, beside map[string][]byte) (*Site, error) {
	return parse(b, &reader{file: "zones.yaml", dir: dir, kept: beside})
}

func parse(b []byte, r *reader) (*Site, error) {
	root, ok := decode(r, b)
	if !ok {
		return nil, r.result()
	}
	o := root.object("site", "limits", "delays", "classes", "zones", "speakers", "emergencies", "messages", "calendars", "guard", "recordings", "self_tests", "alerts")
	s := &Site{dir: r.dir}
	s.readSite(o.get("site"))
	s.readLimits(o.get("limits"))
	s.readDelays(o.get("delays"))
	s.readClasses(o.get("classes"))
	s.readMessages(o.get("messages"))
	s.readRecordings(o.get("recordings"))
	s.readAlerts(o.get("alerts"))
	d := readDraft(o.get("zones"), o.get("speakers"), s.Temperature)
	d.check(s)
	s.readEmergencies(o.get("emergencies"))
	s.readBeside(r, o.get("calendars"), o.get("guard"), func(id paspeaker.ZoneID) bool {
		_, known := d.zoneAt[string(id)]
		return known || id == paspeaker.ZoneAll
	})
	if err := r.result(); err != nil {
		return nil, err
	}
	s.adopt(d)
	s.listen(d)
	s.findDomains()
	s.readSelfTests(o.get("self_tests"))
	if err := r.result(); err != nil {
		return nil, err
	}
	return s, nil
}
