package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPercentiles(t *testing.T) {
	x := []float64{5, 1, 4, 2, 3}
	assert.Equal(t, 3.0, percentile(x, 50))
	assert.Equal(t, 5.0, percentile(x, 99))
	assert.Equal(t, 1.0, percentile(x, 1))
	assert.Zero(t, percentile([]float64(nil), 50))
	assert.Equal(t, 5.0, x[0], "the caller's order is kept")
}

func TestEveryBenchHasItsOwnName(t *testing.T) {
	seen := make(map[string]bool)
	for _, b := range benches {
		assert.False(t, seen[b.name], b.name)
		assert.NotEmpty(t, b.what, b.name)
		assert.NotNil(t, b.run, b.name)
		seen[b.name] = true
	}
	_, err := choose(strings.Join(quickBenches, ","))
	require.NoError(t, err, "the quick run's are in the table")
	some, err := choose("first,packet")
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, "first", some[0].name)
	_, err = choose("fist")
	assert.ErrorContains(t, err, "fist")
}

func TestOneBenchKeepsTheOthersFigures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out", "bench.json")
	assert.Empty(t, read(file))
	require.NoError(t, write(file, []figure{{Name: "a", Value: 1}, {Name: "b", Value: 2}}))
	require.NoError(t, write(file, merge(read(file), []figure{{Name: "b", Value: 3}, {Name: "c", Value: 4}})))
	assert.Equal(t, []figure{{Name: "a", Value: 1}, {Name: "b", Value: 3}, {Name: "c", Value: 4}}, read(file))
}
