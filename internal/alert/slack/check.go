package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// Step is one thing that Check tried.
type Step struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Check tries all that the receiver needs, one step after the other: the token,
// its scopes, posting one marked message, updating it and finding it again. It
// deletes nothing. It ends at the first step that fails, and its error then
// says the way out.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]Step, error) {
	k := &check{r: r, now: now}
	for _, s := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"token", k.token},
		{"scopes", k.scopes},
		{"post", k.post},
		{"update", k.update},
		{"find", k.find},
	} {
		detail, err := s.do(ctx)
		if err != nil {
			words := hint(err)
			k.steps = append(k.steps, Step{Name: s.name, Detail: words})
			return k.steps, fmt.Errorf("checking %s, step %s: %s", r.name, s.name, words)
		}
		k.steps = append(k.steps, Step{Name: s.name, OK: true, Detail: detail})
	}
	return k.steps, nil
}

type check struct {
	r       *Receiver
	now     time.Time
	bot     string
	granted []string
	msg     alert.Message
	receipt record.Receipt
	steps   []Step
}

func (k *check) token(ctx context.Context) (string, error) {
	c := k.r.call()
	a, err := c.api.AuthTestContext(ctx)
	if err != nil {
		return "", c.classify(err)
	}
	for s := range strings.SplitSeq(c.scopes, ",") {
		if s = strings.TrimSpace(s); s != "" {
			k.granted = append(k.granted, s)
		}
	}
	k.bot = alert.OneLine(a.User, 80)
	return "the bot is @" + k.bot + " in " + alert.OneLine(a.Team, 80), nil
}

// scopes names every scope that is missing, where Slack tells which are there.
func (k *check) scopes(context.Context) (string, error) {
	if len(k.granted) == 0 {
		return "Slack does not say which scopes the token has; the next steps show it", nil
	}
	var missing []string
	if !slices.Contains(k.granted, "chat:write") {
		missing = append(missing, "chat:write")
	}
	if !slices.Contains(k.granted, "channels:history") && !slices.Contains(k.granted, "groups:history") {
		missing = append(missing, "channels:history (groups:history for a private channel)")
	}
	if len(missing) > 0 {
		return "", &alert.SendError{
			Reason: alert.ReasonMissingScope, Kind: alert.FailPermanent,
			Hint: "the token lacks " + strings.Join(missing, " and ") + ": add it under OAuth & Permissions and install the app again",
		}
	}
	return strings.Join(k.granted, ", "), nil
}

func (k *check) post(ctx context.Context) (string, error) {
	key := "test/" + k.r.name + "/" + k.now.UTC().Format("20060102T150405.000000000")
	k.msg = alert.Message{Now: k.now, Notice: record.Notice{
		Key: key, Kind: record.NoticeTest, Receiver: k.r.name,
		Body: record.NoticeBody{Title: "if you can read this, alerts arrive here", Lines: []string{"posted"}},
	}}
	var err error
	k.receipt, err = k.r.Post(ctx, k.msg)
	if err != nil {
		return "", err
	}
	return "posted to " + k.receipt.Channel + " as " + k.receipt.TS, nil
}

func (k *check) update(ctx context.Context) (string, error) {
	k.msg.Notice.Body.Lines = []string{"posted, and updated in place"}
	if err := k.r.Update(ctx, k.receipt, k.msg); err != nil {
		return "", err
	}
	return "updated in place", nil
}

func (k *check) find(ctx context.Context) (string, error) {
	rc, ok, err := k.r.Find(ctx, k.receipt.Key, k.now, nil)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", errors.New("the message that was just posted is not found by its key; alerts still arrive, but one may come twice after a lost answer")
	case rc.TS != k.receipt.TS:
		return "", errors.New("another message carries the same key")
	}
	return "found again by its key", nil
}

// hint is the way out where the error names one.
func hint(err error) string {
	if e, ok := errors.AsType[*alert.SendError](err); ok && e.Hint != "" {
		return e.Hint
	}
	return err.Error()
}
