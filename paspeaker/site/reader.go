package site

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// maxFaults bounds what a file of nonsense makes us say.
const maxFaults = 500

// reader collects the faults of one file.
type reader struct {
	file    string
	dir     string
	kept    map[string][]byte // contents of files beside it that are not to be read from the disk
	faults  Faults
	dropped int
}

// full says that further faults are counted only.
func (r *reader) full() bool { return len(r.faults) >= maxFaults }

// result returns the faults by line, nil when there are none.
func (r *reader) result() error {
	if len(r.faults) == 0 {
		return nil
	}
	sort.SliceStable(r.faults, func(i, j int) bool {
		a, b := r.faults[i], r.faults[j]
		if a.File != b.File {
			return a.File == r.file || b.File != r.file && a.File < b.File // its own first
		}
		return a.Line < b.Line
	})
	if r.dropped > 0 {
		r.faults = append(r.faults, Fault{File: r.file, What: fmt.Sprintf("%d more faults", r.dropped), Hint: "mend these first"})
	}
	return r.faults
}

// value is a place in the file: what stands there, or, when node is nil, where
// it would stand.
type value struct {
	r    *reader
	node *yaml.Node
	path string
	line int
	bad  bool // reported already: take it for absent, and do not miss it
}

// present says whether the file has this value.
func (v value) present() bool { return v.node != nil }

// fault reports what is wrong with the value and what to do.
func (v value) fault(what, hint string) {
	if v.r.full() {
		v.r.dropped++
		return
	}
	v.r.faults = append(v.r.faults, Fault{File: v.r.file, Line: v.line, Path: v.path, What: what, Hint: hint})
}

// place returns where the value stands, as the beginning of a fault.
func (v value) place() Fault {
	if v.r == nil {
		return Fault{}
	}
	return Fault{File: v.r.file, Line: v.line, Path: v.path}
}

// missing reports that the value must be given.
func (v value) missing(hint string) {
	if !v.present() && !v.bad {
		v.fault("is missing", hint)
	}
}

// object is a mapping whose keys have been checked.
type object struct {
	value
	fields map[string]value
}

// object reads a mapping with no other keys than these. An absent one has no
// fields.
func (v value) object(keys ...string) object {
	o := object{value: v, fields: map[string]value{}}
	if !v.present() || !v.is(yaml.MappingNode, "a mapping, with the keys "+strings.Join(keys, ", ")) {
		return o
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, node := v.node.Content[i], v.node.Content[i+1]
		f := value{r: v.r, node: node, path: v.child(key.Value), line: key.Line}
		switch _, twice := o.fields[key.Value]; {
		case key.Kind == yaml.AliasNode: // reported as such
		case key.Kind != yaml.ScalarNode:
			f.path = v.path
			f.fault("a key is a list or a mapping", "a key is one word")
		case twice:
			f.fault(fmt.Sprintf("stands here twice, first in line %d", o.fields[key.Value].line), "delete one of them")
		case !slices.Contains(keys, key.Value):
			f.fault("no such key", didYouMean(key.Value, keys))
		case node.Kind == yaml.AliasNode:
			o.fields[key.Value] = value{r: v.r, path: f.path, line: f.line, bad: true}
		case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
			f.fault("has no value", "give it one, or delete the line")
			o.fields[key.Value] = value{r: v.r, path: f.path, line: f.line, bad: true}
		default:
			o.fields[key.Value] = f
		}
	}
	return o
}

// get returns the field of that key; when the mapping does not have it, the
// place where it is missing.
func (o object) get(key string) value {
	if f, ok := o.fields[key]; ok {
		return f
	}
	return value{r: o.r, path: o.child(key), line: o.line, bad: o.present() && o.node.Kind != yaml.MappingNode}
}

// list returns the elements of a list.
func (v value) list() []value {
	if !v.present() || !v.is(yaml.SequenceNode, "a list") {
		return nil
	}
	var all []value
	for i, n := range v.node.Content {
		e := value{r: v.r, node: n, path: fmt.Sprintf("%s[%d]", v.path, i), line: n.Line}
		switch {
		case n.Kind == yaml.AliasNode: // reported as such
		case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
			e.fault("has no value", "give it one, or delete the line")
		default:
			all = append(all, e)
		}
	}
	return all
}

// scalar returns the value's text as it is written; ok is false when it is
// absent or not a single value.
func (v value) scalar() (s string, ok bool) {
	if !v.present() || !v.is(yaml.ScalarNode, "a single value") {
		return "", false
	}
	return v.node.Value, true
}

// is says whether the value is of that kind, and reports it if not.
func (v value) is(kind yaml.Kind, want string) bool {
	if v.node.Kind == kind {
		return true
	}
	have := map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}[v.node.Kind]
	v.fault("is "+have, "it must be "+want)
	return false
}

// child returns the path of a field.
func (v value) child(key string) string {
	if v.path == "" {
		return clip(key)
	}
	return v.path + "." + clip(key)
}

// clip makes text of a file fit for one line of a message.
func clip(s string) string {
	const most = 80
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n++; n > most {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(c) {
			c = '\uFFFD'
		}
		b.WriteRune(c)
	}
	return b.String()
}
