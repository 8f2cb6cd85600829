package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/client"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	caseOne = "01JDAAAAAAAAAAAAAAAAAAAA01"
	deadOne = "01JDDEAD000000000000000001"
	local   = "local-token-0123456789"
)

// daemon serves b on loopback, with a login, and gives its address.
func daemon(t *testing.T, b web.Backend, change func(*web.Options)) string {
	t.Helper()
	opt := web.Options{
		Config:     web.Config{Listen: "127.0.0.1:0", Auth: web.Auth{Tokens: "dana:dana-token-0123456789"}},
		Backend:    b,
		Ready:      func(context.Context) error { return nil },
		Reload:     func(context.Context) error { return errors.New("leakytap.yaml:1:1: no brands") },
		Metrics:    http.NotFoundHandler(),
		LocalToken: local,
		Log:        zap.NewNop(),
		Version:    "v1",
	}
	if change != nil {
		change(&opt)
	}
	s, err := web.New(opt)
	require.NoError(t, err)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv.URL
}

func ask(t *testing.T, url, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{BaseURL: url, Token: token, Actor: "ines"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// TestClientIsTheBackend asks the backend itself and over HTTP, and wants the same.
func TestClientIsTheBackend(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	c := ask(t, daemon(t, b, nil), local)
	ctx := t.Context()
	for _, f := range []web.CaseFilter{
		{Page: web.Page{Limit: 100}},
		{Page: web.Page{Limit: 2}},
		{Page: web.Page{Limit: 2, After: caseOne}},
		{Page: web.Page{Limit: 900}, States: record.States()},
		{Page: web.Page{Limit: 10}, States: []record.State{record.StateClaimed}, Brand: "larkspur", Owner: "dana"},
		{Page: web.Page{Limit: 10}, Brand: "nobody"},
	} {
		want, err := b.Cases(ctx, f)
		require.NoError(t, err)
		got, err := c.Cases(ctx, f)
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i := range want {
			want[i].Simhash = 0 // it does not travel
			require.Equal(t, want[i], got[i])
		}
	}
	wantDossier, err := b.Dossier(ctx, caseOne)
	require.NoError(t, err)
	gotDossier, err := c.Dossier(ctx, caseOne)
	require.NoError(t, err)
	require.Equal(t, wantDossier, gotDossier)

	wantWhy, err := b.Decisions(ctx, "https://bsky.example/profile/mira.example/post/3kaaa")
	require.NoError(t, err)
	gotWhy, err := c.Decisions(ctx, "https://bsky.example/profile/mira.example/post/3kaaa")
	require.NoError(t, err)
	require.Equal(t, wantWhy, gotWhy)

	wantSources, err := b.Sources(ctx)
	require.NoError(t, err)
	gotSources, err := c.Sources(ctx)
	require.NoError(t, err)
	require.Equal(t, wantSources, gotSources)

	wantDead, err := b.Dead(ctx, deadOne)
	require.NoError(t, err)
	gotDead, err := c.Dead(ctx, deadOne)
	require.NoError(t, err)
	require.Equal(t, wantDead, gotDead)
	list, err := c.ListDead(ctx, web.Page{Limit: 1})
	require.NoError(t, err)
	require.Len(t, list, 1)
}

func TestClientActs(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	c := ask(t, daemon(t, b, nil), local)
	ctx := t.Context()
	got, err := c.Act(ctx, record.Action{Case: caseOne, Verb: record.VerbClaim, Actor: "somebody else", Via: "slack"})
	require.NoError(t, err)
	require.Equal(t, "ines", got.Owner)
	d, err := b.Dossier(ctx, caseOne)
	require.NoError(t, err)
	require.Equal(t, "cli", d.History[len(d.History)-1].Via)

	_, err = c.Act(ctx, record.Action{Case: caseOne, Verb: record.VerbReason, Reason: record.ReasonSpam})
	var refused *web.Refused
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Message, "legal now: claim")
	_, err = c.Act(ctx, record.Action{Case: "01JNOTHERE", Verb: record.VerbClaim})
	require.ErrorIs(t, err, web.ErrNotFound)

	require.NoError(t, c.RetryDead(ctx, deadOne))
	require.Equal(t, []string{deadOne}, b.Retried())
	require.ErrorIs(t, c.DropDead(ctx, deadOne), web.ErrNotFound)

	s, err := c.AddSilence(ctx, record.Silence{Brand: "tollgate", Reason: "known", Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "ines", s.By)
	rows, err := c.ListSilences(ctx)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.NoError(t, c.ExpireSilence(ctx, s.ID))
	rows, err = c.ListSilences(ctx)
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestClientSaysWhatIsWrong(t *testing.T) {
	url := daemon(t, webtest.Open(t), func(o *web.Options) {
		o.Ready = func(context.Context) error { return errors.New("the store is locked") }
	})
	ctx := t.Context()
	require.EqualError(t, ask(t, url, local).Reload(ctx), "leakytap.yaml:1:1: no brands")
	require.EqualError(t, ask(t, url, local).Ready(ctx), "not ready: the store is locked")
	st, err := ask(t, url, local).Status(ctx)
	require.NoError(t, err)
	require.Equal(t, web.Status{Version: "v1", Problem: "the store is locked", Actor: "ines", Roles: nil}, st)

	_, err = ask(t, url, "").Sources(ctx)
	var e *client.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusUnauthorized, e.Status)
	_, err = ask(t, url, "wrong-token-0123456789").Sources(ctx)
	require.EqualError(t, err, "this token is not known")

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>hi</h1>", http.StatusTeapot) }))
	defer other.Close()
	_, err = ask(t, other.URL, local).Sources(ctx)
	require.EqualError(t, err, "the daemon answered 418 I'm a teapot, not as LeakyTap does")

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err = ask(t, gone.URL, local).Sources(ctx)
	require.ErrorContains(t, err, "asking the daemon at "+gone.URL)
	require.NotContains(t, err.Error(), local)

	_, err = client.New(client.Options{BaseURL: "127.0.0.1:8080"})
	require.ErrorContains(t, err, "its address must be http://host:port")
}
