package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"path/filepath"
	"time"
)

// A packet goes through the chains of a firewall; what a rule says of it may
// not be known, because it asks for something that is not known here.

type answer int

const (
	no answer = iota
	maybe
	yes
)

// packet is what rules ask about.
type packet struct {
	proto string // udp or igmp
	dst   netip.Addr
	port  uint16
	iface string
	out   bool // it leaves this machine
}

// rule is one rule of a firewall: what it wants of a packet, and what becomes
// of the packet then.
type rule struct {
	wants   func(packet) answer
	verdict string // accept, drop, jump, goto, return; "" goes on
	target  string // of jump and goto
	text    string // how to find it
	fix     string // what to type so that voice passes
}

// chain is a list of rules; a base chain hangs at a hook.
type chain struct {
	name   string // with its table: unique
	hook   string // input, output, …; "" unless it is a base chain
	policy string // of a base chain, when no rule decides
	rules  []rule
	fix    string
}

// filterSight is what was seen of the firewall.
type filterSight struct {
	tool   string // the program that told
	chains map[string]*chain
	order  []string
	err    error
	ported bool // none of the programs is installed
}

// fate is what a firewall does to a packet.
type fate struct {
	drop answer // yes: it drops it; maybe: a rule may
	rule rule
	in   string // the chain
}

var hooksIn = map[string]bool{"ingress": true, "prerouting": true, "input": true}
var hooksOut = map[string]bool{"output": true, "postrouting": true, "egress": true}

// try sends a packet through every chain that it would pass.
func (f *filterSight) try(p packet) fate {
	worst := fate{}
	for _, name := range f.order {
		c := f.chains[name]
		if p.out && !hooksOut[c.hook] || !p.out && !hooksIn[c.hook] {
			continue
		}
		got := f.walk(c, p, 0)
		if got.verdict == "" && c.policy == "drop" {
			r := rule{text: "policy of chain " + c.name, fix: c.fix}
			got.fall(r, c.name, certain(got.unsure))
		}
		if got.fate.drop > worst.drop {
			worst = got.fate
		}
	}
	return worst
}

func certain(unsure bool) answer {
	if unsure {
		return maybe
	}
	return yes
}

// course is how far a packet has come through a chain.
type course struct {
	fate    fate
	verdict string // accept or drop; "": the chain did not decide
	unsure  bool   // it may have been decided before
}

// fall notes a drop, the first that is as sure.
func (c *course) fall(r rule, in string, how answer) {
	if how > c.fate.drop {
		c.fate = fate{drop: how, rule: r, in: in}
	}
}

const deepest = 16 // jumps within jumps, as the kernel allows

func (f *filterSight) walk(c *chain, p packet, depth int) course {
	var on course
	if depth > deepest {
		return on
	}
	for _, r := range c.rules {
		match := r.wants(p)
		if match == no || r.verdict == "" {
			continue
		}
		how := match
		if on.unsure {
			how = maybe
		}
		switch r.verdict {
		case "drop":
			on.fall(r, c.name, how)
			if match == yes {
				on.verdict = "drop"
				return on
			}
		case "jump", "goto":
			next := f.chains[r.target]
			if next == nil {
				on.unsure = true
				continue
			}
			sub := f.walk(next, p, depth+1)
			if sub.fate.drop != no {
				on.fall(sub.fate.rule, sub.fate.in, min(how, sub.fate.drop))
			}
			if match == yes && sub.verdict != "" {
				on.verdict = sub.verdict
				return on
			}
			on.unsure = on.unsure || sub.unsure || match == maybe && sub.verdict != ""
			if r.verdict == "goto" && match == yes {
				return on
			}
		default: // accept, return
			if match == maybe {
				on.unsure = true
				continue
			}
			if r.verdict == "accept" {
				on.verdict = "accept"
			}
			return on
		}
	}
	return on
}

// A firewall's program has so long, and may say so much.
const (
	toolWait = 5 * time.Second
	mostSaid = 8 << 20
)

var errNoTool = errors.New("neither nft nor iptables-save is installed")

// lookAtFilter asks nft, and where it is missing iptables-save; old tables are
// known to the latter alone.
func lookAtFilter(ctx context.Context, r rights) filterSight {
	if !r.admin {
		return filterSight{err: errors.New("needs CAP_NET_ADMIN")}
	}
	out := filterSight{chains: make(map[string]*chain)}
	if b, err := run(ctx, "nft", "-j", "list", "ruleset"); err == nil {
		chains, err := parseNFT(b)
		out.take("nft", chains, err)
	} else if b, err := run(ctx, "iptables-save"); err == nil {
		out.take("iptables-save", parseIPTables(string(b)), nil)
		return out
	} else {
		out.err, out.ported = errNoTool, true
		return out
	}
	if b, err := run(ctx, "iptables-legacy-save"); err == nil {
		out.take("nft, iptables-legacy-save", parseIPTables(string(b)), nil)
	}
	return out
}

func (f *filterSight) take(tool string, chains []*chain, err error) {
	f.tool, f.err = tool, errors.Join(f.err, err)
	for _, c := range chains {
		if f.chains[c.name] == nil {
			f.order = append(f.order, c.name)
		}
		f.chains[c.name] = c
	}
}

// run asks a program of this machine. A service's PATH may leave out sbin.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err != nil {
			path, err = exec.LookPath(filepath.Join(dir, name))
		}
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, toolWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	b, err := io.ReadAll(io.LimitReader(pipe, mostSaid))
	_, rest := io.Copy(io.Discard, pipe)
	if err := errors.Join(err, rest, cmd.Wait()); err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	return b, nil
}
