// Package ingest takes recordings in from outside: it decodes whatever an
// operator uploads, in a child process.
//
// The controller makes an Ingester; the program that is the child calls Main
// when its first argument is Mode. What it promises: a file from outside never
// meets a decoder inside the controller. A decoder that crashes, hangs or grows
// ends a niced process without privileges, whose memory and processor time are
// limited by the kernel and which dies with its parent; the voice on air does
// not notice.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"pa/audio"
	"pa/audio/source"
)

// Mode is the first argument that makes a program the child.
const Mode = "ingest-child"

// Errors beside those of source.Decode, which cross the pipe as they are.
var (
	// ErrOutOfTime means that the child was ended because it took too long.
	ErrOutOfTime = errors.New("took too long to decode")
	// ErrOutOfMemory means that the child was ended because it grew too much.
	ErrOutOfMemory = errors.New("needs too much memory to decode")
	// ErrCrashed means that a decoder fell over the file.
	ErrCrashed = errors.New("decoder crashed on it")
	// ErrNoChild means that no child could be started, or no upload kept: the
	// machine is short of something, and the file may be good.
	ErrNoChild = errors.New("no decoder could be started")
)

const (
	defaultTime  = 3 * time.Minute // an hour of sound on a small board
	defaultAtOne = 2               // children at the same time, of those that somebody waits for on air
	baseMemory   = 192 << 20       // of a child beside the file and its samples
	speechMemory = 1 << 30         // of a speech program and its models
	maxLength    = time.Hour       // of any recording: it is held in memory
)

// Config says how children are started.
type Config struct {
	// Program starts a child, its first argument Mode: {"/proc/self/exe",
	// Mode} where the program itself is the child.
	Program []string
	// Time is how long a child may work once its file has arrived; 0 is three
	// minutes. The kernel gives it as much processor time and no more.
	Time time.Duration
	// Children may work at the same time; 0 is 2. Others wait.
	Children int
	// TempDir takes uploads while they arrive, in files without a name; "" is
	// the system's.
	TempDir string
	// Log may be nil.
	Log *slog.Logger
}

// Ingester starts children. It may be used by many goroutines.
type Ingester struct {
	cfg       Config
	decoding  chan struct{} // a place for each child that decodes
	preparing chan struct{} // for the one that prepares: it must not keep those waiting
}

// New returns an Ingester. It starts nothing.
func New(cfg Config) *Ingester {
	if cfg.Time <= 0 {
		cfg.Time = defaultTime
	}
	if cfg.Children <= 0 {
		cfg.Children = defaultAtOne
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Ingester{cfg: cfg, decoding: make(chan struct{}, cfg.Children), preparing: make(chan struct{}, 1)}
}

// Decode is source.Decode in a child: same formats, same errors, and those of
// this package. No limit is longer than an hour of sound. r is not read after
// Decode returned.
func (g *Ingester) Decode(ctx context.Context, r io.Reader, limits source.Limits) (*source.Clip, error) {
	result, err := g.run(ctx, r, order{Limits: bounded(limits)})
	if err != nil {
		return nil, err
	}
	return source.NewClip16(result.pcm), nil
}

// Prepare makes a recording, or with Treatment.Speech a text, ready for the
// air, and returns it as a FLAC file, mono at 48 kHz and 16 bit: the same sound
// is always the same file. One is prepared at a time. The errors are those of
// Decode and of this package.
func (g *Ingester) Prepare(ctx context.Context, r io.Reader, limits source.Limits, t Treatment) ([]byte, Facts, error) {
	result, err := g.run(ctx, r, order{Limits: bounded(limits), Treat: &t})
	if err != nil {
		return nil, Facts{}, err
	}
	if result.report.Facts == nil || len(result.file) == 0 {
		return nil, Facts{}, fmt.Errorf("prepare sound: %w", ErrCrashed)
	}
	return result.file, *result.report.Facts, nil
}

// bounded fills in what limits leave open.
func bounded(l source.Limits) source.Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 64 << 20
	}
	if l.MaxLength <= 0 || l.MaxLength > maxLength {
		l.MaxLength = maxLength
	}
	return l
}

// spool takes all of r into a file that has no name, at most limit bytes, so
// that a slow upload occupies no child and a child finds its input complete.
func (g *Ingester) spool(ctx context.Context, r io.Reader, limit int64) (f *os.File, err error) {
	f, err = os.CreateTemp(g.cfg.TempDir, "paspeaker-upload-*")
	if err != nil {
		return nil, fmt.Errorf("%w: keep upload: %w", ErrNoChild, err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err = os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("%w: keep upload: %w", ErrNoChild, err)
	}
	buf := make([]byte, 64<<10)
	for total := int64(0); ; {
		if err = ctx.Err(); err != nil {
			return nil, fmt.Errorf("read sound: %w", err)
		}
		n, readErr := r.Read(buf)
		if total += int64(n); total > limit {
			return nil, fmt.Errorf("read sound: %w: more than %d MiB", source.ErrTooLarge, limit>>20)
		}
		if _, err = f.Write(buf[:n]); err != nil {
			return nil, fmt.Errorf("%w: keep upload: %w", ErrNoChild, err)
		}
		if readErr == io.EOF {
			break
		}
		if readErr != nil {
			return nil, fmt.Errorf("read sound: %w", readErr)
		}
	}
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("%w: keep upload: %w", ErrNoChild, err)
	}
	return f, nil
}

// memory is what a child that follows an order may use, bytes: the file, once
// more for a program that it calls, and the samples, twice more for growing and
// for what is made of them.
func (o order) memory() int64 {
	samples := int64(o.Limits.MaxLength/time.Millisecond) * audio.Rate / 1000
	m := instruments + baseMemory + 2*o.Limits.MaxBytes + 3*2*samples
	if o.Treat != nil && len(o.Treat.Speech) > 0 {
		m += speechMemory
	}
	return m
}

// time is how long a child may work: long recordings take longer to prepare.
func (o order) time(most time.Duration) time.Duration {
	if o.Treat != nil {
		most += o.Limits.MaxLength / 4
	}
	return most
}
