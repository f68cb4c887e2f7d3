package ingest

// overviewBins is how many columns a picture of the wave has.
const overviewBins = 480

// overview is a picture of the wave: the peak of each of up to 480 equal parts,
// linear, 255 is full scale.
func overview(pcm []int16) []byte {
	bins := min(overviewBins, len(pcm))
	out := make([]byte, bins)
	for i := range out {
		peak := 0
		for _, v := range pcm[i*len(pcm)/bins : (i+1)*len(pcm)/bins] {
			peak = max(peak, magnitude(v))
		}
		out[i] = byte(min(peak>>7, 255))
	}
	return out
}
