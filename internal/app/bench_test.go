package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/standin/scenario"
)

// daemon runs the whole daemon in this process and gives its address.
func daemon(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "leakytap.yaml")
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	d, err := app.Open(context.Background(), app.Options{
		Load:  func() (*config.Config, []config.Problem) { return config.Load(path, config.Options{}) },
		Roles: app.AllRoles(), Console: app.ConsoleOut{W: io.Discard}, Version: "test", Log: zap.NewNop(),
	})
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-done)
	})
	return d.URL()
}

const benchConfig = `
server: {listen: "127.0.0.1:0"}
sources: [{name: hook, type: webhook}]
brands: [{name: acme, query: "acme OR @acme OR #acme"}]
`

// BenchmarkEndToEnd measures mentions a second from the request that brings them
// to the decision on the last one, through match, bus, scorer, bus and desk, every
// step fsynced. In "all match" every mention speaks of the brand and one in five is
// a complaint that opens a case; in "feed" one in five speaks of it.
func BenchmarkEndToEnd(b *testing.B) {
	for _, mix := range []struct {
		name  string
		match int
	}{{"all match", 1}, {"feed", 5}} {
		b.Run(mix.name, func(b *testing.B) {
			url := daemon(b, benchConfig)
			const size = 2000
			n, matched := 0, 0
			for round := 0; b.Loop(); round++ {
				var body bytes.Buffer
				for i, p := range scenario.Generate(size, size/5, "acme", uint64(round)) {
					n++
					text := p.Text
					if n%mix.match != 0 {
						text = strings.ReplaceAll(text, "acme", "somebody")
					} else {
						matched++
					}
					fmt.Fprintf(&body, `{"id":"b:%d-%d","platform":"b","text":%q,"lang":"en","author":{"id":"a%d"},"url":"https://b.example/%d"}`+"\n", round, i, text, n, n)
				}
				post(b, url+"/api/v1/ingest/hook", &body)
				wait(b, url, matched)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mentions/s")
			b.ReportMetric(float64(peak(b))/(1<<20), "peak-MiB")
		})
	}
}

func post(tb testing.TB, url string, body io.Reader) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, body)
	require.NoError(tb, err)
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := (&http.Client{}).Do(req)
	require.NoError(tb, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	require.NoError(tb, resp.Body.Close())
	require.Equal(tb, http.StatusAccepted, resp.StatusCode, string(answer))
}

// wait waits until so many decisions were made.
func wait(tb testing.TB, url string, want int) {
	tb.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if decisions(tb, url) >= want {
			return
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // a benchmark of the real time
	}
	tb.Fatalf("%d decisions did not come", want)
}

func decisions(tb testing.TB, url string) int {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url+"/metrics", http.NoBody)
	require.NoError(tb, err)
	resp, err := (&http.Client{}).Do(req)
	require.NoError(tb, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	require.NoError(tb, resp.Body.Close())
	total := 0
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "leakytap_decisions_total{"); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.Index(rest, "}")+1:]), 64)
			require.NoError(tb, err)
			total += int(v)
		}
	}
	return total
}

// peak is the most memory that the process ever held, in bytes.
func peak(tb testing.TB) int64 {
	tb.Helper()
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			require.NoError(tb, err)
			return kb << 10
		}
	}
	return 0
}
