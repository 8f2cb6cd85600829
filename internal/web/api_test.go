package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
	"github.com/leakytap/leakytap/pkg/vent"
)

// call makes one request of the API and gives the answer's status and body.
func call(h http.Handler, method, path, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// decoded reads an answer of 200 or 201.
func decoded[T any](t *testing.T, status int, body string) T {
	t.Helper()
	require.Less(t, status, 300, body)
	var v T
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	return v
}

func get[T any](t *testing.T, h http.Handler, path string) T {
	t.Helper()
	status, body := call(h, http.MethodGet, path, "")
	return decoded[T](t, status, body)
}

func TestAPICases(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	ids := func(path string) []string {
		var out []string
		for _, c := range get[web.List[record.Case]](t, s, path).Items {
			out = append(out, c.ID[len(c.ID)-2:])
		}
		return out
	}
	require.Equal(t, []string{"01", "03", "02", "07", "05", "04", "06"}, ids("/api/v1/cases"))
	require.Equal(t, []string{"02", "08", "05"}, ids("/api/v1/cases?state=all&brand=tollgate"))
	require.Equal(t, []string{"03", "05"}, ids("/api/v1/cases?state=claimed&state=answered"))
	require.Equal(t, []string{"03", "07"}, ids("/api/v1/cases?owner=dana"))
	require.Empty(t, ids("/api/v1/cases?brand=nobody"))

	page := get[web.List[record.Case]](t, s, "/api/v1/cases?limit=3")
	require.Len(t, page.Items, 3)
	require.Equal(t, []string{"07", "05", "04", "06"}, ids("/api/v1/cases?limit=400&after="+page.Next))
	require.Empty(t, get[web.List[record.Case]](t, s, "/api/v1/cases?limit=1000000000").Next)
}

func TestAPIRefusesWhatIsWrong(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	acts := "/api/v1/cases/" + caseOne + "/actions"
	tests := []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"limit negative", "GET", "/api/v1/cases?limit=-1", "", 400, "bad_request"},
		{"limit no number", "GET", "/api/v1/cases?limit=all", "", 400, "bad_request"},
		{"after of another list", "GET", "/api/v1/cases?after=01JNOTHERE", "", 404, "not_found"},
		{"after is no id", "GET", "/api/v1/cases?after=';drop", "", 400, "bad_request"},
		{"state unknown", "GET", "/api/v1/cases?state=angry", "", 400, "bad_request"},
		{"brand is SQL", "GET", "/api/v1/cases?brand=%27%20OR%201=1", "", 400, "bad_request"},
		{"case unknown", "GET", "/api/v1/cases/01JNOTHERE", "", 404, "not_found"},
		{"act on a case unknown", "POST", "/api/v1/cases/01JNOTHERE/actions", `{"verb":"claim"}`, 404, "not_found"},
		{"verb unknown", "POST", acts, `{"verb":"shout"}`, 400, "bad_request"},
		{"field unknown", "POST", acts, `{"verb":"claim","actor":"root"}`, 400, "bad_request"},
		{"broken JSON", "POST", acts, `{"verb":`, 400, "bad_request"},
		{"two objects", "POST", acts, `{"verb":"claim"}{"verb":"claim"}`, 400, "bad_request"},
		{"too large", "POST", acts, `{"verb":"claim","note":"` + strings.Repeat("x", 70000) + `"}`, 413, "too_large"},
		{"snooze without an end", "POST", acts, `{"verb":"snooze"}`, 400, "bad_request"},
		{"snooze into the past", "POST", acts, `{"verb":"snooze","until":"2001-01-01T00:00:00Z"}`, 400, "bad_request"},
		{"assign to nobody", "POST", acts, `{"verb":"assign"}`, 400, "bad_request"},
		{"assign to markup", "POST", acts, `{"verb":"assign","to":"<!channel>"}`, 400, "bad_request"},
		{"reason unknown", "POST", acts, `{"verb":"dismiss","reason":"because"}`, 400, "bad_request"},
		{"reopen what is open", "POST", acts, `{"verb":"reason","reason":"spam"}`, 409, "refused"},
		{"why nothing", "GET", "/api/v1/decisions", "", 400, "bad_request"},
		{"dead unknown", "POST", "/api/v1/dead/01JNOTHERE/retry", "", 404, "not_found"},
		{"silence everything", "POST", "/api/v1/silences", `{"reason":"quiet","until":"2100-01-01T00:00:00Z"}`, 400, "bad_request"},
		{"silence for good", "POST", "/api/v1/silences", `{"brand":"x","reason":"quiet","until":"2100-01-01T00:00:00Z"}`, 400, "bad_request"},
		{"silence without a reason", "POST", "/api/v1/silences", `{"brand":"x","until":"2100-01-01T00:00:00Z"}`, 400, "bad_request"},
		{"silence unknown", "DELETE", "/api/v1/silences/01JNOTHERE", "", 404, "not_found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := call(s, tt.method, tt.path, tt.body)
			require.Equal(t, tt.status, status, body)
			var doc struct {
				Error struct {
					Code    string `json:"code"`
					Message string `json:"message"`
				} `json:"error"`
			}
			require.NoError(t, json.Unmarshal([]byte(body), &doc))
			require.Equal(t, tt.code, doc.Error.Code)
			require.NotEmpty(t, doc.Error.Message)
		})
	}
	r := httptest.NewRequest(http.MethodPost, acts, strings.NewReader("verb=claim"))
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnsupportedMediaType, w.Code)
}

func TestAPIActs(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, withLogin)
	act := func(token, actor, via, body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/cases/"+caseOne+"/actions", strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set(web.HeaderActor, actor)
		r.Header.Set(web.HeaderVia, via)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status, body := act(localToken, "kofi", "cli", `{"verb":"claim","key":"k1"}`)
	c := decoded[record.Case](t, status, body)
	require.Equal(t, record.StateClaimed, c.State)
	require.Equal(t, "kofi", c.Owner)

	// A login is who its token says, whatever the header says.
	status, body = act(danaToken, "root", "slack", `{"verb":"claim"}`)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, body, "kofi has claimed it already")

	// The same key again has no second effect.
	status, body = act(localToken, "kofi", "cli", `{"verb":"claim","key":"k1"}`)
	require.Equal(t, c.Version, decoded[record.Case](t, status, body).Version)

	status, body = act(danaToken, "root", "slack", `{"verb":"assign","to":"dana","note":"mine\u202e now"}`)
	require.Equal(t, "dana", decoded[record.Case](t, status, body).Owner)
	d, err := b.Dossier(t.Context(), caseOne)
	require.NoError(t, err)
	last := d.History[len(d.History)-1]
	require.Equal(t, "dana", last.Actor)
	require.Equal(t, "api", last.Via)
	require.Contains(t, last.Detail, "mine now")
}

func TestAPIDeadLettersAndSilences(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, nil)
	require.Len(t, get[web.List[record.Dead]](t, s, "/api/v1/dead").Items, 2)
	require.JSONEq(t, `{"v":2,"brand":"larkspur"}`, string(get[record.Dead](t, s, "/api/v1/dead/"+deadOne).Value))
	status, _ := call(s, http.MethodPost, "/api/v1/dead/"+deadOne+"/retry", "")
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, []string{deadOne}, b.Retried())
	status, _ = call(s, http.MethodDelete, "/api/v1/dead/"+deadOne, "")
	require.Equal(t, http.StatusNotFound, status)

	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	status, body := call(s, http.MethodPost, "/api/v1/silences", fmt.Sprintf(`{"brand":"tollgate","reason":"known outage","until":%q}`, until))
	require.Equal(t, http.StatusCreated, status, body)
	made := decoded[record.Silence](t, status, body)
	require.Equal(t, web.Anonymous, made.By)
	require.Len(t, get[web.List[record.Silence]](t, s, "/api/v1/silences").Items, 1)
	status, _ = call(s, http.MethodDelete, "/api/v1/silences/"+made.ID, "")
	require.Equal(t, http.StatusNoContent, status)
	require.Empty(t, get[web.List[record.Silence]](t, s, "/api/v1/silences").Items)
}

func TestAPIWhyAndStatus(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), func(o *web.Options) {
		o.Ready = func(context.Context) error { return errors.New("the bus is away") }
	})
	for _, q := range []string{"bluesky:did:plc:mira/3kaaa", "https://bsky.example/profile/mira.example/post/3kaaa"} {
		list := get[web.List[record.Decision]](t, s, "/api/v1/decisions?q="+q)
		require.Len(t, list.Items, 1)
		require.Equal(t, record.OutcomeAlert, list.Items[0].Outcome)
	}
	require.Empty(t, get[web.List[record.Decision]](t, s, "/api/v1/decisions?q=bluesky:never").Items)
	st := get[web.Status](t, s, "/api/v1/status")
	require.False(t, st.Ready)
	require.Equal(t, "the bus is away", st.Problem)
	require.Equal(t, web.Anonymous, st.Actor)
}

// broken fails where a store that is gone would.
type broken struct{ *webtest.Backend }

func (broken) Cases(context.Context, web.CaseFilter) ([]record.Case, error) {
	return nil, errors.New("reading /secret/path: disk on fire")
}

func (broken) Decisions(context.Context, string) ([]record.Decision, error) { panic("a bug") }

func TestInsideErrorsStayInside(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	s := testServer(t, broken{webtest.Open(t)}, func(o *web.Options) { o.Log = zap.New(core) })
	for _, path := range []string{"/api/v1/cases", "/", "/api/v1/decisions?q=x", "/why?q=x"} {
		status, body := call(s, http.MethodGet, path, "")
		require.Equal(t, http.StatusInternalServerError, status, path)
		require.NotContains(t, body, "disk on fire")
		require.NotContains(t, body, "a bug")
	}
	require.Equal(t, 4, logs.Len())
}

func TestHouseEndpoints(t *testing.T) {
	var ready, reload error
	s := testServer(t, webtest.Open(t), func(o *web.Options) {
		o.Ready = func(context.Context) error { return ready }
		o.Reload = func(context.Context) error { return reload }
	})
	check := func(method, path string, status int, want string) {
		t.Helper()
		code, body := call(s, method, path, "")
		require.Equal(t, status, code)
		require.Equal(t, want, body)
	}
	check("GET", "/-/ready", 200, "ready\n")
	check("GET", "/-/healthy", 200, "healthy\n")
	check("GET", "/metrics", 200, "leakytap_build_info 1\n")
	check("POST", "/-/reload", 200, "reloaded\n")
	ready, reload = errors.New("store: locked"), errors.New("leakytap.yaml:3:5: unknown key\nleakytap.yaml:9:1: no receiver")
	check("GET", "/-/ready", 503, "not ready: store: locked\n")
	check("GET", "/-/healthy", 200, "healthy\n")
	check("POST", "/-/reload", 400, "leakytap.yaml:3:5: unknown key\nleakytap.yaml:9:1: no receiver\n")
	check("POST", "/api/v1/ingest/hook", 202, "{}\n")
}

func TestIngestAsks(t *testing.T) {
	s := testServer(t, webtest.Open(t), func(o *web.Options) {
		withLogin(o)
		o.IngestToken = func(source string) bool { return source == "own" }
	})
	for _, tt := range []struct {
		source, token string
		want          int
	}{
		{"own", "its-own-token", http.StatusAccepted}, // the handler's affair
		{"own", "", http.StatusAccepted},
		{"bare", "", http.StatusUnauthorized},
		{"bare", "its-own-token", http.StatusUnauthorized},
		{"bare", danaToken, http.StatusAccepted},
	} {
		resp := send(s, http.MethodPost, "/api/v1/ingest/"+tt.source, func(r *http.Request) {
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
		})
		require.Equal(t, tt.want, resp.StatusCode, tt)
	}
}

func TestARoleWithoutWeb(t *testing.T) {
	s := testServer(t, nil, func(o *web.Options) { o.Slack = nil })
	for path, want := range map[string]int{"/-/healthy": 200, "/-/ready": 200, "/metrics": 200, "/": 404, "/api/v1/cases": 404, "/static/app.css": 404} {
		status, _ := call(s, http.MethodGet, path, "")
		require.Equal(t, want, status, path)
	}
	status, _ := call(s, http.MethodPost, "/slack/interactions", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestOpenAPIDescribesTheFields(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(web.OpenAPIDocument(), &doc))
	for name, v := range map[string]any{
		"Status": web.Status{}, "ActionRequest": web.ActionRequest{}, "SilenceRequest": web.SilenceRequest{},
		"Case": record.Case{}, "Dossier": record.Dossier{}, "Event": record.Event{}, "Decision": record.Decision{},
		"SourceStat": record.SourceStat{}, "Dead": record.Dead{}, "Silence": record.Silence{}, "Score": vent.Score{},
		"Label": record.Label{}, "Layer": record.Layer{}, "Effect": record.Effect{}, "Disagreement": record.Disagreement{},
		"Taught": web.Taught{}, "Learned": web.Learned{}, "Imported": web.Imported{},
		"LabelRequest": web.LabelRequest{}, "ImportRequest": web.ImportRequest{}, "ImportedLabel": web.ImportedLabel{},
	} {
		t.Run(name, func(t *testing.T) {
			var described []string
			for field := range doc.Components.Schemas[name].Properties {
				described = append(described, field)
			}
			require.ElementsMatch(t, jsonFields(v), described)
		})
	}
}
