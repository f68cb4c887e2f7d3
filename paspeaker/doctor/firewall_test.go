package doctor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// ruleset is a table with an input chain of that policy and these rules.
func ruleset(policy string, rules ...string) string {
	out := `{"nftables":[{"metainfo":{"version":"1.0.6"}},{"table":{"family":"inet","name":"filter"}},
		{"chain":{"family":"inet","table":"filter","name":"input","handle":1,"type":"filter","hook":"input","prio":0,"policy":"` + policy + `"}},
		{"chain":{"family":"inet","table":"filter","name":"voice","handle":2}}`
	for i, r := range rules {
		name := "input"
		if r, sub := strings.CutPrefix(r, "voice:"); sub {
			name = "voice"
			out += fmt.Sprintf(`,{"rule":{"family":"inet","table":"filter","chain":%q,"handle":%d,"expr":[%s]}}`, name, 10+i, r)
			continue
		}
		out += fmt.Sprintf(`,{"rule":{"family":"inet","table":"filter","chain":%q,"handle":%d,"expr":[%s]}}`, name, 10+i, r)
	}
	return out + `]}`
}

const (
	dport   = `{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":%s}}`
	daddr   = `{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":%s}}`
	meta    = `{"match":{"op":"==","left":{"meta":{"key":%q}},"right":%s}}`
	drop    = `{"drop":null}`
	accept  = `{"accept":null}`
	counter = `{"counter":{"packets":0,"bytes":0}}`
)

func voice() packet {
	return packet{proto: "udp", dst: addr("239.255.12.1"), port: 5004, iface: "eth0"}
}

func TestWhatANetfilterRulesetDropsIsSeen(t *testing.T) {
	f := fmt.Sprintf
	established := `{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}}`
	for name, test := range map[string]struct {
		policy string
		rules  []string
		want   answer
		in     string
	}{
		"empty":                    {"accept", nil, no, ""},
		"policy":                   {"drop", nil, yes, "policy of chain inet filter input"},
		"policy and what answers":  {"drop", []string{established + "," + accept}, yes, "policy"},
		"let in by port":           {"drop", []string{f(dport, "5004") + "," + accept}, no, ""},
		"let in by range":          {"drop", []string{f(dport, `{"range":[5000,5100]}`) + "," + accept}, no, ""},
		"let in by set":            {"drop", []string{f(dport, `{"set":[53,5004]}`) + "," + accept}, no, ""},
		"let in by prefix":         {"drop", []string{f(daddr, `{"prefix":{"addr":"239.0.0.0","len":8}}`) + "," + accept}, no, ""},
		"let in by kind":           {"drop", []string{f(meta, "pkttype", `"multicast"`) + "," + accept}, no, ""},
		"let in by interface":      {"drop", []string{f(meta, "iifname", `"eth*"`) + "," + accept}, no, ""},
		"another interface":        {"drop", []string{f(meta, "iifname", `"lo"`) + "," + accept}, yes, "policy"},
		"let in by named set":      {"drop", []string{f(dport, `"@ports"`) + "," + accept}, maybe, "policy"},
		"a rule drops":             {"accept", []string{f(dport, "5004") + "," + counter + "," + drop}, yes, "rule 10"},
		"another port":             {"accept", []string{f(dport, "5006") + "," + drop}, no, ""},
		"not this port":            {"accept", []string{`{"match":{"op":"!=","left":{"payload":{"protocol":"udp","field":"dport"}},"right":22}},` + drop}, yes, "rule 10"},
		"reject":                   {"accept", []string{f(meta, "l4proto", `"udp"`) + `,{"reject":{"type":"icmpx"}}`}, yes, "rule 10"},
		"tcp alone":                {"accept", []string{`{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":5004}},` + drop}, no, ""},
		"sixth version alone":      {"accept", []string{f(meta, "nfproto", `"ipv6"`) + "," + drop}, no, ""},
		"too fast":                 {"accept", []string{`{"limit":{"rate":10,"per":"second","inv":true}},` + drop}, maybe, "rule 10"},
		"too fast, but let in":     {"accept", []string{f(dport, "5004") + "," + accept, `{"limit":{"rate":10}},` + drop}, no, ""},
		"old extension":            {"accept", []string{`{"xt":null},` + drop}, maybe, "rule 10"},
		"jump and drop":            {"accept", []string{f(dport, "5004") + `,{"jump":{"target":"voice"}}`, "voice:" + drop}, yes, "rule 11"},
		"jump and back":            {"accept", []string{`{"jump":{"target":"voice"}}`, "voice:" + `{"return":null}`, f(dport, "5004") + "," + drop}, yes, "rule 12"},
		"jump and let in":          {"drop", []string{`{"jump":{"target":"voice"}}`, "voice:" + accept}, no, ""},
		"goto and no way back":     {"accept", []string{`{"goto":{"target":"voice"}}`, "voice:" + counter, drop}, no, ""},
		"endless":                  {"accept", []string{`{"jump":{"target":"voice"}}`, "voice:" + `{"jump":{"target":"voice"}}`}, no, ""},
		"jump to a map":            {"drop", []string{`{"vmap":{"key":{"meta":{"key":"iifname"}},"data":"@zones"}}`}, maybe, "policy"},
		"counted, then passed on":  {"accept", []string{counter}, no, ""},
		"what is not understood":   {"accept", []string{`{"match":{"op":"==","left":{"fib":{}},"right":1}},` + drop}, maybe, "rule 10"},
		"a range of groups":        {"accept", []string{f(daddr, `{"range":["224.0.0.0","239.255.255.255"]}`) + "," + drop}, yes, "rule 10"},
		"element with its timeout": {"accept", []string{f(dport, `{"set":[{"elem":{"val":5004,"timeout":60}}]}`) + "," + drop}, yes, "rule 10"},
	} {
		chains, err := parseNFT([]byte(ruleset(test.policy, test.rules...)))
		require.NoError(t, err, name)
		sight := filterSight{chains: map[string]*chain{}}
		sight.take("nft", chains, nil)
		got := sight.try(voice())
		assert.Equal(t, test.want, got.drop, "%s: %+v", name, got)
		assert.Contains(t, got.rule.text, test.in, name)
	}
}

func TestAnotherHookIsNotOurs(t *testing.T) {
	text := strings.ReplaceAll(ruleset("drop"), `"hook":"input"`, `"hook":"output"`)
	chains, err := parseNFT([]byte(text))
	require.NoError(t, err)
	sight := filterSight{chains: map[string]*chain{}}
	sight.take("nft", chains, nil)
	assert.Equal(t, no, sight.try(voice()).drop)
	out := voice()
	out.out = true
	assert.Equal(t, yes, sight.try(out).drop)
	_, err = parseNFT([]byte("not JSON"))
	assert.Error(t, err)
}

const saved = `# Generated by iptables-save
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT %s [12:345]
:OUTPUT ACCEPT [0:0]
:VOICE - [0:0]
%s
COMMIT
`

func TestWhatIPTablesDropsIsSeen(t *testing.T) {
	for name, test := range map[string]struct {
		policy, rules string
		want          answer
		in            string
	}{
		"empty":              {"ACCEPT", "", no, ""},
		"policy":             {"DROP", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", yes, "policy of chain filter INPUT"},
		"let in by port":     {"DROP", "-A INPUT -p udp -m udp --dport 5004 -j ACCEPT", no, ""},
		"by ports":           {"DROP", "-A INPUT -p udp -m multiport --dports 53,5000:5100 -j ACCEPT", no, ""},
		"by prefix":          {"DROP", "-A INPUT -d 224.0.0.0/4 -j ACCEPT", no, ""},
		"by kind":            {"DROP", "-A INPUT -m pkttype --pkt-type multicast -j ACCEPT", no, ""},
		"by interface":       {"DROP", "-A INPUT -i eth+ -j ACCEPT", no, ""},
		"dropped":            {"ACCEPT", "-A INPUT -p udp -m comment --comment \"no voice\" -j DROP", yes, "rule “-A INPUT -p udp"},
		"all but one source": {"ACCEPT", "-A INPUT ! -s 10.0.0.1/32 -p udp -j DROP", maybe, "rule"},
		"not that port":      {"ACCEPT", "-A INPUT -p udp ! --dport 53 -j REJECT --reject-with icmp-port-unreachable", yes, "rule"},
		"its own chain":      {"ACCEPT", "-A INPUT -p udp -j VOICE\n-A VOICE -d 239.255.12.1/32 -j DROP", yes, "VOICE"},
		"logged alone":       {"ACCEPT", "-A INPUT -p udp -j LOG --log-prefix udp", no, ""},
		"gone to":            {"ACCEPT", "-A INPUT -g VOICE\n-A INPUT -j DROP\n-A VOICE -p tcp -j DROP", no, ""},
	} {
		sight := filterSight{chains: map[string]*chain{}}
		sight.take("iptables-save", parseIPTables(fmt.Sprintf(saved, test.policy, test.rules)), nil)
		got := sight.try(voice())
		assert.Equal(t, test.want, got.drop, "%s: %+v", name, got)
		assert.Contains(t, got.rule.text, test.in, name)
	}
}

func TestADroppedVoiceSaysHowToLetItIn(t *testing.T) {
	for want, chains := range map[string]func() ([]*chain, error){
		"nft insert rule inet filter input ip daddr 239.255.12.0/30 meta l4proto udp accept": func() ([]*chain, error) {
			return parseNFT([]byte(ruleset("drop", fmt.Sprintf(meta, "l4proto", `"igmp"`)+","+accept)))
		},
		"iptables -t filter -I INPUT -p udp -d 239.255.12.0/30 -j ACCEPT": func() ([]*chain, error) {
			return parseIPTables(fmt.Sprintf(saved, "DROP", "-A INPUT -p igmp -j ACCEPT")), nil
		},
	} {
		list, err := chains()
		require.NoError(t, err)
		p, s := node(), healthy()
		s.filter = filterSight{chains: map[string]*chain{}}
		s.filter.take("it", list, nil)
		f, found := find(judge(p, s), "firewall", paspeaker.SeverityFault)
		require.True(t, found)
		assert.Equal(t, "the firewall drops voice that comes in", f.What)
		assert.Equal(t, want, f.Next)
		assert.Contains(t, f.Evidence, "2 of 2 groups")
	}
}

func TestDroppedQueriesAreAFaultOfTheirOwn(t *testing.T) {
	p, s := node(), healthy()
	s.filter = filterSight{chains: map[string]*chain{}}
	s.filter.take("it", parseIPTables(fmt.Sprintf(saved, "DROP", "-A INPUT -p udp -j ACCEPT")), nil)
	f, found := find(judge(p, s), "firewall", paspeaker.SeverityFault)
	require.True(t, found)
	assert.Contains(t, f.What, "IGMP")
	assert.Equal(t, "iptables -t filter -I INPUT -p igmp -j ACCEPT", f.Next)
}

func FuzzFirewall(f *testing.F) {
	f.Add([]byte(ruleset("drop", fmt.Sprintf(dport, "5004")+","+drop)), true)
	f.Add([]byte(fmt.Sprintf(saved, "DROP", "-A INPUT ! -p udp -j DROP")), false)
	f.Fuzz(func(t *testing.T, b []byte, asNFT bool) {
		sight := filterSight{chains: map[string]*chain{}}
		if asNFT {
			chains, err := parseNFT(b)
			sight.take("nft", chains, err)
		} else {
			sight.take("iptables", parseIPTables(string(b)), nil)
		}
		got := sight.try(voice())
		assert.Equal(t, got.drop == no, got.rule.text == "", "a drop has a rule")
	})
}
