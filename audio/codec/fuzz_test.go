package codec

import "testing"

// fuzz gives a decoder garbage between good frames: it refuses or plays, within
// bounds, and can always go on.
func fuzz(f *testing.F, name string) {
	p := profile(f, name)
	enc, err := NewEncoder(p)
	if err != nil {
		f.Fatal(err)
	}
	good, err := enc.Encode(nil, voice(p.Frame))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Add([]byte{0xFF, 0x3F, 0xFF})
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, dec := open(t, p)
		out := make([]float32, p.Frame)
		for _, b := range [][]byte{good, payload, nil, payload, good} {
			n, err := dec.Decode(out, b)
			if (err == nil) != (n == p.Frame) {
				t.Fatalf("%d samples and error %v", n, err)
			}
			requireSane(t, out)
			if r, ok := dec.(Recoverer); ok && len(b)%2 == 1 {
				r.Recover(out, payload)
				requireSane(t, out)
			}
			if dec.Conceal(out) != p.Frame {
				t.Fatal("short concealment")
			}
			requireSane(t, out)
		}
	})
}

func FuzzL16(f *testing.F)      { fuzz(f, "l16") }
func FuzzL16Plain(f *testing.F) { fuzz(f, "l16-plain") }
func FuzzPCMU(f *testing.F)     { fuzz(f, "pcmu") }
func FuzzPCMA(f *testing.F)     { fuzz(f, "pcma") }
func FuzzG722(f *testing.F)     { fuzz(f, "g722") }
func FuzzOpus(f *testing.F)     { fuzz(f, "opus") }
