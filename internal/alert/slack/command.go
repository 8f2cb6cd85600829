package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

// Commands carry out what people ask for with /leakytap.
type Commands interface {
	// Status says in a few lines how the daemon and its cases are doing.
	Status(ctx context.Context) ([]string, error)
	// Why are the decisions about a post, by id or URL; none where it was never collected.
	Why(ctx context.Context, idOrURL string) ([]record.Decision, error)
	// Silence stores a silence. One whose ID is stored already stays as it is. An error
	// that a person can mend has a Human text.
	Silence(ctx context.Context, s record.Silence) (record.Silence, error)
	// Test says what would become of a text, for each brand that it names.
	Test(ctx context.Context, text string) ([]record.Decision, error)
}

var errNoCommands = errors.New("no commands are set up")

const (
	maxCommand = 4000
	maxSilence = 366 * 24 * time.Hour
	// shownWhy is how many decisions, and lines of each, an answer has.
	shownWhy      = 5
	shownWhyLines = 12
)

// command is a slash command as Slack sends it, in a form or, over a socket, as JSON.
type command struct {
	Team    string `json:"team_id"`
	Channel string `json:"channel_id"`
	User    string `json:"user_id"`
	Command string `json:"command"`
	Text    string `json:"text"`
	Trigger string `json:"trigger_id"`
}

func commandOf(form url.Values) command {
	return command{
		Team: form.Get("team_id"), Channel: form.Get("channel_id"), User: form.Get("user_id"),
		Command: form.Get("command"), Text: form.Get("text"), Trigger: form.Get("trigger_id"),
	}
}

// serveCommand answers a signed slash command.
func (h *Handler) serveCommand(w http.ResponseWriter, req *http.Request, form url.Values, signers []*Receiver) {
	c := commandOf(form)
	if c.User == "" || !userID.MatchString(c.User) || len(form["command"]) != 1 {
		h.refuse(w, http.StatusBadRequest, "bad_request")
		return
	}
	ok(w, h.command(req.Context(), signers, c))
}

// command carries out a slash command within the time that Slack waits, and gives
// what only the person who wrote it sees.
func (h *Handler) command(ctx context.Context, from []*Receiver, c command) any {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actWithin)
	defer cancel()
	r := placed(from, c.Channel)
	var title string
	var lines []string
	var err error
	result := "done"
	switch {
	case !r.allows(c.User):
		h.log.Warn("a command by someone who is not in allowed_users was refused", zap.String("user", c.User))
		title, result = notAllowed, "not_allowed"
	case h.opt.Commands == nil:
		title, result = "This daemon takes no commands.", "refused"
	case len(c.Text) > maxCommand || !utf8.ValidString(c.Text):
		title, result = "That is too long for a command.", "refused"
	default:
		title, lines, err = h.carryOut(ctx, c)
	}
	if err != nil {
		title, lines, result = h.whyNot(err)
	}
	h.commands.WithLabelValues(result).Inc()
	return ephemeralReply(title, lines)
}

// whyNot says to a person why their command had no effect.
func (h *Handler) whyNot(err error) (title string, lines []string, result string) {
	if u, ok := errors.AsType[*usage](err); ok {
		return u.words, helpLines(), "refused"
	}
	if human, ok := errors.AsType[humanError](err); ok {
		return human.Human(), nil, "refused"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "That took too long; please try again.", nil, "failed"
	}
	h.log.Error("a command had no effect", zap.Error(err))
	return "That did not work; it is in the log.", nil, "failed"
}

// usage is a command that was written wrongly.
type usage struct{ words string }

func (u *usage) Error() string { return u.words }

func helpLines() []string {
	return []string{
		"status: how LeakyTap and its cases are doing",
		"why URL: what became of a post, and why",
		`silence [--brand NAME] QUERY DURATION [reason]: hold back cards that match, such as silence "acme outage" 2h known, being fixed`,
		"test TEXT: what would become of a text",
	}
}

func (h *Handler) carryOut(ctx context.Context, c command) (string, []string, error) {
	verb, rest, _ := strings.Cut(strings.TrimSpace(c.Text), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(verb) {
	case "status":
		lines, err := h.opt.Commands.Status(ctx)
		return "Status", lines, err
	case "why":
		return h.commandWhy(ctx, rest)
	case "silence":
		return h.commandSilence(ctx, c, rest)
	case "test":
		if rest == "" {
			return "", nil, &usage{"Write the text behind test."}
		}
		ds, err := h.opt.Commands.Test(ctx, rest)
		if err == nil && len(ds) == 0 {
			return "No brand's query matches this text.", nil, nil
		}
		return "This text would become:", decisionLines(ds), err
	case "", "help":
		return "What /leakytap can do:", helpLines(), nil
	}
	return "", nil, &usage{"There is no such command. What /leakytap can do:"}
}

func (h *Handler) commandWhy(ctx context.Context, rest string) (string, []string, error) {
	// Slack writes an address that was pasted as <address> or <address|label>.
	what := strings.TrimSuffix(strings.TrimPrefix(rest, "<"), ">")
	what, _, _ = strings.Cut(what, "|")
	if what == "" || strings.ContainsAny(what, " \n\t") {
		return "", nil, &usage{"Write the address or the id of one post behind why."}
	}
	ds, err := h.opt.Commands.Why(ctx, unescape(what))
	if err == nil && len(ds) == 0 {
		return "That post was never collected.", nil, nil
	}
	return "What became of it:", decisionLines(ds), err
}

func decisionLines(ds []record.Decision) []string {
	var out []string
	for _, d := range ds[max(0, len(ds)-shownWhy):] {
		out = append(out, fmt.Sprintf("%s: %s (%s, venting %s)", d.Brand, strings.ReplaceAll(string(d.Outcome), "_", " "), d.Severity, alert.Percent(d.Venting)))
		for _, w := range d.Why[:min(len(d.Why), shownWhyLines)] {
			out = append(out, "– "+w)
		}
		if d.Case != "" {
			out = append(out, "– case "+d.Case)
		}
	}
	return out
}

func (h *Handler) commandSilence(ctx context.Context, c command, rest string) (string, []string, error) {
	name, rest := splitBrand(rest)
	query, span, reason, err := splitSilence(rest)
	if err != nil {
		return "", nil, err
	}
	now := time.Now().UTC()
	s := record.Silence{
		ID: silenceID(keyOf(c.Team, c.User, "silence", c.Trigger, c.Text)), Brand: unescape(name), Query: unescape(query), By: c.User,
		Reason: unescape(reason), From: now, Until: now.Add(span).Truncate(time.Second),
	}
	if s.Reason == "" {
		s.Reason = "no reason given"
	}
	if s, err = h.opt.Commands.Silence(ctx, s); err != nil {
		return "", nil, err
	}
	what := s.Query
	if s.Brand != "" {
		what = s.Brand + ", " + what
	}
	return "Silenced until " + s.Until.UTC().Format("2006-01-02 15:04 UTC") + ": " + what, []string{
		"What is held back stays in the inbox.", "End it with: leakytap silence expire " + s.ID,
	}, nil
}

// splitBrand takes --brand NAME off the beginning.
func splitBrand(rest string) (name, left string) {
	after, ok := strings.CutPrefix(strings.TrimSpace(rest), "--brand")
	if !ok || after == "" || !strings.ContainsAny(after[:1], " =") {
		return "", rest
	}
	name, left, _ = strings.Cut(strings.TrimLeft(after, " ="), " ")
	return name, strings.TrimSpace(left)
}

// splitSilence reads QUERY DURATION [reason]: the query ends before the first word
// that is a duration and stands in no quotation marks.
func splitSilence(rest string) (query string, span time.Duration, reason string, err error) {
	rest = strings.NewReplacer("“", `"`, "”", `"`).Replace(rest)
	quoted := false
	for i := 0; i < len(rest); {
		end := strings.IndexAny(rest[i:], " \t\n")
		if end < 0 {
			end = len(rest) - i
		}
		word := rest[i : i+end]
		if !quoted && i > 0 && word != "" && word[0] >= '0' && word[0] <= '9' {
			if d, bad := setting.ParseDuration(word); bad == nil {
				query, span, reason = strings.TrimSpace(rest[:i]), d, strings.TrimSpace(rest[i+end:])
				break
			}
		}
		quoted = quoted != (strings.Count(word, `"`)%2 == 1)
		i += end + 1
	}
	switch {
	case query == "":
		return "", 0, "", &usage{`Write what to silence and for how long, such as silence "acme outage" 2h.`}
	case span <= 0 || span > maxSilence:
		return "", 0, "", &usage{"A silence lasts at most a year, and longer than nothing."}
	case len(reason) > maxBecause*4:
		return "", 0, "", &usage{"The reason is too long."}
	}
	return query, span, reason, nil
}

// silenceID makes a silence that is asked for twice by the same click one silence.
func silenceID(key string) string { return strings.ReplaceAll(key, "/", "-") }

// unescape turns what Slack escaped in a command back.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// ephemeralReply is what only the person sees who wrote a command. Lines may hold
// foreign text: they stand in rich text.
func ephemeralReply(title string, lines []string) any {
	return map[string]any{
		"response_type": "ephemeral", "text": escape(alert.OneLine(title, 300)), "blocks": noteBlocks(title, lines),
	}
}

// maxNoteLines bounds a message to one person.
const maxNoteLines = 40

// noteBlocks are a title and lines as rich text, in which nothing is markup.
func noteBlocks(title string, lines []string) []slackgo.Block {
	body := [][]alert.Span{spans(title)}
	for _, l := range lines[:min(len(lines), maxNoteLines)] {
		body = append(body, []alert.Span{{Text: alert.OneLine(l, 300)}})
	}
	return []slackgo.Block{slackgo.NewRichTextBlock("note", section(time.Now(), body...))}
}

// heardCommand reads a slash command that came over a socket.
func heardCommand(payload []byte) (command, bool) {
	var c command
	if json.Unmarshal(payload, &c) != nil || !userID.MatchString(c.User) || c.Command == "" {
		return command{}, false
	}
	return c, true
}
