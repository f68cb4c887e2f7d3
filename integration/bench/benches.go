package main

import "io"

// bench is one measurement: its name for -only, what it tells, and how. run
// returns what it has measured even when it fails later on.
type bench struct {
	name, what string
	run        func(r *rig) ([]figure, error)
}

// quickBenches are those of the quick run, which takes less than 45 s. The
// others need longer to say anything; -only runs them shortened, too.
var quickBenches = []string{"packet", "fanout", "programmes", "first", "playing", "thousand", "pacing"}

// benches is the table of all measurements, in the order in which they run.
var benches = []bench{
	{"packet", "encode + seal + send, and verify, per packet", packet},
	{"fanout", "one packet to 1,000 groups", fanout},
	{"programmes", "distinct signed 20 ms programmes, truly paced, per core", programmes},
	{"first", "request at the API → first packet, by the kernel's stamp", firstPacket},
	{"pacing", "how late packets are: 1, 100, 500, 1,000 programmes; idle, busy API, uploads and CPU hogs", pacing},
	{"sample", "emergency: request at the API → first sample out of the loudspeaker, through oto and a virtual sound card", firstSample},
	{"playing", "memory and processor time of controller and node while they play", playing},
	{"live", "a live voice from microphone to loudspeaker, virtual ones, and with the processors busy", liveLatency},
	{"liveoto", "the same through oto into a PulseAudio null sink", liveLatencyOto},
	{"thousand", "1,000 simulated loudspeakers: the verdict after an all-call, the controller's memory and processor time", thousand},
	{"skew", "how far eight loudspeakers with bad clocks are apart, whatever happens", skew},
	{"loudness", "loudness of real recordings before and after, against ffmpeg's ebur128", loudness},
	{"preempt", "what is missing when a programme gives way to a higher one, from recordings", preempt},
	{"faults", "from the death of a loudspeaker's program until the controller shows it", faults},
	{"plan", "a look at the clock with 10 and 10,000 campaigns, and a month of 10,000 campaigns previewed", plan},
	{"journal", "pages of a journal of 1,000,000 entries, through the API", journal},
}

// onRequest are measurements that take long or need other programs: they run
// only when -only names them.
var onRequest = []bench{
	{"peers", "latency, skew and processor time beside snapcast, GStreamer, ffmpeg, trx and PulseAudio's RTP", comparePeers},
	{"soak", "20 minutes on air with a busy API: heap and goroutines stay flat", soak},
}

// rig is what a bench is run with.
type rig struct {
	bin   string    // folder of the programs
	quick bool      // fewer repeats
	log   io.Writer // for what is no figure
}

// pick returns how many repeats this run takes.
func (r *rig) pick(full, quick int) int {
	if r.quick {
		return quick
	}
	return full
}
