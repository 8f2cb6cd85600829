package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// The source types of this release.
const (
	TypeRSS        = "rss"
	TypeBluesky    = "bluesky"
	TypeHackerNews = "hackernews"
	TypeWebhook    = "webhook"
	TypeFile       = "file"
)

// DefaultMaxAge is the max_age of a source that names none.
const DefaultMaxAge = 24 * time.Hour

// MinPoll is the shortest interval between fetches.
const MinPoll = time.Second

// Config is one source as written under `sources`.
type Config struct {
	// Name is the source's short name: letters, digits, - and _, at most 64.
	Name string `yaml:"name" json:"name"`
	// Type is rss, bluesky, hackernews, webhook or file.
	Type string `yaml:"type" json:"type"`
	// URL is the base URL; for rss it is the feed itself.
	URL string `yaml:"url" json:"url,omitempty"`
	// Poll is the interval between fetches.
	Poll setting.Duration `yaml:"poll" json:"poll,omitempty"`
	// AllowPrivate lets the host of url and profiles_url be a private address.
	AllowPrivate bool `yaml:"allow_private" json:"allow_private,omitempty"`
	// MaxAge is the age from which posts of a first fetch go into a digest.
	MaxAge setting.Duration `yaml:"max_age" json:"max_age,omitempty"`
	// Username and Password are sent to an rss feed that asks for them.
	Username     string         `yaml:"username" json:"username,omitempty"`
	Password     setting.Secret `yaml:"password" json:"password,omitempty"`
	PasswordFile string         `yaml:"password_file" json:"password_file,omitempty"`
	// ProfilesURL is where bluesky looks authors up.
	ProfilesURL string `yaml:"profiles_url" json:"profiles_url,omitempty"`
	// Compress asks bluesky for zstd frames; Dictionary is the file of Jetstream's
	// dictionary, for servers that do not hand it out.
	Compress   bool   `yaml:"compress" json:"compress,omitempty"`
	Dictionary string `yaml:"dictionary" json:"dictionary,omitempty"`
	// Path is the JSONL file that a file source follows.
	Path string `yaml:"path" json:"path,omitempty"`
	// Token is the bearer token of a webhook; SigningSecret is its Standard
	// Webhooks secret (whsec_...). With both, either opens.
	Token             setting.Secret `yaml:"token" json:"token,omitempty"`
	TokenFile         string         `yaml:"token_file" json:"token_file,omitempty"`
	SigningSecret     setting.Secret `yaml:"signing_secret" json:"signing_secret,omitempty"`
	SigningSecretFile string         `yaml:"signing_secret_file" json:"signing_secret_file,omitempty"`
}

// kind says which keys a type takes and its defaults.
type kind struct {
	poll    time.Duration
	url     string
	needs   []string
	takes   []string
	schemes []string
	aged    bool
}

func kinds() map[string]kind {
	web := []string{"http", "https"}
	return map[string]kind{
		TypeRSS: {
			poll: time.Minute, needs: []string{"url"}, schemes: web, aged: true,
			takes: []string{"url", "poll", "allow_private", "max_age", "username", "password", "password_file"},
		},
		TypeHackerNews: {
			poll: 30 * time.Second, url: "https://hn.algolia.com", schemes: web, aged: true,
			takes: []string{"url", "poll", "allow_private", "max_age"},
		},
		TypeBluesky: {
			url: "wss://jetstream2.us-east.bsky.network", schemes: []string{"ws", "wss", "http", "https"}, aged: true,
			takes: []string{"url", "allow_private", "max_age", "profiles_url", "compress", "dictionary"},
		},
		TypeWebhook: {takes: []string{"token", "token_file", "signing_secret", "signing_secret_file"}},
		TypeFile:    {poll: time.Second, needs: []string{"path"}, takes: []string{"path", "poll"}},
	}
}

// Types lists the source types of this release.
func Types() []string { return []string{TypeRSS, TypeBluesky, TypeHackerNews, TypeWebhook, TypeFile} }

// LaterTypes lists the source types that are known and not there yet.
func LaterTypes() []string {
	return []string{"mastodon", "reddit", "x", "youtube", "appstore", "googleplay", "discourse", "lemmy", "stackexchange"}
}

// WithDefaults is c with what its type has where nothing is written.
func (c Config) WithDefaults() Config {
	k := kinds()[c.Type]
	if c.Poll == 0 {
		c.Poll = setting.Duration(k.poll)
	}
	if c.URL == "" {
		c.URL = k.url
	}
	if c.MaxAge == 0 && k.aged {
		c.MaxAge = setting.Duration(DefaultMaxAge)
	}
	if c.Type == TypeBluesky && c.ProfilesURL == "" {
		c.ProfilesURL = "https://public.api.bsky.app"
	}
	return c
}

// Validate lists the mistakes in c.
func (c Config) Validate() []setting.Problem {
	var ps []setting.Problem
	add := func(path, format string, args ...any) {
		ps = append(ps, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(c.Name) {
		add("name", "%q is no name; write 1 to 64 letters, digits, - and _", c.Name)
	}
	k, ok := kinds()[c.Type]
	switch {
	case c.Type == "":
		add("type", "is missing; write one of %s", strings.Join(Types(), ", "))
		return ps
	case slices.Contains(LaterTypes(), c.Type):
		add("type", "%s is not there yet; this release has %s", c.Type, strings.Join(Types(), ", "))
		return ps
	case !ok:
		add("type", "%q is no source type; write one of %s", c.Type, strings.Join(Types(), ", "))
		return ps
	}
	written := c.written()
	for _, key := range written {
		if !slices.Contains(k.takes, key) {
			add(key, "is not for a source of type %s, which takes %s", c.Type, strings.Join(k.takes, ", "))
		}
	}
	for _, key := range k.needs {
		if !slices.Contains(written, key) {
			add(key, "is missing; a source of type %s needs it", c.Type)
		}
	}
	if c.Poll != 0 && c.Poll.D() < MinPoll {
		add("poll", "%s is too short; write at least 1s", c.Poll)
	}
	if c.MaxAge < 0 {
		add("max_age", "%s is negative", c.MaxAge)
	}
	ps = append(ps, checkURL("url", c.URL, k.schemes)...)
	ps = append(ps, checkURL("profiles_url", c.ProfilesURL, []string{"http", "https"})...)
	return ps
}

// written are the keys beyond name and type that hold something.
func (c Config) written() []string {
	var out []string
	for _, f := range []struct {
		key string
		set bool
	}{
		{"url", c.URL != ""},
		{"poll", c.Poll != 0},
		{"allow_private", c.AllowPrivate},
		{"max_age", c.MaxAge != 0},
		{"username", c.Username != ""},
		{"password", c.Password != ""},
		{"password_file", c.PasswordFile != ""},
		{"profiles_url", c.ProfilesURL != ""},
		{"compress", c.Compress},
		{"dictionary", c.Dictionary != ""},
		{"path", c.Path != ""},
		{"token", c.Token != ""},
		{"token_file", c.TokenFile != ""},
		{"signing_secret", c.SigningSecret != ""},
		{"signing_secret_file", c.SigningSecretFile != ""},
	} {
		if f.set {
			out = append(out, f.key)
		}
	}
	return out
}

func checkURL(key, raw string, schemes []string) []setting.Problem {
	if raw == "" || schemes == nil {
		return nil
	}
	u, err := url.Parse(raw)
	want := strings.Join(schemes, ":// or ") + "://"
	switch {
	case err != nil:
		return []setting.Problem{{Path: key, Msg: "is no URL; it must begin with " + want}}
	case !slices.Contains(schemes, u.Scheme):
		return []setting.Problem{{Path: key, Msg: "must begin with " + want}}
	case u.Hostname() == "":
		return []setting.Problem{{Path: key, Msg: "names no host"}}
	}
	if _, has := u.User.Password(); has {
		return []setting.Problem{{Path: key, Warning: true, Msg: "holds a password; username and password_file keep it out of sight"}}
	}
	return nil
}

// Fingerprint changes with anything that a running source was built from.
func (c Config) Fingerprint() string {
	type plain Config
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(plain(c)); err != nil { //nolint:gosec // secrets print as <secret>, and are added below
		return err.Error()
	}
	for _, secret := range []setting.Secret{c.Password, c.Token, c.SigningSecret} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(secret), secret.Reveal())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MarshalYAML hides a password that is written into a URL.
func (c Config) MarshalYAML() (any, error) {
	type plain Config
	p := plain(c)
	p.URL, p.ProfilesURL = hidePassword(p.URL), hidePassword(p.ProfilesURL)
	return p, nil
}

func hidePassword(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	pass, has := u.User.Password()
	if !has {
		return raw
	}
	return strings.Replace(raw, ":"+pass+"@", ":"+setting.Redacted+"@", 1)
}
