package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"
)

// What the program aims to stay within, bytes. The journal is read in blocks
// of 8 MB; without a limit the heap of a look at a whole year stays with the
// process for ever.
const (
	memoryGoal = 64 << 20
	memoryRoom = 6 << 20 // for what is not in use for long: the collector runs once in so much
	memoryLook = time.Second
)

// boundMemory keeps the Go runtime within memoryGoal, or within an eighth more
// than is really in use, memoryRoom at least, when that is more, so that the
// collector never runs for its own sake. What the runtime has beside the heap
// comes on top: stacks, and with a thousand connections what lies between their
// objects. GOMEMLIMIT overrides it.
func boundMemory(ctx context.Context) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	// What is used for a moment is not in use; but a thousand nodes come in
	// seconds, and until the limit is theirs the collector has no rest.
	var lately [3]uint64
	for i := 0; ; i++ {
		metrics.Read(used)
		lately[i%len(lately)] = used[0].Value.Uint64()
		beside := used[1].Value.Uint64()
		for _, heap := range used[2:] {
			beside -= min(beside, heap.Value.Uint64())
		}
		debug.SetMemoryLimit(memoryLimit(slices.Min(lately[:]), beside))
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

func memoryLimit(live, beside uint64) int64 {
	return max(memoryGoal, int64(live+max(live/8, memoryRoom)+beside))
}
