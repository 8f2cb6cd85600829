package alert

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/setting"
)

// ReceiverConfig is one receiver as written: a name and exactly one kind.
type ReceiverConfig struct {
	Name string `yaml:"name" json:"name"`
	// Budget is how many cards it takes in a day; what is beyond goes into digests.
	Budget    brand.Budget     `yaml:"budget" json:"budget,omitempty"`
	Console   *ConsoleConfig   `yaml:"console" json:"console,omitempty"`
	Slack     *SlackConfig     `yaml:"slack" json:"slack,omitempty"`
	Webhook   *WebhookConfig   `yaml:"webhook" json:"webhook,omitempty"`
	PagerDuty *PagerDutyConfig `yaml:"pagerduty" json:"pagerduty,omitempty"`
	Email     *EmailConfig     `yaml:"email" json:"email,omitempty"`
	// Alertmanager takes cases as alerts.
	Alertmanager *AlertmanagerConfig `yaml:"alertmanager" json:"alertmanager,omitempty"`

	// The kinds below are known by name and refused: they are not there yet.
	Teams      any `yaml:"teams" json:"teams,omitempty"`
	Discord    any `yaml:"discord" json:"discord,omitempty"`
	Mattermost any `yaml:"mattermost" json:"mattermost,omitempty"`
}

// ConsoleConfig is a receiver that prints; it has nothing to set.
type ConsoleConfig struct{}

// SlackConfig is a receiver in a Slack channel, reached with a bot token, or through
// an incoming webhook that takes plain cards alone.
type SlackConfig struct {
	// APIURL is the base of the Web API.
	APIURL string `yaml:"api_url" json:"api_url"`
	// Token is the bot token, xoxb-...
	Token     setting.Secret `yaml:"token" json:"token,omitempty"`
	TokenFile string         `yaml:"token_file" json:"token_file,omitempty"`
	// WebhookURL is the address of an incoming webhook, in place of token and channel; it
	// is a secret.
	WebhookURL     setting.Secret `yaml:"webhook_url" json:"webhook_url,omitempty"`
	WebhookURLFile string         `yaml:"webhook_url_file" json:"webhook_url_file,omitempty"`
	// Channel is the channel's id, not its name.
	Channel string `yaml:"channel" json:"channel"`
	// SigningSecret proves that a click on /slack/interactions comes from Slack.
	SigningSecret     setting.Secret `yaml:"signing_secret" json:"signing_secret,omitempty"`
	SigningSecretFile string         `yaml:"signing_secret_file" json:"signing_secret_file,omitempty"`
	// AppToken opens a socket on which clicks arrive without a public address.
	AppToken     setting.Secret `yaml:"app_token" json:"app_token,omitempty"`
	AppTokenFile string         `yaml:"app_token_file" json:"app_token_file,omitempty"`
	// AllowedUsers are the Slack user ids that may click; empty allows everyone in the channel.
	AllowedUsers []string `yaml:"allowed_users" json:"allowed_users,omitempty"`
	// Timeout bounds one call; Settle is how long a lost answer rests before it is looked up.
	Timeout setting.Duration `yaml:"timeout" json:"timeout"`
	Settle  setting.Duration `yaml:"settle" json:"settle"`
}

// The defaults of a SlackConfig.
const (
	DefaultSlackAPI     = "https://slack.com/api/"
	DefaultSlackTimeout = 5 * time.Second
	DefaultSlackSettle  = 15 * time.Second
)

// WithDefaults fills in what is not written.
func (c SlackConfig) WithDefaults() SlackConfig {
	if c.APIURL == "" {
		c.APIURL = DefaultSlackAPI
	}
	if !strings.HasSuffix(c.APIURL, "/") {
		c.APIURL += "/"
	}
	if c.Timeout == 0 {
		c.Timeout = setting.Duration(DefaultSlackTimeout)
	}
	if c.Settle == 0 {
		c.Settle = setting.Duration(DefaultSlackSettle)
	}
	return c
}

// Incoming reports whether messages go through an incoming webhook.
func (c SlackConfig) Incoming() bool { return c.WebhookURL != "" || c.WebhookURLFile != "" }

// Interactive reports whether a click finds a way back, so that buttons are drawn.
func (c SlackConfig) Interactive() bool { return c.SigningSecret != "" || c.AppToken != "" }

// channelID is what Slack calls channels, groups and direct messages by.
var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]+$`)

// receiverName is what a receiver may be called: it is a metric's label.
var receiverName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Validate names every mistake of the receiver itself.
func (c *ReceiverConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	if !receiverName.MatchString(c.Name) {
		ps = append(ps, setting.Problem{Path: "name", Msg: "a receiver needs a name of letters, digits, dots, - and _, at most 64"})
	}
	kinds := 0
	for _, k := range c.unsupported() {
		if k.value != nil {
			kinds++
			ps = append(ps, setting.Problem{Path: k.name, Msg: "receivers of kind " + k.name + " are not there yet; use slack, email, webhook, pagerduty, alertmanager or console"})
		}
	}
	if c.Console != nil {
		kinds++
	}
	if c.Slack != nil {
		kinds++
		ps = append(ps, setting.Under("slack", c.Slack.Validate())...)
	}
	if c.Webhook != nil {
		kinds++
		ps = append(ps, setting.Under("webhook", c.Webhook.Validate())...)
	}
	if c.PagerDuty != nil {
		kinds++
		ps = append(ps, setting.Under("pagerduty", c.PagerDuty.Validate())...)
	}
	if c.Email != nil {
		kinds++
		ps = append(ps, setting.Under("email", c.Email.Validate())...)
	}
	if c.Alertmanager != nil {
		kinds++
		ps = append(ps, setting.Under("alertmanager", c.Alertmanager.Validate())...)
	}
	switch {
	case kinds == 0:
		ps = append(ps, setting.Problem{Msg: "a receiver needs a kind: slack: {...}, email: {...}, webhook: {...}, pagerduty: {...} or console: {}"})
	case kinds > 1:
		ps = append(ps, setting.Problem{Msg: "a receiver has one kind; make a second receiver for the other"})
	}
	return ps
}

type kind struct {
	name  string
	value any
}

func (c *ReceiverConfig) unsupported() []kind {
	return []kind{
		{"teams", c.Teams},
		{"discord", c.Discord},
		{"mattermost", c.Mattermost},
	}
}

// Validate names every mistake of the Slack settings. Where x and x_file are
// both written, or a file cannot be read, package config says so.
func (c *SlackConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, msg string) { ps = append(ps, setting.Problem{Path: path, Msg: msg}) }
	if c.Incoming() {
		return append(c.incomingProblems(), checkTimes(c.Timeout, c.Settle)...)
	}
	if c.Token == "" && c.TokenFile == "" {
		add("token", "slack needs a bot token: token, or token_file with the path of a file that holds it")
	} else if strings.HasPrefix(c.Token.Reveal(), "xapp-") {
		add("token", "this is an app token (xapp-...); token wants the bot token (xoxb-...), app_token takes this one")
	}
	if t := c.AppToken.Reveal(); t != "" && strings.HasPrefix(t, "xoxb-") {
		add("app_token", "this is a bot token (xoxb-...); app_token wants the app token (xapp-...)")
	}
	switch {
	case c.Channel == "":
		add("channel", "slack needs the id of a channel, such as C0123456789; it stands at the end of the channel's details in Slack")
	case !channelID.MatchString(c.Channel):
		add("channel", "a channel is named by its id, such as C0123456789, not by its name; it stands at the end of the channel's details in Slack")
	}
	if c.APIURL != "" {
		if u, err := url.Parse(c.APIURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
			add("api_url", "api_url wants an http or https address without a user, such as "+DefaultSlackAPI)
		}
	}
	if d := c.Timeout.D(); d != 0 && (d < 100*time.Millisecond || d > time.Minute) {
		add("timeout", "timeout is between 100ms and 1m")
	}
	if d := c.Settle.D(); d != 0 && (d < 100*time.Millisecond || d > 10*time.Minute) {
		add("settle", "settle is between 100ms and 10m")
	}
	for _, u := range c.AllowedUsers {
		if !userID.MatchString(u) {
			add("allowed_users", "allowed_users wants Slack user ids, such as U0123456789")
			break
		}
	}
	return ps
}

// incomingProblems are those of an incoming webhook, which stands for itself.
func (c *SlackConfig) incomingProblems() []setting.Problem {
	var ps []setting.Problem
	for _, k := range []struct {
		path string
		set  bool
	}{
		{"token", c.Token != "" || c.TokenFile != ""},
		{"channel", c.Channel != ""},
		{"signing_secret", c.SigningSecret != "" || c.SigningSecretFile != ""},
		{"app_token", c.AppToken != "" || c.AppTokenFile != ""},
		{"allowed_users", len(c.AllowedUsers) > 0},
	} {
		if k.set {
			ps = append(ps, setting.Problem{Path: k.path, Msg: "webhook_url takes the place of " + k.path + ": an incoming webhook knows its channel, and nobody can click there; remove one of the two"})
		}
	}
	if c.WebhookURL != "" && !isAddress(c.WebhookURL.Reveal()) {
		ps = append(ps, setting.Problem{Path: "webhook_url", Msg: "webhook_url wants the address of an incoming webhook, such as https://hooks.slack.com/services/..."})
	}
	return ps
}

// userID is what Slack calls users by.
var userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)

// ValidateReceivers names every mistake of the receivers together.
func ValidateReceivers(rs []ReceiverConfig) []setting.Problem {
	var ps []setting.Problem
	seen := map[string]bool{}
	for i := range rs {
		at := "[" + itoa(i) + "]"
		ps = append(ps, setting.Under(at, rs[i].Validate())...)
		if rs[i].Name != "" && seen[rs[i].Name] {
			ps = append(ps, setting.Problem{Path: at + ".name", Msg: "there is another receiver called " + rs[i].Name})
		}
		seen[rs[i].Name] = true
	}
	return ps
}
