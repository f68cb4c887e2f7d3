package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// An archive is a tar file: messages.json, a paspeaker.MessageExport, first, then
// sounds/HASH.flac, each once.
const (
	archiveIndex    = "messages.json"
	archiveSounds   = "sounds/"
	archiveFormat   = 1
	maxArchiveIndex = 64 << 20
	maxArchiveSound = 512 << 20
)

func newMessageExportCommand(g *globals) *cobra.Command {
	var out string
	var all bool
	var version int
	cmd := &cobra.Command{
		Use: "export NAME...", Short: "Save a message's sound, or several messages in one archive",
		Long: `Save a message as FLAC (as it is kept) or WAV, or messages with everything that
is known of them as an archive (tar) that "paspeaker message import" reads. The
ending of -o says which.`,
		Example: `  paspeaker message export "Giờ nghỉ" -o nghi.wav
  paspeaker message export --all -o library.tar`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) != all {
				return usageError{errors.New("export what? name messages, or say --all")}
			}
			return g.withClient(func(c *client.Client) error {
				if all {
					list, err := c.Messages(cmd.Context())
					if err != nil {
						return err
					}
					for _, m := range list {
						args = append(args, m.Name)
					}
				}
				if out == "" {
					out = "messages.tar"
					if len(args) == 1 && !all {
						out = args[0] + ".flac"
					}
				}
				return g.export(cmd.Context(), c, args, version, out)
			})
		},
		ValidArgsFunction: messageNames(g),
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "file: NAME.flac, NAME.wav, or an archive NAME.tar")
	f.BoolVar(&all, "all", false, "every message")
	f.IntVar(&version, "version", 0, "an older version")
	return cmd
}

// export writes a file under a name of its own first: one that is cut off is
// not left behind, and an old one is replaced by a whole one.
func (g *globals) export(ctx context.Context, c *client.Client, names []string, version int, out string) error {
	kind := strings.ToLower(filepath.Ext(out))
	switch {
	case kind != ".flac" && kind != ".wav" && kind != ".tar":
		return usageError{fmt.Errorf("-o %s: want an ending of .flac, .wav or .tar", out)}
	case kind != ".tar" && len(names) != 1:
		return usageError{fmt.Errorf("-o %s: %d messages need an archive, NAME.tar", out, len(names))}
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".paspeaker-export-*")
	if err != nil {
		return usageError{err}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if kind == ".tar" {
		err = writeArchive(ctx, c, f, names, version)
	} else {
		err = writeSound(ctx, c, f, names[0], version, kind)
	}
	if err == nil {
		err = errors.Join(f.Chmod(0o644), f.Close(), os.Rename(f.Name(), out))
	}
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, map[string]any{"file": out, "messages": len(names)})
	}
	_, err = fmt.Fprintln(g.out, g.language().trf("messages in %s: %d", out, len(names)))
	return err
}

func writeSound(ctx context.Context, c *client.Client, f *os.File, name string, version int, kind string) error {
	sound, err := c.MessageSound(ctx, name, version)
	if err != nil {
		return err
	}
	if kind == ".flac" {
		_, err = f.Write(sound)
		return err
	}
	clip, err := source.Decode(ctx, bytes.NewReader(sound), source.Limits{MaxLength: time.Hour})
	if err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	w, err := audio.NewWAVWriter(f, audio.Rate)
	if err == nil {
		err = w.Write(clip.Float32())
	}
	if err == nil {
		err = w.Close()
	}
	return err
}

func writeArchive(ctx context.Context, c *client.Client, w io.Writer, names []string, version int) error {
	index := paspeaker.MessageExport{Format: archiveFormat}
	for _, name := range names {
		m, err := c.Message(ctx, name, version)
		if err != nil {
			return err
		}
		index.Messages = append(index.Messages, m)
	}
	var text bytes.Buffer
	if err := encode(&text, index); err != nil {
		return err
	}
	t := tar.NewWriter(w)
	if err := addToArchive(t, archiveIndex, text.Bytes()); err != nil {
		return err
	}
	done := map[string]bool{}
	for _, m := range index.Messages {
		if done[m.Hash] {
			continue
		}
		done[m.Hash] = true
		sound, err := c.MessageSound(ctx, m.Name, m.Version)
		if err != nil {
			return err
		}
		if err := addToArchive(t, archiveSounds+m.Hash+".flac", sound); err != nil {
			return err
		}
	}
	return t.Close()
}

func addToArchive(t *tar.Writer, name string, content []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	if _, err := t.Write(content); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

func newMessageImportCommand(g *globals) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use: "import FILE.tar [NAME...]", Short: "Take messages out of an archive into the library",
		Long: `Take messages out of an archive that "paspeaker message export" wrote: all, or those
that are named. What is in the library already, the same sound with the same
text and note, is left alone; what differs needs --replace.`,
		Example: `  paspeaker message import library.tar
  paspeaker message import library.tar "Giờ nghỉ" --replace`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return usageError{err}
			}
			defer f.Close()
			list, sounds, err := readArchive(f)
			if err != nil {
				return usageError{fmt.Errorf("read %s: %w", args[0], err)}
			}
			return g.withClient(func(c *client.Client) error {
				return g.importMessages(cmd.Context(), c, list, sounds, args[1:], replace)
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "make new versions of messages that differ")
	return cmd
}

// readArchive reads an archive into memory. Names in it name nothing on disk.
func readArchive(r io.Reader) ([]paspeaker.Message, map[string][]byte, error) {
	var index paspeaker.MessageExport
	sounds := map[string][]byte{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		hash, isSound := strings.CutPrefix(strings.TrimSuffix(h.Name, ".flac"), archiveSounds)
		switch {
		case h.Name == archiveIndex && h.Size <= maxArchiveIndex:
			if err := json.NewDecoder(t).Decode(&index); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", archiveIndex, err)
			}
		case isSound && h.Size <= maxArchiveSound:
			if sounds[hash], err = io.ReadAll(t); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, fmt.Errorf("%s is not of an archive of messages", h.Name)
		}
	}
	if index.Format != archiveFormat {
		return nil, nil, errors.New("not an archive of messages, or of a newer version")
	}
	for _, m := range index.Messages {
		if sounds[m.Hash] == nil {
			return nil, nil, fmt.Errorf("the sound of %s is missing", m.Name)
		}
	}
	return index.Messages, sounds, nil
}

// importMessages stores what is not there. All that would be refused is said
// before anything is stored.
func (g *globals) importMessages(ctx context.Context, c *client.Client, list []paspeaker.Message, sounds map[string][]byte, names []string, replace bool) error {
	have := map[string]paspeaker.Message{}
	now, err := c.Messages(ctx)
	if err != nil {
		return err
	}
	for _, m := range now {
		have[m.Name] = m
	}
	var todo []paspeaker.Message
	var differ, missing []string
	for _, m := range list {
		if len(names) > 0 && !slices.Contains(names, m.Name) {
			continue
		}
		old, there := have[m.Name]
		switch {
		case there && old.Hash == m.Hash && old.Text == m.Text && old.Note == m.Note:
		case there && !replace:
			differ = append(differ, m.Name)
		default:
			todo = append(todo, m)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(m paspeaker.Message) bool { return m.Name == name }) {
			missing = append(missing, name)
		}
	}
	l := g.language()
	switch {
	case len(missing) > 0:
		return usageError{errors.New(l.trf("not in the archive: %s", strings.Join(missing, ", ")))}
	case len(differ) > 0:
		return usageError{errors.New(l.trf("these differ from what is in the library: %s; say --replace to make new versions", strings.Join(differ, ", ")))}
	}
	var stored []paspeaker.Message
	for _, m := range todo {
		n := body.NewMessage{Note: m.Note, Text: m.Text, Voice: m.Voice, Files: m.Files, AsItIs: true, Replace: replace}
		m, err := c.AddMessage(ctx, m.Name, n, g.newProgress(bytes.NewReader(sounds[m.Hash]), int64(len(sounds[m.Hash]))))
		if err != nil {
			return err
		}
		stored = append(stored, m)
		if !g.json {
			fmt.Fprintf(g.out, "%s: %s\n", m.Name, l.trf("version %d, %s, %s", m.Version, lengthText(time.Duration(m.Length)), levelText(l, m)))
		}
	}
	if g.json {
		return encode(g.out, stored)
	}
	_, err = fmt.Fprintln(g.out, l.trf("taken in: %d, there already: %d", len(stored), len(list)-len(stored)))
	return err
}
