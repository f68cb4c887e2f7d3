package bus

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"pa/paspeaker"
)

// OnReport calls f, one call at a time, for each node's report. A report whose
// ID is not the one that its subject proves is dropped and counted.
func (b *Bus) OnReport(f func(paspeaker.NodeReport)) error {
	return b.subscribe(presenceSubject("*"), func(m *nats.Msg) error {
		r, err := decodeReport(m.Subject, m.Data)
		if err == nil {
			f(r)
		}
		return err
	})
}

// OnReceipt calls f, one call at a time, for each node's receipt, checked as
// reports are; its signature is f's to check, and what f refuses is counted. It
// may come twice; when f returns the node forgets it.
func (b *Bus) OnReceipt(f func(paspeaker.SignedReceipt) error) error {
	return b.subscribe(receiptSubject("*"), func(m *nats.Msg) error {
		r, err := decodeReceipt(m.Subject, m.Data)
		if err == nil {
			err = f(r)
		}
		if paspeaker.CodeOf(err) == paspeaker.CodeUnavailable {
			return err // nobody could say whether it is good; it is offered again
		}
		// One that is refused is answered too: it would be offered for ever.
		if id, ok := speaker(m.Subject, receiptPrefix); ok && ownInbox(m.Reply, id) {
			return errors.Join(err, m.Respond(nil))
		}
		return err
	})
}

// PushConfig sends a node its configuration; a node that is not connected
// fetches it when it comes back.
func (b *Bus) PushConfig(id paspeaker.SpeakerID, c paspeaker.SignedConfig) error {
	if !paspeaker.ValidID(string(id)) {
		return invalid(fmt.Sprintf("push configuration to %q: not an id", id), nil)
	}
	data, err := json.Marshal(c)
	if err != nil {
		return invalid("encode configuration", err)
	}
	if len(data) > maxMessage {
		return tooLarge("push configuration", len(data), maxMessage)
	}
	if err := b.nc.Publish(configSubject(string(id)), data); err != nil {
		return unavailable("push configuration", err)
	}
	return nil
}

// ServeConfig answers FetchConfig. Of an error that f returns the node learns
// code and text.
func (b *Bus) ServeConfig(f func(id paspeaker.SpeakerID) (paspeaker.SignedConfig, error)) error {
	return b.subscribe(configGetSubject("*"), func(m *nats.Msg) error {
		id, ok := speaker(m.Subject, configGetPrefix)
		if !ok || !ownInbox(m.Reply, id) {
			return fmt.Errorf("request on %s wants its answer on %q", m.Subject, m.Reply)
		}
		var r configReply
		if c, err := f(id); err == nil {
			r.Config = &c
		} else {
			r.Error = &paspeaker.Error{Code: paspeaker.CodeOf(err), What: err.Error()}
		}
		data, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode configuration: %w", err)
		}
		return m.Respond(data)
	})
}
