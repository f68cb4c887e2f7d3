package main

import (
	"os"
	"testing"

	"pa/audio/ingest"
	"pa/paspeaker/controller/air"
)

// The daemon starts its own program as its children; in these tests that is
// this one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == ingest.Mode || os.Args[1] == air.Mode) {
		main()
	}
	os.Exit(m.Run())
}
