package alert

import (
	"regexp"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// AlertmanagerConfig is a receiver that hands cases to Prometheus Alertmanager.
type AlertmanagerConfig struct {
	// URL is Alertmanager's base, without /api.
	URL string `yaml:"url" json:"url"`
	// Token is a bearer token; Username and Password log in instead.
	Token        setting.Secret `yaml:"token" json:"token,omitempty"`
	TokenFile    string         `yaml:"token_file" json:"token_file,omitempty"`
	Username     string         `yaml:"username" json:"username,omitempty"`
	Password     setting.Secret `yaml:"password" json:"password,omitempty"`
	PasswordFile string         `yaml:"password_file" json:"password_file,omitempty"`
	// Labels are added to every alert.
	Labels map[string]string `yaml:"labels" json:"labels,omitempty"`
	// Repost is how often live cases are posted again: Alertmanager keeps alerts in
	// memory alone.
	Repost  setting.Duration `yaml:"repost" json:"repost"`
	Timeout setting.Duration `yaml:"timeout" json:"timeout"`
	Settle  setting.Duration `yaml:"settle" json:"settle"`
}

// DefaultRepost is how often live cases are posted again.
const DefaultRepost = 5 * time.Minute

// promLabel is what a label may be called; those with two underscores are Prometheus' own.
var promLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`)

// AlertmanagerLabels are the labels that every alert has already.
func AlertmanagerLabels() []string {
	return []string{"alertname", "brand", "severity", "case", "episode", "platform", "digest", "receiver"}
}

// WithDefaults fills in what is not written.
func (c AlertmanagerConfig) WithDefaults() AlertmanagerConfig {
	t := Timing{c.Timeout.D(), c.Settle.D()}.or(DefaultTimeout)
	c.Timeout, c.Settle = setting.Duration(t.Timeout), setting.Duration(t.Settle)
	if c.Repost == 0 {
		c.Repost = setting.Duration(DefaultRepost)
	}
	return c
}

// Validate names every mistake of the Alertmanager settings.
func (c *AlertmanagerConfig) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, msg string) { ps = append(ps, setting.Problem{Path: path, Msg: msg}) }
	if !isAddress(c.URL) {
		add("url", "alertmanager needs its base address, http or https, such as http://alertmanager:9093")
	}
	hasToken, hasPassword := c.Token != "" || c.TokenFile != "", c.Password != "" || c.PasswordFile != ""
	switch {
	case hasToken && (c.Username != "" || hasPassword):
		add("token", "there is a token and a username; write the one that Alertmanager asks for")
	case (c.Username != "") != hasPassword:
		add("username", "a username and a password go together; write both or none")
	}
	for name := range c.Labels {
		switch {
		case !promLabel.MatchString(name) || len(name) > 1 && name[:2] == "__":
			add("labels", "a label's name is letters, digits and underscores, and does not begin with two of them: "+name)
		case slices.Contains(AlertmanagerLabels(), name):
			add("labels", name+" is a label of every alert already")
		}
	}
	if d := c.Repost.D(); d != 0 && (d < time.Second || d > time.Hour) {
		add("repost", "repost is between 1s and 1h")
	}
	return append(ps, checkTimes(c.Timeout, c.Settle)...)
}
