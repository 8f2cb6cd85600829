// Package slack is the receiver in a Slack channel: it draws cards as Block
// Kit, sends them with a bot token, finds its own messages again by their key
// and takes the clicks on their buttons.
//
// It promises that no foreign text reaches a field that Slack reads as markup:
// such text stands in rich text elements only, and what the fallback line needs
// of it is escaped. It refuses to guess: an answer that may mean "stored" is
// ambiguous, and only errors known to mean "not stored" are anything else.
// Nothing is retried here, neither by us nor by the library.
//
//	slack.go    Receiver: post, update, reply, find
//	call.go     one call to the Web API and what its failure means
//	codes.go    Slack's error codes
//	render.go   cards and notes as blocks; rich.go spans as rich text
//	verify.go   signatures of what Slack sends us
//	handler.go  the clicks; click.go what a click asks for; dialog.go dialogs
//	label.go    buttons that say what a post is, and take that back
//	command.go  /leakytap
//	respond.go  a word to a person without a token
//	sockets.go  a socket for each app token; socket.go one connection of it
//	check.go    test-receiver
//	incoming.go an incoming webhook instead of a bot
package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// Config is what the operator writes.
type Config = alert.SlackConfig

// eventType marks our messages' metadata.
const eventType = "leakytap_card"

// Bounds of a look-up: how far before the first try it begins, so that two
// clocks may differ, and how many messages it reads before it gives up.
const (
	lookBack = 10 * time.Minute
	pageSize = 200
	maxPages = 25
)

// Receiver sends to one channel. It is safe for any goroutines.
type Receiver struct {
	name   string
	cfg    Config
	client *http.Client
}

// New makes a Receiver called name. The client makes every call; it must not
// retry by itself. Redirects are never followed.
func New(name string, cfg Config, client *http.Client) (*Receiver, error) {
	if client == nil {
		return nil, errors.New("making a slack receiver: an http client is needed")
	}
	cfg = cfg.WithDefaults()
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the slack receiver %s: %w", name, ps[0])
	}
	if cfg.Token == "" {
		return nil, fmt.Errorf("making the slack receiver %s: the token is empty", name)
	}
	c := *client
	c.Timeout = cfg.Timeout.D()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Receiver{name: name, cfg: cfg, client: &c}, nil
}

// Name is the receiver's name in the config.
func (r *Receiver) Name() string { return r.name }

// Post sends a root message to the channel.
func (r *Receiver) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	p := render(m, r.cfg.Interactive(), m.Notice.Key)
	return r.post(ctx, p, m.Notice.Key)
}

// Reply adds to the thread of root. The channel hears it too where the notice asks for it.
func (r *Receiver) Reply(ctx context.Context, root record.Receipt, m alert.Message) (record.Receipt, error) {
	p := render(m, r.cfg.Interactive(), m.Notice.Key)
	more := []slackgo.MsgOption{slackgo.MsgOptionTS(root.TS)}
	if m.Notice.Body.Broadcast {
		more = append(more, slackgo.MsgOptionBroadcast())
	}
	rc, err := r.postTo(ctx, root.Channel, p, m.Notice.Key, more...)
	return rc, r.elsewhere(root.Channel, err)
}

// Update draws the root message anew; it keeps its key.
func (r *Receiver) Update(ctx context.Context, root record.Receipt, m alert.Message) error {
	p := render(m, r.cfg.Interactive(), root.Key)
	c := r.call()
	_, ts, _, err := c.api.UpdateMessageContext(ctx, root.Channel, root.TS, p.options()...)
	if err == nil && ts == "" {
		err = errNoTS
	}
	return r.elsewhere(root.Channel, c.classify(err))
}

func (r *Receiver) post(ctx context.Context, p payload, key string) (record.Receipt, error) {
	return r.postTo(ctx, r.cfg.Channel, p, key)
}

func (r *Receiver) postTo(ctx context.Context, channel string, p payload, key string, more ...slackgo.MsgOption) (record.Receipt, error) {
	c := r.call()
	ch, ts, err := c.api.PostMessageContext(ctx, channel, append(p.options(), more...)...)
	if err == nil && ts == "" {
		err = errNoTS
	}
	if err != nil {
		return record.Receipt{}, c.classify(err)
	}
	if ch == "" {
		ch = channel
	}
	return record.Receipt{Channel: ch, TS: ts, Key: key}, nil
}

// elsewhere keeps an old channel's end from stopping the new one: where the
// message stands in another channel than the one that is configured now, an
// error of that channel is that message's own.
func (r *Receiver) elsewhere(channel string, err error) error {
	e, ok := errors.AsType[*alert.SendError](err)
	if !ok || e.Kind != alert.FailPermanent || channel == r.cfg.Channel {
		return err
	}
	switch e.Reason {
	case alert.ReasonChannelNotFound, alert.ReasonNotInChannel, alert.ReasonArchived, alert.ReasonRestricted:
		return &alert.SendError{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage, Err: e}
	}
	return err
}

// Find looks for the message that carries key: among the channel's root
// messages, or in the thread of root. A thread that is gone is looked for in
// the channel, where a reply goes that has lost its thread.
func (r *Receiver) Find(ctx context.Context, key string, since time.Time, root *record.Receipt) (record.Receipt, bool, error) {
	oldest := stamp(since.Add(-lookBack))
	if root != nil {
		rc, ok, err := r.findIn(ctx, root.Channel, root.TS, key, oldest)
		e, gone := errors.AsType[*alert.SendError](err)
		if !gone || r.elsewhere(root.Channel, e) == nil || e.Kind != alert.FailMessage {
			return rc, ok, err
		}
	}
	return r.findIn(ctx, r.cfg.Channel, "", key, oldest)
}

func (r *Receiver) findIn(ctx context.Context, channel, thread, key, oldest string) (record.Receipt, bool, error) {
	cursor := ""
	for range maxPages {
		msgs, next, err := r.page(ctx, channel, thread, oldest, cursor)
		if err != nil {
			return record.Receipt{}, false, err
		}
		for i := range msgs {
			if k, _ := msgs[i].Metadata.EventPayload["key"].(string); k == key {
				return record.Receipt{Channel: channel, TS: msgs[i].Timestamp, Key: key}, true, nil
			}
		}
		if next == "" {
			return record.Receipt{}, false, nil
		}
		cursor = next
	}
	return record.Receipt{}, false, &alert.SendError{
		Reason: alert.ReasonUnknown, Kind: alert.FailAmbiguous,
		Err: fmt.Errorf("looking a message up: it is not among the last %d", maxPages*pageSize),
	}
}

func (r *Receiver) page(ctx context.Context, channel, thread, oldest, cursor string) ([]slackgo.Message, string, error) {
	c := r.call()
	if thread != "" {
		msgs, more, next, err := c.api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Cursor: cursor, Oldest: oldest, Limit: pageSize,
			Inclusive: true, IncludeAllMetadata: true,
		})
		return msgs, following(more, next), c.classify(err)
	}
	h, err := c.api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
		ChannelID: channel, Cursor: cursor, Oldest: oldest, Limit: pageSize, Inclusive: true, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", c.classify(err)
	}
	return h.Messages, following(h.HasMore, h.ResponseMetaData.NextCursor), nil
}

func following(more bool, next string) string {
	if !more {
		return ""
	}
	return next
}

// stamp writes a time as Slack writes the time of a message.
func stamp(t time.Time) string {
	us := max(t.UnixMicro(), 0)
	return strconv.FormatInt(us/1e6, 10) + "." + fmt.Sprintf("%06d", us%1e6)
}
