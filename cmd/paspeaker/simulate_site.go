package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"pa/paspeaker"
)

// simulatedZone is how many loudspeakers a zone of a made site has.
const simulatedZone = 20

// makeSite writes a site of n loudspeakers in zones of twenty (of more when
// there would be too many zones), all of it on loopback.
func makeSite(n, port int) string {
	each := max(simulatedZone, (n+199)/200)
	zones := (n + each - 1) / each
	var b strings.Builder
	fmt.Fprintf(&b, "site: {id: simulated, name: Khu công nghiệp mô phỏng, time_zone: Asia/Ho_Chi_Minh, interface: lo, groups: 239.255.76.0/24, port: %d}\n", port)
	b.WriteString("zones:\n")
	for z := range zones {
		fmt.Fprintf(&b, "  - {id: zone-%d, name: Khu %d}\n", z+1, z+1)
	}
	b.WriteString("speakers:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: speaker-%d, name: Loa %d, zones: [zone-%d]}\n", i+1, i+1, i%zones+1)
	}
	return b.String()
}

// borrowSite puts a copy of a site file into dir, moved to loopback so that
// nothing leaves this computer, with the files beside it within reach.
func borrowSite(name, dir string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", usageError{fmt.Errorf("read site file: %w", err)}
	}
	b, err = onLoopback(b)
	if err != nil {
		return "", &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "read " + name, Err: err, Hint: "see what is wrong: paspeaker check " + name}
	}
	from, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return "", err
	}
	beside, err := os.ReadDir(from)
	if err != nil {
		return "", err
	}
	own := filepath.Base(name)
	for _, e := range beside {
		if e.Name() == own {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return "", err
		}
	}
	to := filepath.Join(dir, own)
	return to, os.WriteFile(to, b, 0o600)
}

// onLoopback sets site.interface to lo and leaves the rest of the file as it
// is.
func onLoopback(file []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, err
	}
	var site *yaml.Node
	if len(doc.Content) == 1 {
		site = under(doc.Content[0], "site")
	}
	if site == nil || site.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("there is no site: in it")
	}
	if iface := under(site, "interface"); iface != nil {
		iface.SetString("lo")
	} else {
		var key, value yaml.Node
		key.SetString("interface")
		value.SetString("lo")
		site.Content = append(site.Content, &key, &value)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

// under returns the value of a mapping's key, nil when it has none.
func under(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}
