package schedule

import (
	"hash/fnv"
	"math/rand/v2"

	"pa/paspeaker"
)

// rotation says whose turn it is in a campaign's n-th run, n from 0. It knows
// nothing but the campaign and n: what a preview shows is what will be said,
// after a restart too.
type rotation struct {
	messages []paspeaker.CampaignMessage
	order    paspeaker.Rotation
	seed     uint64
	sequence []uint8 // weighted: one round
}

func newRotation(c *paspeaker.Campaign) rotation {
	h := fnv.New64a()
	h.Write([]byte(c.ID))
	r := rotation{messages: c.Messages, order: c.Order, seed: h.Sum64()}
	if c.Order == paspeaker.RotateWeighted {
		r.sequence = spread(c.Messages)
	}
	return r
}

// message returns the message of the n-th run.
func (r *rotation) message(n int) string {
	if len(r.messages) == 0 {
		return ""
	}
	return r.messages[r.index(n)].Name
}

func (r *rotation) index(n int) int {
	m := len(r.messages)
	n = max(n, 0)
	switch {
	case len(r.sequence) > 0:
		return int(r.sequence[n%len(r.sequence)])
	case r.order != paspeaker.RotateShuffled || m < 3: // two can only take turns
		return n % m
	}
	round, i := n/m, n%m
	now := r.shuffle(round)
	if round > 0 && now[0] == r.shuffle(round - 1)[m-1] {
		now[0], now[1] = now[1], now[0] // never the same twice in a row
	}
	return now[i]
}

// shuffle returns the order of one round.
func (r *rotation) shuffle(round int) []int {
	return rand.New(rand.NewPCG(r.seed, uint64(round))).Perm(len(r.messages))
}

// spread returns a round in which every message has its share, and those of one
// message are spread over it.
func spread(messages []paspeaker.CampaignMessage) []uint8 {
	weights := make([]int, len(messages))
	divisor := 0
	for i, m := range messages {
		weights[i] = max(m.Weight, 1)
		divisor = gcd(divisor, weights[i])
	}
	total := 0
	for i := range weights {
		weights[i] /= divisor
		total += weights[i]
	}
	credit := make([]int, len(weights))
	out := make([]uint8, total)
	for i := range out {
		best := 0
		for j := range credit {
			credit[j] += weights[j]
			if credit[j] > credit[best] {
				best = j
			}
		}
		credit[best] -= total
		out[i] = uint8(best)
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
