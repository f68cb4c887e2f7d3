package site

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// decode reads the one document of a site file into its root mapping. ok is
// false when there is nothing to go on with.
func decode(r *reader, b []byte) (root value, ok bool) {
	top := value{r: r}
	switch {
	case len(b) > MaxFile:
		top.fault("is larger than 4 MiB", "name recordings by their file instead of writing them in")
		return top, false
	case !utf8.Valid(b):
		top.line = lineOfBadText(b)
		top.fault("is not UTF-8 text", "save the file as UTF-8")
		return top, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		top.fault("is empty", "begin with the lines \"site:\", \"zones:\" and \"speakers:\"")
		return top, false
	} else if err != nil {
		top.syntax(err)
		return top, false
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		top.line = second.Line
		top.fault("a second document begins here", "delete the line --- : a site is one document")
	} else if !errors.Is(err, io.EOF) {
		top.syntax(err)
	}
	if len(doc.Content) != 1 {
		return top, false
	}
	refuseAliases(r, doc.Content[0])
	return value{r: r, node: doc.Content[0], line: doc.Content[0].Line}, true
}

// refuseAliases reports each alias (*name). They are not followed: a few lines
// of them can stand for gigabytes, and a technician who greps for a zone must
// find it where it is.
func refuseAliases(r *reader, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		v := value{r: r, line: n.Line}
		v.fault("*"+clip(n.Value)+" is an alias; they are not read here", "write the value out")
	}
	for _, child := range n.Content {
		refuseAliases(r, child)
	}
}

var syntaxLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// syntax reports what the YAML parser says, at the line that it gives.
func (v value) syntax(err error) {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		v.line, _ = strconv.Atoi(m[1])
		what = err.Error()[len(m[0]):]
	}
	v.fault("is not YAML: "+clip(what), "mend this line or the one before it; indent with spaces, never with tabs")
}

// lineOfBadText returns the line of the first byte that is not UTF-8.
func lineOfBadText(b []byte) int {
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n <= 1 {
			return 1 + bytes.Count(b[:i], []byte{'\n'})
		}
		i += n
	}
	return 0
}
