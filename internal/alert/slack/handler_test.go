package slack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

var errNone = errors.New("no such case")

type refusal struct{ owner string }

func (r refusal) Error() string { return "illegal: " + r.owner }
func (refusal) Human() string   { return "It is resolved already; you can reopen it." }

// desk is what the handler acts on: one case, and each key once.
type desk struct {
	refusals []string
	mu       sync.Mutex
	c        record.Case
	acts     []record.Action
	keys     map[string]bool
	fail     error
	slow     time.Duration
	came     int
}

// begun is how many actions were asked for.
func (d *desk) begun() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.came
}

func (d *desk) Act(ctx context.Context, a record.Action) (record.Case, error) {
	d.mu.Lock()
	d.came++
	d.mu.Unlock()
	if d.slow > 0 {
		select {
		case <-time.After(d.slow):
		case <-ctx.Done():
			return record.Case{}, ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.c, d.fail
	}
	if a.Case != d.c.ID {
		return record.Case{}, errNone
	}
	if d.keys[a.Key] {
		return d.c, nil
	}
	if a.Verb == record.VerbClaim && d.c.Owner != "" && d.c.Owner != a.Actor {
		return d.c, refusal{d.c.Owner}
	}
	if a.Verb == record.VerbClaim {
		d.c.Owner = a.Actor
	}
	d.keys[a.Key] = true
	d.acts = append(d.acts, a)
	return d.c, nil
}

func (d *desk) Dossier(context.Context, string) (record.Dossier, error) {
	x := dossier(record.StateOpen)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.c.State != "" {
		x.Case.State = d.c.State
	}
	x.Case.Topics = []string{"other", "support"}
	x.Case.AuthorKey, x.Case.Service = "bluesky:did:plc:jo", d.c.Service
	x.History = []record.Event{{At: now, What: "opened", Actor: "customer", Detail: "<!channel> & so on"}}
	return *x, nil
}

func (d *desk) done() []record.Action {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]record.Action(nil), d.acts...)
}

// Refuse notes what was refused.
func (d *desk) Refuse(_ context.Context, a record.Action, why string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.c.ID != a.Case {
		return errNone
	}
	d.refusals = append(d.refusals, a.Actor+" via "+a.Via+": "+why)
	return nil
}

func (d *desk) refused() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.refusals...)
}

type rig struct {
	s    *standin.Server
	r    *Receiver
	d    *desk
	url  string
	ts   string
	t    *testing.T
	h    *Handler
	reg  *prometheus.Registry
	k    *keeper
	send func(c standin.Click) standin.Answer
}

func newRig(t *testing.T, cfg Config, state record.State) *rig {
	t.Helper()
	if cfg.SigningSecret == "" {
		cfg.SigningSecret = "a signing secret"
	}
	g := &rig{t: t, d: &desk{c: record.Case{ID: "01JDCASE0000000000000000AB"}, keys: map[string]bool{}}, reg: prometheus.NewRegistry(), k: &keeper{}}
	g.s, g.r = pair(t, cfg)
	var err error
	g.h, err = NewHandler(HandlerOptions{
		Receivers: func() []*Receiver { return []*Receiver{g.r} }, Actor: g.d, Dossiers: g.d, Audit: g.d, NotFound: errNone, Commands: g.k, Reg: g.reg,
	})
	require.NoError(t, err)
	srv := httptest.NewServer(g.h)
	t.Cleanup(srv.Close)
	g.url = srv.URL + "/slack/interactions"
	rc, err := g.r.Post(t.Context(), message(record.NoticeCard, dossier(state)))
	require.NoError(t, err)
	g.ts = rc.TS
	g.send = func(c standin.Click) standin.Answer {
		t.Helper()
		c.Channel, c.TS = standin.DefaultChannel, g.ts
		if c.User == "" {
			c.User = "U0JO123456"
		}
		a, err := g.s.Click(t.Context(), g.url, c)
		require.NoError(t, err)
		return a
	}
	return g
}

func (g *rig) ephemeral() string {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return len(g.s.Ephemerals()) > 0 }, 10*time.Second, 5*time.Millisecond)
	m := g.s.Ephemerals()[0]
	return m.To + ": " + m.Text + " " + string(m.Blocks)
}

func TestEachControlActs(t *testing.T) {
	for _, tc := range []struct {
		name  string
		state record.State
		click standin.Click
		want  record.Action
	}{
		{"claim", record.StateOpen, standin.Click{ActionID: actClaim}, record.Action{Verb: record.VerbClaim}},
		{"resolve", record.StateOpen, standin.Click{ActionID: actResolve}, record.Action{Verb: record.VerbResolve}},
		{"not a complaint", record.StateClaimed, standin.Click{ActionID: actDismiss}, record.Action{Verb: record.VerbDismiss}},
		{"answered", record.StateClaimed, standin.Click{ActionID: actAnswer}, record.Action{Verb: record.VerbAnswer}},
		{"reopen", record.StateResolved, standin.Click{ActionID: actReopen}, record.Action{Verb: record.VerbReopen}},
		{"snooze", record.StateAnswered, standin.Click{ActionID: actMenu, Option: "snooze_1h"}, record.Action{Verb: record.VerbSnooze}},
		{"lost", record.StateResolved, standin.Click{ActionID: actMenu, Option: "lost"}, record.Action{Verb: record.VerbLost}},
		{"reason", record.StateDismissed, standin.Click{ActionID: actReason, Option: "wrong_company"}, record.Action{Verb: record.VerbReason, Reason: "wrong_company"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{}, tc.state)
			a := g.send(tc.click)
			require.Equal(t, http.StatusOK, a.Status)
			require.Empty(t, a.Body)
			acts := g.d.done()
			require.Len(t, acts, 1)
			require.Equal(t, tc.want.Verb, acts[0].Verb)
			require.Equal(t, tc.want.Reason, acts[0].Reason)
			require.Equal(t, "01JDCASE0000000000000000AB", acts[0].Case)
			require.Equal(t, "U0JO123456", acts[0].Actor)
			require.Equal(t, "slack", acts[0].Via)
			require.NotEmpty(t, acts[0].Key)
			if tc.want.Verb == record.VerbSnooze {
				require.True(t, acts[0].Until.After(time.Now()))
				require.True(t, acts[0].Until.Before(time.Now().Add(48*time.Hour)))
			}
		})
	}
}

func TestReplayHasNoSecondEffect(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	p, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U0JO123456"})
	require.NoError(t, err)
	for range 3 {
		a, err := g.s.Send(t.Context(), g.url, p)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.Status)
	}
	require.Len(t, g.d.done(), 1)
	g.send(standin.Click{ActionID: actClaim})
	require.Len(t, g.d.done(), 2, "a second click is another click")
}

func TestTwoClaims(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	g.send(standin.Click{ActionID: actClaim, User: "U0FIRST123"})
	require.Equal(t, http.StatusOK, g.send(standin.Click{ActionID: actClaim, User: "U0SECOND12"}).Status)
	require.Len(t, g.d.done(), 1)
	e := g.ephemeral()
	require.True(t, strings.HasPrefix(e, "U0SECOND12: "), e)
	require.Contains(t, e, `"user_id":"U0FIRST123"`)
	require.Contains(t, e, "has it already.")
}

func TestWhatIsToldToThePerson(t *testing.T) {
	for _, tc := range []struct {
		name string
		fail error
		want string
	}{
		{"refused by the case", refusal{}, "It is resolved already; you can reopen it."},
		{"no such case", errNone, "no longer kept"},
		{"broken", errors.New("dsn=secret"), "it is in the log"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{}, record.StateOpen)
			g.d.fail = tc.fail
			require.Equal(t, http.StatusOK, g.send(standin.Click{ActionID: actResolve}).Status)
			e := g.ephemeral()
			require.Contains(t, e, tc.want)
			require.NotContains(t, e, "secret")
		})
	}
}

func TestWhyAndHistoryAreInert(t *testing.T) {
	for option, want := range map[string]string{"why": "venting 0.93", "history": "opened by customer"} {
		g := newRig(t, Config{}, record.StateResolved)
		g.send(standin.Click{ActionID: actMenu, Option: option})
		e := g.ephemeral()
		require.Contains(t, e, want)
		require.NotContains(t, e, "mrkdwn")
		require.Empty(t, g.d.done())
	}
}

func TestAssignByDialog(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	g.send(standin.Click{ActionID: actMenu, Option: "assign"})
	require.Eventually(t, func() bool { return len(g.s.Views()) == 1 }, 10*time.Second, 5*time.Millisecond)
	a, err := g.s.Submit(t.Context(), g.url, g.s.Views()[0], "U0JO123456", "U0OTHER123")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status)
	acts := g.d.done()
	require.Len(t, acts, 1)
	require.Equal(t, record.VerbAssign, acts[0].Verb)
	require.Equal(t, "U0OTHER123", acts[0].To)
	require.Equal(t, "01JDCASE0000000000000000AB", acts[0].Case)
}

func TestAllowedUsers(t *testing.T) {
	g := newRig(t, Config{AllowedUsers: []string{"U0BOSS1234"}}, record.StateOpen)
	require.Equal(t, http.StatusOK, g.send(standin.Click{ActionID: actClaim}).Status)
	require.Empty(t, g.d.done())
	require.Contains(t, g.ephemeral(), "not on the list")
	require.Equal(t, []string{"U0JO123456 via slack: claim: not in allowed_users"}, g.d.refused(), "the case's history has it")
	g.send(standin.Click{ActionID: actClaim, User: "U0BOSS1234"})
	require.Len(t, g.d.done(), 1)
}

func TestAnswersWithinThreeSecondsThoughTheDeskHangs(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	g.d.slow = time.Hour
	a := g.send(standin.Click{ActionID: actClaim})
	require.Equal(t, http.StatusOK, a.Status)
	require.Contains(t, g.ephemeral(), "took too long")
}

func TestAnswersBeforeSlackTakesTheNote(t *testing.T) {
	g := newRig(t, Config{Timeout: setting.Duration(time.Second)}, record.StateOpen)
	g.s.Fail("chat.postEphemeral", 1, standin.HangAfter())
	g.d.fail = refusal{}
	a := g.send(standin.Click{ActionID: actClaim})
	require.Equal(t, http.StatusOK, a.Status)
	require.Less(t, a.Took, 3*time.Second)
}

// post sends a body with headers as they are.
func (g *rig) post(body string, header http.Header) (int, string) {
	g.t.Helper()
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/slack/interactions", strings.NewReader(body))
	req.Header = header
	g.h.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

func signed(secret string, at time.Time, body string) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return http.Header{
		headerTimestamp: {stamp}, headerSignature: {standin.Sign(secret, stamp, body)},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
}

func TestOnlyWhatSlackSigned(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	p, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U0JO123456"})
	require.NoError(t, err)
	body := url.Values{"payload": {string(p)}}.Encode()
	secret, at := "a signing secret", time.Now()
	with := func(fn func(http.Header)) http.Header {
		h := signed(secret, at, body)
		fn(h)
		return h
	}
	for _, tc := range []struct {
		name   string
		header http.Header
	}{
		{"nothing", http.Header{}},
		{"no signature", with(func(h http.Header) { h.Del(headerSignature) })},
		{"no timestamp", with(func(h http.Header) { h.Del(headerTimestamp) })},
		{"another secret", signed("another secret", at, body)},
		{"empty secret", signed("", at, body)},
		{"another body", signed(secret, at, body+"x")},
		{"short", with(func(h http.Header) { h.Set(headerSignature, h.Get(headerSignature)[:40]) })},
		{"odd hex", with(func(h http.Header) { h.Set(headerSignature, h.Get(headerSignature)+"a") })},
		{"no hex", with(func(h http.Header) { h.Set(headerSignature, "v0="+strings.Repeat("z", 64)) })},
		{"another version", with(func(h http.Header) { h.Set(headerSignature, strings.Replace(h.Get(headerSignature), "v0=", "v1=", 1)) })},
		{"twice", with(func(h http.Header) { h.Add(headerSignature, h.Get(headerSignature)) })},
		{"timestamp that was not signed", with(func(h http.Header) { h.Set(headerTimestamp, strconv.FormatInt(at.Unix()+1, 10)) })},
		{"old", signed(secret, at.Add(-6*time.Minute), body)},
		{"from the future", signed(secret, at.Add(6*time.Minute), body)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, said := g.post(body, tc.header)
			require.Equal(t, http.StatusUnauthorized, code)
			require.Less(t, len(said), 100)
			require.NotContains(t, said, "v0=")
		})
	}
	require.Empty(t, g.d.done())
	code, _ := g.post(body, signed(secret, at.Add(-4*time.Minute), body))
	require.Equal(t, http.StatusOK, code)
	require.Len(t, g.d.done(), 1)
}

func TestBodiesThatAreNoClick(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	big := "payload=" + strings.Repeat("x", 1<<20)
	code, _ := g.post(big, signed("a signing secret", time.Now(), big))
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	fields := "payload=%7B%7D" + strings.Repeat("&a=b", 10) + "&" + strings.Join(strings.Split(strings.Repeat("k", 40), ""), "1=1&")
	for _, tc := range []struct {
		name, body string
		code       int
	}{
		{"empty", "", 400},
		{"no payload", "a=b", 400},
		{"payload twice", "payload=%7B%7D&payload=%7B%7D", 400},
		{"no JSON", "payload=x", 400},
		{"nobody clicked", url.Values{"payload": {`{"type":"block_actions"}`}}.Encode(), 400},
		{"many fields", fields, 400},
		{"of another kind", url.Values{"payload": {`{"type":"shortcut","user":{"id":"U1"}}`}}.Encode(), 200},
		{"another app's button", url.Values{"payload": {`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"x","value":"y"}]}`}}.Encode(), 200},
		{"a case that is no id", url.Values{"payload": {`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"lt_claim","value":"' OR 1=1"}]}`}}.Encode(), 200},
		{"unknown reason", url.Values{"payload": {`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"lt_reason","selected_option":{"value":"x:1"}}]}`}}.Encode(), 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, _ := g.post(tc.body, signed("a signing secret", time.Now(), tc.body))
			require.Equal(t, tc.code, code)
		})
	}
	require.Empty(t, g.d.done())
	w := httptest.NewRecorder()
	g.h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/slack/interactions", http.NoBody))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

func FuzzInteraction(f *testing.F) {
	f.Add(`payload={"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"lt_claim","value":"01J","action_ts":"1.2"}]}`)
	f.Add(`payload={"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"lt_menu","selected_option":{"value":"snooze_1h:01J"}}]}`)
	f.Add(`payload={"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"lt_assign","private_metadata":"01J|C1|1.2","state":{"values":{"who":{"lt_user":{"selected_user":"U0OTHER1"}}}}}}`)
	f.Add(`payload={"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"lt_promise","private_metadata":"01J|C1|1.2","state":{"values":{"what":{"lt_what":{"value":"a call"}},"by":{"lt_by":{"selected_date_time":1900000000}}}}}}`)
	f.Add(`payload={"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"lt_more","private_metadata":"01J|C1|1.2","state":{"values":{"do":{"lt_do":{"selected_option":{"value":"silence_author"}}}}}}}`)
	f.Add("payload=%00&payload=")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := formOf([]byte(body))
		if err != nil {
			return
		}
		c, err := fromForm(form, now)
		if err != nil {
			require.Nil(t, c)
			return
		}
		require.Regexp(t, `^[0-9A-Za-z_-]{1,64}$`, c.caseID)
		require.NotEmpty(t, c.user)
		require.True(t, c.ask != "" || c.act.Verb != "" || c.silence != nil)
		require.True(t, c.ask != "" || strings.HasPrefix(c.act.Key, "slack/"))
	})
}

func FuzzSignature(f *testing.F) {
	f.Add("v0=00", "1", "body")
	f.Fuzz(func(t *testing.T, sig, stamp, body string) {
		h := http.Header{headerSignature: {sig}, headerTimestamp: {stamp}}
		if verify(h, []byte(body), "secret", now) == nil {
			require.Equal(t, standin.Sign("secret", stamp, body), strings.ToLower(sig))
		}
	})
}

// A payload with neither action_ts nor trigger_id is told from a second click by
// the time of its signature: sent again it is the same click, signed later another.
func TestTimelessClicks(t *testing.T) {
	t.Parallel()
	g := newRig(t, Config{}, record.StateOpen)
	payload := []byte(`{"type":"block_actions","user":{"id":"U0ANN"},"channel":{"id":"C1"},"actions":[{"action_id":"lt_claim","value":"` + g.d.c.ID + `"}]}`)
	at := time.Now()
	for _, when := range []time.Time{at, at, at.Add(2 * time.Second)} {
		req, err := g.s.SignedRequest(t.Context(), g.url, payload, when)
		require.NoError(t, err)
		resp, err := (&http.Client{}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	require.Len(t, g.d.done(), 2)
}

// TestOldCardsStillWork takes a choice that cards of earlier releases offer.
func TestOldCardsStillWork(t *testing.T) {
	t.Parallel()
	c, err := parse([]byte(`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"lt_menu","action_ts":"1.2","selected_option":{"value":"snooze_tomorrow:01J"}}]}`), now)
	require.NoError(t, err)
	require.Equal(t, record.VerbSnooze, c.act.Verb)
	require.True(t, c.act.Until.After(now))
}
