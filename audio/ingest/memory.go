//go:build !race

package ingest

// instruments is what a build's own instruments take of a child's memory.
const instruments = 0
