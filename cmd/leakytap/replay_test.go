package main_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const twoBrands = `data_dir: ./data
brands:
  - name: acme
    query: '("acme air" OR @acmeair) NOT "acme air force"'
    languages: [en]
    own_accounts: ["@acmeair"]
  - name: globex
    query: '@globex'
    alert: {threshold: 0.6, min_severity: low, budget: 1/day}
route: {receiver: support, routes: [{match: {brand: globex}, receiver: second}]}
receivers: [{name: support, console: {}}, {name: second, console: {}}]
`

// post is a mention as the world outside writes it.
func post(t *testing.T, id, text string, more map[string]any) string {
	t.Helper()
	v := map[string]any{
		"id": "sky:" + id, "source": "sky", "platform": "sky", "url": "https://sky.example/" + id, "kind": "post",
		"author": map[string]any{"id": "u" + id, "handle": "h" + id}, "text": text, "lang": "en",
		"created_at": "2026-11-23T10:00:00Z", "observed_at": "2026-11-23T10:00:02Z",
	}
	maps.Copy(v, more)
	return row(t, v)
}

const furious = "3 hours on hold with @acmeair. still waiting. worst service ever"

func TestReplayDryRun(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", twoBrands)
	type want struct{ id, brand, outcome string }
	var in strings.Builder
	var wants []want
	say := func(line string, ws ...want) {
		in.WriteString(line)
		wants = append(wants, ws...)
	}
	thread := map[string]any{"kind": "reply", "root_id": "sky:1", "parent_id": "sky:1"}
	say(post(t, "1", furious, nil), want{"1", "acme", "alert"})
	say(post(t, "1", furious, nil), want{"1", "acme", "duplicate"})
	say(post(t, "2", "the acme air force wins again", nil), want{"2", "acme", "excluded"})
	say(post(t, "3", "I love @acmeair, what a wonderful crew", nil), want{"3", "acme", "below_threshold"})
	say(post(t, "4", "nothing to see here", nil), want{"4", "", "not_matched"})
	say(post(t, "5", "@acmeair is sorry, please write to us", map[string]any{"author": map[string]any{"id": "own", "handle": "AcmeAir"}}), want{"5", "acme", "own_account"})
	say(post(t, "6", "@acmeair still no answer, 5 hours now, this is a disgrace", thread), want{"6", "acme", "joined"})
	say(post(t, "7", "@acmeair and @globex have both lost my money, worst companies ever, I want a refund", nil), want{"7", "acme", "?"}, want{"7", "globex", "?"})
	say(post(t, "8", "@acmeair el peor servicio, tres horas esperando", map[string]any{"lang": "es"}), want{"8", "acme", "excluded"})
	say(post(t, "9", "@globex broke after two days and you refuse my refund, disgusting service", nil), want{"9", "globex", "?"})
	say(post(t, "10", "@globex never answers, 3 hours on hold, worst service ever", nil), want{"10", "globex", "over_budget"})
	say(post(t, "1", "", map[string]any{"retracted": true, "revision": 5}), want{"1", "acme", "retracted"})

	a := s.pipe(in.String(), "replay", "--dry-run", "-")
	require.Equal(t, 0, a.code, a.err)
	require.Empty(t, a.err)
	lines := a.lines(t)
	require.Len(t, lines, len(wants))
	cases := map[string]any{}
	for i, w := range wants {
		v := lines[i]
		require.Equal(t, "sky:"+w.id, v["id"])
		if w.brand == "" {
			require.NotContains(t, v, "brand")
		} else {
			require.Equal(t, w.brand, v["brand"])
		}
		if w.outcome != "?" {
			require.Equal(t, w.outcome, v["outcome"], v)
		}
		require.Contains(t, strings.Fields(severities), v["severity"])
		require.NotEmpty(t, v["why"])
		require.Contains(t, v, "venting")
		require.Contains(t, v, "priority")
		if v["outcome"] == "alert" {
			cases[w.id] = v["case"]
			require.NotEmpty(t, v["case"])
			require.NotEqual(t, "none", v["severity"])
			require.Equal(t, map[string]any{"acme": "support", "globex": "second"}[w.brand], v["route"])
		}
	}
	require.Equal(t, cases["1"], lines[6]["case"], "a joined post names its case")
	require.NoDirExists(t, filepath.Join(s.dir, "data"), "a dry run touches no store")

	s.write("posts.jsonl", in.String())
	require.Equal(t, a.out, s.good("replay", "posts.jsonl", "--dry-run", "--speed=max").out, "the same input, the same output")
}

func TestReplayBadLines(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", twoBrands)
	in := post(t, "1", furious, nil) + "no JSON\n\nnull\n" + `{"text":"no id"}` + "\n[]\n" + `{"id":"sky:9","text":5}` + "\n" + strings.TrimSpace(post(t, "2", "@acmeair caf\xff", nil))
	a := s.pipe(in, "replay", "--dry-run", "-")
	require.Equal(t, 1, a.code)
	require.Len(t, a.lines(t), 2, "what is good is decided")
	for _, n := range []string{"2", "4", "5", "6", "7"} {
		require.Contains(t, a.err, "line "+n+": ")
	}
	require.Equal(t, 5, strings.Count(a.err, "\n"))
	require.Equal(t, 1, s.call("replay", "--dry-run", "missing.jsonl").code)
}

// Without --dry-run the cases stay, and a second time nothing new happens.
func TestReplayForGood(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", twoBrands)
	s.write("posts.jsonl", post(t, "1", furious, nil)+post(t, "2", "nothing", nil))
	require.Regexp(t, `1\s+alert`, s.good("replay", "posts.jsonl").out)
	require.Regexp(t, `1\s+duplicate`, s.good("replay", "posts.jsonl").out)
	var cases []map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.good("case", "list", "--json").out), &cases))
	require.Len(t, cases, 1)
	require.Equal(t, "https://sky.example/1", cases[0]["url"])
	why := s.good("why", "https://sky.example/1", "--json").lines(t)
	require.Len(t, why, 1)
	require.Equal(t, "alert", why[0]["outcome"])
}

func TestReplaySpeed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", twoBrands)
	s.write("posts.jsonl", post(t, "1", furious, nil)+post(t, "2", "later @acmeair", map[string]any{"observed_at": "2026-11-23T10:00:22Z"}))
	begun := time.Now()
	require.Len(t, s.good("replay", "--dry-run", "--speed", "10x", "posts.jsonl").lines(t), 2)
	require.GreaterOrEqual(t, time.Since(begun), 2*time.Second, "twenty seconds at ten times the speed")
	for _, speed := range []string{"0x", "-1x", "x", "fast", "10", "NaNx", "Infx"} {
		require.Equal(t, 2, s.call("replay", "--dry-run", "posts.jsonl", "--speed="+speed).code, speed)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	a := s.good("explain", "--brand", "acmeair", furious)
	require.Contains(t, a.out, "acmeair: alert to console")
	require.Contains(t, a.out, "3 hours on hold")
	require.Equal(t, 2, s.call("explain", furious).code, "no config, no brand")
	s.write("leakytap.yaml", twoBrands)
	lines := s.good("--json", "explain", "@globex:", furious).lines(t)
	require.Len(t, lines, 2, "every brand of the config")
	for _, v := range lines {
		require.Equal(t, "alert", v["outcome"], v)
		checkReasons(t, "@globex: "+furious, v["score"].(map[string]any))
	}
	require.Equal(t, "second", lines[1]["route"])
	require.Contains(t, s.good("explain", "--brand", "globex", furious).out, "globex: not_matched")
	require.Contains(t, s.good("explain", furious, "with the acme air force", "--brand", "acme").out, `excluded by: "acme air force"`)
	require.Equal(t, 1, s.call("explain", "--brand", "nobody", furious).code)
	require.NoDirExists(t, filepath.Join(s.dir, "data"))
}
