package controller

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/state"
)

// Identity is what a controller is known by: the root key that nodes pin, the
// site secret that per-node keys are derived from, the API's token and
// certificate, and the term of this run.
type Identity struct {
	Root   ed25519.PrivateKey
	Secret []byte // 32 bytes
	Token  string // bearer token of the API
	TLS    tls.Certificate
	Term   uint32
	New    bool  // the token was made now
	Fault  error // the term could not be kept on disk; voice goes on
}

// LoadIdentity reads the identity from the state directory and makes what is
// missing. The term rises with every call: max(last + 1, Unix seconds), so
// that packets of an earlier run are refused by every node that heard a later
// one. A disk that takes no more writes is a Fault, not an error, as long as
// the keys can be read.
func LoadIdentity(dir *state.Dir, now time.Time) (*Identity, error) {
	seed, _, err := dir.Secret("root.key", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	id := &Identity{Root: ed25519.NewKeyFromSeed(seed)}
	if id.Secret, _, err = dir.Secret("site.secret", 32); err != nil {
		return nil, err
	}
	token, made, err := dir.Secret("token", 32)
	if err != nil {
		return nil, err
	}
	id.Token, id.New = hex.EncodeToString(token), made
	if id.TLS, err = loadCertificate(dir, now); err != nil {
		return nil, err
	}
	last, err := readTerm(dir)
	if err != nil {
		return nil, err
	}
	id.Term = max(last+1, uint32(now.Unix()))
	id.Fault = dir.Write("term", []byte(strconv.FormatUint(uint64(id.Term), 10)+"\n"))
	return id, nil
}

func readTerm(dir *state.Dir) (uint32, error) {
	b, err := dir.Read("term")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read term: %w", err)
	}
	v, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32)
	if err != nil {
		return 0, &paspeaker.Error{Code: paspeaker.CodeInternal,
			What: dir.Path("term") + " is damaged: " + strconv.Quote(string(b)),
			Hint: "write the time of now in Unix seconds into it: date +%s"}
	}
	return uint32(v), nil
}

// Fingerprint returns the SHA-256 of the API's certificate, in hexadecimal:
// what a join token carries and a client pins.
func (id *Identity) Fingerprint() string {
	sum := sha256.Sum256(id.TLS.Certificate[0])
	return hex.EncodeToString(sum[:])
}

func loadCertificate(dir *state.Dir, now time.Time) (tls.Certificate, error) {
	pair, err := dir.Read("tls.pem")
	if errors.Is(err, fs.ErrNotExist) {
		if pair, err = makeCertificate(now); err == nil {
			err = dir.Write("tls.pem", pair)
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("load certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(pair, pair)
	if err != nil {
		return cert, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read " + dir.Path("tls.pem"), Err: err,
			Hint: "restore it from a backup; a new one means that clients must pin a new fingerprint"}
	}
	return cert, nil
}

// makeCertificate returns a self-signed pair in one PEM. Clients pin its
// fingerprint, so the names in it matter little and it may live long.
func makeCertificate(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "paspeakerd"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(20, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"paspeakerd", "localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},

		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	priv, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: priv})...), nil
}
