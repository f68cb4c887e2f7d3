package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Full blocks of the index are kept in a stream of their own, one message a
// block, so that a start need not read a year of entries. What is there is a
// shortcut and no more: without it the entries are read again.
const (
	indexStream = "PA_JOURNAL_INDEX"
	indexPrefix = "pa.journal-index."
	indexBytes  = 256 << 20
	keepVersion = 1
)

// keep writes the blocks that became full. What cannot be written is left for
// the next start.
func (j *Journal) keep(ctx context.Context) {
	j.shelf.mu <- struct{}{}
	ready := j.shelf.unkept
	j.shelf.unkept = nil
	var texts [][]byte
	for _, k := range ready {
		texts = append(texts, j.shelf.index.encode(k))
	}
	release(j.shelf.mu)
	for i, k := range ready {
		if err := j.keepOne(ctx, k, texts[i]); err != nil && ctx.Err() == nil {
			j.bus.log.Debug("journal index not kept", "block", k, "err", err)
		}
	}
}

func (j *Journal) keepOne(ctx context.Context, k uint64, text []byte) error {
	if text == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	m := &nats.Msg{Subject: indexSubject(k), Data: text}
	_, err := j.bus.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		_, err = j.bus.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: indexStream, Description: "an index of " + journalStream + "; may be deleted", Subjects: []string{indexPrefix + "*"},
			Storage: jetstream.FileStorage, MaxMsgsPerSubject: 1, MaxBytes: indexBytes, MaxAge: journalAge, AllowDirect: true,
		})
		if err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			_, err = j.bus.js.PublishMsg(ctx, m)
		}
	}
	return err
}

func indexSubject(k uint64) string { return indexPrefix + strconv.FormatUint(k, 10) }

// recall takes block k from what was kept; false when it is not there or not
// of this stream.
func (j *Journal) recall(ctx context.Context, s jetstream.Stream, k uint64) bool {
	kept, err := j.bus.js.Stream(ctx, indexStream)
	if err != nil {
		return false
	}
	m, err := kept.GetLastMsgForSubject(ctx, indexSubject(k))
	if err != nil {
		return false
	}
	if acquire(ctx, j.shelf.mu) != nil {
		return false
	}
	defer release(j.shelf.mu)
	if err := j.shelf.index.decode(k, m.Data); err != nil {
		j.bus.log.Debug("journal index", "stream", s.CachedInfo().Config.Name, "block", k, "err", err)
		return false
	}
	return true
}

// encode writes block k, nil when it is not full:
//
//	version (1) | stream's creation, Unix ns (8) | block (8)
//	four lists of words: what, by, zones, campaign; each a count (uvarint) and
//	its words, each a length (uvarint) and its bytes
//	six columns of blockLen cells, little-endian: time (4), session (4), what,
//	by, zones, campaign (2 each: a number in the block's own list)
//	CRC-32C of all before (4)
func (x *index) encode(k uint64) []byte {
	b := x.blocks[k]
	if b == nil || b.n != blockLen {
		return nil
	}
	out := make([]byte, 0, blockLen*16+4096)
	out = append(out, keepVersion)
	out = binary.LittleEndian.AppendUint64(out, uint64(x.created.UnixNano()))
	out = binary.LittleEndian.AppendUint64(out, k)
	var cells [4][]uint16
	for i, c := range x.columns(b) {
		var own []string
		own, cells[i] = localise(c.words, c.cells)
		out = binary.AppendUvarint(out, uint64(len(own)))
		for _, w := range own {
			out = binary.AppendUvarint(out, uint64(len(w)))
			out = append(out, w...)
		}
	}
	for _, v := range b.at {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	for _, v := range b.session {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	for _, column := range cells {
		for _, v := range column {
			out = binary.LittleEndian.AppendUint16(out, v)
		}
	}
	return appendChecksum(out)
}

func appendChecksum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// column is one column of words, with the words of the whole index.
type column struct {
	words *words
	cells []uint16
}

func (x *index) columns(b *block) [4]column {
	return [4]column{{&x.what, b.what[:]}, {&x.by, b.by[:]}, {&x.zones, b.zones[:]}, {&x.campaign, b.campaign[:]}}
}

// localise returns the words that occur in cells, and the cells as numbers in
// that list from 1 on; 0 and otherWord stay what they are.
func localise(w *words, cells []uint16) (own []string, out []uint16) {
	to := map[uint16]uint16{0: 0, otherWord: otherWord}
	out = make([]uint16, len(cells))
	for i, c := range cells {
		n, known := to[c]
		if !known {
			own = append(own, w.list[c])
			n = uint16(len(own))
			to[c] = n
		}
		out[i] = n
	}
	return own, out
}

// decode reads what encode wrote into block k.
func (x *index) decode(k uint64, data []byte) error {
	size := len(data) - 4
	if size < 0 || crc32.Checksum(data[:size], castagnoli()) != binary.LittleEndian.Uint32(data[size:]) {
		return fmt.Errorf("block %d of the journal's index is damaged", k)
	}
	r := &reading{b: data[:size]}
	version, created, key := r.byte(), r.uint64(), r.uint64()
	if r.bad || version != keepVersion || key != k || !x.created.Equal(time.Unix(0, int64(created))) {
		return fmt.Errorf("block %d of the journal's index is of another kind or journal", k)
	}
	b := &block{n: blockLen}
	var to [4][]uint16 // from the block's numbers to the index's
	for i, c := range x.columns(b) {
		to[i] = []uint16{0}
		for range min(r.uvarint(), blockLen) {
			to[i] = append(to[i], c.words.of(string(r.take(r.uvarint()))))
		}
	}
	r.uint32s(b.at[:])
	r.uint32s(b.session[:])
	for i, c := range x.columns(b) {
		r.uint16s(c.cells, to[i])
	}
	if r.bad || len(r.b) != 0 {
		return fmt.Errorf("block %d of the journal's index is damaged", k)
	}
	for i, at := range b.at {
		if b.what[i] != 0 {
			b.span(at)
		}
	}
	x.blocks[k] = b
	return nil
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// reading takes numbers and bytes off a slice; bad says that there were too
// few.
type reading struct {
	b   []byte
	bad bool
}

func (r *reading) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reading) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reading) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reading) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reading) uint32s(out []uint32) {
	raw := r.take(4 * uint64(len(out)))
	for i := range len(raw) / 4 {
		out[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
}

// uint16s reads cells and puts them into the index's numbers.
func (r *reading) uint16s(out, to []uint16) {
	raw := r.take(2 * uint64(len(out)))
	for i := range len(raw) / 2 {
		switch n := binary.LittleEndian.Uint16(raw[2*i:]); {
		case n == otherWord:
			out[i] = n
		case int(n) < len(to):
			out[i] = to[n]
		default:
			r.bad = true
		}
	}
}
