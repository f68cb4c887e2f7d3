package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pa/audio"
)

const (
	ffmpegTime = 2 * time.Minute // for half an hour of sound on a small board
	ffmpegNice = 10              // encoding a call comes first
)

// ffmpegFormats are the demuxers that an upload may reach: containers of
// sound, none that opens further files or addresses.
const ffmpegFormats = "mp3,aac,mov,mp4,m4a,3gp,matroska,webm,asf,aiff,amr,ac3,eac3,wav,w64,caf,flac,ogg,au,ape,wv,tta,mpc,mpc8,dts,mpeg,mpegts,avi,flv,voc,ircam,sox,tak,oma"

// decodeFFmpeg has the program ffmpeg, a child of low priority, decode the
// file. It reads a file in memory, since a phone's MP4 needs seeking.
func decodeFFmpeg(ctx context.Context, file []byte, c *collector) error {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return ErrUnknownFormat
	}
	input, err := inMemory(file)
	if err != nil {
		return err
	}
	defer input.Close()
	ctx, cancel := context.WithTimeout(ctx, ffmpegTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1",
		"-protocol_whitelist", "file,pipe", "-format_whitelist", ffmpegFormats, "-i", "file:/proc/self/fd/3",
		"-map", "0:a:0", "-vn", "-sn", "-dn", "-ac", "1", "-ar", fmt.Sprint(audio.Rate), "-f", "s16le", "pipe:1")
	cmd.ExtraFiles = []*os.File{input}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	complaint := &tail{limit: 400}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, ffmpegNice) // a wish; without it we decode all the same
	readErr := c.readS16(out)
	if readErr != nil {
		cancel()
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil && readErr == nil:
		return fmt.Errorf("decode with ffmpeg: %w", ctx.Err())
	case readErr != nil:
		return readErr
	case waitErr != nil && c.taken == 0:
		return fmt.Errorf("%w: ffmpeg says %q", ErrUnknownSound, complaint.String())
	case waitErr != nil:
		return fmt.Errorf("%w: ffmpeg says %q", ErrCorrupt, complaint.String())
	}
	return nil
}

// ErrUnknownSound means that ffmpeg, too, finds no sound in the file.
var ErrUnknownSound = errors.New("not a sound file")

// inMemory gives a child the file to seek in, without a name on any disk that
// a crash would leave behind.
func inMemory(file []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("sound", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("keep sound for ffmpeg: %w", err)
	}
	f := os.NewFile(uintptr(fd), "sound")
	if _, err := f.Write(file); err != nil {
		return nil, fmt.Errorf("keep sound for ffmpeg: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

// readS16 collects raw 16 bit samples at 48 kHz to the end.
func (c *collector) readS16(r io.Reader) error {
	if err := c.start(audio.Rate); err != nil {
		return err
	}
	br := bufio.NewReaderSize(r, 64<<10)
	buf := make([]byte, 8192)
	mono := make([]float32, len(buf)/2)
	for {
		n, err := io.ReadFull(br, buf)
		for i := range n / 2 {
			mono[i] = audio.FromInt16(int16(uint16(buf[2*i]) | uint16(buf[2*i+1])<<8))
		}
		if err := c.add(mono[:n/2]); err != nil {
			return err
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return fmt.Errorf("read from ffmpeg: %w", err)
		}
	}
}

// tail keeps the first bytes that a child complains with.
type tail struct {
	limit int
	text  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b[:min(len(b), t.limit-len(t.text))]...)
	return len(b), nil
}

// String is the complaint without the name of the file, which is one of ours.
func (t *tail) String() string {
	text := strings.TrimSpace(string(t.text))
	if name, said, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(name, "file:") {
		return said
	}
	return text
}
