package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	slackgo "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

const (
	// maxRequest is the largest body that is read, and so the largest that is hashed.
	maxRequest = 1 << 20
	// actWithin leaves room in the three seconds that Slack waits.
	actWithin = 2500 * time.Millisecond
	// tellWithin bounds what is told to the person after the answer.
	tellWithin = 10 * time.Second
)

// Actor does what a click asks for. An action whose Key was done before has no
// second effect and answers as the first did.
type Actor interface {
	Act(ctx context.Context, a record.Action) (record.Case, error)
}

// Auditor notes in a case's history what somebody wanted and was not let do. A second
// note with the same Key adds nothing.
type Auditor interface {
	Refuse(ctx context.Context, a record.Action, why string) error
}

// Dossiers tells about a case, for those who ask why.
type Dossiers interface {
	Dossier(ctx context.Context, caseID string) (record.Dossier, error)
}

// HandlerOptions is what a Handler is made of.
type HandlerOptions struct {
	// Receivers are the Slack receivers as they are configured now. A request is
	// taken if one of their signing secrets signed it.
	Receivers func() []*Receiver
	Actor     Actor
	Dossiers  Dossiers
	// Audit hears of clicks by people who may not click; nil leaves them to the log.
	Audit Auditor
	// NotFound is the error of Actor and Dossiers for a case that does not exist.
	NotFound error
	// Commands carry out /leakytap and silences; nil has none of them.
	Commands Commands
	// Labels take what people say about posts; nil has none of them.
	Labels Labels
	Log    *zap.Logger
	Reg    prometheus.Registerer
}

// humanError is an error whose text is made for people: what the case does not
// allow, and what it does.
type humanError interface {
	error
	Human() string
}

// Handler takes the clicks and commands: POST /slack/interactions and /slack/commands,
// and what Sockets hear. It
// answers 401 to what Slack did not sign, and 200 once the click has had its
// effect; what there is to tell the person follows as a message that only they see.
type Handler struct {
	opt    HandlerOptions
	log    *zap.Logger
	clicks *prometheus.CounterVec
	// commands counts slash commands.
	commands *prometheus.CounterVec

	mu sync.Mutex
	// warned is when a wrong clock was last worth a line in the log.
	warned time.Time
}

// NewHandler makes a Handler.
func NewHandler(opt HandlerOptions) (*Handler, error) {
	if opt.Receivers == nil || opt.Actor == nil || opt.Dossiers == nil || opt.Reg == nil {
		return nil, errors.New("making the handler of slack clicks: receivers, an actor, dossiers and a registry are needed")
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	h := &Handler{opt: opt, log: opt.Log.Named("slack")}
	h.commands = promauto.With(opt.Reg).NewCounterVec(prometheus.CounterOpts{
		Name: "leakytap_slack_commands_total",
		Help: "Slash commands that Slack sent, by what became of them.",
	}, []string{"result"})
	for _, r := range []string{"done", "refused", "failed", "not_allowed"} {
		h.commands.WithLabelValues(r)
	}
	h.clicks = promauto.With(opt.Reg).NewCounterVec(prometheus.CounterOpts{
		Name: "leakytap_slack_clicks_total",
		Help: "Clicks that Slack sent, signed or over a socket, by what became of them.",
	}, []string{"result"})
	for _, r := range []string{"done", "refused", "failed", "not_allowed", "ignored", "unsigned", "bad_request"} {
		h.clicks.WithLabelValues(r)
	}
	return h, nil
}

// ServeHTTP takes one click.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, http.StatusMethodNotAllowed, "bad_request")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		code := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			code = http.StatusRequestEntityTooLarge
		}
		h.refuse(w, code, "bad_request")
		return
	}
	now := time.Now()
	signers := h.signers(req.Header, body, now)
	if len(signers) == 0 {
		h.refuse(w, http.StatusUnauthorized, "unsigned")
		return
	}
	form, err := formOf(body)
	if err == nil && form.Has("command") {
		h.serveCommand(w, req, form, signers)
		return
	}
	var c *click
	if err == nil {
		c, err = fromForm(form, now)
	}
	switch {
	case errors.Is(err, errNotOurs):
		// A link's button, another app's shortcut: nothing to do, and no error to show.
		h.clicks.WithLabelValues("ignored").Inc()
		ok(w, nil)
		return
	case err != nil:
		h.refuse(w, http.StatusBadRequest, "bad_request")
		return
	}
	// The second in which it was signed has to do where nothing else tells clicks apart.
	c.tellApart(req.Header.Get(headerTimestamp))
	h.take(req.Context(), func(body any) { ok(w, body) }, signers, c)
}

// take lets a click that came from Slack for certain have its effect. It calls
// answer once, within the time that Slack waits, with what a dialog is to do or nil;
// what else there is to tell the person follows. from are the receivers that the
// click may belong to.
func (h *Handler) take(ctx context.Context, answer func(any), from []*Receiver, c *click) {
	r := placed(from, c.channel)
	if !r.allows(c.user) {
		h.clicks.WithLabelValues("not_allowed").Inc()
		h.log.Warn("a click by someone who is not in allowed_users was refused", zap.String("user", c.user), zap.String("case", c.caseID))
		h.audit(ctx, c)
		h.refused(ctx, answer, r, c, notAllowed)
		return
	}
	if len(c.wrongs) > 0 {
		h.clicks.WithLabelValues("refused").Inc()
		answer(viewErrors(c.wrongs))
		return
	}
	h.do(ctx, answer, r, c)
}

// audit notes a click that was refused for who clicked. That it cannot be noted changes
// nothing for the person.
func (h *Handler) audit(ctx context.Context, c *click) {
	if h.opt.Audit == nil || c.label != nil { // a label is no case
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actWithin)
	defer cancel()
	what := string(c.act.Verb)
	if what == "" {
		what = first(c.ask, "silence")
	}
	err := h.opt.Audit.Refuse(ctx, c.act, what+": not in allowed_users")
	if err != nil && (h.opt.NotFound == nil || !errors.Is(err, h.opt.NotFound)) {
		h.log.Warn("noting a refused click failed", zap.String("case", c.caseID), zap.Error(err))
	}
}

const notAllowed = "You are not on the list of those who may act on cases here; ask whoever runs LeakyTap."

// allows reports whether a user may click.
func (r *Receiver) allows(user string) bool {
	return len(r.cfg.AllowedUsers) == 0 || slices.Contains(r.cfg.AllowedUsers, user)
}

// refused tells a person why a click has no effect: in the dialog that it came from,
// else in a message that only they see.
func (h *Handler) refused(ctx context.Context, answer func(any), r *Receiver, c *click, words string) {
	if c.view != "" {
		answer(viewErrors(map[string]string{firstBlock(c.view): words}))
		return
	}
	answer(nil)
	h.tell(ctx, r, c, words)
}

// placed is the receiver whose channel was clicked in, else the first: several
// may share one app.
func placed(from []*Receiver, channel string) *Receiver {
	for _, r := range from {
		if r.cfg.Channel == channel {
			return r
		}
	}
	return from[0]
}

// do lets the click have its effect, answers, and then tells the person.
func (h *Handler) do(ctx context.Context, answer func(any), r *Receiver, c *click) {
	if c.ask != "" {
		h.clicks.WithLabelValues("done").Inc()
		if c.view != "" && c.ask == "promise" {
			answer(viewUpdate(promiseDialog(c.where(), time.Now())))
			return
		}
		answer(nil)
		h.answer(ctx, r, c)
		return
	}
	actCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actWithin)
	defer cancel()
	var cs record.Case
	var err error
	said := ""
	switch {
	case c.silence != nil:
		said, err = h.silence(actCtx, c)
	case c.label != nil:
		said, err = h.label(actCtx, c)
	default:
		cs, err = h.opt.Actor.Act(actCtx, c.act)
	}
	switch words, refused := h.words(err, cs, c); {
	case err == nil:
		h.clicks.WithLabelValues("done").Inc()
		answer(nil)
		if said != "" {
			h.tell(ctx, r, c, said)
		}
	case refused:
		h.clicks.WithLabelValues("refused").Inc()
		h.refused(ctx, answer, r, c, words)
	default:
		h.clicks.WithLabelValues("failed").Inc()
		h.log.Error("a click had no effect", zap.String("verb", string(c.act.Verb)), zap.String("case", c.caseID), zap.Error(err))
		h.refused(ctx, answer, r, c, words)
	}
}

// silence holds back cards like that of the case, and says so to who asked for it.
func (h *Handler) silence(ctx context.Context, c *click) (string, error) {
	if h.opt.Commands == nil {
		return "", errNoCommands
	}
	d, err := h.opt.Dossiers.Dossier(ctx, c.caseID)
	if err != nil {
		return "", err
	}
	s := *c.silence
	s.ID, s.By, s.Brand = silenceID(c.act.Key), c.user, d.Case.Brand
	what := "this author"
	if c.doing == "silence_topic" {
		s.Topic = topicOf(d.Case)
		what = s.Brand + " about " + s.Topic
	} else {
		s.Author = d.Case.AuthorKey
	}
	if s.Author == "" && s.Topic == "" {
		return "The case names nothing that could be silenced.", nil
	}
	if s.Reason == "" {
		s.Reason = "from case " + d.Case.ID
	}
	s, err = h.opt.Commands.Silence(ctx, s)
	if err != nil {
		return "", err
	}
	return "Silenced: " + what + ", until " + s.Until.UTC().Format("2006-01-02 15:04 UTC") + ". What is held back stays in the inbox. End it with leakytap silence expire " + s.ID + ".", nil
}

// words says to a person why their click had no effect, and whether that was
// the case's own doing.
func (h *Handler) words(err error, cs record.Case, c *click) (string, bool) {
	if err == nil {
		return "", false
	}
	if h.opt.NotFound != nil && errors.Is(err, h.opt.NotFound) {
		return "That case is no longer kept.", true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "That took too long; please look at the card and try again.", false
	}
	if human, ok := errors.AsType[humanError](err); ok {
		if c.act.Verb == record.VerbClaim && cs.Owner != "" && cs.Owner != c.user {
			return alert.OneLine(cs.Owner, 80) + " has it already.", true
		}
		return human.Human(), true
	}
	return "That did not work; it is in the log. Please try again, or use the inbox.", false
}

// signers are the receivers whose secret signed the request.
func (h *Handler) signers(hd http.Header, body []byte, now time.Time) []*Receiver {
	var out []*Receiver
	late := false
	for _, r := range h.opt.Receivers() {
		switch err := verify(hd, body, r.cfg.SigningSecret.Reveal(), now); {
		case err == nil:
			out = append(out, r)
		case errors.Is(err, errTooOld):
			late = true
		}
	}
	if late {
		h.warnOften("a click was signed but more than five minutes off; check the clock", now)
	}
	return out
}

// warnOften writes a line at most once a minute.
func (h *Handler) warnOften(msg string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.warned) > time.Minute {
		h.log.Warn(msg)
		h.warned = now
	}
}

func (h *Handler) refuse(w http.ResponseWriter, code int, result string) {
	h.clicks.WithLabelValues(result).Inc()
	http.Error(w, http.StatusText(code), code)
}

// ok answers at once: Slack waits three seconds, and the rest of the handler
// may take longer. A body is what a dialog or a command is to show.
func ok(w http.ResponseWriter, body any) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			raw = nil
		}
	}
	if len(raw) > 0 {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(raw)
	_ = http.NewResponseController(w).Flush()
}

// answer does what a choice asks for that changes nothing.
func (h *Handler) answer(ctx context.Context, r *Receiver, c *click) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	if c.ask == "assign" {
		h.open(ctx, r, c, assignDialog(c.where()))
		return
	}
	d, err := h.opt.Dossiers.Dossier(ctx, c.caseID)
	switch {
	case err != nil:
		words, _ := h.words(err, record.Case{}, c)
		h.tell(ctx, r, c, words)
	case c.ask == "promise" && !d.Case.State.Live():
		h.tell(ctx, r, c, "The case is "+string(d.Case.State)+" by now: nothing can be promised in it. Reopen it first.")
	case c.ask == "promise":
		h.open(ctx, r, c, promiseDialog(c.where(), time.Now()))
	case c.ask == "more":
		h.open(ctx, r, c, moreDialog(c.where(), d.Case))
	case c.ask == "why":
		h.tell(ctx, r, c, "Why this?", d.Why...)
	default:
		h.tell(ctx, r, c, "History", historyLines(d)...)
	}
}

// open opens a dialog. Slack gives it three seconds from the click on.
func (h *Handler) open(ctx context.Context, r *Receiver, c *click, v slackgo.ModalViewRequest) {
	call := r.call()
	if _, err := call.api.OpenViewContext(ctx, c.trigger, v); err != nil {
		h.log.Warn("opening a dialog failed", zap.String("case", c.caseID), zap.Error(call.classify(err)))
		h.tell(ctx, r, c, "The dialog could not be opened; please try again, or use the inbox.")
	}
}

const maxHistory = 30

func historyLines(d record.Dossier) []string {
	var out []string
	for _, e := range d.History[max(0, len(d.History)-maxHistory):] {
		l := e.At.UTC().Format("2006-01-02 15:04 UTC") + "  " + e.What
		if e.Actor != "" {
			l += " by " + e.Actor
		}
		if e.Detail != "" {
			l += ": " + e.Detail
		}
		out = append(out, l)
	}
	return out
}

// tell shows the person a message that only they see. Lines may hold foreign
// text: they stand in rich text.
func (h *Handler) tell(ctx context.Context, r *Receiver, c *click, title string, lines ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	err := r.ephemeral(ctx, c, title, lines)
	if err != nil && c.respond != "" {
		// The bot was taken out of the channel, or its token is no good any more.
		err = r.respond(ctx, c.respond, ephemeralReply(title, lines))
	}
	if err != nil {
		h.log.Warn("telling a person what became of a click failed", zap.String("case", c.caseID), zap.Error(err))
	}
}

func (r *Receiver) ephemeral(ctx context.Context, c *click, title string, lines []string) error {
	channel := c.channel
	if channel == "" {
		channel = r.cfg.Channel
	}
	call := r.call()
	opts := []slackgo.MsgOption{
		slackgo.MsgOptionText(escape(alert.OneLine(title, 300)), false),
		slackgo.MsgOptionBlocks(noteBlocks(title, lines)...),
		slackgo.MsgOptionParse(false),
	}
	_, err := call.api.PostEphemeralContext(ctx, channel, c.user, opts...)
	return call.classify(err)
}

// spans reads a sentence of ours: where it names a Slack user by id, it shows
// the person.
func spans(s string) []alert.Span {
	var out []alert.Span
	for i, w := range strings.Split(s, " ") {
		if i > 0 {
			out = append(out, alert.Span{Text: " "})
		}
		id := strings.TrimRight(w, ".,;:")
		if slackUser(id) && strings.ContainsAny(id, "0123456789") {
			out = append(out, alert.Span{User: id}, alert.Span{Text: w[len(id):]})
			continue
		}
		out = append(out, alert.Span{Text: w})
	}
	return out
}
