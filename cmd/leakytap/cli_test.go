package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what takes milliseconds on an idle machine.
const patience = 60 * time.Second

// answer is what one call of the command line gave.
type answer struct {
	code     int
	out, err string
}

// lines are the lines of stdout, decoded.
func (a answer) lines(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(a.out) {
		var v map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &v), line)
		out = append(out, v)
	}
	return out
}

// shell is a folder in which the binary is called.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	return &shell{t: t, dir: t.TempDir()}
}

// command makes a call that is not started yet.
func (s *shell) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary(s.t), args...)
	cmd.Dir = s.dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LEAKYTAP_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, s.env...)
	cmd.WaitDelay = time.Second
	return cmd
}

// pipe calls the binary with in on its standard input.
func (s *shell) pipe(in string, args ...string) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	cmd := s.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(s.t, err)
	}
	require.NoError(s.t, ctx.Err(), "leakytap %s did not end\n%s", strings.Join(args, " "), errs.String())
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// call calls the binary with nothing on its standard input.
func (s *shell) call(args ...string) answer {
	s.t.Helper()
	return s.pipe("", args...)
}

// good calls the binary and wants exit 0.
func (s *shell) good(args ...string) answer {
	s.t.Helper()
	a := s.call(args...)
	require.Equal(s.t, 0, a.code, "leakytap %s\n%s\n%s", strings.Join(args, " "), a.out, a.err)
	return a
}

// write puts a file into the folder.
func (s *shell) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return name
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, line := range []string{
		"nonsense", "scroe", "help nonsense", "case nonsense", "config nonsense", "silence nonsense", "source nonsense", "dead nonsense",
		"score --nonsense", "score a b", "why", "why a b", "explain", "train", "train --data x", "train --out x", "eval",
		"replay", "replay a b", "replay --speed fast x", "test-receiver", "test-receiver a b",
		"case show", "case claim", "case assign x", "case snooze x --for never", "case dismiss x --reason because",
		"case list x", "case claim x --as <jo>", "case list --state lost", "silence expire", "silence add", "silence add --brand a --for 0s",
		"source list x", "dead show", "dead retry", "dead drop", "completion", "completion tcsh", "version x", "healthcheck x",
		"run x", "run --role nonsense", "run --feed http://example.com/feed", "demo x", "demo --duration long",
		"config schema x", "config show x", "version --log.level loud", "version --log.format xml",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			s := &shell{t: t, dir: s.dir}
			a := s.call(strings.Fields(line)...)
			require.Equal(t, 2, a.code, a.err)
			require.Empty(t, a.out)
			require.True(t, strings.HasPrefix(a.err, "leakytap: "), a.err)
			require.NotContains(t, a.err, "arg(s)")
		})
	}
}

func TestHelpVersionCompletion(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, line := range []string{"", "--help", "help", "help case list", "case", "config", "run --help"} {
		a := s.good(strings.Fields(line)...)
		require.Contains(t, a.out, "Usage:")
		require.Empty(t, a.err)
	}
	for _, sh := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, s.good("completion", sh).out, "leakytap")
	}
	require.True(t, strings.HasPrefix(s.good("version").out, "leakytap "))
	var v map[string]string
	require.NoError(t, json.Unmarshal([]byte(s.good("--json", "version").out), &v))
	require.NotEmpty(t, v["version"])
	require.NotEmpty(t, v["go"])
	require.Contains(t, s.call("scroe").err, "did you mean score?")
}

// Without a daemon and without a config the noun commands say so and fail.
func TestNoDaemon(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, line := range []string{
		"why x", "case list", "case show x", "case claim x", "silence list", "silence add --brand acme --reason test",
		"source list", "dead list", "healthcheck", "healthcheck --url http://127.0.0.1:1",
	} {
		a := s.call(strings.Fields(line)...)
		require.Equal(t, 1, a.code, line)
		require.Empty(t, a.out, line)
		require.True(t, strings.HasPrefix(a.err, "leakytap: "), a.err)
	}
	for _, line := range []string{"why x", "case list", "config show", "replay --dry-run x", "test-receiver x", "run"} {
		a := s.call(append(strings.Fields(line), "--config", "missing.yaml")...)
		require.Equal(t, 1, a.code, line)
		require.Contains(t, a.err, "missing.yaml:1:1: ", line)
	}
	require.Equal(t, 2, s.call("run").code, "no config and no --brand is wrong usage")
	require.NoDirExists(t, filepath.Join(s.dir, "data"))
}
