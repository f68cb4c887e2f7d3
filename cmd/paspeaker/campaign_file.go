package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"pa/paspeaker"
)

// A file of campaigns is YAML: "campaigns:" and a list, with the words of the
// API. Whoever reads it is told every fault with its line.

// campaignFile is what was read.
type campaignFile struct {
	name      string
	campaigns []paspeaker.Campaign
	nodes     map[string]*yaml.Node // each campaign, for the lines of later faults
}

// serverFields are the campaign's fields that only the controller sets.
var serverFields = []string{"revision", "created", "changed", "by"}

// readCampaigns reads a file of campaigns. The error lists every fault.
func readCampaigns(name string, text []byte) (campaignFile, error) {
	out := campaignFile{name: name, nodes: map[string]*yaml.Node{}}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return out, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	list := campaignList(&doc)
	if list == nil {
		return out, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: name + ": no campaigns", Hint: "it begins with \"campaigns:\" and a list"}
	}
	var faults []string
	for _, n := range list {
		c, err := readCampaign(n)
		if err == nil && out.nodes[c.ID] != nil {
			err = at(n, "id", fmt.Errorf("campaign %s: there are two of that id", c.ID))
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s:%v", name, err))
			continue
		}
		out.campaigns = append(out.campaigns, c)
		out.nodes[c.ID] = n
	}
	if faults != nil {
		return out, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: strings.Join(faults, "\n")}
	}
	return out, nil
}

// campaignList finds the campaigns of a document: a list under "campaigns", a
// list alone, or one campaign alone.
func campaignList(doc *yaml.Node) []*yaml.Node {
	if len(doc.Content) == 0 {
		return nil
	}
	top := doc.Content[0]
	if v := child(top, "campaigns"); v != nil && len(top.Content) == 2 {
		top = v
	}
	if top.Kind == yaml.SequenceNode {
		return append([]*yaml.Node{}, top.Content...) // an empty list is a plan, too
	}
	if top.Kind == yaml.MappingNode && child(top, "id") != nil {
		return []*yaml.Node{top}
	}
	return nil
}

// child returns the value of a key, nil when there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// readCampaign reads one campaign strictly: its words are those of the API.
func readCampaign(n *yaml.Node) (c paspeaker.Campaign, err error) {
	value, err := plainValue(n)
	if err != nil {
		return c, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return c, at(n, "", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, decodeFault(n, err)
	}
	for _, f := range serverFields {
		if v := child(n, f); v != nil {
			return c, at(n, f, fmt.Errorf("%s: the controller says this; leave it out", f))
		}
	}
	if !paspeaker.ValidID(c.ID) {
		return c, at(n, "id", fmt.Errorf("id %q: want 1 to 32 of a-z, 0-9 and hyphens", c.ID))
	}
	return c, nil
}

// plainValue is a node as JSON has it. Words stay as they were written, so that
// a day is no time and 06:30 no number.
func plainValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return plainValue(n.Alias)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := plainValue(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return plainMap(n)
	}
	return plainScalar(n)
}

func plainMap(n *yaml.Node) (any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("%d: %s: said twice", n.Content[i].Line, key)
		}
		v, err := plainValue(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if word, ok := v.(string); ok && key == "priority" {
			p, err := paspeaker.ParsePriority(word)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", n.Content[i+1].Line, err)
			}
			v = p
		}
		out[key] = v
	}
	return out, nil
}

func plainScalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strconv.ParseBool(strings.ToLower(n.Value))
	case "!!int", "!!float":
		var v float64
		if err := n.Decode(&v); err != nil {
			return nil, fmt.Errorf("%d: %q is no number", n.Line, n.Value)
		}
		return v, nil
	}
	return n.Value, nil
}

// at puts the line of a field before an error.
func at(n *yaml.Node, path string, err error) error {
	return fmt.Errorf("%d: %w", lineAt(n, path), err)
}

var pathStep = regexp.MustCompile(`[^.\[\]]+`)

// lineAt is the line of a path such as rules[1].cron, as far as it exists.
func lineAt(n *yaml.Node, path string) int {
	line := n.Line
	for _, step := range pathStep.FindAllString(path, -1) {
		i, err := strconv.Atoi(step)
		switch {
		case err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content):
			n = n.Content[i]
		case child(n, step) != nil:
			n = child(n, step)
		default:
			return line
		}
		line = n.Line
	}
	return line
}

// decodeFault says what encoding/json found, in the file's own words.
func decodeFault(n *yaml.Node, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return at(n, wrong.Field, fmt.Errorf("%s: want %s, not a %s", wrong.Field, plainType(wrong.Type.String()), wrong.Value))
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		field = strings.Trim(field, `"`)
		return fmt.Errorf("%d: %s: there is no such word in a campaign", lineOfKey(n, field), field)
	}
	return at(n, "", err)
}

// lineOfKey finds a key wherever it stands.
func lineOfKey(n *yaml.Node, key string) int {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if c.Value == key {
				return c.Line
			}
			continue
		}
		if line := lineOfKey(c, key); line > 0 {
			return line
		}
	}
	return 0
}

// plainType is a type of Go as a person says it.
func plainType(t string) string {
	switch {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case strings.Contains(t, "int"), strings.Contains(t, "float"), strings.HasSuffix(t, "Priority"):
		return "a number"
	case t == "bool":
		return "true or false"
	case strings.Contains(t, "string"), strings.HasSuffix(t, "ID"), strings.HasSuffix(t, "Rotation"):
		return "a text"
	}
	return "something else"
}

// locate gives the faults that the controller found the lines of the file.
func (f campaignFile) locate(id string, err error) error {
	var e *paspeaker.Error
	n := f.nodes[id]
	if n == nil || !errors.As(err, &e) || e.Code != paspeaker.CodeInvalid {
		return err
	}
	var out []string
	for line := range strings.Lines(e.What) {
		line = strings.TrimRight(line, "\n")
		path, _, _ := strings.Cut(line, ": ")
		out = append(out, fmt.Sprintf("%s:%d: campaign %s: %s", f.name, lineAt(n, path), id, line))
	}
	return &paspeaker.Error{Code: e.Code, What: strings.Join(out, "\n"), Hint: e.Hint}
}

// writeCampaigns writes a file of campaigns.
func writeCampaigns(list []paspeaker.Campaign) ([]byte, error) {
	top := &yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range list {
		n, err := campaignNode(c)
		if err != nil {
			return nil, err
		}
		top.Content = append(top.Content, n)
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "campaigns"}, top}})
	if err != nil {
		return nil, fmt.Errorf("write campaigns: %w", err)
	}
	return b.Bytes(), nil
}

// campaignNode is a campaign as a person writes it: the fields in the order of
// the type, nothing of the controller's.
func campaignNode(c paspeaker.Campaign) (*yaml.Node, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write campaign %s: %w", c.ID, err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("write campaign %s: %w", c.ID, err)
	}
	n := doc.Content[0]
	kept := n.Content[:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains(serverFields, key) && n.Content[i+1].ShortTag() != "!!null" {
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = kept
	plainStyle(n)
	return n, nil
}

// plainStyle takes JSON's brackets and quotes off, but keeps short lists of
// words on one line.
func plainStyle(n *yaml.Node) {
	n.Style = 0
	words := len(n.Content) <= 12
	for _, c := range n.Content {
		plainStyle(c)
		words = words && c.Kind == yaml.ScalarNode
	}
	if n.Kind == yaml.SequenceNode && words {
		n.Style = yaml.FlowStyle
	}
	for i := 1; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 { // durations as people write them
		if d, err := paspeaker.ParseDuration(n.Content[i].Value); err == nil && isDurationKey(n.Content[i-1].Value) {
			n.Content[i].Value = shortDuration(paspeaker.Duration(d))
		}
	}
}

func isDurationKey(key string) bool {
	return slices.Contains([]string{"pause", "max_wait", "missed_within", "every", "before", "after"}, key)
}
