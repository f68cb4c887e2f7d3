package wire

import "testing"

func BenchmarkSeal(b *testing.B) {
	st := sealerOf(b).NewStream(slogan, 1, 96)
	f := frame(0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.Packet(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	st := sealerOf(b).NewStream(slogan, 1, 96)
	var log [][]byte
	for i := range int64(2000) {
		log = append(log, packet(b, st, frame(i*10)))
	}
	v := NewVerifier(verifierConfig())
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(log) {
			b.StopTimer()
			v, i = NewVerifier(verifierConfig()), 0
			b.StartTimer()
		}
		if _, r := v.Verify(log[i], at(int64(i)*10)); r != OK {
			b.Fatal(r)
		}
		i++
	}
}

func BenchmarkBadTag(b *testing.B) {
	p := packet(b, sealerOf(b).NewStream(slogan, 1, 96), frame(0))
	p[offTag] ^= 1
	v := NewVerifier(verifierConfig())
	v.untagged = bucket{begun: true} // spent
	b.ReportAllocs()
	for b.Loop() {
		if _, r := v.Verify(p, at(0)); r != Flood {
			b.Fatal(r)
		}
	}
}
