package bus

import (
	"encoding/json"
	"fmt"

	"pa/paspeaker"
)

// configReply answers pa.config.get: a configuration, or why not.
type configReply struct {
	Config *paspeaker.SignedConfig `json:"config,omitempty"`
	Error  *paspeaker.Error        `json:"error,omitempty"`
}

// decode reads one JSON value of at most limit bytes. Fields that it does not
// know are ignored: a newer node may say more.
func decode[T any](data []byte, limit int) (T, error) {
	var v T
	if len(data) > limit {
		return v, fmt.Errorf("decode %T: %d bytes, want at most %d", v, len(data), limit)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

func decodeReport(subject string, data []byte) (paspeaker.NodeReport, error) {
	r, err := decode[paspeaker.NodeReport](data, maxReport)
	if err != nil {
		return r, err
	}
	return r, ownWords(subject, presencePrefix, r.ID)
}

func decodeReceipt(subject string, data []byte) (paspeaker.SignedReceipt, error) {
	r, err := decode[paspeaker.SignedReceipt](data, maxReceipt)
	if err != nil {
		return r, err
	}
	return r, ownWords(subject, receiptPrefix, r.Node)
}

// ownWords refuses a message in which a node speaks for another.
func ownWords(subject, prefix string, claimed paspeaker.SpeakerID) error {
	id, ok := speaker(subject, prefix)
	if !ok || id != claimed {
		return fmt.Errorf("message on %s speaks for %q", subject, claimed)
	}
	return nil
}
