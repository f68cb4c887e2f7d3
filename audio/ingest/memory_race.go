//go:build race

package ingest

// instruments is what a build's own instruments take of a child's memory: the
// race detector keeps shadows of everything.
const instruments = 2 << 30
