package codec

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The fast ways to filter give what the plain one gives, whatever the length.
func TestTheFastWaysToFilterAgree(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 40; n++ {
		f, x := make([]float32, n), make([]float32, n+3)
		for i := range x {
			x[i] = rnd.Float32()*2 - 1
		}
		for i := range (n + 1) / 2 {
			f[i] = rnd.Float32()*2 - 1
			f[n-1-i] = f[i]
		}
		var want float64
		for i, c := range f {
			want += float64(c) * float64(x[i])
		}
		assert.InDelta(t, want, dot(f, x), 1e-5, n)
		assert.InDelta(t, want, fold(f, x), 1e-5, n)
	}
}

// fold is used where there is one phase; the filter must be symmetrical then.
func TestADecimatorsFilterIsSymmetrical(t *testing.T) {
	for _, to := range []int{8000, 16000} {
		p := newPolyphase(48000, to)
		assert.Equal(t, 1, p.up)
		f := p.phase[0]
		for i := range f {
			assert.InDelta(t, f[i], f[len(f)-1-i], 1e-7, to)
		}
	}
}
