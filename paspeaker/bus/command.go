package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"pa/paspeaker"
)

// maxCommands is how many commands a node has under way at once.
const maxCommands = 8

func commandSubject(id string) string { return nodePrefix + id + ".command" }

// Command sends a command to node id and waits for its answer until ctx is
// done. The error says that it did not come to an answer: CodeUnavailable when
// NATS or the node is not there, CodeTooLarge when the command does not fit.
// What the node itself refused is in the answer.
func (b *Bus) Command(ctx context.Context, id paspeaker.SpeakerID, c paspeaker.SignedCommand) (paspeaker.NodeAnswer, error) {
	var none paspeaker.NodeAnswer
	if !paspeaker.ValidID(string(id)) {
		return none, invalid(fmt.Sprintf("command %q: not an id", id), nil)
	}
	data, err := json.Marshal(c)
	if err != nil {
		return none, invalid("encode command", err)
	}
	if len(data) > paspeaker.MaxCommand {
		return none, tooLarge(fmt.Sprintf("command %s", id), len(data), paspeaker.MaxCommand)
	}
	if !b.nc.IsConnected() {
		return none, unavailable(fmt.Sprintf("command %s", id), nil)
	}
	m, err := b.nc.RequestWithContext(ctx, commandSubject(string(id)), data)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return none, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("%s is not there to take a command", id),
			Hint: "is it powered and connected, is its paspeaker-node as new as this controller?"}
	case errors.Is(err, context.DeadlineExceeded):
		return none, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("%s has not answered in time", id),
			Hint: "look at its log; it may have done what was asked"}
	case err != nil:
		return none, unavailable(fmt.Sprintf("command %s", id), err)
	}
	a, err := decode[paspeaker.NodeAnswer](m.Data, paspeaker.MaxAnswer)
	if err != nil {
		b.refused.Add(1)
		return none, &paspeaker.Error{Code: paspeaker.CodeInternal, What: fmt.Sprintf("answer of %s", id), Err: err}
	}
	return a, nil
}

// OnCommand calls f for each command that the controller sends to this node,
// in goroutines of its own, at most maxCommands at once: what is over that is
// answered with CodeBusy. The signature is not checked here. Close waits for f,
// so that its answer is sent: who closes a Bus sees to it that f ends soon.
func (b *Bus) OnCommand(f func(paspeaker.SignedCommand) paspeaker.NodeAnswer) error {
	places := make(chan struct{}, maxCommands)
	return b.subscribe(commandSubject(b.name), func(m *nats.Msg) error {
		c, err := decode[paspeaker.SignedCommand](m.Data, paspeaker.MaxCommand)
		if err != nil || b.deaf {
			return err
		}
		select {
		case places <- struct{}{}:
		default:
			return b.answer(m, paspeaker.NodeAnswer{Error: paspeaker.Errorf(paspeaker.CodeBusy, "%s has %d commands under way", b.name, maxCommands)})
		}
		b.handlers.Go(func() {
			defer func() { <-places }()
			if err := b.answer(m, f(c)); err != nil {
				b.log.Debug("answer not sent", "err", err)
			}
		})
		return nil
	})
}

// answer responds to a command; one that is too large is told instead.
func (b *Bus) answer(m *nats.Msg, a paspeaker.NodeAnswer) error {
	data, err := json.Marshal(a)
	if err == nil && len(data) > paspeaker.MaxAnswer {
		err = fmt.Errorf("%d bytes, at most %d", len(data), paspeaker.MaxAnswer)
	}
	if err != nil {
		data, err = json.Marshal(paspeaker.NodeAnswer{Error: &paspeaker.Error{Code: paspeaker.CodeTooLarge, What: fmt.Sprintf("answer of %s: %v", b.name, err)}})
	}
	return errors.Join(err, m.Respond(data))
}
