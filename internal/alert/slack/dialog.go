package slack

import (
	"slices"
	"strconv"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/record"
)

// The dialogs, and the names of what they ask.
const (
	viewAssign  = "lt_assign"
	viewPromise = "lt_promise"
	viewMore    = "lt_more"

	assignUser  = "lt_user"
	promiseWhat = "lt_what"
	promiseBy   = "lt_by"
	moreDo      = "lt_do"
	moreFor     = "lt_for"
	moreReason  = "lt_reason_text"

	blockWho    = "who"
	blockWhat   = "what"
	blockBy     = "by"
	blockDo     = "do"
	blockFor    = "for"
	blockReason = "because"
)

// maxWhat is how many characters a promise may have, maxBecause a silence's reason.
const (
	maxWhat    = 300
	maxBecause = 300
)

// doings are what the dialog behind More offers, beside what the menu has.
func doings(c record.Case) []string {
	var out []string
	if c.State.Live() {
		out = append(out, "snooze")
		if c.Service.Promise.Open() {
			out = append(out, "broken", "promise")
		}
	}
	if c.Fate != record.FateLost {
		out = append(out, "lost")
	}
	if c.AuthorKey != "" {
		out = append(out, "silence_author")
	}
	if topicOf(c) != "" {
		out = append(out, "silence_topic")
	}
	return append(out, "history")
}

// topicOf is what a silence of the case's topic would hold back, empty for none.
func topicOf(c record.Case) string {
	for _, t := range c.Topics {
		if t != "other" {
			return t
		}
	}
	return ""
}

func doingWords(c record.Case, name string) string {
	switch name {
	case "snooze":
		return "Snooze"
	case "broken":
		return "The promise was not kept"
	case "promise":
		return "Promise something else instead"
	case "lost":
		return "The customer has left"
	case "silence_author":
		return "Silence this author"
	case "silence_topic":
		return "Silence " + c.Brand + " about " + topicOf(c)
	case "history":
		return "Show the history"
	}
	return name
}

// spans of time that the dialog offers.
func offered() []string { return []string{"1h", "4h", "24h", "72h", "168h"} }

func offeredWords(s string) string {
	switch s {
	case "1h":
		return "1 hour"
	case "4h":
		return "4 hours"
	case "24h":
		return "1 day"
	case "72h":
		return "3 days"
	case "168h":
		return "1 week"
	}
	return s
}

// where is what a dialog remembers: the case, and where it was asked for.
func (c *click) where() string { return c.caseID + "|" + c.channel + "|" + c.thread }

func dialog(callback, title, submit, where string, blocks ...slackgo.Block) slackgo.ModalViewRequest {
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: callback, Title: plain(title), Submit: plain(submit), Close: plain("Cancel"),
		PrivateMetadata: where, Blocks: slackgo.Blocks{BlockSet: blocks},
	}
}

// assignDialog asks who gets the case.
func assignDialog(where string) slackgo.ModalViewRequest {
	pick := slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeUser, plain("Pick a person"), assignUser)
	return dialog(viewAssign, "Assign the case", "Assign", where, slackgo.NewInputBlock(blockWho, plain("Who takes it?"), nil, pick))
}

// promiseDialog asks what was promised to the customer, and by when.
func promiseDialog(where string, now time.Time) slackgo.ModalViewRequest {
	what := slackgo.NewPlainTextInputBlockElement(plain("a call back with the tracking number"), promiseWhat)
	what.MaxLength = maxWhat
	by := slackgo.NewDateTimePickerBlockElement(promiseBy)
	by.InitialDateTime = now.Add(24 * time.Hour).Truncate(time.Hour).Unix()
	return dialog(viewPromise, "Follow-up promised", "Note it", where,
		slackgo.NewInputBlock(blockWhat, plain("What was promised?"), nil, what),
		slackgo.NewInputBlock(blockBy, plain("By when?"), nil, by))
}

// moreDialog offers what the menu has no room for.
func moreDialog(where string, c record.Case) slackgo.ModalViewRequest {
	option := func(value, words string) *slackgo.OptionBlockObject {
		return slackgo.NewOptionBlockObject(value, plain(words), nil)
	}
	var do []*slackgo.OptionBlockObject
	for _, name := range doings(c) {
		do = append(do, option(name, clipText(doingWords(c, name), 75)))
	}
	var spans []*slackgo.OptionBlockObject
	for _, s := range offered() {
		spans = append(spans, option(s, offeredWords(s)))
	}
	span := slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, plain("1 day"), moreFor, spans...)
	forHow := slackgo.NewInputBlock(blockFor, plain("For how long? (snooze, silence)"), nil, span)
	forHow.Optional = true
	text := slackgo.NewPlainTextInputBlockElement(plain("a word for the others"), moreReason)
	text.MaxLength = maxBecause
	why := slackgo.NewInputBlock(blockReason, plain("Why? (silence)"), nil, text)
	why.Optional = true
	return dialog(viewMore, "This case", "Do it", where,
		slackgo.NewInputBlock(blockDo, plain("What?"), nil, slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, plain("Choose"), moreDo, do...)),
		forHow, why)
}

// clipText keeps the first n characters of words of ours.
func clipText(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// fromView reads what a dialog asks for.
func (c *click) fromView(in *interaction, now time.Time) error {
	id, where, _ := strings.Cut(in.View.PrivateMetadata, "|")
	c.channel, c.thread, _ = strings.Cut(where, "|")
	c.caseID, c.view = id, in.View.CallbackID
	key := []string{in.User.TeamID, in.User.ID, in.View.ID, in.View.Hash}
	switch in.View.CallbackID {
	case viewAssign:
		c.act.To = in.value(blockWho, assignUser).SelectedUser
		if !userID.MatchString(c.act.To) {
			return errGarbled
		}
		c.act.Verb = record.VerbAssign
		key = append(key, c.act.To, id)
	case viewPromise:
		c.promised(in, now)
		key = append(key, "promise", id, c.act.Note, c.act.Until.Format(time.RFC3339))
	case viewMore:
		if err := c.more(in, now); err != nil {
			return err
		}
		key = append(key, "more", c.doing, id)
	default:
		return errNotOurs
	}
	c.act.Key = keyOf(key...)
	return nil
}

// promised reads what was promised. What a person can get wrong is told in the dialog.
func (c *click) promised(in *interaction, now time.Time) {
	c.act.Verb = record.VerbPromise
	c.act.Note = strings.TrimSpace(in.value(blockWhat, promiseWhat).Value)
	at := in.value(blockBy, promiseBy).SelectedDateTime
	switch {
	case c.act.Note == "":
		c.wrong(blockWhat, "Say what was promised.")
	case len([]rune(c.act.Note)) > maxWhat:
		c.wrong(blockWhat, "At most "+strconv.Itoa(maxWhat)+" characters.")
	}
	switch by := time.Unix(at, 0).UTC(); {
	case at <= 0 || !by.After(now):
		c.wrong(blockBy, "Choose a time that lies ahead.")
	case by.Sub(now) > 366*24*time.Hour:
		c.wrong(blockBy, "At most a year from now.")
	default:
		c.act.Until = by
	}
}

// more reads the dialog behind More.
func (c *click) more(in *interaction, now time.Time) error {
	c.doing = in.value(blockDo, moreDo).SelectedOption.Value
	if !slices.Contains([]string{"snooze", "broken", "promise", "lost", "silence_author", "silence_topic", "history"}, c.doing) {
		return errGarbled
	}
	span := in.value(blockFor, moreFor).SelectedOption.Value
	if span == "" {
		span = "24h"
	}
	d, err := time.ParseDuration(span)
	if err != nil || !slices.Contains(offered(), span) {
		return errGarbled
	}
	until := now.Add(d).UTC().Truncate(time.Second)
	because := strings.TrimSpace(in.value(blockReason, moreReason).Value)
	if len([]rune(because)) > maxBecause {
		c.wrong(blockReason, "At most "+strconv.Itoa(maxBecause)+" characters.")
	}
	switch c.doing {
	case "snooze":
		c.act.Verb, c.act.Until = record.VerbSnooze, until
	case "broken":
		c.act.Verb = record.VerbBroken
	case "lost":
		c.act.Verb = record.VerbLost
	case "silence_author", "silence_topic":
		c.silence = &record.Silence{Reason: because, Until: until}
	case "history":
		c.ask = "history"
	case "promise":
		c.ask = "promise"
	}
	return nil
}

// wrong notes what to tell a person below a field of the dialog.
func (c *click) wrong(block, words string) {
	if c.wrongs == nil {
		c.wrongs = map[string]string{}
	}
	c.wrongs[block] = words
}

// viewErrors has the dialog stay, with words below its fields.
func viewErrors(wrongs map[string]string) any {
	return map[string]any{"response_action": "errors", "errors": wrongs}
}

// viewUpdate has another dialog take the place of this one.
func viewUpdate(v slackgo.ModalViewRequest) any {
	return map[string]any{"response_action": "update", "view": v}
}

// firstBlock is the field of a dialog below which a refusal stands.
func firstBlock(view string) string {
	switch view {
	case viewAssign:
		return blockWho
	case viewPromise:
		return blockWhat
	}
	return blockDo
}
