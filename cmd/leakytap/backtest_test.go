package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/tune"
)

const backtestConfig = `data_dir: ./data
server: {listen: "127.0.0.1:0"}
sources: []
brands:
  - {name: acme, query: 'acme', own_accounts: ["@acmeair"], alert: {threshold: 0.6}}
receivers: [{name: console, console: {}}]
`

// stored is a folder with a config and a day of stored mentions.
func stored(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "leakytap.yaml"), []byte(backtestConfig), 0o600))
	var lines strings.Builder
	at := time.Now().UTC().Add(-20 * time.Hour).Truncate(time.Second)
	for i, text := range []string{
		"3 hours on hold with acme, nobody answers. worst service ever, i want a refund",
		"acme force wins again while i was two hours in a queue outside and nobody answers. i want my money back",
		"acme has a new office in town",
		"acme lost my suitcase two weeks ago and still ignores my emails. never again",
		"nothing about anybody",
	} {
		fmt.Fprintf(&lines, `{"id":"bluesky:%d","platform":"bluesky","native_id":"%d","source":"sky","url":"https://social.example/%d","kind":"post","author":{"id":"did:%d"},"text":%q,"lang":"en","created_at":%q,"observed_at":%q}`+"\n",
			i, i, i, i, text, at.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), at.Add(time.Duration(i)*time.Minute).Format(time.RFC3339))
	}
	run(t, dir, lines.String(), 0, "replay", "-")
	return dir
}

// run runs the binary in dir and gives its standard output.
func run(t *testing.T, dir, stdin string, code int, words ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary(t), words...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if code == 0 {
		require.NoError(t, err, errs.String())
	}
	require.Equal(t, code, cmd.ProcessState.ExitCode(), errs.String())
	return out.String(), errs.String()
}

func TestBacktest(t *testing.T) {
	t.Parallel()
	dir := stored(t)
	_, errs := run(t, dir, "", 2, "backtest")
	require.Contains(t, errs, "--candidate FILE")
	run(t, dir, "", 2, "backtest", "--candidate", "leakytap.yaml", "--since", "soon")

	out, _ := run(t, dir, "", 0, "backtest", "--candidate", "leakytap.yaml")
	require.Contains(t, out, "4 stored mentions")
	require.Contains(t, out, "of 4 that the rules running now decided, 4 come out again as they did live\n0 differences\n")

	// A brand file stands in for the brand of its name.
	brandFile := "name: acme\nquery: 'acme NOT \"acme force\" OR zephyr'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "acme-next.yaml"), []byte(brandFile), 0o600))
	out, _ = run(t, dir, "", 0, "backtest", "--candidate", "acme-next.yaml", "--json")
	var rep tune.Report
	require.NoError(t, json.Unmarshal([]byte(out), &rep))
	require.Equal(t, 4, rep.Mentions)
	require.Len(t, rep.Brands, 1)
	b := rep.Brands[0]
	require.True(t, b.Changed)
	require.Equal(t, 1, b.Differences)
	require.NotNil(t, b.Unmatched)
	out, _ = run(t, dir, "", 0, "backtest", "--candidate", "acme-next.yaml")
	require.Contains(t, out, "https://social.example/1")
	require.Contains(t, out, "excluded by: \"acme force\"")
	require.Contains(t, out, "new terms would bring is unknown")

	// Each edit is told what it caused; the scorer is asked again where one needs it.
	edits := "name: acme\nquery: 'acme NOT \"acme force\"'\nown_accounts: ['@acmeair']\ncompetitors: [zephyr]\nalert: {min_severity: critical}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "edits.yaml"), []byte(edits), 0o600))
	out, _ = run(t, dir, "", 0, "backtest", "--candidate", "edits.yaml")
	require.Regexp(t, `(?m)^ +edit +newly alerting +lost +changed$`, out)
	require.Regexp(t, `(?m)^ +query: \+ NOT "acme force" +0 +1 +0$`, out)
	require.Regexp(t, `(?m)^ +competitors: \+ zephyr +0 +0 +0$`, out)
	require.Regexp(t, `(?m)^ +alert.min_severity: low -> critical +0 +[123] +0$`, out)
	require.Contains(t, out, "      by query: + NOT \"acme force\"; alert.min_severity: low -> critical\n")

	broken := "name: acme\nquery: 'acme NOT'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.yaml"), []byte(broken), 0o600))
	_, errs = run(t, dir, "", 1, "backtest", "--candidate", "broken.yaml")
	require.Contains(t, errs, "broken.yaml:2:")
	_, errs = run(t, dir, "", 1, "backtest", "--candidate", "nowhere.yaml")
	require.Contains(t, errs, "nowhere.yaml")

	pinned := brandFile + "must_alert: ['acme force wins']\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pinned.yaml"), []byte(pinned), 0o600))
	_, errs = run(t, dir, "", 1, "backtest", "--candidate", "pinned.yaml")
	require.Contains(t, errs, "the candidate would be refused: pinned.yaml:3:")
}
