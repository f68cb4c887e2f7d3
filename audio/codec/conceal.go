package codec

import "math"

// concealer carries lost sound on in the manner of G.711 Appendix I: it repeats
// the last pitch period, seamlessly, while it fades. It works at any sample
// rate and adds no delay: instead of holding sound back to blend at the start
// of a loss, it lets the difference at the join decay.
type concealer struct {
	rate    int
	history []float32 // the last 40 ms given out
	coarse  []float32 // the same at about 8 kHz, for the pitch search
	loop    []float32 // the period that is repeated; empty when nothing is lost
	at      int       // samples concealed since the last good one
	offset  float32   // step at the join, decaying over a quarter period
	heard   bool      // something good came already
}

const (
	concealHold = 10 // ms at full level
	concealEnd  = 60 // ms to silence
	concealBack = 5  // ms of blending into good sound
)

func newConcealer(rate int) *concealer {
	return &concealer{rate: rate, history: make([]float32, rate*40/1000), coarse: make([]float32, 8*40), loop: make([]float32, 0, rate*15/1000)}
}

// good takes a received frame and blends its beginning when sound was lost just
// before.
func (c *concealer) good(frame []float32) {
	if c.at > 0 {
		n := min(c.rate*concealBack/1000, len(frame))
		for i := range n {
			w := float32(i+1) / float32(n+1)
			frame[i] = frame[i]*w + c.next()*(1-w)
		}
		c.at, c.loop = 0, c.loop[:0]
	}
	c.heard = true
	c.remember(frame)
}

// fill writes a frame in place of a lost one.
func (c *concealer) fill(frame []float32) {
	if c.at == 0 && c.heard {
		c.begin()
	}
	for i := range frame {
		frame[i] = c.next()
	}
	c.remember(frame)
}

// begin finds the period and prepares the loop.
func (c *concealer) begin() {
	h := c.history
	p := c.period()
	q := p / 4
	c.loop = append(c.loop[:0], h[len(h)-p:]...)
	// The end of the loop turns into what once came before its beginning.
	for j := range q {
		w := float32(j+1) / float32(q+1)
		i := p - q + j
		c.loop[i] = c.loop[i]*(1-w) + h[len(h)-p-q+j]*w
	}
	c.offset = h[len(h)-1] - h[len(h)-p-1]
}

// next gives one sample of lost sound.
func (c *concealer) next() float32 {
	i := c.at
	c.at++
	if len(c.loop) == 0 {
		return 0
	}
	hold, end := c.rate*concealHold/1000, c.rate*concealEnd/1000
	if i >= end {
		c.at = end + 1
		return 0
	}
	x := c.loop[i%len(c.loop)]
	if q := len(c.loop) / 4; i < q {
		x += c.offset * float32(q-i) / float32(q+1)
	}
	if i > hold {
		x *= float32(end-i) / float32(end-hold)
	}
	return x
}

// remember appends what was given out to the history.
func (c *concealer) remember(frame []float32) {
	n := min(len(frame), len(c.history))
	copy(c.history, c.history[n:])
	copy(c.history[len(c.history)-n:], frame[len(frame)-n:])
}

// period is the lag, 5…15 ms, at which the last 20 ms are most like themselves.
// Sound without a pitch gets the longest one, lest a hiss turn into a buzz.
func (c *concealer) period() int {
	step := c.rate / 8000
	for i := range c.coarse {
		var sum float32
		for _, x := range c.history[i*step:][:step] {
			sum += x
		}
		c.coarse[i] = sum
	}
	lag, score := bestLag(c.coarse, 8*20, 8*5, 8*15)
	if score < 0.4 {
		return c.rate * 15 / 1000
	}
	if step > 1 {
		lag, _ = bestLag(c.history, c.rate*20/1000, max(lag*step-step, c.rate*5/1000), min(lag*step+step, c.rate*15/1000))
	}
	return lag
}

// bestLag compares the last window samples of x with those lag earlier and gives
// the lag of the highest normalised correlation.
func bestLag(x []float32, window, from, to int) (lag int, score float64) {
	now := x[len(x)-window:]
	var power float64
	for _, v := range now {
		power += float64(v * v)
	}
	lag, score = to, -1
	for l := from; l <= to; l++ {
		then := x[len(x)-window-l:][:window]
		var dot, energy float32
		for i, v := range then {
			dot += v * now[i]
			energy += v * v
		}
		if s := float64(dot) / math.Sqrt(power*float64(energy)+1e-12); s > score {
			lag, score = l, s
		}
	}
	return lag, score
}
