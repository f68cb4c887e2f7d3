package bus

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	maxReceipts = 1024 // a quarter of a megabyte
	receiptWait = 3 * time.Second
)

// outbox holds what a node wants to say, so that saying it never waits for a
// socket: the newest report alone, and every receipt until the controller has
// said that it took it.
type outbox struct {
	mu       sync.Mutex
	report   []byte
	receipts [][]byte
	dropped  uint64 // receipts, since the head was taken

	reportReady, receiptReady chan struct{}
}

func newOutbox() *outbox {
	return &outbox{reportReady: make(chan struct{}, 1), receiptReady: make(chan struct{}, 1)}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (o *outbox) putReport(data []byte) {
	o.mu.Lock()
	o.report = data
	o.mu.Unlock()
	wake(o.reportReady)
}

func (o *outbox) putReceipt(data []byte) {
	o.mu.Lock()
	if len(o.receipts) == maxReceipts {
		o.receipts = o.receipts[1:]
		o.dropped++
	}
	o.receipts = append(o.receipts, data)
	o.mu.Unlock()
	wake(o.receiptReady)
}

func (o *outbox) takeReport() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	data := o.report
	o.report = nil
	return data
}

// head returns the oldest receipt and forgets what was dropped before it.
func (o *outbox) head() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dropped = 0
	if len(o.receipts) == 0 {
		return nil
	}
	return o.receipts[0]
}

// pop removes the receipt that head returned, unless overflow has done so.
func (o *outbox) pop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped == 0 {
		o.receipts = o.receipts[1:]
	}
}

func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.receipts) == 0
}

func (b *Bus) sendReports(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.out.reportReady:
		}
		data := b.out.takeReport()
		if data == nil || !b.nc.IsConnected() {
			continue
		}
		if err := b.nc.Publish(presenceSubject(b.name), data); err != nil {
			b.log.Debug("report not sent", "err", err)
		}
	}
}

// sendReceipts offers the oldest receipt until the controller takes it.
func (b *Bus) sendReceipts(ctx context.Context) {
	for {
		data := b.out.head()
		if data == nil {
			select {
			case <-ctx.Done():
				return
			case <-b.out.receiptReady:
			}
			continue
		}
		if b.offerReceipt(ctx, data) {
			b.out.pop()
			continue
		}
		if !pause(ctx, b.retry) {
			return
		}
	}
}

func (b *Bus) offerReceipt(ctx context.Context, data []byte) bool {
	if !b.nc.IsConnected() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, receiptWait)
	defer cancel()
	_, err := b.nc.RequestMsgWithContext(ctx, &nats.Msg{Subject: receiptSubject(b.name), Data: data})
	return err == nil
}

// pause waits for d; it returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
