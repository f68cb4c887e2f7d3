package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// Real voices from Debian's packages (alsa-utils, asterisk-core-sounds-en-wav),
// and the two slogans of the first campaign, which espeak-ng says.
var (
	voiceFiles = []string{
		"/usr/share/sounds/alsa/Front_Center.wav", "/usr/share/sounds/alsa/Rear_Left.wav", "/usr/share/sounds/alsa/Side_Right.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/demo-nogo.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/demo-echotest.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/tt-weasels.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/demo-abouttotry.wav",
	}
	slogans = []string{
		"Công nhân KCX-KCN tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc",
		"Cùng nhau giữ gìn an ninh trật tự để ổn định sản xuất và phát triển kinh tế đất nước",
	}
)

// loudness uploads real recordings to a real controller and compares what it
// says of their loudness, as they came and as they are kept, with ffmpeg's
// ebur128.
func loudness(r *rig) ([]figure, error) {
	p, err := startPark(r, smallSite)
	if err != nil {
		return nil, err
	}
	defer p.close()
	c, err := client.New(client.Config{URL: "http://" + p.http, Token: p.token, By: "bench"})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	files, err := recordings(p.dir)
	if err != nil {
		return nil, err
	}
	files = files[len(files)-r.pick(len(files), 5):]
	var worst, missed float64
	var took []float64
	for _, file := range files {
		began := time.Now()
		m, err := upload(c, file)
		if err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(began).Milliseconds())/time.Duration(m.Length).Seconds())
		off, after, err := compare(c, p.dir, file, m)
		if err != nil {
			return nil, err
		}
		worst = max(worst, off)
		if m.Level.LimitedDB < 5.9 { // what has the headroom
			missed = max(missed, math.Abs(after-m.Level.Target))
		}
	}
	return []figure{
		{Name: "loudness_error_lu", Value: worst, Unit: "LU", N: 2 * len(files)},
		{Name: "loudness_off_target_lu", Value: missed, Unit: "LU", N: len(files)},
		{Name: "message_upload_ms_per_s", Value: percentile(took, 50), Unit: "ms/s", N: len(files)},
	}, nil
}

// recordings returns the files, and has the slogans spoken into dir.
func recordings(dir string) ([]string, error) {
	files := append([]string(nil), voiceFiles...)
	for i, text := range slogans {
		path := filepath.Join(dir, fmt.Sprintf("slogan-%d.wav", i+1))
		if out, err := exec.Command("espeak-ng", "-v", "vi", "-s", "150", "-w", path, text).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("espeak-ng: %w: %s", err, out)
		}
		files = append(files, path)
	}
	return files, nil
}

func upload(c *client.Client, file string) (paspeaker.Message, error) {
	f, err := os.Open(file)
	if err != nil {
		return paspeaker.Message{}, err
	}
	defer f.Close()
	return c.AddMessage(context.Background(), filepath.Base(file), body.NewMessage{Files: []string{filepath.Base(file)}}, f)
}

// compare returns the greater of both differences, and what ffmpeg measures in
// the sound that is kept.
func compare(c *client.Client, dir, file string, m paspeaker.Message) (off, after float64, err error) {
	before, err := ebur128(file)
	if err != nil {
		return 0, 0, err
	}
	sound, err := c.MessageSound(context.Background(), m.Name, m.Version)
	if err != nil {
		return 0, 0, err
	}
	kept := filepath.Join(dir, "kept.flac")
	if err := os.WriteFile(kept, sound, 0o600); err != nil {
		return 0, 0, err
	}
	if after, err = ebur128(kept); err != nil {
		return 0, 0, err
	}
	return max(math.Abs(before-m.Level.Before), math.Abs(after-m.Level.After)), after, nil
}

var integrated = regexp.MustCompile(`lavfi\.r128\.I=(-?[0-9.]+)`)

// ebur128 is ffmpeg's integrated loudness of a file, LUFS, at the rate for which
// BS.1770 gives its filters: at 8 kHz ffmpeg's, like ours, read 0.2 LU high.
func ebur128(file string) (float64, error) {
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", file, "-af", "aresample=48000,ebur128=metadata=1,ametadata=mode=print:file=-", "-f", "null", "-").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("ffmpeg: %w: %.300s", err, out)
	}
	found := integrated.FindAllSubmatch(out, -1)
	if len(found) == 0 {
		return 0, fmt.Errorf("ffmpeg says no loudness of %s", file)
	}
	return strconv.ParseFloat(string(found[len(found)-1][1]), 64)
}
