package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestBrandPin(t *testing.T) {
	dir := stored(t)
	const own = "three hours in their queue and nobody at acme picks up. worst service, i want my money back"
	out, errs := run(t, dir, "", 0, "brand", "pin", "bluesky:0", "--text", own, "--severity", "high")
	require.Contains(t, errs, "bluesky:0 for brand acme came out as alert")
	require.Contains(t, errs, "it holds now")
	var lines struct {
		MustAlert []struct{ Text, Severity string } `yaml:"must_alert"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(out), &lines), out)
	require.Equal(t, own, lines.MustAlert[0].Text)

	out, errs = run(t, dir, "", 1, "brand", "pin", "https://social.example/1", "--must", "not_alert", "--text", "acme force charged me twice for a seat and their support ignores my emails")
	require.Contains(t, out, "must_not_alert:\n  - 'acme force charged me twice")
	require.Contains(t, errs, "it does not hold yet: the example", "the line is for the edit that comes")
	out, _ = run(t, dir, "", 1, "--json", "brand", "pin", "bluesky:1", "--must", "not_alert", "--text", "acme force charged me twice for a seat and their support ignores my emails")
	var doc struct {
		List  string `json:"list"`
		Holds bool   `json:"holds"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, "must_not_alert", doc.List)
	require.False(t, doc.Holds)

	_, errs = run(t, dir, "", 1, "brand", "pin", "bluesky:3", "--text", "acme lost my suitcase two weeks ago and still ignores my emails. never again")
	require.Contains(t, errs, "the customer's own words")
	_, errs = run(t, dir, "", 1, "brand", "pin", "bluesky:3")
	require.Contains(t, errs, "--text")
	_, errs = run(t, dir, "", 1, "brand", "pin", "bluesky:77", "--text", "x")
	require.Contains(t, errs, "never collected")
	run(t, dir, "", 2, "brand", "pin", "bluesky:3", "--text", "x", "--must", "maybe")
	run(t, dir, "", 2, "brand", "pin", "bluesky:3", "--text", "x", "--severity", "bad")
}

func TestBrandTry(t *testing.T) {
	dir := stored(t)
	out, errs := run(t, dir, "", 0, "brand", "try", "--offline", `suitcase OR (force NOT wins)`)
	require.Empty(t, errs)
	require.Contains(t, out, "stored")
	require.Contains(t, out, "https://social.example/3")
	require.Contains(t, out, "stored: kept away:\n  https://social.example/1")
	out, _ = run(t, dir, "", 0, "--json", "brand", "try", "--offline", "--brand", "acme", "office")
	var doc struct {
		Places []struct {
			Matched int `json:"matched"`
			Alerts  int `json:"alerts"`
		} `json:"places"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, 1, doc.Places[0].Matched)
	require.Equal(t, 0, doc.Places[0].Alerts)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new.yaml"), []byte("query: suitcase OR (\n"), 0o600))
	_, errs = run(t, dir, "", 1, "brand", "try", "--offline", "--file", "new.yaml")
	require.Contains(t, errs, "new.yaml:1:21: query: ")
	_, errs = run(t, dir, "", 1, "brand", "try", "--offline", "acme $gone")
	require.Contains(t, errs, "QUERY:1:6: query: there is no term list called $gone")
	run(t, dir, "", 2, "brand", "try")
	run(t, dir, "", 2, "brand", "try", "acme", "--bluesky", "2h")
}
