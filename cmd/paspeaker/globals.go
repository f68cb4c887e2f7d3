package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// globals are the flags that every command has, and its streams.
type globals struct {
	url, tokenFile, fingerprint, by string

	json        bool
	out, errOut io.Writer
	in          io.Reader
}

// configFile is ~/.config/paspeaker/config.yaml.
type configFile struct {
	URL         string `yaml:"url"`
	TokenFile   string `yaml:"token_file"`
	Fingerprint string `yaml:"fingerprint"`
	By          string `yaml:"by"`
}

// client returns a client of the controller that flags, environment, the
// configuration file and the defaults name, in this order.
func (g *globals) client() (*client.Client, error) {
	file, err := readConfig()
	if err != nil {
		return nil, err
	}
	tokenFile := first(g.tokenFile, os.Getenv("PASPEAKER_TOKEN_FILE"), file.TokenFile)
	token, err := g.findToken(tokenFile)
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{
		URL:         g.controllerURL(file),
		Token:       token,
		Fingerprint: first(g.fingerprint, os.Getenv("PASPEAKER_FINGERPRINT"), file.Fingerprint),
		By:          g.byName(file),
		Agent:       "paspeaker/" + version,
	})
}

// who is who asks, for lists and journal.
func (g *globals) who() (string, error) {
	file, err := readConfig()
	return g.byName(file), err
}

func (g *globals) byName(file configFile) string {
	return first(g.by, os.Getenv("PASPEAKER_BY"), file.By, login())
}

// controllerURL is where the controller is.
func (g *globals) controllerURL(file configFile) string {
	return first(g.url, os.Getenv("PASPEAKER_URL"), file.URL, "http://127.0.0.1:7080")
}

// controllerHost is the controller's "host:port", for nodes.
func (g *globals) controllerHost() (string, error) {
	file, err := readConfig()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(g.controllerURL(file))
	if err != nil {
		return "", usageError{fmt.Errorf("the controller's URL: %w", err)}
	}
	return u.Host, nil
}

// login is who is logged in here; cron and containers may leave USER unset.
func login() string {
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func readConfig() (configFile, error) {
	var c configFile
	dir, err := os.UserConfigDir()
	if err != nil {
		return c, nil // no home, no configuration
	}
	name := filepath.Join(dir, "paspeaker", "config.yaml")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("read %s: %v", name, err),
			Hint: "it may say url, token_file, fingerprint and by", Err: err}
	}
	return c, nil
}

// findToken reads the token from name, or from where the controller leaves it.
func (g *globals) findToken(name string) (string, error) {
	names := []string{name}
	if name == "" {
		names = []string{"/var/lib/paspeaker/token", "state/token"}
	}
	var err error
	for _, n := range names {
		var token string
		token, err = readToken(n)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			break
		}
		if fi, serr := os.Stat(n); serr == nil && fi.Mode().Perm()&0o007 != 0 {
			fmt.Fprintf(g.errOut, "warning: others may read the token in %s; chmod 600 it\n", n)
		}
		return token, nil
	}
	return "", &paspeaker.Error{Code: paspeaker.CodeDenied, What: fmt.Sprintf("read token: %v", err),
		Hint: "name the file that paspeakerd printed at its first start with --token-file or PASPEAKER_TOKEN_FILE", Err: err}
}

// readToken reads a token file.
func readToken(name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}
