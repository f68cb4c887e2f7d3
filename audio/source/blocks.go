package source

import "pa/audio"

const (
	blocksWatch = 2 * audio.Rate // samples read; how long a block is remembered at least
	piecesWatch = audio.Rate / 3
	blocksFine  = audio.Rate / 100 // what a microphone gives
	blocksMax   = audio.Rate / 2   // longer is not a block but a stall
)

// blocks learns how much sound a caller hands over at a time: a microphone
// gives 10 ms, a recorder on a pipe an eighth of a second, a relay more. That
// much has to wait, or the end of one block and the beginning of the next are
// cut off. One long block is a stall, which is caught up with; two within a few
// seconds are the caller's way. Numbers are samples at the caller's rate.
type blocks struct {
	rate   int
	now    int       // written since the last read
	recent [2]twoTop // of this watch, and of the one before
	piece  [2]int    // the longest that was written at once, of a shorter watch and the one before
	pieces int       // samples at 48 kHz read in it
	heard  bool
	read   int  // samples at 48 kHz in this watch
	begun  bool // somebody reads
}

// twoTop is the longest and the second longest block of a watch.
type twoTop struct{ first, second int }

func (t *twoTop) add(n int) {
	if n > t.first {
		t.first, t.second = n, t.first
	} else {
		t.second = max(t.second, n)
	}
}

// wrote takes in that n samples came, in pieces of at most so many.
func (b *blocks) wrote(n, piece int) {
	b.now += n
	b.piece[0] = max(b.piece[0], piece)
}

// looked takes in that n samples at 48 kHz are read now: what came since the
// last time is a block.
func (b *blocks) looked(n int) {
	if b.now > 0 {
		if b.now <= b.at(blocksMax) {
			b.recent[0].add(b.now)
			if !b.heard { // of the first nothing else is known
				b.recent[0].add(b.now)
			}
		}
		if !b.heard { // a backlog: it says nothing of the pieces to come
			b.piece[0] = 0
		}
		b.heard, b.now = true, 0
	}
	b.begun = true
	if b.pieces += n; b.pieces >= piecesWatch {
		b.piece[1], b.piece[0], b.pieces = b.piece[0], 0, 0
	}
	if b.read += n; b.read >= blocksWatch {
		b.recent[1], b.recent[0], b.read = b.recent[0], twoTop{}, 0
	}
}

// beyond is by how much the caller's blocks are longer than what a microphone
// gives: that much more has to wait.
func (b *blocks) beyond() int {
	if b.begun && !b.heard {
		return b.at(blocksMax) // the first, however long
	}
	t := b.recent[0]
	t.add(b.recent[1].first)
	t.add(b.recent[1].second)
	return max(0, t.second-b.at(blocksFine))
}

// fine is how long the caller's blocks are, as far as a microphone's are.
func (b *blocks) fine() int {
	return min(max(b.piece[0], b.piece[1]), b.at(blocksFine))
}

// at turns samples at 48 kHz into samples at the caller's rate.
func (b *blocks) at(n int) int { return int(int64(n) * int64(b.rate) / audio.Rate) }
