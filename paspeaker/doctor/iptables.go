package doctor

import (
	"net/netip"
	"strings"
)

// parseIPTables reads what iptables-save prints.
func parseIPTables(text string) []*chain {
	byName := make(map[string]*chain)
	var out []*chain
	table := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] == '*':
			table = words[0][1:]
		case line[0] == ':' && len(words) >= 2:
			name := words[0][1:]
			c := &chain{name: table + " " + name, fix: tablesPass(table, name)}
			if words[1] != "-" {
				c.hook, c.policy = strings.ToLower(name), strings.ToLower(words[1])
			}
			byName[c.name] = c
			out = append(out, c)
		case words[0] == "-A" && len(words) >= 2:
			if c := byName[table+" "+words[1]]; c != nil {
				c.rules = append(c.rules, tablesRead(table, words))
			}
		}
	}
	return out
}

func tablesPass(table, chain string) string {
	return "iptables -t " + table + " -I " + chain + " %s -j ACCEPT"
}

// tablesRead reads one rule: "-A INPUT -p udp --dport 5004 -j DROP".
func tablesRead(table string, words []string) rule {
	r := rule{text: "rule “" + strings.Join(words, " ") + "” of table " + table, fix: tablesPass(table, words[1])}
	var wants []func(packet) answer
	not := false
	for i := 2; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		step := 1 // the option has a value
		switch words[i] {
		case "!":
			not, step = true, 0
			continue
		case "-m", "--comment", "--log-prefix", "--log-level", "--reject-with":
		case "-j", "-g":
			r.verdict, r.target = tablesVerdict(table, words[i], value)
		case "-p", "-d", "-i", "-o", "--dport", "--dports", "--destination-port", "--pkt-type", "--ctstate", "--state", "--dst-type":
			wants = append(wants, tablesWant(words[i], value, not))
		default:
			if strings.HasPrefix(words[i], "-") {
				wants = append(wants, func(packet) answer { return maybe })
			}
			step = 0 // whether it has a value is not known: a value begins with no dash
		}
		not = false
		i += step
	}
	r.wants = all(wants)
	return r
}

func tablesVerdict(table, how, target string) (verdict, chain string) {
	switch target {
	case "ACCEPT", "RETURN":
		return strings.ToLower(target), ""
	case "DROP", "REJECT":
		return "drop", ""
	case "LOG", "NFLOG", "MARK", "CONNMARK", "TOS", "DSCP", "CT", "NOTRACK", "TTL":
		return "", ""
	}
	if how == "-g" {
		return "goto", table + " " + target
	}
	return "jump", table + " " + target
}

func tablesWant(option, value string, not bool) func(packet) answer {
	return func(p packet) answer {
		got := tablesHas(option, value, p)
		if not {
			return yes - got
		}
		return got
	}
}

func tablesHas(option, value string, p packet) answer {
	value = strings.Trim(value, `"`)
	switch option {
	case "-p":
		return max(holdsWord(value, protoWords(p)), said(value == "all" || value == "0"))
	case "-d":
		if prefix, err := netip.ParsePrefix(value); err == nil {
			return said(prefix.Contains(p.dst))
		}
		return said(value == p.dst.String())
	case "-i", "-o":
		if (option == "-o") != p.out {
			return no
		}
		return holdsWord(strings.Replace(value, "+", "*", 1), []string{p.iface})
	case "--dport", "--dports", "--destination-port":
		got := no
		for _, one := range strings.Split(value, ",") {
			low, high, ranged := strings.Cut(one, ":")
			if !ranged {
				high = low
			}
			got = max(got, inRange(low, high, port(p)))
		}
		return got
	case "--pkt-type", "--dst-type":
		return said(strings.EqualFold(value, "multicast"))
	}
	// --ctstate, --state
	return said(strings.Contains(value, "NEW") || strings.Contains(value, "UNTRACKED"))
}
