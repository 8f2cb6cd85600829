package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/ingest/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func post(t *testing.T, h http.Handler, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/ingest/hook", strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func start(t *testing.T, cfg ingest.Config) (*ingesttest.Rig, *webhook.Source) {
	t.Helper()
	cfg.Name, cfg.Type = "hook", ingest.TypeWebhook
	src, err := webhook.New(cfg, true)
	require.NoError(t, err)
	rig := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	rig.Start(ingest.Spec{Name: "hook", Type: ingest.TypeWebhook, Source: src})
	rig.Until("the source to run", func() bool { return post(t, src, "[]").Code != http.StatusServiceUnavailable })
	return rig, src
}

func TestTakesWhatIsSent(t *testing.T) {
	rig, src := start(t, ingest.Config{})
	w := post(t, src, `{"id":"tp-991","url":"https://a.example/1","text":"acme, never again","author":{"name":"Jo"},"created_at":"2026-01-23T10:00:00Z","rating":1}`)
	require.Equal(t, http.StatusAccepted, w.Code, w.Body.String())
	require.JSONEq(t, `{"accepted":1,"rejected":0}`, w.Body.String())
	got := rig.Log.Matched(t)
	require.Len(t, got, 1)
	require.Equal(t, "hook:tp-991", got[0].Mention.ID)
	require.Equal(t, "2026-01-23T10:00:00Z", got[0].Mention.CreatedAt.Format("2006-01-02T15:04:05Z07:00"))
}
