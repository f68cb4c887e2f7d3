package integration

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The plan of the house: which room may import whom. A pattern ending in /...
// means the room and all beneath it. The sources are parsed here, not listed
// by the go command, whose answer would hide behind the test cache.

// onlyOurs says which rooms of the house a room may import, and nothing else
// of the house. Tests are free to use the real parts.
var onlyOurs = []struct {
	who, only []string
	why       string
}{
	{[]string{"audio", "audio/wire"}, nil, "it is the ground, and stands without the house"},
	{[]string{"audio/codec", "audio/monitor", "audio/source", "audio/loudness", "audio/output", "audio/sti"}, []string{"audio"}, "rooms of sound know samples, not each other"},
	{[]string{"audio/ingest"}, []string{"audio", "audio/source", "audio/loudness"}, "a recording is decoded and levelled there, and nothing else"},
	{[]string{"audio/playout"}, []string{"audio", "audio/codec"}, "the loudspeaker's ear decodes and mixes; packets come to it from the node"},
	{[]string{"paspeaker"}, nil, "it is the language that every room speaks"},
	{[]string{"paspeaker/schedule", "paspeaker/state", "paspeaker/bus", "paspeaker/hub", "paspeaker/supervise", "paspeaker/usage", "paspeaker/webhook"}, []string{"paspeaker"}, "it speaks the language and knows no other room"},
	{[]string{"paspeaker/site"}, []string{"paspeaker", "paspeaker/schedule"}, "it speaks the language, and reads the files of calendars and guard"},
	{[]string{"paspeaker/doctor"}, []string{"paspeaker"}, "it looks at the machine and speaks the language; who runs there is none of its business"},
	{[]string{"paspeaker/board"}, []string{"paspeaker"}, "the board speaks the language; the door gives it a controller"},
	{[]string{"paspeaker/report"}, []string{"paspeaker"}, "a report is made of the language alone: entries in, words out"},
	{[]string{"paspeaker/api/..."}, []string{"paspeaker", "paspeaker/report", "paspeaker/api/..."}, "api reaches the controller through its own interface"},
}

// neverDirect says what a room may not import, in tests either.
var neverDirect = []struct {
	who, except, never []string
	why                string
}{
	{[]string{"audio/..."}, nil, []string{"paspeaker/..."}, "sound does not know public address"},
	{[]string{"paspeaker/..."}, []string{"paspeaker/controller/...", "paspeaker/node/..."}, []string{"audio/..."},
		"public address and sound meet only in controller, node and the doors in cmd"},
	{[]string{"audio/...", "paspeaker/...", "cmd/..."}, nil, []string{"cmd/...", "integration/..."}, "doors and tests are the last to be built; nothing stands on them"},
}

// owners says who alone imports a library or a room.
var owners = []struct {
	what        string
	who, inTest []string
	why         string
}{
	{"github.com/nats-io/nats.go", []string{"paspeaker/bus", "integration/bench"}, []string{"paspeaker/hub", "integration/..."}, "only bus speaks NATS"},
	{"github.com/nats-io/nats-server", []string{"paspeaker/hub"}, nil, "only hub carries the server"},
	{"github.com/ebitengine/oto", []string{"audio/output"}, nil, "only output opens the sound card"},
	{"charm.land", []string{"paspeaker/board"}, nil, "only the board draws on a terminal"},
	{"pa/paspeaker/hub", []string{"cmd/paspeakerd", "integration/bench"}, []string{"paspeaker/...", "integration/..."}, "only paspeakerd starts the NATS server"},
}

// neverCarried says what a room may not carry by any way.
var neverCarried = []struct {
	who   string
	never []string
	why   string
}{
	{"cmd/paspeakerd", []string{"audio/output", "paspeaker/node"}, "the controller has no sound card"},
	{"cmd/paspeaker-node", []string{"paspeaker/api/...", "paspeaker/hub", "paspeaker/controller"}, "the loudspeaker carries no API and no NATS server"},
	{"cmd/paspeaker", []string{"paspeaker/bus", "paspeaker/hub", "paspeaker/controller", "paspeaker/node"}, "the CLI talks only to the HTTP API"},
}

// httpNames says which rooms may use a name of net/http. Types such as Handler
// and the numbers of statuses are everybody's.
var httpNames = []struct {
	names, who []string
	why        string
}{
	{[]string{"Server", "ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS", "NewServeMux", "ServeMux", "Handle", "HandleFunc", "DefaultServeMux"},
		[]string{"paspeaker/api", "integration/..."}, "only api serves HTTP"},
	{[]string{"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext"},
		[]string{"paspeaker/api/client", "paspeaker/node", "paspeaker/webhook", "integration/..."}, "only api/client, the node's uplink and webhook ask by HTTP"},
}

const maxLines = 600

var (
	grounds  = []string{"audio", "paspeaker", "paspeaker/schedule", "paspeaker/supervise"} // standard library alone
	tops     = []string{"audio", "paspeaker", "cmd", "integration"}
	nonNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}
)

// file is what the plan needs to know of a source file.
type file struct {
	room, path, pkg string // room: the folder, "audio/wire"
	test            bool
	lines           int
	documented      bool
	imports         []string
	http            []string // names of net/http that it uses
	init            bool
}

// readHouse parses every Go file beneath the module's root.
func readHouse(root fs.FS) ([]file, error) {
	var house []file
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || p == "bin" || p == "out"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		f, err := readFile(p, src)
		house = append(house, f)
		return err
	})
	return house, err
}

func readFile(p string, src []byte) (file, error) {
	f := file{room: path.Dir(p), path: p, test: strings.HasSuffix(p, "_test.go"), lines: strings.Count(string(src), "\n")}
	tree, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return f, fmt.Errorf("parse %s: %w", p, err)
	}
	f.pkg, f.documented = tree.Name.Name, tree.Doc != nil
	asHTTP := ""
	for _, i := range tree.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return f, fmt.Errorf("parse %s: %w", p, err)
		}
		f.imports = append(f.imports, name)
		if name == "net/http" {
			asHTTP = "http"
			if i.Name != nil {
				asHTTP = i.Name.Name
			}
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && asHTTP != "" && x.Name == asHTTP {
				f.http = append(f.http, n.Sel.Name)
			}
		case *ast.FuncDecl:
			f.init = f.init || n.Recv == nil && n.Name.Name == "init"
		}
		return true
	})
	return f, nil
}

func matches(patterns []string, room string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		base, deep := strings.CutSuffix(p, "/...")
		return room == base || deep && strings.HasPrefix(room, base+"/")
	})
}

// faults returns everything in the house that is against the plan.
func faults(house []file) []string {
	var found []string
	for _, f := range house {
		found = append(found, formFaults(f)...)
		for _, i := range f.imports {
			found = append(found, importFaults(f, i)...)
		}
		if f.test {
			continue
		}
		for _, r := range httpNames {
			for _, n := range f.http {
				if slices.Contains(r.names, n) && !matches(r.who, f.room) {
					found = append(found, fmt.Sprintf("%s uses http.%s: %s", f.path, n, r.why))
				}
			}
		}
	}
	found = append(found, carried(house)...)
	found = append(found, undocumented(house)...)
	slices.Sort(found)
	return slices.Compact(found)
}

func formFaults(f file) (found []string) {
	say := func(format string, a ...any) { found = append(found, f.path+" "+fmt.Sprintf(format, a...)) }
	if top, _, _ := strings.Cut(f.room, "/"); !slices.Contains(tops, top) {
		say("stands outside the house: Go lives in %s", strings.Join(tops, ", "))
	}
	for _, n := range append(strings.Split(f.room, "/"), strings.TrimSuffix(f.pkg, "_test")) {
		if slices.Contains(nonNames, n) {
			say("is in %q: a room has a name that says what it gives", n)
		}
	}
	if f.lines > maxLines {
		say("has %d lines, at most %d: a file is about one thing", f.lines, maxLines)
	}
	if f.init {
		say("has an init: nothing runs that nobody called")
	}
	return found
}

func importFaults(f file, what string) (found []string) {
	say := func(why string) { found = append(found, fmt.Sprintf("%s imports %s: %s", f.path, what, why)) }
	room, ours := strings.CutPrefix(what, "pa/")
	first, _, _ := strings.Cut(what, "/")
	if what == "C" {
		say("no cgo: the binaries are built for every board on any machine")
	}
	if !f.test && slices.Contains(grounds, f.room) && !ours && strings.Contains(first, ".") {
		say("the ground stands on the standard library alone")
	}
	for _, r := range onlyOurs {
		if ours && !f.test && matches(r.who, f.room) && !matches(r.only, room) {
			say(r.why)
		}
	}
	for _, r := range neverDirect {
		if ours && matches(r.who, f.room) && !matches(r.except, f.room) && matches(r.never, room) {
			say(r.why)
		}
	}
	for _, r := range owners {
		owned := what == r.what || strings.HasPrefix(what, r.what+"/")
		if owned && !matches(r.who, f.room) && !(f.test && matches(r.inTest, f.room)) {
			say(r.why)
		}
	}
	return found
}

// carried follows the imports from each door, and shows the way to what it
// must not carry.
func carried(house []file) (found []string) {
	next := map[string]map[string]bool{}
	for _, f := range house {
		for _, i := range f.imports {
			if room, ours := strings.CutPrefix(i, "pa/"); ours && !f.test {
				if next[f.room] == nil {
					next[f.room] = map[string]bool{}
				}
				next[f.room][room] = true
			}
		}
	}
	for _, r := range neverCarried {
		seen := map[string]bool{r.who: true}
		for ways := [][]string{{r.who}}; len(ways) > 0; ways = ways[1:] {
			way := ways[0]
			here := way[len(way)-1]
			if len(way) > 1 && matches(r.never, here) {
				found = append(found, strings.Join(way, " → ")+": "+r.why)
				continue
			}
			for _, room := range slices.Sorted(maps.Keys(next[here])) {
				if !seen[room] {
					seen[room] = true
					ways = append(ways, append(slices.Clone(way), room))
				}
			}
		}
	}
	return found
}

func undocumented(house []file) (found []string) {
	said := map[string]bool{}
	for _, f := range house {
		if !f.test {
			said[f.room] = said[f.room] || f.documented
		}
	}
	for room, ok := range said {
		if !ok {
			found = append(found, room+" has no package comment: it says what the room is for, who may call it, what it promises")
		}
	}
	return found
}

func TestTheHouseStandsAsPlanned(t *testing.T) {
	house, err := readHouse(os.DirFS(".."))
	require.NoError(t, err)
	require.Greater(t, len(house), 50, "this is not the house")
	for _, f := range faults(house) {
		t.Error(f)
	}
}

// The rooms that the plan names are there: a rule about a room that was
// renamed would keep nothing.
func TestThePlanNamesRoomsThatExist(t *testing.T) {
	house, err := readHouse(os.DirFS(".."))
	require.NoError(t, err)
	rooms := map[string]bool{}
	for _, f := range house {
		rooms[f.room] = true
	}
	for _, r := range onlyOurs {
		for _, who := range r.who {
			assert.True(t, rooms[strings.TrimSuffix(who, "/...")], who)
		}
	}
	for _, r := range owners {
		for _, who := range r.who {
			assert.True(t, rooms[who], who)
		}
	}
}

// What the plan forbids, each in a house of its own. A file is a path, then
// what it imports; the rest of it is in order.
func TestThePlanCanFail(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		want  string // said by one of the faults; "" for no fault
	}{
		"sound knows the house":           {[]string{"audio/wire/a.go pa/paspeaker"}, "sound does not know"},
		"so does its test":                {[]string{"audio/wire/a_test.go pa/paspeaker/site"}, "sound does not know"},
		"the language knows sound":        {[]string{"paspeaker/a.go pa/audio"}, "it is the language"},
		"the language knows a room":       {[]string{"paspeaker/a.go pa/paspeaker/site"}, "it is the language"},
		"the language is not alone":       {[]string{"paspeaker/a.go gopkg.in/yaml.v3"}, "standard library alone"},
		"the ground is not alone":         {[]string{"audio/a.go golang.org/x/sys/unix"}, "standard library alone"},
		"a codec reads files":             {[]string{"audio/codec/a.go pa/audio/source"}, "not each other"},
		"playout sends":                   {[]string{"audio/playout/a.go pa/audio/wire"}, "packets come to it"},
		"wire knows samples":              {[]string{"audio/wire/a.go pa/audio"}, "without the house"},
		"the schedule is not pure":        {[]string{"paspeaker/schedule/a.go github.com/teambition/rrule-go"}, "standard library alone"},
		"the supervision is not pure":     {[]string{"paspeaker/supervise/a.go github.com/prometheus/client_golang/prometheus"}, "standard library alone"},
		"the supervision knows the bus":   {[]string{"paspeaker/supervise/a.go pa/paspeaker/bus"}, "knows no other room"},
		"the schedule knows the bus":      {[]string{"paspeaker/schedule/a.go pa/paspeaker/bus"}, "knows no other room"},
		"all is well: site and schedule":  {[]string{"paspeaker/site/a.go pa/paspeaker/schedule"}, ""},
		"the site plays":                  {[]string{"paspeaker/site/a.go pa/audio"}, "meet only in controller"},
		"a new room plays":                {[]string{"paspeaker/webhook/a.go pa/audio/source"}, "meet only in controller"},
		"api knows the controller":        {[]string{"paspeaker/api/a.go pa/paspeaker/controller"}, "its own interface"},
		"api's client knows the bus":      {[]string{"paspeaker/api/client/a.go pa/paspeaker/bus"}, "its own interface"},
		"bus knows the site":              {[]string{"paspeaker/bus/a.go pa/paspeaker/site"}, "knows no other room"},
		"the node speaks NATS":            {[]string{"paspeaker/node/a.go github.com/nats-io/nats.go"}, "only bus speaks NATS"},
		"jetstream is NATS too":           {[]string{"paspeaker/node/a_test.go github.com/nats-io/nats.go/jetstream"}, "only bus speaks NATS"},
		"a second server":                 {[]string{"paspeaker/bus/a_test.go github.com/nats-io/nats-server/v2/server"}, "only hub carries"},
		"the node opens the card":         {[]string{"paspeaker/node/a.go github.com/ebitengine/oto/v3"}, "only output opens"},
		"the controller starts the hub":   {[]string{"paspeaker/controller/a.go pa/paspeaker/hub"}, "only paspeakerd starts"},
		"a room stands on a door":         {[]string{"paspeaker/node/a.go pa/cmd/paspeaker"}, "nothing stands on them"},
		"the daemon has a card":           {[]string{"cmd/paspeakerd/a.go pa/paspeaker/controller", "paspeaker/controller/a.go pa/audio/output"}, "cmd/paspeakerd → paspeaker/controller → audio/output: the controller has no sound card"},
		"the node has an API":             {[]string{"cmd/paspeaker-node/a.go pa/paspeaker/node", "paspeaker/node/a.go pa/paspeaker/api"}, "no API and no NATS server"},
		"the CLI knows the bus":           {[]string{"cmd/paspeaker/a.go pa/paspeaker/bus"}, "talks only to the HTTP API"},
		"cgo":                             {[]string{"audio/output/a.go C"}, "no cgo"},
		"utils":                           {[]string{"audio/utils/a.go"}, `is in "utils"`},
		"common, beneath":                 {[]string{"paspeaker/common/time/a.go"}, `is in "common"`},
		"helpers, by package":             {[]string{"paspeaker/node/a.go =helpers"}, `is in "helpers"`},
		"outside the house":               {[]string{"pkg/a.go"}, "outside the house"},
		"at the top":                      {[]string{"a.go"}, "outside the house"},
		"too long":                        {[]string{"audio/a.go +601"}, "at most 600"},
		"no package comment":              {[]string{"audio/a.go -doc"}, "has no package comment"},
		"an init":                         {[]string{"audio/a.go init"}, "nothing runs that nobody called"},
		"the node serves":                 {[]string{"paspeaker/node/a.go net/http http.Server"}, "only api serves HTTP"},
		"the site asks":                   {[]string{"paspeaker/site/a.go net/http http.Get"}, "ask by HTTP"},
		"the same in other words":         {[]string{"paspeaker/site/a.go h=net/http h.Client"}, "ask by HTTP"},
		"all is well: the node":           {[]string{"paspeaker/node/a.go pa/paspeaker pa/paspeaker/bus pa/audio pa/audio/wire net/http http.Client"}, ""},
		"all is well: the hub":            {[]string{"paspeaker/hub/a.go github.com/nats-io/nats-server/v2/server", "paspeaker/hub/a_test.go github.com/nats-io/nats.go"}, ""},
		"all is well: a test of the bus":  {[]string{"paspeaker/bus/a_test.go pa/paspeaker/hub"}, ""},
		"all is well: the ground's tests": {[]string{"paspeaker/a_test.go github.com/stretchr/testify/assert"}, ""},
		"all is well: a handler":          {[]string{"cmd/paspeakerd/a.go net/http http.Handler pa/paspeaker/hub"}, ""},
		"all is well: 600 lines":          {[]string{"audio/a.go +600"}, ""},
		"all is well: not our files":      {[]string{".cache/a.go", "audio/testdata/util/a.go"}, ""},
	} {
		root := fstest.MapFS{}
		for _, f := range test.files {
			p, src := madeUp(f)
			root[p] = &fstest.MapFile{Data: []byte(src)}
		}
		house, err := readHouse(root)
		require.NoError(t, err, name)
		if got := faults(house); test.want == "" {
			assert.Empty(t, got, name)
		} else if assert.NotEmpty(t, got, name) {
			assert.Contains(t, strings.Join(got, "\n"), test.want, name)
		}
	}
}

func TestASourceThatIsNoneIsAnError(t *testing.T) {
	_, err := readHouse(fstest.MapFS{"audio/a.go": &fstest.MapFile{Data: []byte("package")}})
	assert.ErrorContains(t, err, "parse audio/a.go")
}

// madeUp writes the source that a line of TestThePlanCanFail describes.
func madeUp(line string) (p, src string) {
	words := strings.Fields(line)
	pkg, doc, imports, body, lines := "room", "// Package room is made up.\n", "", "", 0
	for _, w := range words[1:] {
		alias, target, named := strings.Cut(w, "=")
		switch {
		case w == "-doc":
			doc = ""
		case w == "init":
			body += "func init() {}\n"
		case w[0] == '+':
			lines, _ = strconv.Atoi(w[1:])
		case w[0] == '=':
			pkg = target
		case strings.HasPrefix(w, "http.") || strings.HasPrefix(w, "h."):
			body += "var x " + w + "\n"
		case named:
			imports += fmt.Sprintf("import %s %q\n", alias, target)
		default:
			imports += fmt.Sprintf("import %q\n", w)
		}
	}
	src = doc + "package " + pkg + "\n" + imports + body
	return words[0], src + strings.Repeat("\n", max(0, lines-strings.Count(src, "\n")))
}
