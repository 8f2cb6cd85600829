package alert

import (
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// EmailConfig is a receiver that sends mail through an SMTP server.
type EmailConfig struct {
	// Host is the mail server, Port its port: 587, or 465 with TLS implicit.
	Host string `yaml:"host" json:"host"`
	Port int    `yaml:"port" json:"port"`
	// TLS is starttls, implicit or none.
	TLS string `yaml:"tls" json:"tls"`
	// Username and Password log in; both are empty where nobody has to.
	Username     string         `yaml:"username" json:"username,omitempty"`
	Password     setting.Secret `yaml:"password" json:"password,omitempty"`
	PasswordFile string         `yaml:"password_file" json:"password_file,omitempty"`
	// From is who the mail is from, To who gets it.
	From string `yaml:"from" json:"from"`
	To   Values `yaml:"to" json:"to"`
	// Helo is the name that the server is greeted with; empty is this machine's.
	Helo string `yaml:"helo" json:"helo,omitempty"`
	// Timeout bounds the sending of one mail; Settle is how long a mail whose answer
	// was lost rests before it is sent again.
	Timeout setting.Duration `yaml:"timeout" json:"timeout"`
	Settle  setting.Duration `yaml:"settle" json:"settle"`
}

// The values of EmailConfig.TLS.
const (
	EmailStartTLS = "starttls"
	EmailImplicit = "implicit"
	EmailNoTLS    = "none"
)

// DefaultEmailTimeout bounds the sending of one mail: several questions and
// answers, with servers that take their time for each.
const DefaultEmailTimeout = 30 * time.Second

// The ports that mail servers listen on.
const (
	portSubmission  = 587
	portSubmissions = 465
)

// WithDefaults fills in what is not written.
func (c EmailConfig) WithDefaults() EmailConfig {
	t := Timing{c.Timeout.D(), c.Settle.D()}.or(DefaultEmailTimeout)
	c.Timeout, c.Settle = setting.Duration(t.Timeout), setting.Duration(t.Settle)
	if c.TLS == "" {
		c.TLS = EmailStartTLS
		if c.Port == portSubmissions {
			c.TLS = EmailImplicit
		}
	}
	if c.Port == 0 {
		c.Port = portSubmission
		if c.TLS == EmailImplicit {
			c.Port = portSubmissions
		}
	}
	return c
}

// Validate names every mistake of the mail settings.
func (c *EmailConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, msg string) { ps = append(ps, setting.Problem{Path: path, Msg: msg}) }
	switch {
	case c.Host == "":
		add("host", "email needs the mail server to send through, such as smtp.example.com")
	case strings.ContainsAny(c.Host, "/@ \t") || strings.Contains(c.Host, ":") && net.ParseIP(c.Host) == nil:
		add("host", "host is the mail server's name or address alone, such as smtp.example.com; the port stands in port")
	}
	if c.Port < 0 || c.Port > 65535 {
		add("port", "a port is between 1 and 65535; mail is submitted on 587, or 465 with tls: implicit")
	}
	switch c.TLS {
	case "", EmailStartTLS, EmailImplicit:
	case EmailNoTLS:
		if c.Username != "" && !loopback(c.Host) {
			add("tls", "with tls: none the password would cross the network in the clear; use starttls or implicit, or a server that asks for no login")
		}
	default:
		add("tls", "tls is starttls (port 587), implicit (port 465) or none")
	}
	hasPassword := c.Password != "" || c.PasswordFile != ""
	if c.Username != "" && !hasPassword {
		add("password", "a username needs a password, or password_file with the path of a file that holds it")
	}
	if c.Username == "" && hasPassword {
		add("username", "a password needs the username that it belongs to")
	}
	if c.From == "" {
		add("from", "email needs who the mail is from, such as LeakyTap <alerts@example.com>")
	} else if !isMailbox(c.From) {
		add("from", "from wants one mail address, such as alerts@example.com or LeakyTap <alerts@example.com>")
	}
	if len(c.To) == 0 {
		add("to", "email needs who gets the mail: one address or a list")
	}
	for _, to := range c.To {
		if !isMailbox(to) {
			add("to", "to wants mail addresses, such as support@example.com")
			break
		}
	}
	if strings.ContainsFunc(c.Helo, func(r rune) bool { return r <= ' ' || r > '~' }) {
		add("helo", "helo is one word: the name that this machine is known by")
	}
	return append(ps, checkTimes(c.Timeout, c.Settle)...)
}

// isMailbox reports whether s is one address with a domain, without anything
// that could end a header's line.
func isMailbox(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return false
	}
	at := strings.LastIndexByte(a.Address, '@')
	return at > 0 && at < len(a.Address)-1 && !strings.ContainsAny(a.Address, " <>\"\t")
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
