package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"pa/audio/source"
)

// Main is the child's whole life: it gives up what it does not need, follows
// the order in args[0], and returns the exit status. The caller has nothing
// else running.
func Main(args []string, in io.Reader, out io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, Mode+" is not for people")
		return 2
	}
	var o order
	if err := json.Unmarshal([]byte(args[0]), &o); err != nil {
		fmt.Fprintln(os.Stderr, "decode order:", err)
		return 2
	}
	if err := confine(o); err != nil {
		fmt.Fprintln(os.Stderr, "confine decoder:", err)
		return 1
	}
	rep, made := follow(o, in)
	if err := write(out, rep, made); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func follow(o order, in io.Reader) (report, work) {
	// The parent's limit comes first; this one leaves time to say so.
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(o.CPU)*time.Second, ErrOutOfTime)
	defer cancel()
	rep, made, err := obey(ctx, o, in)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return faulty(err), work{}
	}
	return rep, made
}

func obey(ctx context.Context, o order, in io.Reader) (report, work, error) {
	if o.Treat == nil {
		clip, err := source.Decode(ctx, in, o.Limits)
		if err != nil {
			return report{}, work{}, err
		}
		return report{}, work{pcm: clip.PCM()}, nil
	}
	parts, err := decodeParts(ctx, o, in)
	if err != nil {
		return report{}, work{}, err
	}
	pcm, facts, err := treat(parts, *o.Treat)
	if err != nil {
		return report{}, work{}, fmt.Errorf("prepare sound: %w", err)
	}
	file, err := encodeFLAC(pcm)
	return report{Facts: &facts}, work{file: file}, err
}

// decodeParts decodes every file of the input, or has its text spoken.
func decodeParts(ctx context.Context, o order, in io.Reader) ([][]int16, error) {
	if len(o.Treat.Speech) > 0 {
		clip, err := speak(ctx, o.Treat.Speech, in, o.Limits)
		if err != nil {
			return nil, err
		}
		return [][]int16{clip.PCM()}, nil
	}
	var parts [][]int16
	files := []io.Reader{in}
	if len(o.Treat.Sizes) > 0 {
		files = nil
		for _, size := range o.Treat.Sizes {
			files = append(files, io.LimitReader(in, size))
		}
	}
	left := o.Limits
	for i, f := range files {
		clip, err := source.Decode(ctx, f, left)
		if err != nil && len(files) > 1 {
			return nil, fmt.Errorf("file %d: %w", i+1, err)
		}
		if err != nil {
			return nil, err
		}
		if left.MaxLength -= clip.Len() + o.Treat.Gap; left.MaxLength <= 0 {
			return nil, fmt.Errorf("%w: more than %v", source.ErrTooLong, o.Limits.MaxLength)
		}
		parts = append(parts, clip.PCM())
	}
	return parts, nil
}
