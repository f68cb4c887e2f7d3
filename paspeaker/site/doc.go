// Package site reads zones.yaml: the park's zones, loudspeakers, emergencies
// and rules.
//
// Parse is strict and complete: it finds every fault of a file at once, each
// with its line, its path and what to do, so that a technician mends a file in
// one round. A Site that Parse returned is whole: every id is known, every
// default filled in, every class and emergency finite. It is read-only from
// then on, and safe for concurrent use; AssignGroups alone changes it, before
// it is shared.
//
// The controller, the commands in cmd and tests call this package. It starts
// nothing and keeps nothing but the file that AssignGroups writes.
package site
