package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// errSaid marks an error of which the output has said everything.
var errSaid = errors.New("see above")

func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func noArgs(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) }

// exactArgs takes n arguments, no more and no less.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return asUsage(cobra.ExactArgs(n)(cmd, args)) }
}

// encode prints v as the API writes it, indented.
func encode[T any](w io.Writer, v T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// splitIDs reads ids from words that may hold several, separated by commas.
func splitIDs[ID ~string](words []string) []ID {
	var ids []ID
	for _, w := range words {
		for part := range strings.SplitSeq(w, ",") {
			if part = strings.TrimSpace(part); part != "" {
				ids = append(ids, ID(part))
			}
		}
	}
	return ids
}
