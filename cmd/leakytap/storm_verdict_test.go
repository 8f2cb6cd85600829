package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/mail"
	"os"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/record"
)

func encoded(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// webEvent is what the webhook is called with.
type webEvent struct {
	Data struct {
		Kind   record.NoticeKind `json:"kind"`
		Key    string            `json:"key"`
		Repeat bool              `json:"possible_repeat"`
		Case   struct {
			ID      string       `json:"id"`
			State   record.State `json:"state"`
			Version int64        `json:"version"`
		} `json:"case"`
	} `json:"data"`
}

// webEvents are the calls about a case in the order in which they came; of every case
// where id is empty.
func (s *storm) webEvents(id string) []webEvent {
	var out []webEvent
	for _, c := range s.web.calls() {
		var e webEvent
		if json.Unmarshal(c.body, &e) == nil && (id == "" || e.Data.Case.ID == id) {
			out = append(out, e)
		}
	}
	return out
}

type pageEvent struct {
	Action string `json:"event_action"`
	Dedup  string `json:"dedup_key"`
}

func (s *storm) pages(dedup string) []pageEvent {
	var out []pageEvent
	for _, c := range s.pager.calls() {
		var e pageEvent
		if json.Unmarshal(c.body, &e) == nil && e.Dedup == dedup {
			out = append(out, e)
		}
	}
	return out
}

// verdict is what is wrong with what happened, and the figures of the run.
func (s *storm) verdict(ctx context.Context) (wrong []string, figures string) {
	wrong = append(wrong, s.crew.wrong...)
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	// A click that found the store busy for longer than Slack waits says so to who clicked.
	excused := bytes.Count(log, []byte("a click had no effect"))
	events, byActor := 0, map[string][]record.Event{}
	cases := s.everyCase(ctx)
	for _, c := range cases {
		var d record.Dossier
		if !s.read(ctx, "/api/v1/cases/"+c.ID, &d) {
			wrong = append(wrong, "case "+c.ID+" cannot be read")
			continue
		}
		events += len(d.History)
		for _, e := range d.History {
			byActor[e.Actor] = append(byActor[e.Actor], e)
		}
		wrong = append(wrong, walk(d)...)
		wrong = append(wrong, s.inOrder(c)...)
	}
	wrong = append(wrong, s.acted(byActor, excused)...)
	wrong = append(wrong, s.slackOnce()...)
	repeats, unsaid := s.repeats()
	wrong = append(wrong, unsaid...)
	return wrong, fmt.Sprintf("cases %d, events of their histories %d, acts answered %d, messages: slack %d, webhook %d, pagerduty %d, alertmanager %d, mail %d; repeats that said so %d",
		len(cases), events, len(s.crew.did), len(s.slack.Messages("")), len(s.web.calls()), len(s.pager.calls()), len(s.prom.calls()), len(s.mail.Mails()), repeats)
}

// step is what a line of a history may do: from one of these states to one of those; no
// states at all leave the case where it is.
type step struct{ from, to []record.State }

// steps are all legal moves, written down a second time from the contract.
func steps() map[string]step {
	const open, snoozed, claimed, answered, resolved, dismissed = record.StateOpen, record.StateSnoozed, record.StateClaimed, record.StateAnswered, record.StateResolved, record.StateDismissed
	live := []record.State{open, snoozed, claimed, answered}
	one := func(s ...record.State) []record.State { return s }
	still := step{}
	return map[string]step{
		"claimed": {one(open, snoozed, answered), one(claimed)}, "answered": {one(open, snoozed, claimed), one(answered)},
		"snoozed": {live, one(snoozed)}, "woken": {one(snoozed), one(open, claimed)}, "resolved": {live, one(resolved)},
		"dismissed": {live, one(dismissed)}, "reopened": {one(snoozed, answered, resolved, dismissed), one(open)},
		"assigned": {live, one(claimed, answered)}, "recovered": {append(one(resolved), live...), one(resolved)},
		"promised": {live, one(claimed, snoozed, answered)}, "brand_replied": {live, one(answered)},
		"lost": {append(one(resolved), live...), one(resolved)}, "reason": {one(dismissed), one(dismissed)},
		"joined": still, "refused": still, "edited": still, "retracted": still, "promise_kept": still, "promise_broken": still,
		"promise_due": still, "nudged": still, "sent": still, "silent": still, "inhibited": still,
	}
}

// walk follows a case through its history and says where it went as it may not.
func walk(d record.Dossier) []string {
	var wrong []string
	say := func(e record.Event, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("case %s, event %d (%s by %s, %s to %s): ", d.Case.ID, e.Seq, e.What, e.Actor, e.From, e.To)+fmt.Sprintf(format, args...))
	}
	at := record.State("")
	seq := int64(0)
	for i, e := range d.History {
		if e.Seq <= seq {
			say(e, "after event %d", seq)
		}
		seq = e.Seq
		if (i == 0) != (e.What == "opened") {
			say(e, "a case opens once, and first")
			continue
		}
		if e.What == "opened" {
			at = e.To
			continue
		}
		if e.From != at {
			say(e, "the case was %s", at)
		}
		at = e.To
		st, known := steps()[e.What]
		switch {
		case !known:
			say(e, "nothing known")
		case len(st.from) == 0 && e.From != e.To:
			say(e, "it moves nothing")
		case len(st.from) > 0 && (!slices.Contains(st.from, e.From) || !slices.Contains(st.to, e.To)):
			say(e, "no legal move")
		}
	}
	c := d.Case
	if at != c.State {
		wrong = append(wrong, fmt.Sprintf("case %s is %s, its history ends %s", c.ID, c.State, at))
	}
	if c.State == record.StateClaimed && c.Owner == "" || c.State == record.StateOpen && c.Owner != "" {
		wrong = append(wrong, fmt.Sprintf("case %s is %s and owned by %q", c.ID, c.State, c.Owner))
	}
	return wrong
}

// acted holds what people were answered against the histories.
func (s *storm) acted(byActor map[string][]record.Event, excused int) []string {
	var wrong []string
	for who, a := range s.crew.did {
		es := byActor[who]
		refused := len(es) == 1 && es[0].What == "refused"
		switch {
		case len(es) > 1:
			wrong = append(wrong, fmt.Sprintf("%s of %s had %d effects: %v", a.verb, who, len(es), es))
		case a.api && a.status == 409 && !refused:
			wrong = append(wrong, fmt.Sprintf("%s of %s was refused, and its history has %v", a.verb, who, es))
		case a.api && a.status == 200 && (refused || len(es) == 0 && a.verb == string(record.VerbClaim)):
			wrong = append(wrong, fmt.Sprintf("%s of %s was done, and its history has %v", a.verb, who, es))
		case !a.api && len(es) == 0 && a.verb == "lt_claim":
			if excused--; excused < 0 {
				wrong = append(wrong, fmt.Sprintf("the click of %s was taken, and no history has it", who))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// slackOnce finds messages that stand in Slack twice.
func (s *storm) slackOnce() []string {
	var wrong []string
	keys := map[string]int{}
	for _, m := range s.slack.Messages("") {
		if keys[m.Key()]++; keys[m.Key()] == 2 {
			wrong = append(wrong, "twice in Slack: "+m.Key())
		}
	}
	return wrong
}

// repeats counts what came again and said so, where at least once is promised, and finds
// what did not say so.
func (s *storm) repeats() (said int, unsaid []string) {
	seen := map[string]bool{}
	again := func(where, key string, says bool) {
		switch k := where + " " + key; {
		case !seen[k]:
			seen[k] = true
		case says:
			said++
		default:
			unsaid = append(unsaid, "again without saying so: "+k)
		}
	}
	for _, c := range s.web.calls() {
		if !c.signedBy(s.key) {
			unsaid = append(unsaid, "a webhook call is not signed")
		}
		var e webEvent
		if json.Unmarshal(c.body, &e) != nil {
			unsaid = append(unsaid, "a webhook call is no JSON")
		}
		again("webhook", e.Data.Key, e.Data.Repeat)
	}
	for _, m := range s.mail.Mails() {
		one, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil {
			unsaid = append(unsaid, "a mail cannot be read: "+err.Error())
			continue
		}
		again("mail", one.Header.Get("X-Leakytap-Key"), one.Header.Get("X-Leakytap-Possible-Repeat") == "true")
	}
	return said, unsaid
}

// inOrder says where a receiver heard of a case in another order than it happened.
func (s *storm) inOrder(c record.Case) []string {
	var wrong []string
	version, rooted := int64(0), false
	for _, e := range s.webEvents(c.ID) {
		rooted = rooted || e.Data.Kind == record.NoticeCard
		if !rooted {
			wrong = append(wrong, fmt.Sprintf("case %s: the webhook heard of %s before its card", c.ID, e.Data.Key))
		}
		if e.Data.Case.Version < version {
			wrong = append(wrong, fmt.Sprintf("case %s: the webhook heard of version %d after %d", c.ID, e.Data.Case.Version, version))
		}
		version = e.Data.Case.Version
	}
	s.laterMu.Lock()
	later := slices.Clone(s.later[c.URL])
	s.laterMu.Unlock()
	var thread strings.Builder
	for _, m := range s.slack.Messages("") {
		if m.ThreadTS != "" && strings.HasPrefix(m.Key(), c.ID+"/") && !strings.Contains(m.Key(), "/joins/") {
			thread.Write(m.Blocks)
		}
	}
	last := -1
	for _, u := range later {
		at := strings.Index(thread.String(), u+`"`)
		if at < last {
			wrong = append(wrong, fmt.Sprintf("case %s: %s stands in the thread at %d, what was said before it at %d: %v", c.ID, u, at, last, s.keysOf(c.ID)))
		}
		last = max(last, at)
	}
	return wrong
}

// keysOf are the messages of a case in Slack, in order.
func (s *storm) keysOf(id string) []string {
	var out []string
	for _, m := range s.slack.Messages("") {
		if rest, ok := strings.CutPrefix(m.Key(), id+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}
