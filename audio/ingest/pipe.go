package ingest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pa/audio/source"
)

// What a child writes to its standard output, little endian:
//
//	"PAI1" | length of the report, 4 bytes | report, JSON |
//	samples, 16 bit each, as many as the report says |
//	a FLAC file, as many bytes as the report says
//
// An error is a report without samples.
const (
	magic     = "PAI1"
	maxReport = 1 << 20 // bytes
)

// order is what a child is to do. It travels as JSON in the child's second
// argument and holds nothing secret.
type order struct {
	Limits source.Limits `json:"limits"`
	Treat  *Treatment    `json:"treat,omitempty"` // nil: decode only, and give the samples
	Memory int64         `json:"memory"`          // bytes
	CPU    uint64        `json:"seconds"`         // of processor time
}

// report is what a child says about its work.
type report struct {
	Samples int64  `json:"samples"`
	File    int64  `json:"file,omitempty"` // bytes
	Facts   *Facts `json:"facts,omitempty"`
	Fault   string `json:"fault,omitempty"` // a name of faults
	Text    string `json:"text,omitempty"`  // of the error
}

// faults are the errors that cross the pipe. The first that fits is it: what
// happened to a speech program may have a decoder's error beneath.
var faults = []struct {
	name string
	err  error
}{
	{"no-speech", ErrNoSpeech},
	{"speech", ErrSpeech},
	{"silent", ErrSilent},
	{"format", source.ErrUnknownFormat},
	{"sound", source.ErrUnknownSound},
	{"large", source.ErrTooLarge},
	{"long", source.ErrTooLong},
	{"damaged", source.ErrCorrupt},
	{"time", ErrOutOfTime},
	{"memory", ErrOutOfMemory},
	{"other", errOther},
}

var errOther = errors.New("ingest failed")

// said is an error that a child reported: its words, and which it is.
type said struct {
	text string
	is   error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.is }

// faulty is the report of an error.
func faulty(err error) report {
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return report{Fault: f.name, Text: err.Error()}
		}
	}
	return report{Fault: "other", Text: err.Error()}
}

// err is the error that a report tells, nil when it tells none.
func (r report) err() error {
	if r.Fault == "" {
		return nil
	}
	for _, f := range faults {
		if f.name == r.Fault {
			return &said{text: r.Text, is: f.err}
		}
	}
	return &said{text: r.Text, is: errOther}
}

// work is what a child made: samples, or a file.
type work struct {
	pcm  []int16
	file []byte
}

// write sends a report and what was made.
func write(w io.Writer, r report, made work) error {
	r.Samples, r.File = int64(len(made.pcm)), int64(len(made.file))
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	bw := bufio.NewWriterSize(w, 64<<10)
	head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(text)))
	if _, err := bw.Write(append(head, text...)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var two [2]byte
	for _, v := range made.pcm {
		binary.LittleEndian.PutUint16(two[:], uint16(v))
		if _, err := bw.Write(two[:]); err != nil {
			return fmt.Errorf("write samples: %w", err)
		}
	}
	if _, err := bw.Write(made.file); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// read takes in what write sent; most bounds the samples, in the file too. A
// child may have been taken over by its file: nothing that it says is believed
// further than that.
func read(r io.Reader, most int64) (report, work, error) {
	var out report
	head := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, head); err != nil {
		return out, work{}, fmt.Errorf("read report: %w", err)
	}
	size := binary.LittleEndian.Uint32(head[len(magic):])
	if string(head[:len(magic)]) != magic || size > maxReport {
		return out, work{}, errors.New("read report: not one")
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return out, work{}, fmt.Errorf("read report: %w", err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, work{}, fmt.Errorf("read report: %w", err)
	}
	// A FLAC file is never much larger than its samples.
	if out.Samples < 0 || out.Samples > most || out.File < 0 || out.File > 3*most+1<<16 {
		return out, work{}, fmt.Errorf("read report: %d samples, %d bytes, at most %d samples", out.Samples, out.File, most)
	}
	pcm, err := readSamples(r, out.Samples)
	if err != nil || out.File == 0 {
		return out, work{pcm: pcm}, err
	}
	file := make([]byte, out.File)
	if _, err := io.ReadFull(r, file); err != nil {
		return out, work{}, fmt.Errorf("read file: %w", err)
	}
	return out, work{pcm, file}, nil
}

func readSamples(r io.Reader, n int64) ([]int16, error) {
	var block [8192]byte
	pcm := make([]int16, 0, n) // memory is taken as it is written to
	for left := n; left > 0; {
		b := block[:min(int64(len(block)), 2*left)]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, fmt.Errorf("read samples: %w", err)
		}
		for ; len(b) > 0; b = b[2:] {
			pcm = append(pcm, int16(binary.LittleEndian.Uint16(b)))
		}
		left = n - int64(len(pcm))
	}
	return pcm, nil
}
