// Package wire puts sound on the network and takes it off again. It paces
// packets by absolute deadline, seals them so that nobody else can speak,
// sends them to groups and to single units, receives and verifies them, and
// keeps a loudspeaker's idea of media time equal to the controller's. It also
// speaks plain RTP, RTCP, SDP and SAP to receivers of other makers.
//
// The formats are drawn in docs/wire.md. The controller sends with it, the
// loudspeaker receives with it; it imports nothing of this house. IPv4, Linux.
//
// Three scales of time occur, all int64 nanoseconds: local (monotonic, of this
// process), media (the controller's, equal everywhere, never steps) and wall.
package wire
