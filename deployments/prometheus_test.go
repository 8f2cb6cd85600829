package deployments_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// dashboard is what of a Grafana dashboard the tests read.
type dashboard struct {
	Title  string `json:"title"`
	UID    string `json:"uid"`
	Panels []struct {
		ID         int    `json:"id"`
		Type       string `json:"type"`
		Title      string `json:"title"`
		Datasource struct {
			UID string `json:"uid"`
		} `json:"datasource"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("grafana/dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, 2)
	out := map[string]dashboard{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		var d dashboard
		require.NoError(t, json.Unmarshal(b, &d), f)
		out[f] = d
	}
	return out
}

type rulesFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func rules(t *testing.T) rulesFile {
	t.Helper()
	b, err := os.ReadFile("prometheus/rules.yml")
	require.NoError(t, err)
	var r rulesFile
	require.NoError(t, yaml.Unmarshal(b, &r))
	require.NotEmpty(t, r.Groups)
	return r
}

func TestDashboardsAreWellFormed(t *testing.T) {
	for file, d := range dashboards(t) {
		ids := map[int]bool{}
		require.NotEmpty(t, d.UID, file)
		for _, p := range d.Panels {
			require.False(t, ids[p.ID], "%s: panel id %d stands twice", file, p.ID)
			ids[p.ID] = true
			if p.Type == "row" {
				continue
			}
			require.Equal(t, "${datasource}", p.Datasource.UID, "%s: %s names a data source of its own", file, p.Title)
			require.NotEmpty(t, p.Targets, "%s: %s asks nothing", file, p.Title)
		}
	}
}

func TestEveryAlertHasItsParagraph(t *testing.T) {
	docs, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	for _, g := range rules(t).Groups {
		for _, r := range g.Rules {
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			require.NotEmpty(t, r.Annotations["description"], r.Alert)
			require.Contains(t, string(docs), "| "+r.Alert+" |", "docs/operations.md does not say what to do about it")
		}
	}
}

// TestPrometheusHasDataForEveryQuery runs the demo, has a real Prometheus scrape
// it, and asks every query of the dashboards and the left side of every rule.
func TestPrometheusHasDataForEveryQuery(t *testing.T) {
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no prometheus: make test-prometheus needs Debian's package prometheus")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	inbox := startDemo(ctx, t)
	prom := startPrometheus(ctx, t, binary, strings.TrimPrefix(inbox, "http://"))
	finishACase(ctx, t, inbox)

	queries := map[string]string{}
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			for i, target := range p.Targets {
				queries[fmt.Sprintf("%s / %s / %d", d.Title, p.Title, i)] = strings.ReplaceAll(target.Expr, "$brand", ".*")
			}
		}
	}
	// An alert that does not fire has no data; what it compares has.
	compared := regexp.MustCompile(`^(.*\S)\s+(?:==|!=|>=|<=|>|<)\s+\S+$`)
	for _, g := range rules(t).Groups {
		for _, r := range g.Rules {
			m := compared.FindStringSubmatch(r.Expr)
			require.NotNil(t, m, "%s compares nothing", r.Alert)
			queries["rule "+r.Alert] = m[1]
		}
	}
	require.Greater(t, len(queries), 35)
	for name, q := range queries {
		require.Eventually(t, func() bool { return samples(ctx, prom, q) > 0 }, 2*time.Minute, time.Second, "%s: no data for %s", name, q)
	}
	require.Empty(t, unhealthyRules(ctx, t, prom))
}

// startDemo runs the demo and gives the address of its inbox.
func startDemo(ctx context.Context, t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leakytap")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "../cmd/leakytap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.CommandContext(ctx, path, "demo", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
		for lines.Scan() {
			if a := address.FindString(lines.Text()); a != "" {
				select {
				case found <- a:
				default:
				}
			}
		}
	}()
	select {
	case a := <-found:
		return a
	case <-ctx.Done():
		t.Fatal("the demo did not say where its inbox is")
		return ""
	}
}

func startPrometheus(ctx context.Context, t *testing.T, binary, target string) string {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile("prometheus/prometheus.yml")
	require.NoError(t, err)
	text := strings.NewReplacer("leakytap:9464", target, "10s", "1s").Replace(string(b))
	require.Contains(t, text, target)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(text), 0o600))
	b, err = os.ReadFile("prometheus/rules.yml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), b, 0o600))
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())
	cmd := exec.CommandContext(ctx, binary, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--log.level=warn")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	return "http://" + addr
}

// finishACase claims and resolves a case through the API, so that there are times to show.
func finishACase(ctx context.Context, t *testing.T, inbox string) {
	t.Helper()
	var id string
	require.Eventually(t, func() bool {
		var page struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		}
		if !ask(ctx, inbox+"/api/v1/cases", &page) || len(page.Items) == 0 {
			return false
		}
		id = page.Items[0].ID
		return true
	}, time.Minute, 200*time.Millisecond, "the demo has no case")
	for _, verb := range []string{"claim", "resolve"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, inbox+"/api/v1/cases/"+id+"/actions", strings.NewReader(`{"verb":"`+verb+`"}`))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := (&http.Client{}).Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Less(t, resp.StatusCode, 300, verb)
	}
}

func ask(ctx context.Context, url string, into any) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(into) == nil
}

// samples is how many series a query answers with.
func samples(ctx context.Context, prom, query string) int {
	var answer struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if !ask(ctx, prom+"/api/v1/query?query="+url.QueryEscape(query), &answer) {
		return 0
	}
	return len(answer.Data.Result)
}

func unhealthyRules(ctx context.Context, t *testing.T, prom string) []string {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Name      string `json:"name"`
					Health    string `json:"health"`
					LastError string `json:"lastError"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	require.True(t, ask(ctx, prom+"/api/v1/rules", &answer))
	require.NotEmpty(t, answer.Data.Groups)
	var bad []string
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if r.Health == "err" {
				bad = append(bad, r.Name+": "+r.LastError)
			}
		}
	}
	return bad
}
