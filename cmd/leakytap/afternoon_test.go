package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// session is the scripted session of docs/tuning.md.
type session struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	done chan error
	out  bytes.Buffer
}

// TestAfternoon runs an operator's afternoon as docs/tuning.md tells it.
func TestAfternoon(t *testing.T) {
	t.Parallel()
	s := &session{t: t, dir: t.TempDir()}
	files, err := filepath.Glob("testdata/afternoon/*")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "brands"), 0o700))
	for _, f := range files {
		s.copy(f, filepath.Join(s.dir, filepath.Base(f)))
	}
	s.copy("testdata/afternoon/acme.yaml", filepath.Join(s.dir, "brands", "acme.yaml"))
	for i := range 39 {
		text := fmt.Sprintf("query: brand%02d\n", i)
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "brands", fmt.Sprintf("brand%02d.yaml", i)), []byte(text), 0o600))
	}
	require.NoError(t, os.Remove(filepath.Join(s.dir, "acme.yaml")))
	t.Cleanup(s.stop)
	steps := s.script()
	require.Greater(t, len(steps), 15)
	for _, st := range steps {
		s.step(st)
	}
	s.stop()
	// The console has each card once, and once more where people ended its case.
	told := map[string]int{}
	for _, m := range regexp.MustCompile(`https://posts\.example/\d+`).FindAllString(s.out.String(), -1) {
		told[strings.TrimPrefix(m, "https://posts.example/")]++
	}
	require.Equal(t, map[string]int{
		"1": 2, "2": 2, "3": 2, "4": 2, "5": 2, "6": 2, "7": 2, "8": 2, "9": 2,
		"107": 1, "108": 1, "20": 1, "21": 1, "22": 1, "23": 1, "31": 1,
	}, told, "nothing is lost and nothing told twice")
}

// scripted is one command of the session with the lines that it has to print.
type scripted struct {
	line string
	want []string
}

func (s *session) script() []scripted {
	doc, err := os.ReadFile("../../docs/tuning.md")
	require.NoError(s.t, err)
	_, text, ok := strings.Cut(string(doc), "## An operator's afternoon")
	require.True(s.t, ok)
	if i := strings.Index(text, "\n## "); i >= 0 {
		text = text[:i]
	}
	var out []scripted
	for i, block := range strings.Split(text, "```") {
		if i%2 == 0 {
			continue
		}
		block, ok := strings.CutPrefix(block, "console\n")
		require.True(s.t, ok, "a block of the session begins with console")
		for line := range strings.Lines(block) {
			line = strings.TrimRight(line, "\n")
			switch cmd, isCommand := strings.CutPrefix(line, "$ "); {
			case isCommand:
				out = append(out, scripted{line: cmd})
			case strings.HasPrefix(line, "# in the inbox"):
				out = append(out, scripted{line: line})
			case line != "" && line != "# ...":
				last := &out[len(out)-1]
				last.want = append(last.want, line)
			}
		}
	}
	return out
}

// step runs one command until it prints what it should: the daemon works on its own time.
func (s *session) step(st scripted) {
	s.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	wait := 50 * time.Millisecond
	for {
		text := s.do(st.line)
		missing := ""
		for _, w := range st.want {
			if !printed(text, w) {
				missing = w
				break
			}
		}
		if missing == "" {
			return
		}
		require.False(s.t, time.Now().After(deadline) || !repeatable(st.line), "$ %s\n%s\ndoes not print: %s", st.line, text, missing)
		tick := time.NewTimer(wait)
		<-tick.C
		wait = min(2*wait, 2*time.Second)
	}
}

// repeatable reports whether a command only looks.
func repeatable(line string) bool {
	for _, p := range []string{"leakytap why", "leakytap ledger", "leakytap shadow report", "leakytap config history", "leakytap backtest", "leakytap brand pin", "curl -s http"} {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

// printed reports whether some line of text holds the pieces of want, which ... parts, in order.
func printed(text, want string) bool {
	for line := range strings.Lines(text) {
		ok := true
		for part := range strings.SplitSeq(want, "...") {
			i := strings.Index(line, strings.TrimSpace(part))
			if i < 0 {
				ok = false
				break
			}
			line = line[i+len(strings.TrimSpace(part)):]
		}
		if ok {
			return true
		}
	}
	return false
}

func (s *session) do(line string) string {
	words := fields(line)
	switch {
	case strings.HasPrefix(line, "# in the inbox"):
		return s.people()
	case line == "leakytap run &":
		s.start()
		return ""
	case words[0] == "leakytap":
		cmd := exec.Command(binary(s.t), words[1:]...)
		cmd.Dir = s.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			return string(out) + fmt.Sprintf("[exit %d]\n", cmd.ProcessState.ExitCode())
		}
		return string(out)
	case words[0] == "cp":
		before := s.state()
		// As an editor saves it: beside the file, then in its place.
		s.copy(filepath.Join(s.dir, words[1]), filepath.Join(s.dir, words[2]+".tmp"))
		require.NoError(s.t, os.Rename(filepath.Join(s.dir, words[2]+".tmp"), filepath.Join(s.dir, words[2])))
		s.until("the file is taken, or refused", func() bool { now := s.state(); return now != "" && now != before })
		return ""
	case words[0] == "curl":
		return s.curl(words)
	default:
		s.t.Fatalf("the session has a command that nobody knows: %s", line)
		return ""
	}
}

// fields are the words of a command line, quotes taken off.
func fields(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}

func (s *session) copy(from, to string) {
	data, err := os.ReadFile(from)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(to, data, 0o600))
}

func (s *session) start() {
	s.cmd = exec.Command(binary(s.t), "run")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, &s.out, io.Discard
	require.NoError(s.t, s.cmd.Start())
	s.done = make(chan error, 1)
	go func() { s.done <- s.cmd.Wait() }()
	s.until("the daemon is ready", func() bool {
		_, err := s.get("/-/ready")
		return err == nil
	})
}

func (s *session) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(40 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	s.cmd = nil
}

// url is where the daemon answers; the session says 127.0.0.1:8080.
func (s *session) url() string {
	data, err := os.ReadFile(filepath.Join(s.dir, "data", "daemon.json"))
	if err != nil {
		return ""
	}
	var ep struct {
		URL string `json:"url"`
	}
	_ = json.Unmarshal(data, &ep)
	return ep.URL
}

func (s *session) get(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+path, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d", path, resp.StatusCode)
	}
	return string(b), err
}

func (s *session) curl(words []string) string {
	path := strings.TrimPrefix(words[len(words)-1], "http://127.0.0.1:8080")
	i := 0
	for i < len(words) && !strings.HasPrefix(words[i], "@") {
		i++
	}
	if i == len(words) {
		text, err := s.get(path)
		require.NoError(s.t, err)
		return text
	}
	data, err := os.ReadFile(filepath.Join(s.dir, words[i][1:]))
	require.NoError(s.t, err)
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+path, bytes.NewReader(data))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(s.t, http.StatusAccepted, resp.StatusCode)
	return ""
}

// until waits for the daemon, which works on its own time.
func (s *session) until(what string, cond func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !cond(); {
		require.True(s.t, time.Now().Before(deadline), "waiting until %s", what)
		tick := time.NewTimer(200 * time.Millisecond)
		<-tick.C
	}
}

// state tells one state of the config from the next: by its metrics, and by what the
// history has last.
func (s *session) state() string {
	text, err := s.get("/metrics")
	if err != nil {
		return ""
	}
	last, _, _ := strings.Cut(s.do("leakytap config history"), "\n")
	out := []string{last}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "leakytap_config_last_reload") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// people are those in the inbox: cards about the orchestra are no complaints.
func (s *session) people() string {
	type row struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	var rows []row
	s.until("all nine cards are there", func() bool {
		rows = nil
		return json.Unmarshal([]byte(s.do("leakytap case list --json")), &rows) == nil && len(rows) == 9
	})
	for _, r := range rows {
		verb := "resolve"
		if strings.Contains(r.Text, "the acme orchestra") || strings.Contains(r.Text, "acme symphony") {
			verb = "dismiss --reason wrong_company"
		}
		out := s.do("leakytap case " + verb + " " + r.ID)
		require.NotContains(s.t, out, "[exit", out)
	}
	return ""
}
