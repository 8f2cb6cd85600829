package alert

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// The defaults of receivers that say nothing else.
const (
	DefaultTimeout = 10 * time.Second
	DefaultSettle  = 15 * time.Second
)

// Timing is how long a receiver of any kind waits.
type Timing struct {
	// Timeout bounds one call; Settle is how long a message whose answer was lost rests.
	Timeout, Settle time.Duration
}

// Timing is the receiver's own, or the default of its kind.
func (c *ReceiverConfig) Timing() Timing {
	switch {
	case c.Slack != nil:
		return Timing{c.Slack.Timeout.D(), c.Slack.Settle.D()}.or(DefaultSlackTimeout)
	case c.Webhook != nil:
		return Timing{c.Webhook.Timeout.D(), c.Webhook.Settle.D()}.or(DefaultTimeout)
	case c.PagerDuty != nil:
		return Timing{c.PagerDuty.Timeout.D(), c.PagerDuty.Settle.D()}.or(DefaultTimeout)
	case c.Email != nil:
		return Timing{c.Email.Timeout.D(), c.Email.Settle.D()}.or(DefaultEmailTimeout)
	case c.Alertmanager != nil:
		return Timing{c.Alertmanager.Timeout.D(), c.Alertmanager.Settle.D()}.or(DefaultTimeout)
	}
	return Timing{}.or(DefaultTimeout)
}

// or fills in what is not written.
func (t Timing) or(timeout time.Duration) Timing {
	if t.Timeout == 0 {
		t.Timeout = timeout
	}
	if t.Settle == 0 {
		t.Settle = DefaultSettle
	}
	return t
}

// WithDefaults fills in what is not written.
func (c *ReceiverConfig) WithDefaults() ReceiverConfig {
	out, t := *c, c.Timing()
	switch {
	case c.Slack != nil:
		full := c.Slack.WithDefaults()
		out.Slack = &full
	case c.Webhook != nil:
		full := *c.Webhook
		full.Timeout, full.Settle = setting.Duration(t.Timeout), setting.Duration(t.Settle)
		out.Webhook = &full
	case c.PagerDuty != nil:
		full := c.PagerDuty.WithDefaults()
		out.PagerDuty = &full
	case c.Email != nil:
		full := c.Email.WithDefaults()
		out.Email = &full
	case c.Alertmanager != nil:
		full := c.Alertmanager.WithDefaults()
		out.Alertmanager = &full
	}
	return out
}

// Secrets are all that the receiver holds: a change of one changes the receiver.
func (c *ReceiverConfig) Secrets() []setting.Secret {
	switch {
	case c.Slack != nil:
		return []setting.Secret{c.Slack.Token, c.Slack.SigningSecret, c.Slack.AppToken, c.Slack.WebhookURL}
	case c.Webhook != nil:
		return []setting.Secret{c.Webhook.URL, c.Webhook.Secret}
	case c.PagerDuty != nil:
		return []setting.Secret{c.PagerDuty.RoutingKey}
	case c.Email != nil:
		return []setting.Secret{c.Email.Password}
	case c.Alertmanager != nil:
		return []setting.Secret{c.Alertmanager.Token, c.Alertmanager.Password}
	}
	return nil
}

// WebhookConfig is a receiver that is called over HTTP, each call signed as
// Standard Webhooks has it.
type WebhookConfig struct {
	// URL is called; it may hold a secret of its own.
	URL     setting.Secret `yaml:"url" json:"url,omitempty"`
	URLFile string         `yaml:"url_file" json:"url_file,omitempty"`
	// Secret signs: whsec_ and base64.
	Secret     setting.Secret `yaml:"secret" json:"secret,omitempty"`
	SecretFile string         `yaml:"secret_file" json:"secret_file,omitempty"`
	// Timeout bounds one call; Settle is how long a call whose answer was lost rests
	// before it is made again.
	Timeout setting.Duration `yaml:"timeout" json:"timeout"`
	Settle  setting.Duration `yaml:"settle" json:"settle"`
}

// minSecret is how many bytes a secret that signs must have.
const minSecret = 24

var errWebhookSecret = errors.New("secret is whsec_ and the base64 of at least 24 random bytes; make one with: echo whsec_$(openssl rand -base64 32)")

// SigningKey is what the secret stands for.
func (c *WebhookConfig) SigningKey() ([]byte, error) {
	coded, ok := strings.CutPrefix(c.Secret.Reveal(), "whsec_")
	if !ok {
		return nil, errWebhookSecret
	}
	key, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(key) < minSecret {
		return nil, errWebhookSecret
	}
	return key, nil
}

// Validate names every mistake of the webhook's settings.
func (c *WebhookConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, msg string) { ps = append(ps, setting.Problem{Path: path, Msg: msg}) }
	switch {
	case c.URL == "" && c.URLFile == "":
		add("url", "webhook needs the address to call: url, or url_file with the path of a file that holds it")
	case c.URL != "" && !isAddress(c.URL.Reveal()):
		add("url", "url wants an http or https address without a user")
	}
	switch {
	case c.Secret == "" && c.SecretFile == "":
		add("secret", "webhook needs a secret to sign with: secret, or secret_file; make one with: echo whsec_$(openssl rand -base64 32)")
	case c.Secret != "":
		if _, err := c.SigningKey(); err != nil {
			add("secret", err.Error())
		}
	}
	return append(ps, checkTimes(c.Timeout, c.Settle)...)
}

// PagerDutyConfig is a receiver that pages through the Events API v2.
type PagerDutyConfig struct {
	// APIURL is the base of the Events API.
	APIURL string `yaml:"api_url" json:"api_url"`
	// RoutingKey is the integration key of an Events API v2 integration.
	RoutingKey     setting.Secret `yaml:"routing_key" json:"routing_key,omitempty"`
	RoutingKeyFile string         `yaml:"routing_key_file" json:"routing_key_file,omitempty"`
	// Timeout bounds one call; Settle is how long an event whose answer was lost rests
	// before it is sent again.
	Timeout setting.Duration `yaml:"timeout" json:"timeout"`
	Settle  setting.Duration `yaml:"settle" json:"settle"`
}

// DefaultPagerDutyAPI is where PagerDuty takes events.
const DefaultPagerDutyAPI = "https://events.pagerduty.com/v2/"

// WithDefaults fills in what is not written.
func (c PagerDutyConfig) WithDefaults() PagerDutyConfig {
	t := Timing{c.Timeout.D(), c.Settle.D()}.or(DefaultTimeout)
	c.Timeout, c.Settle = setting.Duration(t.Timeout), setting.Duration(t.Settle)
	if c.APIURL == "" {
		c.APIURL = DefaultPagerDutyAPI
	}
	return c
}

// Validate names every mistake of the PagerDuty settings.
func (c *PagerDutyConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	if c.RoutingKey == "" && c.RoutingKeyFile == "" {
		ps = append(ps, setting.Problem{Path: "routing_key", Msg: "pagerduty needs the integration key of an Events API v2 integration: routing_key, or routing_key_file"})
	}
	if c.APIURL != "" && !isAddress(c.APIURL) {
		ps = append(ps, setting.Problem{Path: "api_url", Msg: "api_url wants an http or https address without a user, such as " + DefaultPagerDutyAPI})
	}
	return append(ps, checkTimes(c.Timeout, c.Settle)...)
}

// isAddress reports whether an HTTP client can call it; a user in it would be
// sent in the clear to wherever a typo leads.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && u.Fragment == ""
}

func checkTimes(timeout, settle setting.Duration) []setting.Problem {
	var ps []setting.Problem
	if d := timeout.D(); d != 0 && (d < 100*time.Millisecond || d > time.Minute) {
		ps = append(ps, setting.Problem{Path: "timeout", Msg: "timeout is between 100ms and 1m"})
	}
	if d := settle.D(); d != 0 && (d < 100*time.Millisecond || d > 10*time.Minute) {
		ps = append(ps, setting.Problem{Path: "settle", Msg: "settle is between 100ms and 10m"})
	}
	return ps
}
