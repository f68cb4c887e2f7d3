// Package paspeaker is the language of public address: zones, loudspeakers,
// announcements, sessions, priorities, rulings, journal entries and the
// messages that controllers and nodes exchange.
//
// It imports the standard library alone and starts nothing: no goroutine, no
// file, no socket. Every other room of the house speaks this language; the
// one decision that is made here is the Arbiter's: who sounds where.
package paspeaker
