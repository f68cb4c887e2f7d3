package codec

import "encoding/binary"

// packL16 appends 16-bit samples in network order (RFC 3551 §4.5.11).
func packL16(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		dst = binary.BigEndian.AppendUint16(dst, uint16(s))
	}
	return dst
}

// unpackL16 is the inverse of packL16; len(payload) is 2·len(pcm).
func unpackL16(pcm []int16, payload []byte) {
	for i := range pcm {
		pcm[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
}
