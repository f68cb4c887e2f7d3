package hub

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// logger hands the server's lines to slog. What a stranger can cause is
// limited: ten lines at once, then one a second, with a count of the rest. It
// implements server.Logger, and unlike the server's own it never ends the
// process.
type logger struct {
	log   *slog.Logger
	limit *rate.Limiter

	mu      sync.Mutex
	died    string
	leftOut int
}

func newLogger(log *slog.Logger) *logger {
	return &logger{log: log, limit: rate.NewLimiter(rate.Every(time.Second), 10)}
}

// fatal returns the line with which the server gave up, or "".
func (l *logger) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}

// Noticef implements server.Logger. The server is chatty; a technician who
// wants to read it asks for debug.
func (l *logger) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }

// Warnf implements server.Logger.
func (l *logger) Warnf(format string, v ...any) { l.say(slog.LevelWarn, format, v) }

// Errorf implements server.Logger.
func (l *logger) Errorf(format string, v ...any) { l.say(slog.LevelWarn, format, v) }

// Fatalf implements server.Logger: the first line is what Start returns.
func (l *logger) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.died == "" {
		l.died = fmt.Sprintf(format, v...)
	}
}

// Debugf implements server.Logger; it is switched off.
func (l *logger) Debugf(string, ...any) {}

// Tracef implements server.Logger; it is switched off.
func (l *logger) Tracef(string, ...any) {}

func (l *logger) say(level slog.Level, format string, v []any) {
	l.mu.Lock()
	if !l.limit.Allow() {
		l.leftOut++
		l.mu.Unlock()
		return
	}
	n := l.leftOut
	l.leftOut = 0
	l.mu.Unlock()
	attrs := []slog.Attr{}
	if n > 0 {
		attrs = append(attrs, slog.Int("left_out", n))
	}
	l.log.LogAttrs(context.Background(), level, "nats: "+fmt.Sprintf(format, v...), attrs...)
}
