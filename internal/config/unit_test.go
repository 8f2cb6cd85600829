package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/setting"
)

// folder writes files into a fresh folder and gives the path of leakytap.yaml in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return filepath.Join(dir, "leakytap.yaml")
}

// shortLines are the problems with file names alone.
func shortLines(path string, ps []Problem) string {
	return strings.ReplaceAll(lines(ps), filepath.Dir(path)+"/", "")
}

func brandNames(c *Config) (names []string) {
	for _, b := range c.Brands {
		names = append(names, b.Name)
	}
	return names
}

func TestABrokenBrandFileCostsItsBrandAlone(t *testing.T) {
	path := folder(t, map[string]string{
		"leakytap.yaml":       "brands_dir: brands\nbrands: [{name: inline, query: inlines}]\nbrand_defaults: {languages: [de], alert: {threshold: 0.7}, competitors: [bolt]}\n",
		"brands/acme.yaml":    "query: acme\nlanguages: [en]\nalert: {budget: 5/day}\n",
		"brands/broken.yaml":  "name: zed\nquery: (zed\nkeywrods: []\n",
		"brands/half.yaml":    "name: half\nquery: \"ha",
		"brands/twin.yaml":    "name: acme\nquery: other\n",
		"brands/acme.yml":     "name: second\nquery: seconds\n",
		"brands/.hidden.yaml": "query: (\n",
		"brands/notes.txt":    "no brand\n",
		"brands/dir.yaml/x":   "",
	})
	c, ps := Load(path, testOptions())
	require.False(t, Fatal(ps), lines(ps))
	require.Equal(t, []string{"inline", "acme", "second"}, brandNames(c))
	require.Equal(t, "brands/broken.yaml:2:12: query: missing \")\"; close the \"(\" of column 1\n"+
		"brands/broken.yaml:3:1: unknown key \"keywrods\"; it knows name, query, languages, own_accounts, press_accounts, aliases, competitors, context, alert, timezone, sla, hours, nudge, praise, silent_after, learn, spikes, priority, must_alert, must_not_alert\n"+
		"brands/half.yaml:2:11: the YAML is broken: found unexpected end of stream (a quoted scalar that begins at line 2)\n"+
		"brands/twin.yaml:1:7: name: another brand is named \"acme\", in "+filepath.Dir(path)+"/brands/acme.yaml:1\n",
		strings.Replace(shortLines(path, ps), "in brands/acme", "in "+filepath.Dir(path)+"/brands/acme", 1))

	acme := c.Brands[1]
	require.Equal(t, []string{"en"}, acme.Languages, "what a brand writes takes the place of the default")
	require.Equal(t, []string{"bolt"}, acme.Competitors)
	require.InDelta(t, 0.7, acme.Alert.Threshold, 1e-9)
	require.Equal(t, "5/day", acme.Alert.Budget.String())
	require.Equal(t, []string{"de"}, c.Brands[0].Languages)

	keys := map[string]string{}
	for _, u := range c.Units {
		keys[u.Key] = fmt.Sprintf("%s broken=%t file=%s", u.Name, u.Broken(), filepath.Base(u.File))
	}
	require.Equal(t, map[string]string{
		"inline": "inline broken=false file=.", "acme": "acme broken=false file=acme.yaml", "acme.yml": "second broken=false file=acme.yml",
		"broken": "zed broken=true file=broken.yaml", "half": "half broken=true file=half.yaml", "twin": "acme broken=true file=twin.yaml",
	}, keys)
}

func TestUseLastGood(t *testing.T) {
	path := folder(t, map[string]string{
		"leakytap.yaml":    "brands_dir: brands\nbrand_defaults: {languages: [de]}\n",
		"brands/acme.yaml": "name: acme\nquery: (\n",
		"brands/bolt.yaml": "name: bolt\nquery: bolt\n",
	})
	c, ps := Load(path, testOptions())
	require.False(t, Fatal(ps))
	require.Equal(t, []string{"bolt"}, brandNames(c))

	require.Contains(t, lines(c.UseLastGood("acme", []byte("name: acme\nquery: )\n"))), `")" closes nothing`)
	require.Contains(t, lines(c.UseLastGood("acme", []byte("name: bolt\nquery: acme\n"))), `another brand is named "bolt"`)
	require.Equal(t, []string{"bolt"}, brandNames(c), "a version that is no good changes nothing")
	require.Empty(t, c.UseLastGood("nobody", []byte("query: acme")))

	require.Empty(t, c.UseLastGood("acme", []byte("query: acme OR @acme\n")))
	require.Equal(t, []string{"acme", "bolt"}, brandNames(c))
	require.Equal(t, []string{"de"}, c.Brands[0].Languages, "today's defaults hold for it")
	require.True(t, c.Units[0].Stale)
	require.Equal(t, "query: acme OR @acme\n", string(c.Units[0].YAML))
}

func TestRejectPlacesWhatOnlyACallerFinds(t *testing.T) {
	path := folder(t, map[string]string{
		"leakytap.yaml":    "brands_dir: brands\nbrands:\n  - name: inline\n    query: inlines\n    must_alert: [one, two]\n",
		"brands/acme.yaml": "query: acme\nmust_not_alert:\n  - fine\n  - {text: also fine}\n",
	})
	c, ps := Load(path, testOptions())
	require.Empty(t, ps)
	got := c.Reject("acme", []setting.Problem{{Path: "must_not_alert[1]", Msg: "it must not alert and does"}})
	require.Equal(t, "brands/acme.yaml:4:5: must_not_alert[1]: it must not alert and does\n", shortLines(path, got))
	require.False(t, Fatal(got), "a brand file's own")
	require.Equal(t, []string{"inline"}, brandNames(c))
	got = c.Reject("inline", []setting.Problem{{Path: "must_alert[1]", Msg: "it must alert"}})
	require.Equal(t, "leakytap.yaml:5:23: brands[0].must_alert[1]: it must alert\n", shortLines(path, got))
	require.True(t, Fatal(got), "leakytap.yaml is all or nothing")
	require.Empty(t, c.Brands)
	require.Empty(t, c.Reject("nobody", nil))
}

func TestLimits(t *testing.T) {
	t.Parallel()
	terms := func(n int) string { return strings.TrimSuffix(strings.Repeat("acme OR ", n), " OR ") }
	files := map[string]string{"leakytap.yaml": "brands_dir: brands\n"}
	for i := range 10 {
		files[fmt.Sprintf("brands/b%02d.yaml", i)] = "query: " + terms(10_000) + "\n"
	}
	files["brands/c.yaml"] = "query: " + terms(10_001) + "\n"
	files["brands/d.yaml"] = "query: acme OR bolt\n"
	path := folder(t, files)
	c, ps := Load(path, testOptions())
	require.Len(t, c.Brands, 10)
	require.Equal(t, "brands/c.yaml:1:80008: query: the query has more than 10000 terms; split the brand in two\n"+
		"brands/d.yaml:1:8: query: the queries of all brands have more than 100000 terms together\n", shortLines(path, Errors(ps)))

	big := append([]byte("data_dir: x\n#"), make([]byte, MaxFile)...)
	_, ps = Parse("big.yaml", big, testOptions())
	require.Equal(t, "big.yaml:1:1: the file has more than 16 MiB\n", lines(ps))
	path = folder(t, map[string]string{"leakytap.yaml": string(big)})
	_, ps = Load(path, testOptions())
	require.Equal(t, "leakytap.yaml:1:1: reading the config: it has more than 16 MiB\n", shortLines(path, ps))

	_, ps = Parse("list.yaml", []byte("sources: ["+strings.Repeat("a,", maxNodes+1)+"]"), testOptions())
	require.Equal(t, "list.yaml:1:1: the file holds more than 1000000 values\n", lines(ps))
	_, ps = Parse("deep.yaml", []byte("sources: "+strings.Repeat("[", 5000)), testOptions())
	require.Len(t, ps, 1)
	require.Contains(t, ps[0].Msg, "depth")
	_, ps = Parse("many.yaml", []byte(strings.Repeat("x: 1\n", 5000)), testOptions())
	require.LessOrEqual(t, len(ps), maxProblems+1)
}

func TestCheckTakesABrandFileByItself(t *testing.T) {
	path := folder(t, map[string]string{"leakytap.yaml": "brands: [{name: a, query: aa}]\n", "acme.yaml": "query: acme OR x\n", "bolt.yaml": "query: bolt\n"})
	brandFile := filepath.Join(filepath.Dir(path), "acme.yaml")
	c, ps := Check(brandFile, testOptions())
	require.Equal(t, "acme.yaml:1:16: query: the one-letter term x would match too much; use a longer word, a phrase, an @handle or a #tag\n", shortLines(path, ps))
	require.True(t, Fatal(ps))
	require.Empty(t, c.Brands)
	c, ps = Check(filepath.Join(filepath.Dir(path), "bolt.yaml"), testOptions())
	require.Empty(t, ps)
	require.Equal(t, []string{"bolt"}, brandNames(c))
	c, ps = Check(path, testOptions())
	require.Empty(t, ps)
	require.Equal(t, []string{"a"}, brandNames(c))
	_, ps = Check(filepath.Join(filepath.Dir(path), "nothing.yaml"), testOptions())
	require.Equal(t, "nothing.yaml:1:1: reading the config: no such file or directory\n", shortLines(path, ps))
}

func TestAnEmptyBrandsDirIsSaid(t *testing.T) {
	path := folder(t, map[string]string{"leakytap.yaml": "brands_dir: brands\n", "brands/README": ""})
	_, ps := Load(path, testOptions())
	require.Equal(t, "leakytap.yaml:1:13: warning: brands_dir: the folder "+filepath.Dir(path)+"/brands holds no brand file, so nothing will ever match\n",
		strings.Replace(lines(ps), path, "leakytap.yaml", 1))
}

func TestQuick(t *testing.T) {
	c, ps := Quick("Acme Air", []string{"https://forum.example/feed", "http://127.0.0.1:9/x"}, testOptions())
	require.Empty(t, ps)
	require.Equal(t, "acme-air", c.Brands[0].Name)
	require.Equal(t, `"Acme Air" OR @AcmeAir OR #AcmeAir`, c.Brands[0].Query)
	require.Equal(t, "console", c.Route.Receiver)
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name+" "+s.Type)
	}
	require.Equal(t, []string{"bluesky bluesky", "hackernews hackernews", "feed1 rss", "feed2 rss"}, names)
	_, ps = Quick("?!", nil, testOptions())
	require.True(t, Fatal(ps))
	_, ps = Quick("acme", []string{"file:///etc/passwd"}, testOptions())
	require.Equal(t, "command line:1:1: sources[2].url: must begin with http:// or https://\n", lines(ps))
	c, ps = Quick("アクメ", nil, testOptions())
	require.False(t, Fatal(ps), lines(ps))
	require.Equal(t, "brand", c.Brands[0].Name)
}
