// Bench measures the real programs on loopback and the voice path in this
// process, prints a table, and writes the figures as JSON.
//
// A measurement is a function in a file of its own and a line in the table of
// benches.go.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// figure is one result, in the form of out/bench.json.
type figure struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	N       int     `json:"n"` // observations behind the value
	Command string  `json:"command"`
}

func main() {
	r := rig{log: os.Stderr}
	flag.StringVar(&r.bin, "bin", "bin", "folder of the programs")
	out := flag.String("out", "out/bench.json", "where the figures go")
	flag.BoolVar(&r.quick, "quick", false, "fewer repeats, and only what takes no longer: within 45 s")
	only := flag.String("only", "", "run these alone, separated by commas, and keep the other figures in the file")
	list := flag.Bool("list", false, "list the benches")
	flag.Parse()
	if *list {
		for _, b := range slices.Concat(benches, onRequest) {
			fmt.Printf("%-14s %s\n", b.name, b.what)
		}
		return
	}
	if err := run(r, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures what was asked for, prints it and writes the file. A bench that
// fails does not take the others' figures with it.
func run(r rig, out, only string) error {
	alone := only != ""
	if !alone && r.quick {
		only = strings.Join(quickBenches, ",")
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	command := "make bench"
	if r.quick {
		command = "make bench-quick"
	}
	if alone {
		command = strings.Join(append([]string{"go run ./integration/bench"}, os.Args[1:]...), " ")
	}
	var figures []figure
	var failed []error
	for _, b := range chosen {
		began := time.Now()
		got, err := b.run(&r)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", b.name, err))
		}
		for i := range got {
			got[i].Command = command
		}
		print(os.Stdout, got)
		figures = append(figures, got...)
		fmt.Fprintf(r.log, "  (%s took %.1f s)\n", b.name, time.Since(began).Seconds())
	}
	if only != "" { // the others' figures stay
		figures = merge(read(out), figures)
	}
	return errors.Join(append(failed, write(out, figures))...)
}

// choose returns the benches that only names, all but those on request when it
// is empty.
func choose(only string) ([]bench, error) {
	if only == "" {
		return benches, nil
	}
	var out []bench
	for name := range strings.SplitSeq(only, ",") {
		all := slices.Concat(benches, onRequest)
		i := slices.IndexFunc(all, func(b bench) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no bench %q; -list shows them", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func print(w io.Writer, figures []figure) {
	for _, f := range figures {
		fmt.Fprintf(w, "%-44s %12.3f %-6s n=%d\n", f.Name, f.Value, f.Unit, f.N)
	}
}

// merge returns the old figures with the new ones in the place of their
// namesakes.
func merge(old, fresh []figure) []figure {
	for _, f := range fresh {
		i := slices.IndexFunc(old, func(o figure) bool { return o.Name == f.Name })
		if i < 0 {
			old = append(old, f)
		} else {
			old[i] = f
		}
	}
	return old
}

// read returns the figures of an earlier run; none when there was none.
func read(file string) (out []figure) {
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

func write(file string, figures []figure) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// percentile returns the value that p percent of x do not exceed, 0 < p ≤ 100.
func percentile[T cmp.Ordered](x []T, p float64) (none T) {
	if len(x) == 0 {
		return none
	}
	s := slices.Sorted(slices.Values(x))
	return s[min(len(s)-1, max(0, int(p/100*float64(len(s))+0.9999)-1))]
}
