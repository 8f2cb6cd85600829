package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/config"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	return string(b)
}

// blocks are the code blocks of one language.
func blocks(text, lang string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+lang+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestReadmeStartsWithTheDemo(t *testing.T) {
	sh := blocks(readme(t), "sh")
	require.NotEmpty(t, sh)
	require.True(t, strings.HasPrefix(sh[0], "go run ./cmd/leakytap demo\n"), sh[0])
	require.Contains(t, sh[1:], "go test ./...\n")
}

func TestReadmeConfigLoads(t *testing.T) {
	yaml := blocks(readme(t), "yaml")
	require.Len(t, yaml, 1)
	cfg, problems := config.Parse("README.md", []byte(yaml[0]), config.Options{LookupEnv: func(string) (string, bool) { return "xoxb-check", true }})
	require.Empty(t, config.Errors(problems))
	require.Len(t, cfg.Sources, 3)
	require.Equal(t, "support", cfg.Route.Receiver)
}

// Every command that the documents name is one that the binary has.
func TestDocumentsNameRealCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	files = append(files, "../../README.md", "../../deployments/prometheus/rules.yml")
	named := regexp.MustCompile("(?:`leakytap|\\./cmd/leakytap|    leakytap|: leakytap) ([a-z][a-z-]*)(?: ([a-z]+))?")
	known := map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			if known[m[0]] {
				continue
			}
			known[m[0]] = true
			out, err := exec.Command(binary(t), m[1], "--help").CombinedOutput()
			require.NoError(t, err, "%s names leakytap %s: %s", file, m[1], out)
		}
	}
	require.Greater(t, len(known), 8)
}

// A link to a file of this repository leads somewhere.
func TestDocumentsLinkToRealFiles(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	more, err := filepath.Glob("../../*.md")
	require.NoError(t, err)
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, file := range append(files, more...) {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(file), m[1]))
			require.NoError(t, err, "%s links to %s", file, m[1])
		}
	}
}
