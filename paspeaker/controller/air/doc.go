// Package air is the transmitting half of the controller: it takes sound and
// orders, and puts packets on the network, each at its time.
//
// The controller makes a Link with Here or Apart and gives it Orders. Here is
// an Engine in the controller's own process; Apart is one in a child process of
// its own, whose every thread has real-time priority and where nothing but
// voice runs: what the API, the journal or the collector do elsewhere then
// cannot make a packet late (docs/performance.md has the figures). The program
// that is the child calls Main when its first argument is Mode.
//
// Sound reaches the engine through rings of shared memory: a Feed reads a
// recording ahead, a Voice passes on what a client says. The engine's pacers
// read them, limit, encode, seal and send; they wait for nobody and allocate
// nothing per packet.
package air
