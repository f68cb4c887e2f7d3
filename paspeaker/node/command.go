package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"pa/paspeaker"
)

// verb is one thing that a node can be told to do. Its args are the
// controller's word, and signed; it checks them all the same. What it returns
// goes back as JSON.
type verb struct {
	run  func(ctx context.Context, args json.RawMessage) (any, error)
	long bool // it takes seconds: others are carried out meanwhile

	// harmless: doing it again changes nothing, and so it is not remembered.
	// Others write the disk of the node.
	harmless bool
}

// verbs is the table of all that a node can be told. Each stands in a file of
// its own, command_<verb>.go.
func (n *Node) verbs() map[string]verb {
	return map[string]verb{
		paspeaker.VerbIdentify:  {run: n.identify, long: true},
		paspeaker.VerbVolume:    {run: n.volume},
		paspeaker.VerbMute:      {run: n.mute},
		paspeaker.VerbUnmute:    {run: n.unmute},
		paspeaker.VerbUpgrade:   {run: n.upgrade, long: true},
		paspeaker.VerbListen:    {run: n.listen, long: true, harmless: true},
		paspeaker.VerbLogs:      {run: n.logs, long: true, harmless: true},
		paspeaker.VerbDiagnose:  {run: n.diagnose, long: true, harmless: true},
		paspeaker.VerbCalibrate: {run: n.calibrate, long: true, harmless: true},
		paspeaker.VerbAdjust:    {run: n.adjust},
	}
}

// Why a command is refused, as counted in the node's report.
const (
	commandForged   = "command forged"
	commandForeign  = "command foreign"
	commandExpired  = "command expired"
	commandRepeated = "command repeated"
	commandUnknown  = "command unknown"
)

// How far a clock that is right may be from the controller's.
const commandSlack = 2 * time.Second

// commands is what a node must know of those it was given.
type commands struct {
	turn sync.Mutex // held by the one that is carried out, but for long ones

	mu      sync.Mutex
	refused map[string]uint64
}

// refuse counts a refusal and returns it.
func (c *commands) refuse(kind string, e *paspeaker.Error) *paspeaker.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = make(map[string]uint64)
	}
	c.refused[kind]++
	return e
}

// counts adds what was refused to a report's counters.
func (c *commands) counts(to map[string]uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for kind, n := range c.refused {
		to[kind] = n
	}
}

// obey carries a command out, or refuses it; it returns when that is done, or
// ctx is.
func (n *Node) obey(ctx context.Context, signed paspeaker.SignedCommand) paspeaker.NodeAnswer {
	result, err := n.carryOut(ctx, signed)
	if err == nil {
		var raw json.RawMessage
		if raw, err = json.Marshal(result); err == nil {
			return paspeaker.NodeAnswer{Result: raw}
		}
	}
	var e *paspeaker.Error
	if !errors.As(err, &e) {
		e = &paspeaker.Error{Code: paspeaker.CodeOf(err), What: err.Error()}
	}
	if e.Err != nil { // which does not travel
		e = &paspeaker.Error{Code: e.Code, What: e.What + ": " + e.Err.Error(), Hint: e.Hint}
	}
	return paspeaker.NodeAnswer{Error: e}
}

func (n *Node) carryOut(ctx context.Context, signed paspeaker.SignedCommand) (any, error) {
	c, err := n.accept(signed)
	if err != nil {
		n.log.Warn("command refused", "err", err)
		return nil, err
	}
	v, ok := n.verbs()[c.Verb]
	if !ok {
		return nil, n.commands.refuse(commandUnknown, &paspeaker.Error{Code: paspeaker.CodeUnsupported,
			What: fmt.Sprintf("%s (%s) does not know how to %s", n.cfg.ID, n.cfg.Version, c.Verb),
			Hint: "its paspeaker-node is older than the controller: paspeaker node upgrade " + string(n.cfg.ID)})
	}
	if !v.harmless && !n.memory.newCommand(c.ID) {
		return nil, n.commands.refuse(commandRepeated, paspeaker.Errorf(paspeaker.CodeDenied, "the command was carried out before"))
	}
	ctx, cancel := context.WithTimeout(ctx, c.Expires.Sub(c.Issued))
	defer cancel()
	if !v.long {
		n.commands.turn.Lock()
		defer n.commands.turn.Unlock()
	}
	if ctx.Err() != nil {
		return nil, paspeaker.Errorf(paspeaker.CodeUnavailable, "%s was too busy to %s in time", n.cfg.ID, c.Verb)
	}
	return v.run(ctx, c.Args)
}

// accept says whether a command is to be carried out: signed by the pinned
// root, for this node, and not over.
func (n *Node) accept(signed paspeaker.SignedCommand) (paspeaker.NodeCommand, error) {
	conf := n.conf.Load()
	c, err := paspeaker.OpenCommand(conf.Root, signed)
	if err != nil {
		return c, n.commands.refuse(commandForged, &paspeaker.Error{Code: paspeaker.CodeOf(err), What: err.Error()})
	}
	if c.Node != conf.ID {
		return c, n.commands.refuse(commandForeign, paspeaker.Errorf(paspeaker.CodeDenied, "the command is for %s, this is %s", c.Node, conf.ID))
	}
	if now := n.commandTime(); now.After(c.Expires.Add(commandSlack)) {
		return c, n.commands.refuse(commandExpired, &paspeaker.Error{Code: paspeaker.CodeDenied,
			What: fmt.Sprintf("the command was over at %s, and for %s it is %s", c.Expires.UTC().Format(time.RFC3339), conf.ID, now.UTC().Format(time.RFC3339)),
			Hint: "is the node's clock right?"})
	}
	return c, nil
}

// commandTime is the controller's time as the node knows it: the media clock
// where it is locked, else the wall's.
func (n *Node) commandTime() time.Time {
	if r := n.time.Read(n.cfg.Now()); r.Locked {
		return time.Unix(0, r.Media)
	}
	return n.wall()
}

// wall is what the node's wall clock shows.
func (n *Node) wall() time.Time {
	now := time.Now()
	if n.cfg.Wall != nil {
		now = time.Unix(0, n.cfg.Wall(now.UnixNano()))
	}
	return now
}

// decodeArgs reads a verb's arguments; what it does not know is an error, for
// an order that is half understood is not carried out.
func decodeArgs[T any](args json.RawMessage) (T, error) {
	var v T
	if len(args) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(args, &v); err != nil {
		return v, paspeaker.Errorf(paspeaker.CodeInvalid, "read the command: %w", err)
	}
	return v, nil
}
