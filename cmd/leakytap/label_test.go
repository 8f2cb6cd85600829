package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/web"
)

const learningConfig = `data_dir: ./data
server: {listen: "127.0.0.1:0"}
sources: [{name: hook, type: webhook}]
brands: [{name: crumblet, query: crumblet, alert: {threshold: 0.3}}, {name: slow, query: slowco, learn: propose}]
receivers: [{name: console, console: {}}]
route: {receiver: console}
`

// hear posts a text and gives what was decided about it.
func (d *daemon) hear(n int, text string) record.Decision {
	d.t.Helper()
	id := fmt.Sprintf("webhook:bake%d", n)
	body, err := json.Marshal(map[string]any{
		"id": id, "platform": "webhook", "native_id": "bake" + strconv.Itoa(n), "url": fmt.Sprintf("https://bakes.example/%d", n), "text": text,
		"author": map[string]string{"id": "a" + strconv.Itoa(n), "handle": "a" + strconv.Itoa(n)},
	})
	require.NoError(d.t, err)
	code, answer := d.ask(http.MethodPost, "/api/v1/ingest/hook", string(body))
	require.Equal(d.t, http.StatusAccepted, code, answer)
	var out record.Decision
	d.eventually("a decision on "+id, func() bool {
		_, body := d.get("/api/v1/decisions?q=" + id)
		var list web.List[record.Decision]
		if json.Unmarshal([]byte(body), &list) != nil || len(list.Items) == 0 {
			return false
		}
		out = list.Items[0]
		return true
	})
	return out
}

// listed reads a list that a command printed as JSON.
func listed[T any](t *testing.T, out string) []T {
	t.Helper()
	var v []T
	require.NoError(t, json.Unmarshal([]byte(out), &v), out)
	return v
}

func second(_ int, body string) string { return body }

// From a click to a score that moved, and back, without a restart.
func TestLabelsOnTheDaemon(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", learningConfig)
	d := s.start()
	before := d.hear(100, scenario.BakingToCome)
	require.Zero(t, before.Layer)
	for i, text := range scenario.Baking() {
		heard := d.hear(i, text)
		require.Equal(t, record.OutcomeAlert, heard.Outcome, heard.Why)
		s.good("case", "dismiss", heard.Case, "--reason", "wrong_company", "--as", "kim")
	}
	// Ending cases is learned from by itself, within seconds.
	n := 0
	var after record.Decision
	d.eventually("a layer", func() bool {
		n++
		after = d.hear(200+n, scenario.BakingToCome+strings.Repeat("!", n%3))
		return after.Layer > 0 && len(listed[web.Taught](t, s.good("label", "list", "--json").out)) == 6
	})
	require.Less(t, after.Venting, before.Venting-0.08)
	require.Contains(t, strings.Join(after.Why, "\n"), "your team's labels: -")
	require.Contains(t, s.good("explain", "--brand", "crumblet", scenario.BakingToCome).out, "your team's labels: -")
	require.Contains(t, s.good("label", "learned").out, "crumblet")
	require.Contains(t, second(d.get("/metrics")), `leakytap_labels{brand="crumblet",value="not_a_complaint"} 6`)

	labels := listed[web.Taught](t, s.good("label", "list", "--json", "--brand", "crumblet").out)
	require.Positive(t, labels[0].Label.Layer)
	require.NotEmpty(t, labels[0].Words)

	// Exported and imported again, nothing is new.
	file := s.good("label", "export").out
	require.Equal(t, 6, strings.Count(file, "\n"))
	s.write("labels.jsonl", file)
	require.Contains(t, s.good("label", "import", "labels.jsonl").out, "0 labels written, 6 were there already")
	missing := s.call("label", "import", "bad.jsonl")
	require.Equal(t, 1, missing.code, missing.out)
	require.Contains(t, missing.err, "bad.jsonl")
	s.write("bad.jsonl", strings.Join([]string{
		`{"text":"crumblet lost my parcel","brand":"crumblet","venting":true}`, ``, `not json`, `{"text":"x","brand":"nobody","venting":true}`,
		`{"text":7,"brand":"crumblet","venting":true}`, `{"brand":"crumblet","venting":true}`, `{"text":"nice bake","brand":"crumblet"}`,
	}, "\n"))
	bad := s.call("label", "import", "bad.jsonl", "--json")
	require.Equal(t, 1, bad.code)
	for _, want := range []string{"line 3: ", "line 4: there is no brand", "line 5: ", "line 6: it has neither id nor text", "line 7: it says neither"} {
		require.Contains(t, bad.err, want)
	}
	require.Regexp(t, `"written":\s*1`, bad.out)

	// Somebody sees it otherwise.
	s.good("label", "give", labels[0].Label.Mention, "--brand", "crumblet", "--reason", "complaint", "--as", "ann")
	require.Contains(t, s.good("label", "disagreements").out, "ann says complaint")

	for _, l := range listed[web.Taught](t, s.good("label", "list", "--json").out) {
		s.good("label", "undo", strconv.FormatInt(l.Label.ID, 10))
	}
	restored := d.hear(300, scenario.BakingToCome)
	require.Equal(t, before.Venting, restored.Venting, "as if nothing had been learned")
	again := s.call("label", "undo", "1")
	require.Equal(t, 1, again.code)
	require.Contains(t, again.err, "teaches nothing any more")
	require.Equal(t, 2, s.call("label", "undo", "none").code)
	require.Zero(t, d.stop(syscall.SIGTERM))
}

// Without a daemon the commands work on the data_dir itself.
func TestLabelsWithoutADaemon(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", learningConfig)
	var lines []string
	for _, text := range scenario.Baking() {
		b, err := json.Marshal(map[string]any{"text": strings.ReplaceAll(text, "crumblet", "slowco"), "brand": "slow", "irrelevant": true})
		require.NoError(t, err)
		lines = append(lines, string(b))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "data"), 0o700))
	s.write("labels.jsonl", strings.Join(lines, "\n")+"\n")
	require.Contains(t, s.good("label", "import", "labels.jsonl").out, "once somebody accepts it")
	text := strings.ReplaceAll(scenario.BakingToCome, "crumblet", "slowco")
	require.NotContains(t, s.good("explain", "--brand", "slow", text).out, "your team's labels")
	require.Contains(t, s.good("label", "learned").out, "propose")
	require.Contains(t, s.good("label", "accept", "slow").out, "In use now")
	require.Contains(t, s.good("explain", "--brand", "slow", text).out, "your team's labels: -")
	none := s.call("label", "accept", "slow")
	require.Equal(t, 1, none.code)
	require.Contains(t, none.err, "nothing is proposed")
	require.FileExists(t, filepath.Join(s.dir, "data", "leakytap.db"))
	require.NotContains(t, s.good("score", "--brand", "slow", "--explain", "labels.jsonl").out, "learned", "score depends on its input alone")
}
