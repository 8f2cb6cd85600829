package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// A config is made of files that stood there together: what is swapped while it is read is
// read again.
func TestLoadIsOfOneMoment(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "brands_dir: brands\nbrand_defaults: {competitors: [rival1]}\n", "brands/acme.yaml": "query: acme1\n"})
	dir := filepath.Dir(path)
	swaps := 0
	swapping := Options{LookupEnv: func(string) (string, bool) {
		swaps++ // between the config and its brand files
		put(t, path, "brands_dir: brands\nbrand_defaults: {competitors: [rival2, \"${N}\"]}\n")
		put(t, filepath.Join(dir, "brands", "acme.yaml"), "query: acme2\n")
		return "x", true
	}}
	put(t, path, "brands_dir: brands\nbrand_defaults: {competitors: [rival1, \"${N}\"]}\n")
	c, ps := Load(path, swapping)
	require.Empty(t, ps)
	require.Equal(t, 2, swaps, "it was read twice")
	require.Equal(t, []string{"rival2", "x"}, c.Brands[0].Competitors)
	require.Equal(t, "acme2", c.Brands[0].Query)
	now := fingerprint(c.Files())
	require.Equal(t, string(now[:]), c.Fingerprint())
}

// What never rests is refused: a brand file by itself, what else the config consists of
// as a whole, and what is read of it is what the fingerprint stands for.
func TestLoadOfFilesThatNeverRest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, want string
		fatal            bool
		brands           []string
	}{
		{"a brand file", "brands/acme.yaml", "brands/acme.yaml:1:1: the file changes while it is read; write a file beside it and rename that into its place\n", false, []string{"bolt"}},
		{"the config", "leakytap.yaml", "leakytap.yaml:1:1: the file changes while it is read; write a file beside it and rename that into its place\n", true, []string{"acme", "bolt"}},
		{"a secret", "secret", "secret:1:1: the file changes while it is read; write a file beside it and rename that into its place\n", true, []string{"acme", "bolt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			main := "data_dir: ${HERE}\nbrands_dir: brands\nsources: [{name: hook, type: webhook, token_file: secret}]\n"
			path := folder(t, map[string]string{
				"leakytap.yaml": main, "secret": "long enough to be a secret",
				"brands/acme.yaml": "query: acme OR ${HERE}\n", "brands/bolt.yaml": "query: bolt OR ${HERE}\n",
			})
			text := map[string]string{"leakytap.yaml": main, "secret": "long enough to be a secret", "brands/acme.yaml": "query: acme OR ${HERE}\n"}[tt.file]
			n := 0
			c, ps := Load(path, Options{LookupEnv: func(string) (string, bool) {
				n++
				put(t, filepath.Join(filepath.Dir(path), tt.file), text+strings.Repeat(" ", n))
				return "here", true
			}})
			require.Equal(t, tt.want, shortLines(path, Errors(ps)))
			require.Equal(t, tt.fatal, Fatal(ps))
			require.Equal(t, tt.brands, brandNames(c))
			now := fingerprint(c.Files())
			require.NotEqual(t, string(now[:]), c.Fingerprint(), "so that a watcher tells of it")
		})
	}
}

// A file that is written bit by bit counts once it rests, a storm does not put it off for
// ever, and nothing is told twice.
func TestWatchWaitsForRest(t *testing.T) {
	path := folder(t, map[string]string{"leakytap.yaml": "a"})
	wait := func(d time.Duration) { <-time.After(d) }
	synctest.Test(t, func(t *testing.T) {
		var told []string
		w := &Watcher{Files: func() []string { return []string{path} }, Changed: func() {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			told = append(told, string(data))
		}}
		pace := DefaultPace()
		r := &watchRun{w: w, log: zap.NewNop(), pace: pace, state: fingerprint(w.Files())} // without hints: by looking
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.loop(ctx) }()
		wait(pace.Look + pace.Settle/2) // the first look has found nothing
		text := ""
		for i := range 12 {
			text = strings.Repeat("a line\n", i+1)
			put(t, path, text)
			wait(110 * time.Millisecond)
		}
		wait(2 * pace.Look)
		require.Equal(t, []string{text}, told, "the whole of it, once")

		for i := range 600 { // a minute of storm
			put(t, path+".new", fmt.Sprint("storm ", i))
			require.NoError(t, os.Rename(path+".new", path))
			wait(101 * time.Millisecond)
		}
		storm := len(told)
		require.Greater(t, storm, 10, "a storm does not put it off")
		require.LessOrEqual(t, storm, 61, "at most once a second")
		wait(2 * pace.Look)
		require.Equal(t, "storm 599", told[len(told)-1], "the last one is not lost")
		require.LessOrEqual(t, len(told), storm+1)
		cancel()
		require.NoError(t, <-done)
	})
}
