package codec

import "math/bits"

// G.711 compands 14-bit (µ-law) or 13-bit (A-law) samples to 8 bits: sign,
// 3 bits of segment, 4 bits of step, sent complemented (µ-law) or with every
// other bit flipped (A-law). RFC 3551 §4.5.14.

const (
	muBias = 132   // 33 in 14-bit terms, moves every segment to a power of two
	muClip = 32635 // the largest magnitude that stays in 15 bits with the bias
	aFlip  = 0x55
)

// packMu appends µ-law bytes.
func packMu(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		x, sign := int(s), byte(0)
		if x < 0 {
			x, sign = -x, 0x80
		}
		x = min(x, muClip) + muBias
		segment := bits.Len(uint(x)) - 8
		dst = append(dst, ^(sign | byte(segment<<4) | byte(x>>(segment+3)&15)))
	}
	return dst
}

// packA appends A-law bytes.
func packA(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		x, sign := int(s), byte(0x80)
		if x < 0 {
			x, sign = -x-1, 0 // one's complement, so that −1…−16 is the lowest step
		}
		b := byte(x >> 4)
		if segment := bits.Len(uint(x)) - 8; segment > 0 {
			b = byte(segment<<4) | byte(x>>(segment+3)&15)
		}
		dst = append(dst, (sign|b)^aFlip)
	}
	return dst
}

// unpackMu is the inverse of packMu, each step at its middle.
func unpackMu(pcm []int16, payload []byte) {
	for i, b := range payload {
		b = ^b
		x := (int(b&15)<<3+muBias)<<(b>>4&7) - muBias
		if b&0x80 != 0 {
			x = -x
		}
		pcm[i] = int16(x)
	}
}

// unpackA is the inverse of packA.
func unpackA(pcm []int16, payload []byte) {
	for i, b := range payload {
		b ^= aFlip
		x := int(b&15)<<4 + 8
		if segment := b >> 4 & 7; segment > 0 {
			x = (x + 256) << (segment - 1)
		}
		if b&0x80 == 0 {
			x = -x
		}
		pcm[i] = int16(x)
	}
}
