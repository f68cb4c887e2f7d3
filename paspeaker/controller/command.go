package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pa/paspeaker"
)

const (
	commandWait  = 10 * time.Second // for an answer, when the caller does not say
	commandWords = 400              // bytes of a command's arguments in the journal
)

// NodeCommand has one node do something and returns its answer; ctx bounds the
// wait, 10 s when it has no deadline. It never touches the loop, and is in the
// journal: what, by whom, at which loudspeaker, and what came of it. What the
// node refused is the error. CodeNotFound: no such loudspeaker;
// CodeUnsupported: it is third-party; CodeUnavailable: the node is not there
// or does not answer.
func (c *Controller) NodeCommand(ctx context.Context, by paspeaker.Caller, id, verb string, args any) (json.RawMessage, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of %s: %w", verb, err)
	}
	answer, err := c.askNode(ctx, paspeaker.SpeakerID(id), verb, raw)
	e := paspeaker.Entry{What: paspeaker.WhatCommand, Name: verb, By: by.By, From: by.From,
		Speakers: []paspeaker.SpeakerID{paspeaker.SpeakerID(id)}, Outcome: "done"}
	if verb != paspeaker.VerbUpgrade { // whose entry of its own says which program
		e.Detail = short(raw)
	}
	if err != nil {
		e.Outcome, e.Detail = string(paspeaker.CodeOf(err)), err.Error()
	}
	if paspeaker.CodeOf(err) != paspeaker.CodeNotFound || err == nil {
		c.record(e)
	}
	return answer, err
}

// tell is NodeCommand with an answer that is known.
func tell[T any](ctx context.Context, c *Controller, by paspeaker.Caller, id paspeaker.SpeakerID, verb string, args any) (T, error) {
	raw, err := c.NodeCommand(ctx, by, string(id), verb, args)
	return read[T](id, verb, raw, err)
}

// look is tell for what changes nothing and is nobody's business later.
func look[T any](ctx context.Context, c *Controller, id paspeaker.SpeakerID, verb string, args any) (T, error) {
	raw, err := json.Marshal(args)
	if err == nil {
		raw, err = c.askNode(ctx, id, verb, raw)
	}
	return read[T](id, verb, raw, err)
}

func read[T any](id paspeaker.SpeakerID, verb string, raw json.RawMessage, err error) (T, error) {
	var out T
	if err == nil {
		if bad := json.Unmarshal(raw, &out); bad != nil {
			err = fmt.Errorf("answer of %s to %s: %w", id, verb, bad)
		}
	}
	return out, err
}

// askNode is NodeCommand without the journal, for what is only looked at.
func (c *Controller) askNode(ctx context.Context, id paspeaker.SpeakerID, verb string, args json.RawMessage) (json.RawMessage, error) {
	if err := c.reachable(id); err != nil {
		return nil, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, commandWait)
		defer cancel()
	}
	end, _ := ctx.Deadline()
	life := min(time.Until(end), paspeaker.MaxCommandTime)
	if life <= 0 {
		return nil, ctx.Err()
	}
	// By media time, which a node that keeps time has to the microsecond,
	// whatever the wall clocks do.
	now := time.Unix(0, c.media()).UTC()
	signed, err := paspeaker.SignCommand(c.cfg.Identity.Root, paspeaker.NodeCommand{
		Node: id, ID: paspeaker.NewCommandID(), Issued: now, Expires: now.Add(life), Verb: verb, Args: args,
	})
	if err != nil {
		return nil, err
	}
	answer, err := c.cfg.Bus.Command(ctx, id, signed)
	if err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.Result, nil
}

// reachable says whether a loudspeaker can be told anything.
func (c *Controller) reachable(id paspeaker.SpeakerID) error {
	st := c.site.Load()
	sp, ok := st.Speaker(id)
	if !ok {
		_, err := st.Resolve(nil, []paspeaker.SpeakerID{id})
		return err
	}
	if sp.Kind == paspeaker.KindThirdParty {
		return &paspeaker.Error{Code: paspeaker.CodeUnsupported, What: string(id) + " is a third-party loudspeaker: it plays what it is sent and takes no commands",
			Hint: "use its maker's own tools"}
	}
	_, last, online := c.nodes.get(id)
	if online {
		return nil
	}
	e := &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("%s is offline", id),
		Hint: "is it powered, is its network cable in, is paspeaker-node running? paspeaker status shows it"}
	if !last.IsZero() {
		e.What = fmt.Sprintf("%s is offline: nothing was heard of it since %s", id, last.In(st.Location).Format("2006-01-02 15:04:05"))
	}
	return e
}

// short is a command's arguments as the journal keeps them.
func short(args json.RawMessage) string {
	s := string(args)
	if s == "null" || s == "{}" {
		return ""
	}
	if len(s) > commandWords {
		s = strings.ToValidUTF8(s[:commandWords], "") + "…"
	}
	return s
}
