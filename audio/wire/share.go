package wire

import (
	"fmt"
	"net"
	"os"
)

// Descriptor calls f with the descriptor of the socket, which stays the
// server's: f may pass it to another process, whose NewUnitSender then sends
// from the same port.
func (s *ClockServer) Descriptor(f func(fd int) error) error { return onFD(s.sock.conn, f) }

// NewUnitSender returns a Sender on a ClockServer's socket, by a file of its
// descriptor: voice to nodes behind NAT comes from where their questions went.
// It takes the file over.
func NewUnitSender(f *os.File) (*Sender, error) {
	defer f.Close()
	pc, err := net.FilePacketConn(f)
	if err != nil {
		return nil, fmt.Errorf("open unit sender: %w", err)
	}
	conn, ok := pc.(*net.UDPConn)
	if !ok {
		pc.Close()
		return nil, fmt.Errorf("open unit sender: %T is not UDP", pc)
	}
	return &Sender{conn: conn}, nil
}
