package node

import (
	"context"
	"encoding/json"
	"time"

	"pa/paspeaker"
)

const (
	logPage = 128 << 10 // bytes of lines in one answer; JSON may make six of one
	logWait = 20 * time.Second
)

// logs returns a page of what the node has logged.
func (n *Node) logs(ctx context.Context, args json.RawMessage) (any, error) {
	o, err := decodeArgs[paspeaker.Logs](args)
	if err != nil {
		return nil, err
	}
	if n.cfg.Logs == nil {
		return nil, paspeaker.Errorf(paspeaker.CodeUnsupported, "%s keeps no log", n.cfg.ID)
	}
	over := time.After(min(time.Duration(o.Wait), logWait))
	for {
		var p paspeaker.LogPage
		var come <-chan struct{}
		p.Lines, p.Next, p.More, p.Lost, come = n.cfg.Logs.page(o.After, o.Since, logPage)
		if come == nil || o.Wait <= 0 {
			return p, nil
		}
		select {
		case <-come:
		case <-over:
			return p, nil
		case <-ctx.Done():
			return p, nil
		}
	}
}
