package ingest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/setting"
)

func TestValidate(t *testing.T) {
	minute := setting.Duration(time.Minute)
	for _, tc := range []struct {
		name string
		cfg  Config
		want string // path: message, joined
	}{
		{"rss", Config{Name: "forum", Type: "rss", URL: "https://x.example/feed", Poll: minute, AllowPrivate: true}, ""},
		{"webhook is complete", Config{Name: "hook", Type: "webhook"}, ""},
		{"file", Config{Name: "log", Type: "file", Path: "x.jsonl"}, ""},
		{"bluesky", Config{Name: "sky", Type: "bluesky"}, ""},
		{"bluesky with its own servers", Config{Name: "sky", Type: "bluesky", URL: "ws://127.0.0.1:1", ProfilesURL: "http://127.0.0.1:2", AllowPrivate: true}, ""},
		{"hackernews", Config{Name: "hn", Type: "hackernews", Poll: setting.Duration(time.Second)}, ""},
		{"a private url is no mistake", Config{Name: "forum", Type: "rss", URL: "http://127.0.0.1/feed"}, ""},
		{"no name", Config{Type: "webhook"}, "name: "},
		{"a name with a slash", Config{Name: "a/b", Type: "webhook"}, "name: "},
		{"no type", Config{Name: "a"}, "type: is missing"},
		{"a type of later", Config{Name: "a", Type: "mastodon"}, "type: mastodon is not there yet"},
		{"no type at all", Config{Name: "a", Type: "usenet"}, `type: "usenet" is no source type`},
		{"rss without url", Config{Name: "a", Type: "rss"}, "url: is missing"},
		{"a file url", Config{Name: "a", Type: "rss", URL: "file:///etc/passwd"}, "url: must begin with http:// or https://"},
		{"a data url", Config{Name: "a", Type: "rss", URL: "data:text/xml,x"}, "url: must begin"},
		{"a url without a host", Config{Name: "a", Type: "rss", URL: "http://"}, "url: names no host"},
		{"a url that is none", Config{Name: "a", Type: "rss", URL: "http://%zz"}, "url: is no URL"},
		{"too often", Config{Name: "a", Type: "rss", URL: "http://x", Poll: setting.Duration(time.Millisecond)}, "poll: "},
		{"a key of another type", Config{Name: "a", Type: "webhook", Path: "x", Poll: minute}, "poll: is not for a source of type webhook path: is not for"},
		{"max_age of a file", Config{Name: "a", Type: "file", Path: "x", MaxAge: minute}, "max_age: is not for"},
		{"file without path", Config{Name: "a", Type: "file"}, "path: is missing"},
		{"negative max_age", Config{Name: "a", Type: "rss", URL: "http://x", MaxAge: -minute}, "max_age: "},
		{"a password in the url", Config{Name: "a", Type: "rss", URL: "http://jo:hush@x.example"}, "url: holds a password"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var all []string
			for _, p := range tc.cfg.Validate() {
				require.NotContains(t, p.Error(), "hush")
				all = append(all, p.Error())
			}
			got := strings.Join(all, " ")
			if tc.want == "" {
				require.Empty(t, got)
				return
			}
			for part := range strings.SplitSeq(tc.want, " path: ") {
				require.Contains(t, got, part)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	for _, typ := range Types() {
		c := Config{Name: "a", Type: typ, Path: "x"}.WithDefaults()
		if typ != TypeFile {
			c.Path = ""
		}
		if typ == TypeRSS {
			c.URL = "https://x.example"
		}
		require.Empty(t, c.Validate(), typ)
		require.Equal(t, typ == TypeRSS || typ == TypeHackerNews || typ == TypeBluesky, c.MaxAge.D() == DefaultMaxAge, typ)
		require.Equal(t, typ == TypeRSS || typ == TypeHackerNews || typ == TypeFile, c.Poll > 0, typ)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	c := Config{
		Name: "a", Type: "rss", URL: "https://jo:hush@x.example/feed", Password: "hush", Token: "hush", SigningSecret: "hush",
	}
	y, err := yaml.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, string(y), "hush")
	require.Contains(t, string(y), "x.example/feed")
	j, err := json.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, strings.Replace(string(j), c.URL, "", 1), "hush")

	other := c
	other.Token = "else"
	require.NotEqual(t, c.Fingerprint(), other.Fingerprint())
	same := c
	require.Equal(t, c.Fingerprint(), same.Fingerprint())
	require.NotContains(t, c.Fingerprint(), "hush")
}
