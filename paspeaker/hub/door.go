package hub

import (
	"encoding/base64"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"pa/paspeaker"
)

// door decides who comes in and what they may say and hear. It implements
// server.Authentication.
type door struct {
	seed, public string // the controller's nkey
	allow        func(string) (string, bool)
}

func newDoor(allow func(string) (string, bool)) (*door, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "make the controller's nkey", Err: err}
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "make the controller's nkey", Err: err}
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "make the controller's nkey", Err: err}
	}
	return &door{seed: string(seed), public: public, allow: allow}, nil
}

// Check implements server.Authentication: the client has signed the nonce with
// an nkey that is known.
func (d *door) Check(c server.ClientAuthentication) bool {
	if c.Kind() != server.CLIENT {
		return false
	}
	public := c.GetOpts().Nkey
	if !signed(public, c.GetNonce(), c.GetOpts().Sig) {
		return false
	}
	if public == d.public {
		c.RegisterUser(&server.User{})
		return true
	}
	id := d.node(public)
	if id == "" {
		return false
	}
	c.RegisterUser(&server.User{Permissions: permissions(id)})
	return true
}

// node returns the id behind a public key, "" when it has none. An id that is
// not one could carry a wildcard into the permissions.
func (d *door) node(public string) string {
	if d.allow == nil {
		return ""
	}
	id, ok := d.allow(public)
	if !ok || !paspeaker.ValidID(id) {
		return ""
	}
	return id
}

func signed(public string, nonce []byte, sig string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || len(nonce) == 0 || !nkeys.IsValidPublicUserKey(public) {
		return false
	}
	key, err := nkeys.FromPublicKey(public)
	return err == nil && key.Verify(nonce, raw) == nil
}

// permissions are a node's own subjects: see pa/paspeaker/bus, subjects.go.
func permissions(id string) *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			"pa.presence." + id, "pa.receipt." + id, "pa.config.get." + id, "pa.program.get." + id,
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{
			"pa.node." + id + ".>", "_INBOX." + id + ".>",
		}},
		// A command is answered once, to whoever sent it, and only the
		// controller can send one.
		Response: &server.ResponsePermission{MaxMsgs: 1, Expires: paspeaker.MaxCommandTime + time.Minute},
	}
}
