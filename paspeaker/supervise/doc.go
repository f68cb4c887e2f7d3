// Package supervise decides what is a fault. It is a machine of states without
// a clock, a goroutine or a socket of its own: observations go in (what a node
// says of itself, who fell silent, what the controller finds wrong with
// itself), each with its time, and the beginnings and ends of faults come out.
//
// The controller owns one Book and calls it under a lock of its own. What it
// promises: the same observations give the same faults; of one kind and
// subject at most one fault is open; each onset ends at most once; loudspeakers
// that are lost together are one fault, and one that comes and goes is one
// fault, not many.
package supervise
