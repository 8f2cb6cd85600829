package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	standin "github.com/leakytap/leakytap/internal/standin/alertmanager"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "an-invented-token"

func start(t *testing.T) (*standin.Server, *Receiver) {
	t.Helper()
	s := standin.New(token)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	r, err := New("prom", Config{URL: srv.URL + "/", Token: token, Labels: map[string]string{"team": "care"}, Repost: setting.Duration(time.Second)}, srv.Client())
	require.NoError(t, err)
	return s, r
}

func TestConformance(t *testing.T) {
	alerttest.Run(t, alerttest.Place{
		New: func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver {
			t.Helper()
			r, err := New("prom", Config{URL: base, Username: "leakytap", Password: token, Timeout: setting.Duration(timeout)}, client)
			require.NoError(t, err)
			return r
		},
		Taken: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		Key: func(t *testing.T, h http.Header, body []byte) string {
			t.Helper()
			require.NotEmpty(t, h.Get("Authorization"))
			var alerts []posted
			require.NoError(t, json.Unmarshal(body, &alerts))
			labels, err := json.Marshal(alerts[0].Labels)
			require.NoError(t, err)
			return string(labels)
		},
		Inert: func(t *testing.T, body []byte) {
			t.Helper()
			require.False(t, bytes.ContainsAny(body, "<>&\u202e\x00\x1b"))
			var alerts []posted
			require.NoError(t, json.Unmarshal(body, &alerts))
			for _, a := range alerts {
				require.True(t, a.GeneratorURL == "" || strings.HasPrefix(a.GeneratorURL, "https://"))
				for name, v := range a.Labels {
					require.Regexp(t, `^[0-9A-Za-z_.-]+$`, v, name)
				}
			}
			// The real format is what the stand-in takes.
			rec := httptest.NewRecorder()
			standin.New("").ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/api/v2/alerts", bytes.NewReader(body)))
			require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
		},
		LookUp:  alerttest.Same,
		Secrets: []string{token},
	})
}

// firing are the alerts of cases that fire, as severity and episode.
func firing(s *standin.Server) []string {
	var out []string
	for _, a := range s.Firing() {
		out = append(out, a.Labels["severity"]+" "+a.Labels["episode"])
	}
	return out
}

func at(state record.State, severity vent.Severity, episode int) alert.Message {
	m := alerttest.Message(record.NoticeUpdate, state)
	m.Dossier.Case.Severity, m.Dossier.Case.Episode = severity, episode
	m.Dossier.Case.OpenedAt, m.Dossier.Case.UpdatedAt = time.Now().Add(-time.Minute), time.Now().Add(-time.Second)
	return m
}

func TestTheAlertFollowsTheCase(t *testing.T) {
	for _, tc := range []struct {
		name  string
		moves []alert.Message
		want  []string
	}{
		{"open", nil, []string{"high 1"}},
		{"claimed goes on firing", []alert.Message{at(record.StateClaimed, vent.SeverityHigh, 1)}, []string{"high 1"}},
		{"worse", []alert.Message{at(record.StateOpen, vent.SeverityCritical, 1)}, []string{"critical 1"}},
		{"worse and better again", []alert.Message{at(record.StateOpen, vent.SeverityCritical, 1), at(record.StateOpen, vent.SeverityHigh, 1)}, []string{"high 1"}},
		{"resolved", []alert.Message{at(record.StateResolved, vent.SeverityHigh, 1)}, nil},
		{"dismissed at another severity", []alert.Message{at(record.StateDismissed, vent.SeverityLow, 1)}, nil},
		{"reopened", []alert.Message{at(record.StateResolved, vent.SeverityHigh, 1), at(record.StateOpen, vent.SeverityHigh, 2)}, []string{"high 2"}},
		{"ended and reopened twice while nothing came through", []alert.Message{at(record.StateOpen, vent.SeverityLow, 3)}, []string{"low 3"}},
		{"the same, and ended", []alert.Message{at(record.StateResolved, vent.SeverityLow, 3)}, nil},
		{"reopened, and the end was never told", []alert.Message{at(record.StateOpen, vent.SeverityCritical, 2)}, []string{"critical 2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, r := start(t)
			card := at(record.StateOpen, vent.SeverityHigh, 1)
			card.Notice.Kind = record.NoticeCard
			rc, err := r.Post(t.Context(), card)
			require.NoError(t, err)
			require.Equal(t, alerttest.CaseID, rc.TS)
			for _, m := range tc.moves {
				for range 2 { // each twice: it is the same alert
					require.NoError(t, r.Update(t.Context(), rc, m))
				}
			}
			require.Equal(t, tc.want, firing(s))
		})
	}
}

func TestALiveAlertDoesNotEndByItself(t *testing.T) {
	s, r := start(t)
	_, err := r.Post(t.Context(), at(record.StateOpen, vent.SeverityHigh, 1))
	require.NoError(t, err)
	a := s.Firing()[0]
	require.True(t, a.Firing(time.Now().Add(7*24*time.Hour)))
	require.Equal(t, map[string]string{
		"alertname": "LeakyTapCase", "brand": "acme", "severity": "high", "case": alerttest.CaseID, "episode": "1", "platform": "bluesky", "receiver": "prom", "team": "care",
	}, a.Labels)
	require.Equal(t, "acme: high complaint: lost parcel, support line", a.Annotations["summary"])
	require.Contains(t, a.Annotations["description"], "3 hours on hold")
	require.Equal(t, "https://bsky.example/profile/did:plc:jo/post/3m6abc?a=1&b=2", a.GeneratorURL)
	require.Contains(t, a.Annotations["urls"], a.GeneratorURL)
	for _, k := range []record.NoticeKind{record.NoticeDigest, record.NoticeOps} {
		_, err := r.Post(t.Context(), alerttest.Note(k))
		require.NoError(t, err)
	}
	require.Len(t, s.Firing(), 3)
	later := time.Now().Add(2 * noteFor)
	for _, a := range s.Firing() {
		require.Equal(t, a.Labels["alertname"] == nameCase, a.Firing(later), "a note ends by itself: %v", a.Labels)
	}
}

// cases are the cases of a drain that has nothing to send but them.
type cases struct{ d *record.Dossier }

var errNoCase = errors.New("no such case")

func (cases) ClaimNotices(context.Context, string, time.Time, time.Duration, int) ([]record.Notice, error) {
	return nil, nil
}
func (cases) MarkSent(context.Context, int64, int, record.Receipt, time.Time) error { return nil }
func (cases) MarkRetry(context.Context, int64, int, time.Time, string) error        { return nil }
func (cases) MarkAmbiguous(context.Context, int64, int, time.Time, string) error    { return nil }
func (cases) MarkDropped(context.Context, int64, int, string, time.Time) error      { return nil }
func (c cases) Dossier(context.Context, string) (record.Dossier, error)             { return *c.d, nil }

func (cases) Notice(context.Context, int64) (record.Notice, error) { return record.Notice{}, errNoCase }

func (cases) RootReceipt(context.Context, string, string) (record.Receipt, bool, error) {
	return alerttest.Root(), true, nil
}

func (c cases) LiveCases(_ context.Context, _, after string, _ int) ([]string, error) {
	if after >= c.d.Case.ID {
		return nil, nil
	}
	return []string{c.d.Case.ID}, nil
}

func TestLiveCasesSurviveARestart(t *testing.T) {
	s, r := start(t)
	c := cases{at(record.StateClaimed, vent.SeverityHigh, 1).Dossier}
	d, err := alert.NewDrain(alert.Options{Name: "prom", Receiver: r, Outbox: c, Cases: c, Live: c, NoCase: errNoCase})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	fires := func() bool { return len(s.Firing()) == 1 }
	require.Eventually(t, fires, 15*time.Second, 20*time.Millisecond)
	s.Restart()
	require.False(t, fires())
	require.Eventually(t, fires, 15*time.Second, 20*time.Millisecond, "it is posted again")
	posts := s.Posts()
	require.GreaterOrEqual(t, posts, 2)
	cancel()
	require.NoError(t, <-done)
}

var stamps = regexp.MustCompile(`"(startsAt|endsAt)":\s*"[^"]*"`)

func TestAlerts(t *testing.T) {
	deleted := alerttest.Message(record.NoticeCard, record.StateOpen)
	deleted.Dossier.Root.Text, deleted.Dossier.Root.Retracted = "", true
	_, r := start(t)
	for name, alerts := range map[string][]posted{
		"card": r.ofCase(alerttest.Message(record.NoticeCard, record.StateOpen), alerttest.Now)[:1], "deleted": r.ofCase(deleted, alerttest.Now)[:1],
		"digest": {r.ofNote(alerttest.Note(record.NoticeDigest), alerttest.Now)}, "ops": {r.ofNote(alerttest.Note(record.NoticeOps), alerttest.Now)},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := json.MarshalIndent(alerts, "", "  ")
			require.NoError(t, err)
			got := stamps.ReplaceAllString(string(body), `"$1": "-"`)
			path := filepath.Join("testdata", name+".golden")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestCheck(t *testing.T) {
	s, r := start(t)
	steps, err := r.Check(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, steps, 4)
	require.Len(t, s.Alerts(), 1)
	require.Empty(t, s.Firing(), "nobody is left alarmed")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>hello</html>") }))
	t.Cleanup(srv.Close)
	r, err = New("prom", Config{URL: srv.URL}, srv.Client())
	require.NoError(t, err)
	_, err = r.Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "no Alertmanager")
}
