package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testEnv is the environment of the tests.
func testEnv(name string) (string, bool) {
	v, ok := map[string]string{"TOKEN": "xoxb-planted", "APP": "xapp-planted", "LONG": "acme OR bolt OR cord", "EMPTY": "", "BAD": "\xff"}[name]
	return v, ok
}

func testOptions() Options { return Options{LookupEnv: testEnv} }

// golden compares got with a file, which UPDATE_GOLDEN=1 writes.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// lines are problems as config check prints them, with paths that are the same on every system.
func lines(ps []Problem) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.Error() + "\n")
	}
	return strings.ReplaceAll(b.String(), `\`, "/")
}

// TestBadConfigs loads a config for each mistake and compares all that is said about it.
func TestBadConfigs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.Greater(t, len(files), 40)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			_, ps := Load(f, testOptions())
			require.NotEmpty(t, ps)
			for _, p := range ps {
				require.Equal(t, f, p.File)
				require.NotContains(t, p.Long(), "planted", "a secret must not show")
			}
			golden(t, strings.TrimSuffix(f, ".yaml")+".txt", lines(ps))
		})
	}
}
