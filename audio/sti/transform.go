package sti

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// transform is the discrete Fourier transform of x in place, without a scale;
// the length of x is a power of two (Cooley and Tukey, radix 2).
func transform(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := 64 - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	roots := make([]complex128, n/2)
	for i := range roots {
		roots[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n))
	}
	for size := 2; size <= n; size *= 2 {
		step := n / size
		for begin := 0; begin < n; begin += size {
			half := x[begin : begin+size]
			for i := range size / 2 {
				a, b := half[i], half[i+size/2]*roots[i*step]
				half[i], half[i+size/2] = a+b, a-b
			}
		}
	}
}
