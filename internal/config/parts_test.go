package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/setting"
)

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "${TOKEN}": "xoxb-planted", "a${TOKEN}b": "axoxb-plantedb", "$$": "$", "$${TOKEN}": "${TOKEN}", "they took $40": "they took $40",
		"$": "$", "a$": "a$", "${NONE:-x y}": "x y", "${EMPTY}": "", "${EMPTY:-x}": "x", "ü$$ü": "ü$ü", "$$$$": "$$", "${NONE:-}": "",
	} {
		e, bad := expand(in, testEnv)
		require.Nil(t, bad, in)
		require.Equal(t, want, e.text, in)
	}
	for in, want := range map[string]expandError{
		"ab${NONE}": {2, "the environment variable NONE is not set; set it, or write $$ for a dollar sign"},
		"ü${":       {1, `"${" is never closed; write ${NAME}, or $$ for a dollar sign`},
		"${}":       {0, `"${}" is no variable; write ${NAME}, or $$ for a dollar sign`},
		"${a-b}":    {0, `"${a-b}" is no variable; write ${NAME}, or $$ for a dollar sign`},
		"${BAD}":    {0, "the environment variable BAD is not valid UTF-8"},
	} {
		_, bad := expand(in, testEnv)
		require.NotNil(t, bad, in)
		require.Equal(t, want, *bad, in)
	}
	e, _ := expand("${LONG} OR $$x OR y", testEnv)
	require.Equal(t, "acme OR bolt OR cord OR $x OR y", e.text)
	for out, raw := range map[int]int{0: 0, 5: 0, 20: 7, 23: 10, 24: 11, 25: 13, 30: 18} {
		require.Equal(t, raw, e.rawColumn(out), "%d", out)
	}
}

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, ps := Parse("dir/leakytap.yaml", []byte(text), testOptions())
	require.Empty(t, Errors(ps), lines(ps))
	return c
}

func TestTheContractsExample(t *testing.T) {
	path := folder(t, map[string]string{"t": "jo:0123456789abcdef0123\n", "s": "xoxb-1\r\n", "leakytap.yaml": `
data_dir: ./data
server: {listen: "127.0.0.1:8080", external_url: "", auth: {tokens_file: t}}
bus:   {kind: embedded}                      # or {kind: kafka}
store: {url: sqlite}                         # a file in data_dir; or postgres://...
sources:
  - {name: forum, type: rss, url: "https://forum.example", poll: 60s, allow_private: false}
  - {name: sky, type: bluesky, url: "wss://sky.example"}        # every source type takes url: its base URL
brands:                                      # here, or one file a brand under brands_dir
  - name: acme
    query: '("acme air" OR @acmeair OR #acmeair) NOT "acme air force"'
    languages: [en]
    own_accounts: ["@acmeair"]
    alert: {threshold: 0.6, min_severity: low, budget: 20/day}
    must_alert: ["3 hours on hold with @acmeair. still waiting."]
    must_not_alert: ["acme air force wins again"]
route: {receiver: support, routes: [{match: {severity: critical}, receiver: oncall}]}
receivers:
  - {name: support, slack: {api_url: "https://slack.com/api/", token_file: s, channel: C123, signing_secret_file: s, app_token_file: s, timeout: 5s, settle: 15s}}
  - {name: oncall, console: {}}
`})
	c, ps := Load(path, testOptions())
	// The same file stands for three secrets here, and an app token it is not.
	require.Len(t, ps, 1)
	require.Contains(t, ps[0].Msg, "app_token")
	require.Equal(t, "xoxb-1", c.Receivers[0].Slack.SigningSecret.Reveal())
	require.Equal(t, brand.Budget(20), c.Brands[0].Alert.Budget)
	require.Equal(t, time.Minute, c.Sources[0].Poll.D())
	require.Equal(t, alert.Values{"critical"}, c.Route.Routes[0].Match.Severity)
}

func TestEverySecretHasAFile(t *testing.T) {
	var walk func(ty reflect.Type, path string)
	walk = func(ty reflect.Type, path string) {
		switch ty.Kind() { //nolint:exhaustive // the others hold no fields
		case reflect.Pointer, reflect.Slice:
			if ty != reflect.TypeFor[[]alert.Route]() {
				walk(ty.Elem(), path)
			}
		case reflect.Struct:
			for f := range ty.Fields() {
				name := yamlName(f)
				if name == "" {
					continue
				}
				if f.Type == reflect.TypeFor[setting.Secret]() {
					_, ok := fieldOf(ty, name+"_file")
					require.True(t, ok, "%s.%s has no %s_file", path, name, name)
				}
				walk(f.Type, childPath(path, name))
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	path := folder(t, map[string]string{"u": "sqlite\n", "leakytap.yaml": "store: {url_file: u}\nbrands: [{name: acme, query: acme}]\n"})
	c, ps := Load(path, testOptions())
	require.Empty(t, ps, "a default is not what is written")
	require.Equal(t, "sqlite", c.Store.URL.Reveal())
}

func TestDefaults(t *testing.T) {
	c := parsed(t, "brands: [{query: acme, name: acme}]\nsources:\n")
	require.Equal(t, "dir/data", c.DataDir)
	require.Equal(t, "127.0.0.1:8080", c.Server.Listen)
	require.Equal(t, "sqlite", c.Store.URL.Reveal())
	require.Equal(t, "embedded", c.Bus.Kind)
	require.Equal(t, "console", c.Receivers[0].Name, "with no receiver written it is the console")
	require.Equal(t, "console", c.Route.Receiver)
	require.Empty(t, c.Sources)
	require.InDelta(t, 0.6, c.Brands[0].Alert.Threshold, 1e-9)
	c = parsed(t, "brands: [{query: acme, name: acme}]\nreceivers: [{name: only, console: {}}]\nroute: {routes: [{match: {severity: high}}]}\n")
	require.Equal(t, "only", c.Route.Receiver, "a single receiver takes all")
}

func TestValuesStayAsWritten(t *testing.T) {
	c := parsed(t, "brands:\n  - name: acme\n    query: 'acme'\n    aliases: [1.10, 0777, 1_000, no, on, true, 2026-01-02, \"null\", 0x1F]\n    timezone: UTC\n")
	require.Equal(t, []string{"1.10", "0777", "1_000", "no", "on", "true", "2026-01-02", "null", "0x1F"}, c.Brands[0].Aliases)
}

func TestAnchorsAndMerges(t *testing.T) {
	c := parsed(t, `
brands:
  - &base
    name: acme
    query: acme
    languages: &langs [en, de]
    alert: {threshold: 0.7, budget: 3/day}
  - <<: *base
    name: bolt
    query: bolt
    alert:
      threshold: 0.9
  - {name: cord, query: cord, languages: *langs}
`)
	require.Equal(t, []string{"acme", "bolt", "cord"}, brandNames(c))
	require.Equal(t, []string{"en", "de"}, c.Brands[1].Languages)
	require.InDelta(t, 0.9, c.Brands[1].Alert.Threshold, 1e-9)
	require.Zero(t, c.Brands[1].Alert.Budget, "a key that is written takes the place of the merged one")
	require.Equal(t, []string{"en", "de"}, c.Brands[2].Languages)
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	path := folder(t, map[string]string{"leakytap.yaml": "data_dir: d\nscore: {model: m}\nsources: [{name: f, type: file, path: p.jsonl}]\nbrands: [{name: acme, query: acme}]\n"})
	c, ps := Load(path, testOptions())
	require.Empty(t, ps)
	dir := strings.TrimSuffix(path, "leakytap.yaml")
	require.Equal(t, []string{dir + "d", dir + "m", dir + "p.jsonl"}, []string{c.DataDir, c.Score.Model, c.Sources[0].Path})
	require.Equal(t, "/abs", parsed(t, "data_dir: /abs\nbrands: [{name: acme, query: acme}]\n").DataDir)
}

func TestLongShowsTheLineAndACaret(t *testing.T) {
	_, ps := Parse("x.yaml", []byte("brands:\n  - name: acme\n\tquery: x\n"), testOptions())
	require.Len(t, ps, 1)
	require.Equal(t, "x.yaml:3:1: the YAML is broken: a tab stands here; YAML is indented with spaces\n     query: x\n    ^", ps[0].Long())
	_, ps = Parse("x.yaml", []byte("brands: [{name: acme, query: 'acme \u202e OR \u001b'}]\n"), testOptions())
	require.NotContains(t, ps[0].Long(), "\u001b", "nothing moves the terminal's cursor")
	_, ps = Parse("x.yaml", []byte("brands: [{name: acme, query: '"+strings.Repeat("ü ", 500)+"'}]\n"), testOptions())
	require.Less(t, len(ps[0].Long()), 600)
	_, ps = Parse("x.yaml", []byte("receivers: [{name: a, slack: {token: xoxb-planted, chanel: C1}}]\n"), testOptions())
	for _, p := range ps {
		require.NotContains(t, p.Long(), "planted")
	}
	_, ps = Parse("x.yaml", []byte("sources: [{name: a, type: webhook, token: 'plantedplanted', pol: 1}]\nx: plantedplanted\n"), testOptions())
	for _, p := range ps {
		require.NotContains(t, p.Long(), "plantedplanted")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("brands: [{name: acme, query: 'acme OR ${TOKEN} $$'}]\nroute: &r {receiver: console, routes: [*r]}\n"))
	f.Add([]byte("sources:\n  - {name: f, type: rss, url: \"https://a.example\", poll: 1s}\nreceivers:\n- name: x\n  slack: {token: a, channel: C1}\n"))
	f.Add([]byte("brand_defaults: {alert: {budget: 1/day}}\nbrands:\n- <<: {name: a}\n  query: |\n    (a\n"))
	f.Add([]byte("\"0\r\r"))
	f.Add([]byte("\xff\x00%YAML 1.2\n---\n? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, ps := Parse("fuzz.yaml", data, testOptions())
		require.NotNil(t, c)
		lineCount := len(newSource("", "", data).lines)
		for _, p := range ps {
			require.Equal(t, "fuzz.yaml", p.File)
			require.GreaterOrEqual(t, p.Line, 1)
			require.LessOrEqual(t, p.Line, lineCount+1)
			require.GreaterOrEqual(t, p.Column, 1)
			require.NotEmpty(t, p.Msg)
			require.NotContains(t, p.Error(), "\n")
			require.NotEmpty(t, p.Long())
		}
		if !Fatal(ps) {
			require.NotEmpty(t, c.Show())
		}
	})
}
