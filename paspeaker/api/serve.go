package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	headerPatience = 10 * time.Second // for the TLS handshake and a request's head
	idlePatience   = 2 * time.Minute  // for the next request on a connection
	goodbye        = 3 * time.Second  // for open requests, when the daemon stops
	maxHeader      = 128 << 10        // bytes: an announcement for a thousand loudspeakers fits in a query
)

// Serve serves h on l until ctx ends, then ends open requests and waits for
// them. One port speaks TLS and plain HTTP, told apart by the first byte; plain
// HTTP is answered from loopback only. secure may be nil: then there is no
// TLS. Serve closes l. It returns nil when ctx ended it.
func Serve(ctx context.Context, l net.Listener, secure *tls.Config, h http.Handler) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var open sync.WaitGroup // requests, those too whose connection was taken over
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			open.Add(1)
			defer open.Done()
			admit(h).ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ReadHeaderTimeout: headerPatience,
		IdleTimeout:       idlePatience,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // broken handshakes and the like
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(&sniffer{l, serverTLS(secure)}) }()
	select {
	case err := <-failed:
		_ = srv.Close() // the error that ended it says more
		end()
		open.Wait()
		return fmt.Errorf("serve http on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	end()
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if srv.Shutdown(patience) != nil {
		_ = srv.Close() // who has not gone by now is cut off
	}
	open.Wait()
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http on %s: %w", l.Addr(), err)
	}
	return nil
}

// serverTLS is secure for HTTP/1.1: live calls need a connection of their own.
func serverTLS(secure *tls.Config) *tls.Config {
	if secure == nil {
		return nil
	}
	secure = secure.Clone()
	secure.NextProtos = []string{"http/1.1"}
	return secure
}

type connKey struct{}

// admit refuses plain HTTP that does not come from this machine: it would carry
// the token over the network in clear.
func admit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*sniffed)
		if ok && c.secured.Load() == nil && !isLoopback(r.RemoteAddr) {
			w.Header().Set("Connection", "close")
			writeProblem(w, newProblem(http.StatusBadRequest, &paspeaker.Error{
				Code: paspeaker.CodeInvalid, What: "plain HTTP from another machine",
				Hint: "use https:// with the fingerprint of the controller's certificate",
			}))
			return
		}
		h.ServeHTTP(w, r)
	})
}
