package doctor

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// What `nft -j list ruleset` says (libnftables-json(5)), as far as it decides
// about a packet.

type nftSet struct {
	Nftables []struct {
		Chain *nftChain `json:"chain"`
		Rule  *nftRule  `json:"rule"`
	} `json:"nftables"`
}

type nftChain struct {
	Family string `json:"family"`
	Table  string `json:"table"`
	Name   string `json:"name"`
	Hook   string `json:"hook"`
	Policy string `json:"policy"`
	Dev    any    `json:"dev"`
}

type nftRule struct {
	Family string                       `json:"family"`
	Table  string                       `json:"table"`
	Chain  string                       `json:"chain"`
	Handle int                          `json:"handle"`
	Expr   []map[string]json.RawMessage `json:"expr"`
}

// parseNFT reads the chains that IPv4 passes.
func parseNFT(b []byte) ([]*chain, error) {
	var set nftSet
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("read what nft says: %w", err)
	}
	byName := make(map[string]*chain)
	var out []*chain
	for _, o := range set.Nftables {
		c := o.Chain
		if c == nil || c.Family == "ip6" || c.Family == "arp" || c.Family == "bridge" {
			continue
		}
		full := c.Family + " " + c.Table + " " + c.Name
		made := &chain{name: full, hook: c.Hook, policy: c.Policy, fix: nftPass(full)}
		byName[full] = made
		out = append(out, made)
	}
	for _, o := range set.Nftables {
		r := o.Rule
		if r == nil {
			continue
		}
		full := r.Family + " " + r.Table + " " + r.Chain
		if c := byName[full]; c != nil {
			c.rules = append(c.rules, nftRead(r, full))
		}
	}
	return out, nil
}

// nftPass is the command that lets voice through a chain. %s takes the words
// that match it.
func nftPass(chain string) string { return "nft insert rule " + chain + " %s accept" }

func nftRead(r *nftRule, full string) rule {
	out := rule{text: fmt.Sprintf("rule %d of chain %s", r.Handle, full), fix: nftPass(full)}
	var wants []func(packet) answer
	for _, e := range r.Expr {
		for kind, v := range e {
			switch kind {
			case "match":
				wants = append(wants, nftMatch(v))
			case "accept", "drop", "return":
				out.verdict = kind
			case "reject":
				out.verdict = "drop"
			case "jump", "goto":
				var to struct{ Target string }
				_ = json.Unmarshal(v, &to) // without a target it leads nowhere
				out.verdict, out.target = kind, r.Family+" "+r.Table+" "+to.Target
			case "limit", "xt", "vmap", "queue":
				wants = append(wants, func(packet) answer { return maybe })
				if out.verdict == "" && kind != "limit" {
					out.verdict = "accept"
				}
			}
		}
	}
	out.wants = all(wants)
	return out
}

// all is what every question together says.
func all(wants []func(packet) answer) func(packet) answer {
	return func(p packet) answer {
		got := yes
		for _, w := range wants {
			got = min(got, w(p))
		}
		return got
	}
}

type nftLeft struct {
	Payload *struct{ Protocol, Field string } `json:"payload"`
	Meta    *struct{ Key string }             `json:"meta"`
	CT      *struct{ Key string }             `json:"ct"`
}

// nftMatch makes a question of a match; what is not understood may match.
func nftMatch(b []byte) func(packet) answer {
	var m struct {
		Op    string
		Left  nftLeft
		Right json.RawMessage
	}
	if json.Unmarshal(b, &m) != nil {
		return func(packet) answer { return maybe }
	}
	return func(p packet) answer {
		field, known := nftField(m.Left, p)
		if !known {
			return maybe
		}
		if field == nil {
			return no // a field that the packet does not have
		}
		got := nftHas(m.Right, field)
		switch m.Op {
		case "==", "in":
			return got
		case "!=":
			return yes - got
		}
		return maybe
	}
}

// nftField returns the words that stand for a field of the packet; nil when it
// has no such field. known is false for what nobody here can tell.
func nftField(l nftLeft, p packet) (words []string, known bool) {
	switch {
	case l.Payload != nil:
		return payloadField(l.Payload.Protocol, l.Payload.Field, p)
	case l.Meta != nil:
		return metaField(l.Meta.Key, p)
	case l.CT != nil && l.CT.Key == "state":
		return []string{"new", "untracked"}, true
	}
	return nil, false
}

func payloadField(proto, field string, p packet) ([]string, bool) {
	switch {
	case proto == "ip6" || proto == "tcp" || proto == "icmp" || proto == "icmpv6" || proto == "sctp" || proto == "arp":
		return nil, true
	case (proto == "udp" || proto == "th") && p.proto != "udp":
		return nil, true
	case (proto == "udp" || proto == "th") && field == "dport":
		return []string{port(p)}, true
	case proto == "igmp" && p.proto != "igmp":
		return nil, true
	case proto == "ip" && field == "daddr":
		return []string{p.dst.String()}, true
	case proto == "ip" && field == "protocol":
		return protoWords(p), true
	}
	return nil, false
}

func metaField(key string, p packet) ([]string, bool) {
	switch {
	case key == "l4proto":
		return protoWords(p), true
	case key == "nfproto":
		return []string{"ipv4", "2"}, true
	case key == "protocol":
		return []string{"ip", "8", "2048"}, true
	case (key == "iifname" || key == "iif") && !p.out, (key == "oifname" || key == "oif") && p.out:
		return []string{p.iface}, true
	case key == "pkttype" && !p.out:
		return []string{"multicast", "2"}, true
	}
	return nil, false
}

func protoWords(p packet) []string {
	if p.proto == "igmp" {
		return []string{"igmp", "2"}
	}
	return []string{"udp", "17"}
}

// nftHas says whether the right side of a match holds one of the words.
func nftHas(right json.RawMessage, words []string) answer {
	var v any
	if json.Unmarshal(right, &v) != nil {
		return maybe
	}
	return holds(v, words)
}

func holds(v any, words []string) answer {
	switch v := v.(type) {
	case string:
		return holdsWord(v, words)
	case float64:
		return holdsWord(strconv.FormatFloat(v, 'f', -1, 64), words)
	case []any:
		got := no
		for _, one := range v {
			got = max(got, holds(one, words))
		}
		return got
	case map[string]any:
		if set, ok := v["set"]; ok {
			return holds(set, words)
		}
		if elem, ok := v["elem"].(map[string]any); ok {
			return holds(elem["val"], words)
		}
		if list, ok := v["range"].([]any); ok && len(list) == 2 {
			return inRange(fmt.Sprint(list[0]), fmt.Sprint(list[1]), words[0])
		}
		if p, ok := v["prefix"].(map[string]any); ok {
			return inPrefix(fmt.Sprintf("%v/%v", p["addr"], p["len"]), words[0])
		}
	}
	return maybe
}

func holdsWord(v string, words []string) answer {
	if strings.HasPrefix(v, "@") {
		return maybe // a named set
	}
	for _, w := range words {
		if v == w {
			return yes
		}
		if base, wild := strings.CutSuffix(v, "*"); wild && strings.HasPrefix(w, base) {
			return yes
		}
	}
	return no
}

// inRange compares addresses, else numbers.
func inRange(low, high, word string) answer {
	l, err1 := netip.ParseAddr(low)
	h, err2 := netip.ParseAddr(high)
	w, err3 := netip.ParseAddr(word)
	if err1 == nil && err2 == nil && err3 == nil {
		return said(w.Compare(l) >= 0 && w.Compare(h) <= 0)
	}
	lo, err1 := strconv.Atoi(low)
	hi, err2 := strconv.Atoi(high)
	n, err3 := strconv.Atoi(word)
	if err1 != nil || err2 != nil || err3 != nil {
		return maybe
	}
	return said(lo <= n && n <= hi)
}

func inPrefix(prefix, word string) answer {
	p, err1 := netip.ParsePrefix(prefix)
	w, err2 := netip.ParseAddr(word)
	if err1 != nil || err2 != nil {
		return maybe
	}
	return said(p.Contains(w))
}

func said(b bool) answer {
	if b {
		return yes
	}
	return no
}

func port(p packet) string { return strconv.Itoa(int(p.port)) }
