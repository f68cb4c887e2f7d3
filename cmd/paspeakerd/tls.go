package main

import "crypto/tls"

// tlsConfig shows the daemon's certificate; TLS 1.3 at least.
func tlsConfig(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}
}

// natsTLS is what the NATS server shows: nothing on loopback.
func (d *server) natsTLS() *tls.Config {
	if loopback(d.opts.nats) {
		return nil
	}
	return tlsConfig(d.identity.TLS)
}

// natsCert is what nodes trust for NATS; nil where it is plain, and where an
// external server has a certificate of its own.
func (d *server) natsCert() []byte {
	if d.hub == nil || loopback(d.opts.nats) {
		return nil
	}
	return d.identity.TLS.Certificate[0]
}
