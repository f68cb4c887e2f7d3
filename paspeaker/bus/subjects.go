package bus

import (
	"strings"

	"pa/paspeaker"
)

// The subjects. What a node may publish ends in its own id, and the server
// lets it publish nothing else (hub), so that the subject proves who speaks.
//
//	pa.presence.<id>    node → controller   NodeReport, once a second
//	pa.receipt.<id>     node → controller   SignedReceipt; answered when it was taken
//	pa.config.get.<id>  node → controller   empty; answered with a configReply
//	pa.program.get.<id> node → controller   a part of a program; answered with its bytes
//	pa.node.<id>.config controller → node   SignedConfig
//	pa.node.<id>.command controller → node  SignedCommand; answered with a NodeAnswer
//	pa.journal          controller          Entry; the stream PA_JOURNAL
//	_INBOX.<name>.>     answers to <name>
const (
	presencePrefix  = "pa.presence."
	receiptPrefix   = "pa.receipt."
	configGetPrefix = "pa.config.get."
	programPrefix   = "pa.program.get."
	nodePrefix      = "pa.node."
	inboxPrefix     = "_INBOX."

	journalSubject = "pa.journal"
	journalStream  = "PA_JOURNAL"
	tokenBucket    = "PA_TOKENS"
)

// Bounds of what is decoded, bytes.
const (
	maxMessage = 1 << 20 // a configuration, a journal entry
	maxReport  = 64 << 10
	maxReceipt = 16 << 10
)

func presenceSubject(id string) string  { return presencePrefix + id }
func receiptSubject(id string) string   { return receiptPrefix + id }
func configGetSubject(id string) string { return configGetPrefix + id }
func configSubject(id string) string    { return nodePrefix + id + ".config" }

// speaker returns the id that a subject ends in.
func speaker(subject, prefix string) (paspeaker.SpeakerID, bool) {
	id, ok := strings.CutPrefix(subject, prefix)
	return paspeaker.SpeakerID(id), ok && paspeaker.ValidID(id)
}

// ownInbox says whether an answer to reply reaches node id and nobody else.
// Without this check a node could have the controller, which may publish
// anything, speak for it on another's subject.
func ownInbox(reply string, id paspeaker.SpeakerID) bool {
	rest, ok := strings.CutPrefix(reply, inboxPrefix+string(id)+".")
	return ok && rest != "" && !strings.ContainsAny(rest, "*> \t\r\n")
}
