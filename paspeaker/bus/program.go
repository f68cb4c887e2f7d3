package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"pa/paspeaker"
)

// programWait is how long a part of a program may take: a 4G link is slow.
const programWait = 30 * time.Second

// programAsk asks for a part of a program.
type programAsk struct {
	SHA256 string `json:"sha256"`
	Offset int64  `json:"offset"`
}

// The first byte of an answer says what follows.
const (
	programChunk = 0 // the bytes
	programError = 1 // JSON of a paspeaker.Error
)

func programSubject(id string) string { return programPrefix + id }

// ServeProgram answers FetchProgram. f returns the next bytes of a program from
// an offset on, at most MaxProgramChunk of them.
func (b *Bus) ServeProgram(f func(id paspeaker.SpeakerID, sha256 string, offset int64) ([]byte, error)) error {
	return b.subscribe(programSubject("*"), func(m *nats.Msg) error {
		id, ok := speaker(m.Subject, programPrefix)
		if !ok || !ownInbox(m.Reply, id) {
			return fmt.Errorf("request on %s wants its answer on %q", m.Subject, m.Reply)
		}
		ask, err := decode[programAsk](m.Data, 1024)
		if err == nil && (ask.Offset < 0 || !paspeaker.ValidSHA256(ask.SHA256)) {
			err = paspeaker.Errorf(paspeaker.CodeInvalid, "no such part of a program")
		}
		var chunk []byte
		if err == nil {
			chunk, err = f(id, ask.SHA256, ask.Offset)
		}
		if err != nil {
			text, jerr := json.Marshal(paspeaker.Error{Code: paspeaker.CodeOf(err), What: err.Error()})
			if jerr != nil {
				return jerr
			}
			return m.Respond(append([]byte{programError}, text...))
		}
		return m.Respond(append([]byte{programChunk}, chunk...))
	})
}

// FetchProgram asks the controller for the next bytes of a program from an
// offset on. CodeUnavailable when nobody answers; otherwise the controller's
// own error.
func (b *Bus) FetchProgram(ctx context.Context, sha256 string, offset int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, programWait)
	defer cancel()
	data, err := json.Marshal(programAsk{sha256, offset})
	if err != nil {
		return nil, invalid("encode request", err)
	}
	m, err := b.nc.RequestWithContext(ctx, programSubject(b.name), data)
	switch {
	case err != nil:
		return nil, unavailable("fetch program", err)
	case len(m.Data) == 0 || len(m.Data) > 1+paspeaker.MaxProgramChunk:
		return nil, invalid("fetch program: not an answer", nil)
	case m.Data[0] == programChunk:
		return m.Data[1:], nil
	}
	e, err := decode[paspeaker.Error](m.Data[1:], maxReceipt)
	if err != nil {
		return nil, invalid("fetch program", err)
	}
	return nil, &e
}
