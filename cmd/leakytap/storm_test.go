package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/alertmanager"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/internal/standin/smtp"
)

// storm is an arena with every kind of receiver that can be asked what it took, and
// with people who work on the cases.
type storm struct {
	*arena
	crew             *people
	web, pager, prom *place
	am               *alertmanager.Server
	mail             *smtp.Server
	key              []byte
	// later are the customers' further posts, by the url of the first: in the order in
	// which they were said.
	laterMu sync.Mutex
	later   map[string][]string
	// patience is how long the receivers have to catch up.
	patience time.Duration
}

func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	s := &storm{arena: newArena(t, ""), am: alertmanager.New(""), key: []byte("invented-signing-key-of-32-bytes"), later: map[string][]string{}}
	s.crew = &people{a: s.arena, did: map[string]act{}}
	s.slack.FailBy(misbehave(seed))
	s.web = newPlace(t, seed+1, func(http.ResponseWriter, *http.Request) {})
	s.pager = newPlace(t, seed+2, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	s.prom = newPlace(t, seed+3, s.am.ServeHTTP)
	var err error
	s.mail, err = smtp.Start(smtp.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.mail.Close() })
	s.mail.FailBy(losesMail(seed))
	host, port, err := net.SplitHostPort(s.mail.Addr())
	require.NoError(t, err)
	ca := filepath.Join(s.dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, s.mail.CA(), 0o600))
	const times = "timeout: 1s, settle: 1s"
	s.write(s.sourcesYAML() + fmt.Sprintf(`http: {ca_file: %q}
brands:
  - {name: acme, query: "acme OR @acme OR #acme"}
route:
  receiver: support
  routes:
    - {receiver: hook, continue: true}
    - {receiver: pager, continue: true}
    - {receiver: prom, continue: true}
    - {receiver: mail, continue: true}
    - {receiver: support}
receivers:
  - {name: hook, webhook: {url: %q, secret: %s, %s}}
  - {name: pager, pagerduty: {api_url: %q, routing_key: 0123456789abcdef0123456789abcdef, %s}}
  - {name: prom, alertmanager: {url: %q, %s}}
  - {name: mail, email: {host: %s, port: %s, from: alerts@acme.example, to: support@acme.example, %s}}
`, ca, s.web.url, "whsec_"+encoded(s.key), times, s.pager.url+"/v2/", times, s.prom.url, times, host, port, times) +
		s.slackYAML("support", slack.DefaultChannel, signed))
	return s
}

// customers speak again in the threads of their complaints, each word after the one
// before it is in.
func (s *storm) customers(ctx context.Context, street uint64, n int, r *rand.Rand) {
	said := []string{
		"still nothing from acme about my order, this is a disgrace, i am furious",
		"acme hung up on me again, worst company ever, i want my money back",
		"thanks acme, all sorted! they called me",
		"no, acme broke it again. unacceptable, i want a refund now",
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		who, root := fmt.Sprintf("regular%d-%03d", street, i), fmt.Sprintf("c%d%03d", street, i)
		first := "https://shop.example.test/r/" + root
		text := fmt.Sprintf("acme charged me twice for order %s%d and refuses the refund. i am furious, nobody at support answers", strings.ToUpper(root), 100+i*7)
		s.tell(ctx, shopPost(root, who, text, nil))
		s.mu.Lock()
		s.said[first] = true
		s.mu.Unlock()
		s.opened(ctx, first)
		for k, words := range said {
			pause(ctx, time.Duration(r.IntN(1200))*time.Millisecond)
			id := fmt.Sprintf("%s-%d", root, k)
			s.tell(ctx, shopPost(id, who, words+" "+id, map[string]any{"root_id": "shop:" + root, "parent_id": "shop:" + root, "kind": "reply"}))
			s.laterMu.Lock()
			s.later[first] = append(s.later[first], "https://shop.example.test/r/"+id)
			s.laterMu.Unlock()
		}
	}
}

// opened waits until a post has a case: one whose author is content before the daemon
// has looked opens none, and that is right.
func (s *storm) opened(ctx context.Context, url string) {
	for ctx.Err() == nil {
		if slices.ContainsFunc(s.everyCase(ctx), func(c record.Case) bool { return c.URL == url }) {
			return
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func (s *storm) tell(ctx context.Context, m map[string]any) {
	line, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	s.hook(ctx, line)
}

// TestCrashWithEverybody kills the daemon at random moments while posts flow in on four
// kinds of sources, every kind of receiver fails now and then, and people click, act by
// the API, and speak again. Afterwards nothing is lost, nothing is doubled at Slack and
// what is repeated elsewhere says so, each case has gone through legal states alone, and
// every receiver has followed it to where it is, in order.
func TestCrashWithEverybody(t *testing.T) {
	t.Parallel()
	kills := fromEnv(t, "KILLS", 3)
	posts := fromEnv(t, "POSTS", 24)
	seed := uint64(fromEnv(t, "SEED", int(time.Now().UnixNano()%1_000_000)))
	t.Logf("kills %d, posts %d, SEED=%d", kills, posts, seed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*15*time.Second+8*time.Minute)
	defer cancel()
	s := newStorm(t, seed)
	s.patience = time.Duration(fromEnv(t, "PATIENCE", 240)) * time.Second
	// What is said before a daemon was ever there is not its to hear.
	d := s.ready(ctx)
	working, home := context.WithCancel(ctx)
	var talking, workers sync.WaitGroup
	talking.Go(func() { s.sayAll(ctx, scenario.Generate(posts, posts/4, arenaBrand, seed), kills, seed) })
	for i := range uint64(2) {
		talking.Go(func() { s.customers(ctx, i, 1+kills/10, rand.New(rand.NewPCG(seed, 31+i))) })
		workers.Go(func() { s.crew.clicks(working, rand.New(rand.NewPCG(seed, 41+i))) })
	}
	workers.Go(func() { s.crew.programs(working, rand.New(rand.NewPCG(seed, 51))) })
	d = s.killed(ctx, d, kills, 2400, seed)
	talking.Wait()
	pause(ctx, time.Second)
	home()
	workers.Wait()
	s.slack.Heal()
	s.mail.FailBy(nil)
	fired := fmt.Sprint("slack ", s.slack.Fired(), ", webhook ", s.web.heal(), ", pagerduty ", s.pager.heal(), ", alertmanager ", s.prom.heal(), ", mail ", s.mail.Hit(smtp.StepData))
	wrong := s.settled(ctx)
	found, figures := s.verdict(ctx)
	wrong = append(wrong, found...)
	t.Logf("%s; faults: %s", figures, fired)
	if len(wrong) > 0 {
		s.keep()
	}
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
	require.NotEmpty(t, s.slack.Fired(), "no fault happened: the test proves nothing")

	d.drains(t)
}

// settled waits until every receiver has been told everything, and gives what was still
// missing when the time was over.
func (s *storm) settled(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	var missing []string
	calm := 0
	for ctx.Err() == nil {
		if missing = s.missing(ctx); len(missing) == 0 {
			calm++
		} else {
			calm = 0
		}
		if calm > 3 {
			return nil
		}
		pause(ctx, 500*time.Millisecond)
	}
	return missing
}

// missing are the complaints that a receiver was not told of, and the cases whose end it
// does not know.
func (s *storm) missing(ctx context.Context) []string {
	cases := s.everyCase(ctx)
	if len(cases) == 0 {
		return []string{"the daemon does not answer"}
	}
	var out []string
	told := s.told()
	s.mu.Lock()
	s.laterMu.Lock()
	for root, complaint := range s.said {
		for _, u := range append([]string{root}, s.later[root]...) {
			for _, where := range []string{"slack", "webhook", "pagerduty", "alertmanager", "mail"} {
				if complaint && !strings.Contains(told[where], u+`"`) && (where != "pagerduty" || !endedAt(cases, root)) {
					out = append(out, fmt.Sprintf("%s never reached %s: %s", u, where, s.decided(ctx, u)))
				}
			}
		}
	}
	s.laterMu.Unlock()
	s.mu.Unlock()
	for _, c := range cases {
		out = append(out, s.behind(c)...)
	}
	slices.Sort(out)
	return out
}

// decided is what was made of a post.
func (s *storm) decided(ctx context.Context, u string) string {
	var page struct {
		Items []record.Decision `json:"items"`
	}
	if !s.read(ctx, "/api/v1/decisions?q="+url.QueryEscape(u), &page) {
		return "unknown"
	}
	var out []string
	for _, d := range page.Items {
		out = append(out, fmt.Sprintf("%s in case %q", d.Outcome, d.Case))
	}
	return strings.Join(out, ", ")
}

// endedAt reports whether the case of a post ended: nobody is paged for one that ended
// before its page went out.
func endedAt(cases []record.Case, root string) bool {
	return slices.ContainsFunc(cases, func(c record.Case) bool { return c.URL == root && !c.State.Live() })
}

// told is all that each receiver was told, with every address before a quotation mark.
func (s *storm) told() map[string]string {
	var sl, web, pager, prom, mail strings.Builder
	for _, m := range s.slack.Messages("") {
		sl.Write(m.Blocks)
	}
	for _, c := range s.web.calls() {
		web.Write(c.body)
	}
	for _, c := range s.pager.calls() {
		pager.Write(c.body)
	}
	for _, c := range s.prom.calls() {
		prom.Write(bytes.ReplaceAll(c.body, []byte(`\n`), []byte(`"`)))
	}
	for _, m := range s.mail.Mails() {
		mail.Write(bytes.ReplaceAll(bytes.ReplaceAll(m.Data, []byte("=\r\n"), nil), []byte("=3D"), []byte("=")))
	}
	return map[string]string{"slack": sl.String(), "webhook": web.String(), "pagerduty": pager.String(), "alertmanager": prom.String(), "mail": mail.String()}
}

// behind says which receivers do not know where the case is.
func (s *storm) behind(c record.Case) []string {
	var out []string
	want := func(ok bool, where, is string) {
		if !ok {
			out = append(out, fmt.Sprintf("case %s is %s (version %d), at %s it is %s", c.ID, c.State, c.Version, where, is))
		}
	}
	for _, m := range s.slack.Roots("") {
		if strings.HasPrefix(m.Key(), c.ID+"/1/card/") {
			want(slices.Contains(buttonsOf(m), c.State), "slack", fmt.Sprint("one of ", buttonsOf(m)))
		}
	}
	version := int64(0)
	for _, e := range s.webEvents(c.ID) {
		version = e.Data.Case.Version
	}
	want(version == c.Version, "webhook", fmt.Sprint("of version ", version))
	for earlier := max(c.Episode-3, 1); earlier < c.Episode; earlier++ {
		if es := s.pages(fmt.Sprintf("leakytap/%s/%d", c.ID, earlier)); len(es) > 0 {
			want(es[len(es)-1].Action == "resolve", "pagerduty", fmt.Sprint("still standing as episode ", earlier))
		}
	}
	action := ""
	for _, e := range s.pages(fmt.Sprintf("leakytap/%s/%d", c.ID, c.Episode)) {
		action = e.Action
	}
	wanted := map[record.State][]string{
		record.StateOpen: {"trigger"}, record.StateSnoozed: {"trigger", "acknowledge"}, record.StateClaimed: {"acknowledge", "trigger"},
		record.StateAnswered: {"acknowledge", "trigger"}, record.StateResolved: {"resolve"}, record.StateDismissed: {"resolve"},
	}
	want(slices.Contains(wanted[c.State], action), "pagerduty", action)
	firing := slices.ContainsFunc(s.am.Firing(), func(a alertmanager.Alert) bool { return a.Labels["case"] == c.ID })
	want(firing == c.State.Live(), "alertmanager", fmt.Sprint("firing: ", firing))
	return out
}

// buttonsOf are the states in which a case has the buttons of the card.
func buttonsOf(m slack.Message) []record.State {
	has := func(action string) bool { return bytes.Contains(m.Blocks, []byte(`"`+action+`"`)) }
	switch {
	case has("lt_claim"):
		return []record.State{record.StateOpen, record.StateSnoozed}
	case has("lt_answer"):
		return []record.State{record.StateClaimed}
	case has("lt_resolve"):
		return []record.State{record.StateAnswered}
	case has("lt_reopen"):
		return []record.State{record.StateResolved, record.StateDismissed}
	}
	return nil
}
