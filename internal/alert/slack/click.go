package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// interaction is what is read of a payload: less than the library reads, so
// that a field it does not expect cannot make a click fail.
type interaction struct {
	Type      string `json:"type"`
	TriggerID string `json:"trigger_id"`
	// ResponseURL takes a word to the person for half an hour, without a token.
	ResponseURL string `json:"response_url"`
	User        struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		TeamID   string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		ChannelID string `json:"channel_id"`
		MessageTS string `json:"message_ts"`
		ThreadTS  string `json:"thread_ts"`
	} `json:"container"`
	Actions []struct {
		ActionID       string `json:"action_id"`
		ActionTS       string `json:"action_ts"`
		Value          string `json:"value"`
		SelectedOption struct {
			Value string `json:"value"`
		} `json:"selected_option"`
	} `json:"actions"`
	View struct {
		ID              string `json:"id"`
		Hash            string `json:"hash"`
		CallbackID      string `json:"callback_id"`
		PrivateMetadata string `json:"private_metadata"`
		State           struct {
			Values map[string]map[string]input `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

// input is what a person entered in a field of a dialog.
type input struct {
	Value            string `json:"value"`
	SelectedUser     string `json:"selected_user"`
	SelectedDateTime int64  `json:"selected_date_time"`
	SelectedOption   struct {
		Value string `json:"value"`
	} `json:"selected_option"`
}

// value is what stands in a field, nothing where there is none.
func (in *interaction) value(block, action string) input { return in.View.State.Values[block][action] }

// click is what a person asked for.
type click struct {
	// Act is the action for the desk; its Verb is empty for one that only asks.
	act record.Action
	// ask is why, history, assign, promise or more for a choice that changes nothing by itself.
	ask string
	// view is the dialog that it came from, or empty, and doing what was chosen in the one
	// behind More; wrongs is what is wrong in its fields.
	view   string
	doing  string
	wrongs map[string]string
	// silence asks for cards like the case's to be held back; the case says which.
	silence *record.Silence
	// label is what was said about a post, or taken back; no case has to do with it.
	label *label
	// respond is where a word to the person can go without a token.
	respond string
	caseID  string
	user    string
	channel string
	thread  string
	trigger string
	// timeless says that the payload had nothing that tells it from a second click.
	timeless bool
}

var (
	errNotOurs = errors.New("the payload is none of ours")
	errGarbled = errors.New("the payload cannot be read")
	caseID     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	userID     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// formOf reads the body of a request.
func formOf(body []byte) (url.Values, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) > 32 {
		return nil, errGarbled
	}
	return form, nil
}

// fromForm reads the click in a form.
func fromForm(form url.Values, now time.Time) (*click, error) {
	ps := form["payload"]
	if len(ps) != 1 || len(form) > 16 {
		return nil, errGarbled
	}
	return parse([]byte(ps[0]), now)
}

// parse reads a payload of which it is certain that Slack sent it. It gives no
// click for one that asks for nothing, such as a closed dialog.
func parse(payload []byte, now time.Time) (*click, error) {
	var in interaction
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, errGarbled
	}
	if in.User.ID == "" || len(in.User.ID) > 64 {
		return nil, errGarbled
	}
	c := &click{
		user: in.User.ID, trigger: in.TriggerID, channel: first(in.Container.ChannelID, in.Channel.ID),
		thread: first(in.Container.ThreadTS, in.Container.MessageTS), respond: in.ResponseURL,
	}
	var err error
	switch in.Type {
	case "block_actions":
		err = c.fromAction(&in, now)
	case "view_submission":
		err = c.fromView(&in, now)
	default:
		return nil, errNotOurs
	}
	if err != nil {
		return nil, err
	}
	if c.label == nil && !caseID.MatchString(c.caseID) {
		return nil, errNotOurs
	}
	c.act.Case, c.act.Actor, c.act.Via = c.caseID, c.user, "slack"
	return c, nil
}

func (c *click) fromAction(in *interaction, now time.Time) error {
	if len(in.Actions) != 1 {
		return errGarbled
	}
	a := in.Actions[0]
	value := a.Value
	switch a.ActionID {
	case actClaim:
		c.act.Verb = record.VerbClaim
	case actAnswer:
		c.act.Verb = record.VerbAnswer
	case actResolve:
		c.act.Verb = record.VerbResolve
	case actDismiss:
		c.act.Verb = record.VerbDismiss
	case actReopen:
		c.act.Verb = record.VerbReopen
	case actMenu, actReason:
		value = a.SelectedOption.Value
		if err := c.choose(a.ActionID, value, now); err != nil {
			return err
		}
	default:
		var err error
		if c.label, err = labelOf(a.ActionID, value); err != nil || c.label == nil {
			return errNotOurs
		}
	}
	if c.caseID == "" && c.label == nil {
		c.caseID = value
	}
	// Slack gives each click a time of its own; a replayed request has the same one.
	c.act.Key = keyOf(in.User.TeamID, in.User.ID, a.ActionID, a.ActionTS, in.TriggerID, value)
	c.timeless = a.ActionTS == "" && in.TriggerID == ""
	return nil
}

// tellApart tells a click without a time of its own from the next one, by what
// came with it.
func (c *click) tellApart(by string) {
	if c.timeless {
		c.act.Key = keyOf(c.act.Key, by)
	}
}

// choose reads an option's value, name:case.
func (c *click) choose(action, value string, now time.Time) error {
	name, id, ok := strings.Cut(value, ":")
	if !ok {
		return errNotOurs
	}
	c.caseID = id
	if action == actReason {
		if !slices.Contains(record.DismissReasons(), name) {
			return errNotOurs
		}
		c.act.Verb, c.act.Reason = record.VerbReason, name
		return nil
	}
	switch name {
	case "snooze_1h":
		c.act.Verb, c.act.Until = record.VerbSnooze, now.Add(time.Hour).UTC().Truncate(time.Second)
	case "snooze_tomorrow":
		c.act.Verb, c.act.Until = record.VerbSnooze, tomorrow(now)
	case "kept":
		c.act.Verb = record.VerbKept
	case "lost":
		c.act.Verb = record.VerbLost
	case "why", "history", "assign", "promise", "more":
		c.ask = name
	default:
		return errNotOurs
	}
	return nil
}

// tomorrow is nine o'clock of the next day, in the daemon's own time.
func tomorrow(now time.Time) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d+1, 9, 0, 0, 0, now.Location()).UTC()
}

func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return "slack/" + hex.EncodeToString(h.Sum(nil))[:40]
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
