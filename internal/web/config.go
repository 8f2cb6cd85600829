package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/leakytap/leakytap/internal/setting"
)

// DefaultListen is where the daemon listens when nothing is written.
const DefaultListen = "127.0.0.1:8080"

// Config is the server section of the config.
type Config struct {
	// Listen is host:port of the inbox, the API and the endpoints. Port 0 takes a free one.
	Listen string `yaml:"listen" json:"listen"`
	// ExternalURL is the address at which people reach the inbox, for links in
	// cards and behind a proxy; empty uses Listen.
	ExternalURL string `yaml:"external_url" json:"external_url"`
	// MetricsListen is host:port of a second listener that serves /metrics,
	// /-/healthy and /-/ready alone and asks for no login; empty is none.
	MetricsListen string `yaml:"metrics_listen" json:"metrics_listen"`
	Auth          Auth   `yaml:"auth" json:"auth"`
}

// Auth says who may use the inbox and the API. Empty asks nobody, which is
// accepted on loopback alone.
type Auth struct {
	// Tokens are lines name:token, where token is the token itself or sha256:HEX of it.
	Tokens setting.Secret `yaml:"tokens" json:"tokens"`
	// TokensFile names a file with such lines; it is read again at each reload.
	TokensFile string `yaml:"tokens_file" json:"tokens_file"`
}

// On reports whether a login is asked for.
func (a Auth) On() bool { return a.Tokens != "" || a.TokensFile != "" }

// Default is the server section where nothing is written.
func Default() Config { return Config{Listen: DefaultListen} }

// Validate lists the mistakes in c. It opens no file.
func (c Config) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, format string, args ...any) {
		ps = append(ps, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if err := checkAddr(c.Listen); err != nil {
		add("listen", "%v", err)
	} else if !Loopback(c.Listen) && !c.Auth.On() {
		add("listen", "%s can be reached from the network and nothing asks for a login; "+
			"set auth.tokens_file, or listen on %s", c.Listen, DefaultListen)
	}
	if c.MetricsListen != "" {
		if err := checkAddr(c.MetricsListen); err != nil {
			add("metrics_listen", "%v", err)
		} else if c.MetricsListen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			add("metrics_listen", "%s is the address of listen too; choose another port", c.MetricsListen)
		}
	}
	if err := checkExternal(c.ExternalURL); err != nil {
		add("external_url", "%v", err)
	}
	if c.Auth.Tokens != "" && c.Auth.TokensFile != "" {
		add("auth.tokens_file", "tokens and tokens_file are both set; keep one of them")
	} else if c.Auth.Tokens != "" && c.Auth.Tokens.Reveal() != setting.Redacted {
		if _, err := parseTokens(c.Auth.Tokens.Reveal()); err != nil {
			add("auth.tokens", "%v", err)
		}
	}
	return ps
}

// BaseURL is the address of the inbox without a slash at its end: external_url,
// else addr, which is where the daemon really listens.
func (c Config) BaseURL(addr string) string {
	if c.ExternalURL != "" {
		return strings.TrimSuffix(c.ExternalURL, "/")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Loopback reports whether addr (host:port) can be reached from this machine
// alone. A name other than localhost is taken for a network address.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	return loopbackHost(host)
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func checkAddr(addr string) error {
	if addr == "" {
		return fmt.Errorf("no address; write host:port such as %s", DefaultListen)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || strings.ContainsAny(host, "/ ") {
		return fmt.Errorf("%q is no host:port; write %s", addr, DefaultListen)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is no port; write a number from 0 to 65535", port)
	}
	return nil
}

func checkExternal(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	switch {
	case err == nil && u.User != nil:
		return fmt.Errorf("the address of %s holds a user or password; leave it out", u.Host)
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return errors.New("this is no web address; write https://leakytap.example.org")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the address has more than a host; the inbox must stand at the root of %s", u.Host)
	}
	return nil
}
