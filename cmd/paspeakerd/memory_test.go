package main

import (
	"context"
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheMemoryLimitNeverSqueezesWhatIsInUse(t *testing.T) {
	assert.EqualValues(t, 64<<20, memoryLimit(0, 0))
	assert.EqualValues(t, 64<<20, memoryLimit(30<<20, 1<<20))
	assert.EqualValues(t, 245<<20, memoryLimit(200<<20, 20<<20), "a heap that is really that large has room")
	assert.EqualValues(t, (40+6+30)<<20, memoryLimit(40<<20, 30<<20), "so has one between much else")
}

func TestTheMemoryLimitIsSetAndTheEnvironmentWins(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	debug.SetMemoryLimit(math.MaxInt64)
	t.Setenv("GOMEMLIMIT", "1GiB")
	boundMemory(ended)
	assert.EqualValues(t, math.MaxInt64, debug.SetMemoryLimit(-1))
	t.Setenv("GOMEMLIMIT", "")
	boundMemory(ended)
	assert.Less(t, debug.SetMemoryLimit(-1), int64(1<<32))
}
