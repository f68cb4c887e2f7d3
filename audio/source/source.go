// Package source is where sound comes from: recordings of any usual format,
// tones, chimes and alert signals made on the spot, live callers and the
// microphone; and how they are put together. Everything it gives is an
// audio.Source: mono at 48 kHz.
package source
