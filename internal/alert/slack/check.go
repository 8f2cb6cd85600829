package slack

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// Check tries all that the receiver needs, one step after the other: the token,
// its scopes, posting one marked message, updating it, finding it again, and the
// app token where there is one. It deletes nothing. It ends at the first step that fails, and its error then
// says the way out.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	k := &check{r: r, now: now}
	tries := []alert.Try{
		{Name: "token", Do: k.token},
		{Name: "scopes", Do: k.scopes},
		{Name: "post", Do: k.post},
		{Name: "update", Do: k.update},
		{Name: "find", Do: k.find},
	}
	if r.cfg.AppToken != "" {
		tries = append(tries, alert.Try{Name: "clicks", Do: k.clicks})
	}
	return alert.RunChecks(ctx, r.name, tries)
}

// clicks asks for a socket, and does not open it: whoever runs beside this check
// keeps the clicks.
func (k *check) clicks(ctx context.Context) (string, error) {
	c := &socket{app: app{apiURL: k.r.cfg.APIURL, receivers: []*Receiver{k.r}}}
	if _, err := c.open(ctx); err != nil {
		return "", err
	}
	return "Slack hands out a socket for clicks", nil
}

type check struct {
	r       *Receiver
	now     time.Time
	bot     string
	granted []string
	msg     alert.Message
	receipt record.Receipt
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
	k.msg = alert.TestMessage(k.r.name, k.now)
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
