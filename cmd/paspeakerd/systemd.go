package main

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifySystemd says when the daemon is ready, keeps its watchdog fed while
// the controller's loop answers, and says when it stops. Without systemd it
// does nothing.
func notifySystemd(ctx context.Context, alive func() error) error {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer daemon.SdNotify(false, daemon.SdNotifyStopping)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		<-ctx.Done()
		return nil
	}
	feed := time.NewTicker(every / 3)
	defer feed.Stop()
	for {
		select {
		case <-feed.C:
			if alive() == nil {
				daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		case <-ctx.Done():
			return nil
		}
	}
}
