package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"pa/audio/source"
	"pa/paspeaker/site"
)

func newCheckCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "check [FILE]", Short: "Check a site file: every fault, with its line and what to do",
		Example: "  paspeaker check zones.yaml",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MaximumNArgs(1)(cmd, args)) },
		Long: `Check a site file: every fault at once, each with its line and what to do; the
recordings that emergencies name are decoded, as the controller will. Nothing is
changed, and no controller is needed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			file := first(append(args, "zones.yaml")...)
			s, err := site.Load(file)
			var faults site.Faults
			if errors.As(err, &faults) {
				return g.checked(file, faults)
			}
			if err != nil {
				return usageError{err}
			}
			if faults := checkSounds(cmd.Context(), file, s); len(faults) > 0 {
				return g.checked(file, faults)
			}
			if g.json {
				return encode(g.out, site.Faults{})
			}
			_, err = fmt.Fprintf(g.out, "%s: %s, %d zones, %d loudspeakers, %d emergencies: no fault\n",
				file, s.Name, len(s.Zones), len(s.Speakers), len(s.Emergencies))
			return err
		}}
}

// checkSounds decodes the recordings that the site's emergencies name.
func checkSounds(ctx context.Context, file string, s *site.Site) (faults site.Faults) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil // it was read a moment ago
	}
	seen := make(map[string]bool)
	for _, e := range s.Emergencies {
		for _, ref := range slices.Concat(e.Message, e.Drill, e.Cancel) {
			name, shipped := s.File(ref)
			if shipped || seen[ref] {
				continue
			}
			seen[ref] = true
			if err := decodes(ctx, name, source.Limits{MaxBytes: s.Limits.MaxUpload, MaxLength: s.Limits.MaxLength}); err != nil {
				faults = append(faults, site.Fault{File: file, Line: lineOf(text, ref), Path: "emergencies." + e.ID,
					What: ref + ": " + err.Error(), Hint: "convert it to WAV, FLAC or Ogg, or name another"})
			}
		}
	}
	return faults
}

func decodes(ctx context.Context, name string, limits source.Limits) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = source.Decode(ctx, f, limits)
	return err
}

// lineOf returns the first line that says word, from 1; 0 when none does.
func lineOf(text []byte, word string) int {
	at := bytes.Index(text, []byte(word))
	if at < 0 {
		return 0
	}
	return bytes.Count(text[:at], []byte("\n")) + 1
}

// checked prints the faults; the exit code is that of a bad file.
func (g *globals) checked(file string, faults site.Faults) error {
	if g.json {
		if err := encode(g.out, faults); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(g.out, faults.Error())
	}
	return usageError{fmt.Errorf("%s: %d faults: %w", file, len(faults), errSaid)}
}
