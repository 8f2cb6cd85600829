package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const routingKey = "0123456789abcdef0123456789abcdef"

// events is a stand-in for the Events API: it takes what the API takes, refuses
// what it refuses, and keeps each incident as the events made it.
type events struct {
	mu        sync.Mutex
	incidents map[string]string
	changes   int
	bodies    [][]byte
}

func (s *events) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var e event
	refuse := func(why string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"invalid event","message":"Event object is invalid","errors":["`+why+`"]}`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, body)
	switch {
	case json.Unmarshal(body, &e) != nil:
		refuse("no JSON")
	case e.RoutingKey != routingKey:
		refuse("Invalid routing key")
	case e.Payload != nil && (e.Payload.Summary == "" || len(e.Payload.Summary) > 1024 || e.Payload.Source == ""):
		refuse("'payload.summary' is missing, blank or too long")
	case req.URL.Path == "/v2/change/enqueue" && e.Payload != nil && e.Action == "":
		s.changes++
		w.WriteHeader(http.StatusAccepted)
	case req.URL.Path != "/v2/enqueue":
		w.WriteHeader(http.StatusNotFound)
	case e.Action == actionTrigger && (e.Payload == nil || e.Payload.Severity == "" || len(e.Dedup) > 255):
		refuse("'payload.severity' is missing or blank")
	default:
		s.apply(e)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
	}
}

func (s *events) apply(e event) {
	was := s.incidents[e.Dedup]
	switch {
	case e.Action == actionTrigger && (was == "" || was == "resolved"):
		s.incidents[e.Dedup] = "triggered"
	case e.Action == actionAcknowledge && was == "triggered":
		s.incidents[e.Dedup] = "acknowledged"
	case e.Action == actionResolve && was != "":
		s.incidents[e.Dedup] = "resolved"
	}
}

func (s *events) state() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for k, v := range s.incidents {
		out[strings.TrimPrefix(k, "leakytap/"+alerttest.CaseID+"/")] = v
	}
	return out
}

func start(t *testing.T, key string) (*events, *Receiver) {
	t.Helper()
	s := &events{incidents: map[string]string{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	r, err := New("oncall", Config{APIURL: srv.URL + "/v2/", RoutingKey: setting.Secret(key)}, srv.Client())
	require.NoError(t, err)
	return s, r
}

func TestConformance(t *testing.T) {
	alerttest.Run(t, alerttest.Place{
		New: func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver {
			t.Helper()
			r, err := New("oncall", Config{APIURL: base + "/v2", RoutingKey: routingKey, Timeout: setting.Duration(timeout)}, client)
			require.NoError(t, err)
			return r
		},
		Taken: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
		Key: func(t *testing.T, _ http.Header, body []byte) string {
			t.Helper()
			var e event
			require.NoError(t, json.Unmarshal(body, &e))
			if e.Dedup != "" {
				return e.Dedup
			}
			return e.Payload.Details.Key
		},
		Inert: func(t *testing.T, body []byte) {
			t.Helper()
			require.False(t, bytes.ContainsAny(body, "<>&\u202e\x00\x1b"))
			var e event
			require.NoError(t, json.Unmarshal(body, &e))
			for _, l := range e.Links {
				require.True(t, strings.HasPrefix(l.Href, "https://"))
			}
			if e.Payload != nil {
				require.NotContains(t, e.Payload.Summary, "\n")
			}
		},
		LookUp:  alerttest.Same,
		Secrets: []string{routingKey},
	})
}

func TestTheIncidentFollowsTheCase(t *testing.T) {
	at := func(s record.State, episode int) alert.Message {
		m := alerttest.Message(record.NoticeUpdate, s)
		m.Dossier.Case.Episode = episode
		return m
	}
	for _, tc := range []struct {
		name  string
		card  record.State
		moves []alert.Message
		want  map[string]string
	}{
		{"open", record.StateOpen, nil, map[string]string{"1": "triggered"}},
		{"claimed", record.StateOpen, []alert.Message{at(record.StateClaimed, 1)}, map[string]string{"1": "acknowledged"}},
		{"answered", record.StateOpen, []alert.Message{at(record.StateAnswered, 1)}, map[string]string{"1": "acknowledged"}},
		{"resolved", record.StateOpen, []alert.Message{at(record.StateClaimed, 1), at(record.StateResolved, 1)}, map[string]string{"1": "resolved"}},
		{"dismissed", record.StateOpen, []alert.Message{at(record.StateDismissed, 1)}, map[string]string{"1": "resolved"}},
		{"reopened", record.StateOpen, []alert.Message{at(record.StateResolved, 1), at(record.StateOpen, 2)}, map[string]string{"1": "resolved", "2": "triggered"}},
		{"the end was never told", record.StateOpen, []alert.Message{at(record.StateOpen, 2)}, map[string]string{"1": "resolved", "2": "triggered"}},
		{"ended and reopened twice while nothing came through", record.StateOpen, []alert.Message{at(record.StateClaimed, 3)}, map[string]string{"1": "resolved", "3": "acknowledged"}},
		{"the same, and ended", record.StateOpen, []alert.Message{at(record.StateResolved, 3)}, map[string]string{"1": "resolved"}},
		{"reopened and claimed at once", record.StateOpen, []alert.Message{at(record.StateClaimed, 2)}, map[string]string{"1": "resolved", "2": "acknowledged"}},
		{"claimed before the page left", record.StateClaimed, nil, map[string]string{"1": "acknowledged"}},
		{"ended before the page left", record.StateResolved, nil, map[string]string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, r := start(t, routingKey)
			for range 2 { // each event twice: it is the same incident
				rc, err := r.Post(t.Context(), alerttest.Message(record.NoticeCard, tc.card))
				require.NoError(t, err)
				require.Equal(t, "leakytap/"+alerttest.CaseID+"/1", rc.TS)
				if len(tc.moves) > 0 {
					break
				}
			}
			for _, m := range tc.moves {
				require.NoError(t, r.Update(t.Context(), alerttest.Root(), m))
				require.NoError(t, r.Update(t.Context(), alerttest.Root(), m))
			}
			require.Equal(t, tc.want, s.state())
			require.Zero(t, s.changes)
		})
	}
}

func TestWhatIsNoPagePagesNobody(t *testing.T) {
	s, r := start(t, routingKey)
	_, err := r.Post(t.Context(), alerttest.Note(record.NoticeDigest))
	require.NoError(t, err)
	_, err = r.Reply(t.Context(), alerttest.Root(), alerttest.Message(record.NoticeReply, record.StateResolved))
	require.NoError(t, err)
	require.Equal(t, 2, s.changes)
	require.Empty(t, s.state())
	_, err = r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
	require.NoError(t, err)
	rc, err := r.Reply(t.Context(), alerttest.Root(), alerttest.Message(record.NoticeReply, record.StateOpen))
	require.NoError(t, err)
	require.Empty(t, rc.TS, "there is nothing to draw anew")
	require.Equal(t, map[string]string{"1": "triggered"}, s.state(), "a reply stands in the log of its incident")
	m := alerttest.Note(record.NoticeDigest)
	m.Rewritten = true
	alerttest.Check(t, r.Update(t.Context(), alerttest.Root(), m), alerttest.Want{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage})
}

func TestWhatPagerDutyRefuses(t *testing.T) {
	_, r := start(t, "another key")
	_, err := r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
	e := alerttest.Check(t, err, alerttest.Want{Reason: alert.ReasonAuth, Kind: alert.FailPermanent}, "another key")
	require.Contains(t, e.Hint, "integration key")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"invalid event","errors":["'payload.summary' is too long"]}`)
	}))
	t.Cleanup(srv.Close)
	r, err = New("oncall", Config{APIURL: srv.URL, RoutingKey: routingKey}, srv.Client())
	require.NoError(t, err)
	_, err = r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
	_ = alerttest.Check(t, err, alerttest.Want{Reason: alert.ReasonTooBig, Kind: alert.FailTooBig})
}

func TestEvents(t *testing.T) {
	s, r := start(t, routingKey)
	deleted := alerttest.Message(record.NoticeCard, record.StateOpen)
	deleted.Dossier.Root.Text, deleted.Dossier.Root.Retracted = "", true
	for name, send := range map[string]func(context.Context) (record.Receipt, error){
		"card": func(ctx context.Context) (record.Receipt, error) {
			return r.Post(ctx, alerttest.Message(record.NoticeCard, record.StateOpen))
		},
		"deleted": func(ctx context.Context) (record.Receipt, error) { return r.Post(ctx, deleted) },
		"digest": func(ctx context.Context) (record.Receipt, error) {
			return r.Post(ctx, alerttest.Note(record.NoticeDigest))
		},
		"ops": func(ctx context.Context) (record.Receipt, error) {
			return r.Post(ctx, alerttest.Note(record.NoticeOps))
		},
		"reply": func(ctx context.Context) (record.Receipt, error) {
			return r.Reply(ctx, alerttest.Root(), alerttest.Message(record.NoticeReply, record.StateOpen))
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := send(t.Context())
			require.NoError(t, err)
			var out bytes.Buffer
			require.NoError(t, json.Indent(&out, s.bodies[len(s.bodies)-1], "", "  "))
			path := filepath.Join("testdata", name+".golden")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
		})
	}
}

func TestCheck(t *testing.T) {
	s, r := start(t, routingKey)
	steps, err := r.Check(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, steps, 3)
	for _, state := range s.state() {
		require.Equal(t, "resolved", state, "nobody is left paged")
	}
	_, r = start(t, "wrong")
	_, err = r.Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "integration key")
}
