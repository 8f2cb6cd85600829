package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// people work on cases while the daemon comes and goes: each act is by somebody who
// acts once, so that the history tells what became of it.
type people struct {
	a *arena

	mu sync.Mutex
	n  int
	// did are the acts that were answered, by who acted.
	did map[string]act
	// wrong are answers that nobody should have got.
	wrong []string
	// old are requests that Slack once sent and somebody sends again.
	old []replayed
}

// act is what somebody was answered: at the API a status, at Slack that it was taken.
type act struct {
	verb   string
	status int
	api    bool
}

type replayed struct {
	payload []byte
	at      time.Time
}

// target is where the daemon listens, or listened when it was last ready.
func (a *arena) target() string {
	b, err := os.ReadFile(filepath.Join(a.dir, "data", "daemon.json"))
	var e struct {
		URL string `json:"url"`
	}
	if err != nil || json.Unmarshal(b, &e) != nil {
		return ""
	}
	return e.URL
}

func (p *people) somebody(prefix string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return fmt.Sprintf("%s%05d", prefix, p.n)
}

func (p *people) note(who string, a act) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did[who] = a
}

func (p *people) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// clicks click on cards until the context ends.
func (p *people) clicks(ctx context.Context, r *rand.Rand) {
	controls := []slack.Click{
		{ActionID: "lt_claim"},
		{ActionID: "lt_claim"},
		{ActionID: "lt_answer"},
		{ActionID: "lt_resolve"},
		{ActionID: "lt_dismiss"},
		{ActionID: "lt_reopen"},
		{ActionID: "lt_reopen"},
		{ActionID: "lt_menu", Option: "snooze_1h"},
		{ActionID: "lt_menu", Option: "lost"},
		{ActionID: "lt_reason", Option: "spam"},
	}
	for ctx.Err() == nil {
		pause(ctx, time.Duration(r.IntN(60))*time.Millisecond)
		cards := p.a.slack.Roots("")
		if len(cards) == 0 {
			continue
		}
		m := cards[r.IntN(len(cards))]
		c := controls[r.IntN(len(controls))]
		c.Channel, c.TS, c.User = m.Channel, m.TS, p.somebody("U0P")
		payload, err := p.a.slack.Payload(c)
		if err != nil {
			continue // the card has no such button as it stands
		}
		switch r.IntN(12) {
		case 0:
			p.stranger(ctx, payload, r)
		case 1: // a double click
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { p.click(ctx, c.User, c.ActionID, payload, time.Now()) })
			}
			both.Wait()
		case 2: // two people at once
			other := c
			other.User = p.somebody("U0P")
			second, err := p.a.slack.Payload(other)
			if err != nil {
				continue
			}
			var both sync.WaitGroup
			both.Go(func() { p.click(ctx, c.User, c.ActionID, payload, time.Now()) })
			both.Go(func() { p.click(ctx, other.User, other.ActionID, second, time.Now()) })
			both.Wait()
		case 3:
			p.again(ctx, r)
		default:
			p.click(ctx, c.User, c.ActionID, payload, time.Now())
		}
	}
}

// click sends a click as Slack signs it. Slack sends each once: where the daemon is
// gone, nothing is known of it.
func (p *people) click(ctx context.Context, who, what string, payload []byte, at time.Time) {
	req, err := p.a.slack.SignedRequest(ctx, p.a.target()+"/slack/interactions", payload, at)
	if err != nil {
		return
	}
	switch status := statusOf(req); status {
	case 0:
	case http.StatusOK:
		p.note(who, act{verb: what, status: status})
		p.mu.Lock()
		p.old = append(p.old, replayed{payload, at})
		p.mu.Unlock()
	default:
		p.complain("a signed click was answered %d", status)
	}
}

// again sends what was sent before, signature and all.
func (p *people) again(ctx context.Context, r *rand.Rand) {
	p.mu.Lock()
	if len(p.old) == 0 {
		p.mu.Unlock()
		return
	}
	o := p.old[r.IntN(len(p.old))]
	p.mu.Unlock()
	if time.Since(o.at) > 4*time.Minute {
		return
	}
	if req, err := p.a.slack.SignedRequest(ctx, p.a.target()+"/slack/interactions", o.payload, o.at); err == nil {
		if status := statusOf(req); status != 0 && status != http.StatusOK {
			p.complain("a replayed click was answered %d", status)
		}
	}
}

// stranger sends what Slack did not sign, or signed long ago.
func (p *people) stranger(ctx context.Context, payload []byte, r *rand.Rand) {
	at := time.Now()
	if r.IntN(2) == 0 {
		at = at.Add(-10 * time.Minute)
	}
	req, err := p.a.slack.SignedRequest(ctx, p.a.target()+"/slack/interactions", payload, at)
	if err != nil {
		return
	}
	if time.Since(at) < time.Minute {
		req.Header.Set("X-Slack-Signature", "v0="+strings.Repeat("cd", 32))
	}
	if status := statusOf(req); status != 0 && status != http.StatusUnauthorized {
		p.complain("a forged or old click was answered %d", status)
	}
}

// statusOf sends a request and gives the status, 0 where there was no answer.
func statusOf(req *http.Request) int {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// programs act through the API until the context ends. Each asks again under the same
// key until it is answered.
func (p *people) programs(ctx context.Context, r *rand.Rand) {
	verbs := []record.Verb{
		record.VerbClaim, record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbResolve, record.VerbDismiss, record.VerbReopen,
		record.VerbReopen, record.VerbAssign, record.VerbPromise, record.VerbKept, record.VerbLost, record.VerbReason,
	}
	for ctx.Err() == nil {
		pause(ctx, time.Duration(r.IntN(100))*time.Millisecond)
		cases := p.a.everyCase(ctx)
		if len(cases) == 0 {
			continue
		}
		body := map[string]any{"verb": verbs[r.IntN(len(verbs))]}
		switch body["verb"] {
		case record.VerbSnooze:
			body["until"] = time.Now().Add(time.Duration(2+r.IntN(4)) * time.Second).UTC()
		case record.VerbAssign:
			body["to"] = p.somebody("to")
		case record.VerbPromise:
			body["until"], body["note"] = time.Now().Add(time.Hour).UTC(), "a call back"
		case record.VerbReason:
			body["reason"] = record.ReasonSpam
		}
		who := p.somebody("api")
		body["key"] = who
		p.ask(ctx, who, cases[r.IntN(len(cases))].ID, body)
	}
}

func (p *people) ask(ctx context.Context, who, id string, body map[string]any) {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	// Who has begun to ask goes on until there is an answer, so that it is known.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for asking.Err() == nil {
		req, err := http.NewRequestWithContext(asking, http.MethodPost, p.a.target()+"/api/v1/cases/"+id+"/actions", bytes.NewReader(raw))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Leakytap-Actor", who)
		switch status := statusOf(req); status {
		case 0, http.StatusServiceUnavailable:
			pause(asking, 50*time.Millisecond)
		case http.StatusOK, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest:
			p.note(who, act{verb: fmt.Sprint(body["verb"]), status: status, api: true})
			return
		default:
			p.complain("%s by the API was answered %d", body["verb"], status)
			return
		}
	}
}

// everyCase is every case that the daemon knows, none where it does not answer.
func (a *arena) everyCase(ctx context.Context) []record.Case {
	var out []record.Case
	after := ""
	for {
		var page struct {
			Items []record.Case `json:"items"`
			Next  string        `json:"next"`
		}
		if !a.read(ctx, "/api/v1/cases?state=all&limit=500&after="+after, &page) {
			return out
		}
		out = append(out, page.Items...)
		if after = page.Next; after == "" {
			return out
		}
	}
}

// read asks the API and decodes what it answers with; false where there was no answer.
func (a *arena) read(ctx context.Context, path string, into any) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.target()+path, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(into) == nil
}
