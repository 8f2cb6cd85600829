package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

const consoleRoute = "route: {receiver: console}\nreceivers: [{name: console, console: {}}]\n"

// All errors of all parts come at once, each on its line, and the examples of
// the brands that can be read are run all the same.
func TestConfigCheckTellsAll(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = []string{"THERE=x"}
	s.write("bad.yaml", `bogus: 1
server: {listen: "0.0.0.0:8080"}
bus: {kind: pigeon}
sources:
  - {name: forum, type: rss}
  - {name: tele, type: telepathy, url: "http://example.com"}
  - {name: quick, type: rss, url: "http://example.com/feed", poll: 100ms}
brands:
  - {name: acme, query: '("acme air" OR'}
  - {name: globex, query: globex, must_alert: ["what a lovely day with globex"]}
  - name: initech
    query: initech
    must_not_alert:
      - "initech is the worst, 3 hours on hold and still waiting for my refund"
route: {receiver: nobody}
receivers:
  - {name: support, slack: {token: "${NOT_THERE}", channel: C0123456789}}
  - {name: both, slack: {token: "${THERE}", token_file: x, channel: C0123456789}}
  - {name: pager, pagerduty: {}}
`)
	a := s.call("config", "check", "bad.yaml")
	require.Equal(t, 1, a.code)
	var places []string
	for line := range strings.Lines(a.out) {
		require.Regexp(t, `^bad\.yaml:\d+:\d+: .{10,}\n$`, line)
		places = append(places, strings.Join(strings.SplitN(line, ":", 4)[1:3], ":"))
	}
	require.Equal(t, []string{
		"1:1", "2:18", "3:13", "5:5", "6:24", "7:68", "9:38", "10:48", "14:9", "15:19", "17:37", "18:57", "19:30",
	}, places, a.out)
	require.Contains(t, a.out, "NOT_THERE")

	var rows []map[string]any
	j := s.call("--json", "config", "check", "bad.yaml")
	require.Equal(t, 1, j.code)
	require.NoError(t, json.Unmarshal([]byte(j.out), &rows))
	require.GreaterOrEqual(t, len(rows), len(places))

	s.write("good.yaml", "brands: [{name: acme, query: acme, must_alert: [\"3 hours on hold with acme. still waiting.\"]}]\n"+consoleRoute)
	require.Empty(t, s.good("config", "check", "good.yaml").out)
	require.Empty(t, s.good("--config", "good.yaml", "config", "check").out)
	require.Equal(t, a.out, s.call("config", "check", "good.yaml", "bad.yaml").out, "every file named is checked")
	s.env = append(s.env, "LEAKYTAP_CONFIG=good.yaml")
	require.Equal(t, 0, s.call("config", "check").code)
	require.Equal(t, 1, s.call("config", "check", "--config", "bad.yaml").code, "the flag wins")
}

func TestConfigBroken(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for i, text := range []string{
		"", "a: [\n", "brands:\n\t- x\n", "\xff\xfe\x00", "- a\n", "just words", "data_dir: a\ndata_dir: b\n" + consoleRoute,
		"data_dir: a\n---\ndata_dir: b\n", "a: &a [*a]\n", "brands: [null, 5]\n" + consoleRoute, strings.Repeat("[", 20000),
		"brands: [{name: acme, query: acme}]\nroute: {receiver: nobody}\n",
	} {
		name := s.write(fmt.Sprintf("%d.yaml", i), text)
		for _, args := range [][]string{{"config", "check", name}, {"run", "--config", name}, {"config", "show", "--config", name}, {"replay", "--dry-run", "-", "--config", name}} {
			a := s.call(args...)
			require.Equal(t, 1, a.code, "%s\n%s", args, text)
			told := a.err
			if args[1] == "check" {
				told = a.out
			} else {
				require.Empty(t, a.out)
			}
			require.Regexp(t, `(?m)^`+name+`:\d+:\d+: `, told)
		}
	}
	require.Equal(t, 1, s.call("config", "check", "missing.yaml").code)
	require.Equal(t, 1, s.call("config", "check", ".").code)
	require.Equal(t, 1, s.call("config", "check").code)
}

func TestConfigShow(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = []string{"TOKEN=xoxb-secret"}
	s.write("secret", "signing-secret\n")
	s.write("leakytap.yaml", `sources: [{name: forum, type: rss, url: "https://user:pass-secret@example.com/$$x"}]
brands: [{name: acme, query: 'acme'}]
route: {receiver: support}
receivers: [{name: support, slack: {token: "${TOKEN}", signing_secret_file: secret, channel: C0123456789}}]
`)
	for _, args := range [][]string{{"config", "show"}, {"config", "show", "--json"}} {
		a := s.good(args...)
		require.NotContains(t, a.out+a.err, "-secret")
		require.GreaterOrEqual(t, strings.Count(a.out, "<secret>"), 1)
		require.Contains(t, a.out, "/$")
		var v map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(a.out), &v))
		for _, k := range []string{"data_dir", "server", "bus", "store", "sources", "brands", "route", "receivers"} {
			require.Contains(t, v, k)
		}
	}
	require.True(t, json.Valid([]byte(s.good("config", "show", "--json").out)))
}

func TestConfigSchema(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = []string{"LEAKYTAP_CONFIG=missing.yaml"}
	var schema struct {
		Schema     string         `json:"$schema"`
		Properties map[string]any `json:"properties"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.good("config", "schema").out), &schema))
	require.NotEmpty(t, schema.Schema)
	require.Contains(t, schema.Properties, "brands")
}

// The bounds: 16 MiB a file, 10,000 terms a query, 100,000 terms a config.
func TestConfigBounds(t *testing.T) {
	t.Parallel()
	config := func(brands, terms, size int) string {
		var b strings.Builder
		b.WriteString("brands:\n")
		for i := range brands {
			fmt.Fprintf(&b, "  - name: brand%d\n    query: word%d", i, i*terms)
			for k := 1; k < terms; k++ {
				fmt.Fprintf(&b, " OR word%d", i*terms+k)
			}
			b.WriteString("\n")
		}
		b.WriteString(consoleRoute)
		if pad := size - b.Len() - 2; size > 0 {
			b.WriteString("#" + strings.Repeat("x", pad) + "\n")
		}
		return b.String()
	}
	s := newShell(t)
	for _, tt := range []struct {
		name                string
		brands, terms, size int
		code                int
	}{
		{"terms_of_a_query", 1, 10_000, 0, 0},
		{"terms_of_a_query_over", 1, 10_001, 0, 1},
		{"terms", 10, 10_000, 0, 0},
		{"terms_over", 11, 9_091, 0, 1},
		{"bytes", 1, 10, 16 << 20, 0},
		{"bytes_over", 1, 10, 16<<20 + 1, 1},
	} {
		a := s.call("config", "check", s.write(tt.name+".yaml", config(tt.brands, tt.terms, tt.size)))
		require.Equal(t, tt.code, a.code, "%s: %s", tt.name, a.out)
		require.Equal(t, tt.code, strings.Count(a.out, "\n"), "%s: %s", tt.name, a.out)
	}
}

func TestBrandFiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", "brands_dir: brands\n"+consoleRoute)
	s.write("brands/acme.yaml", "name: acme\nquery: acme\n")
	s.write("brands/more/globex.yaml", "name: globex\nquery: globex\nmust_alert:\n  - nice day with globex\n")
	s.write("brands/initech.yaml", "name: initech\nquery: (initech\nfoo: 1\n")
	s.write("brands/README.md", "not a brand")
	a := s.call("config", "check", "leakytap.yaml")
	require.Equal(t, 1, a.code)
	require.Contains(t, a.out, "brands/initech.yaml:2:")
	require.Contains(t, a.out, "brands/initech.yaml:3:1: ")
	require.NotContains(t, a.out, "acme.yaml")
	require.Equal(t, 0, s.call("config", "check", "brands/acme.yaml").code, "a brand file by itself")
	require.Equal(t, 1, s.call("config", "check", "brands/initech.yaml").code)
}

func TestConfigCheckLooksIntoTheStore(t *testing.T) {
	dir := t.TempDir()
	cfg := strings.Replace(backtestConfig, "query: 'acme'", `query: 'acme NOT ("acme force" OR "acme navy" OR $others)'`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "leakytap.yaml"), []byte("terms: {others: [acme bakery]}\n"+cfg), 0o600))
	_, errs := run(t, dir, "", 0, "config", "check")
	require.NotContains(t, errs, "kept nothing away", "there is no store")
	var lines strings.Builder
	for i := range 210 {
		fmt.Fprintf(&lines, `{"id":"rss:%d","platform":"rss","native_id":"%d","source":"s","kind":"post","text":"acme opens shop %d"}`+"\n", i, i, i)
	}
	lines.WriteString(`{"id":"rss:x","platform":"rss","native_id":"x","source":"s","kind":"post","text":"acme force wins"}` + "\n")
	run(t, dir, lines.String(), 0, "replay", "-")
	out, errs := run(t, dir, "", 0, "config", "check")
	require.Empty(t, out, "warnings are no results")
	require.Contains(t, errs, `leakytap.yaml:6:52: warning: brands[0].query: NOT "acme navy" has kept nothing away among 211 stored decisions`)
	require.Contains(t, errs, `leakytap.yaml:6:67: warning: brands[0].query: in the list $others: NOT "acme bakery" has kept nothing away`)
	require.NotContains(t, errs, `NOT "acme force" has`)
}
