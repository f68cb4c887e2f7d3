package wire

import "testing"

func TestSmoke(t *testing.T) {
	v := NewVerifier(verifierConfig())
	_, r := v.Verify(packet(t, sealerOf(t).NewStream(slogan, 1, 96), frame(0)), at(0))
	requireRefusal(t, OK, r)
}
