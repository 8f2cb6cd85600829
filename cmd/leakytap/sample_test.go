package main_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
)

func TestSample(t *testing.T) {
	t.Parallel()
	dir := stored(t)
	_, errs := run(t, dir, "", 2, "sample", "list")
	require.Contains(t, errs, "--brand NAME")
	run(t, dir, "", 2, "sample", "label", "bluesky:0", "maybe", "--brand", "acme")
	_, errs = run(t, dir, "", 1, "sample", "list", "--brand", "nobody")
	require.Contains(t, errs, "there is no brand nobody")
	out, _ := run(t, dir, "", 0, "sample", "report")
	require.Contains(t, out, "acme\n  Nothing was drawn yet")

	out, _ = run(t, dir, "", 0, "sample", "draw", "--brand", "acme")
	require.Contains(t, out, "posts were drawn")
	out, _ = run(t, dir, "", 0, "sample", "list", "--brand", "acme", "--json")
	var posts []record.Sampled
	require.NoError(t, json.Unmarshal([]byte(out), &posts))
	require.NotEmpty(t, posts)
	out, _ = run(t, dir, "", 0, "sample", "list", "--brand", "acme")
	require.Contains(t, out, posts[0].URL)

	for _, p := range posts {
		said := "none"
		if p.Stratum == record.StratumReached {
			said = "complaint"
		}
		run(t, dir, "", 0, "sample", "label", p.Mention, said, "--brand", "acme")
	}
	_, errs = run(t, dir, "", 1, "sample", "label", "bluesky:99", "none", "--brand", "acme")
	require.Contains(t, errs, "there is no such post of brand acme")
	out, _ = run(t, dir, "", 0, "sample", "list", "--brand", "acme")
	require.Equal(t, "nothing waits for a label\n", out)
	out, _ = run(t, dir, "", 0, "sample", "report", "--json")
	var rows []web.Measure
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Len(t, rows, 1)
	require.Equal(t, len(posts), rows[0].Recall.Labelled)
	require.True(t, rows[0].Recall.Known)
	require.InDelta(t, 1, rows[0].Recall.Recall.Value, 1e-9)
	require.Less(t, rows[0].Recall.Recall.Low, 0.9, "so few labels say little")
	out, _ = run(t, dir, "", 0, "sample", "report")
	require.Contains(t, out, "About 100 % of the real complaints that the query matches reach people")
	require.Contains(t, out, "had a card or joined a case")
	out, _ = run(t, dir, "", 0, "sample", "draw", "--brand", "acme")
	require.Equal(t, "0 posts were drawn\n", out)
}
