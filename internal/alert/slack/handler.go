package slack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
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
	viewAssign = "lt_assign"
	assignUser = "lt_user"
)

// Actor does what a click asks for. An action whose Key was done before has no
// second effect and answers as the first did.
type Actor interface {
	Act(ctx context.Context, a record.Action) (record.Case, error)
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
	// NotFound is the error of Actor and Dossiers for a case that does not exist.
	NotFound error
	Log      *zap.Logger
	Reg      prometheus.Registerer
}

// humanError is an error whose text is made for people: what the case does not
// allow, and what it does.
type humanError interface {
	error
	Human() string
}

// Handler takes the clicks: POST /slack/interactions, and what Sockets hear. It
// answers 401 to what Slack did not sign, and 200 once the click has had its
// effect; what there is to tell the person follows as a message that only they see.
type Handler struct {
	opt    HandlerOptions
	log    *zap.Logger
	clicks *prometheus.CounterVec

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
	payload, err := fromForm(body)
	var c *click
	if err == nil {
		c, err = parse(payload, now)
	}
	switch {
	case errors.Is(err, errNotOurs):
		// A link's button, another app's shortcut: nothing to do, and no error to show.
		h.clicks.WithLabelValues("ignored").Inc()
		ok(w)
		return
	case err != nil:
		h.refuse(w, http.StatusBadRequest, "bad_request")
		return
	}
	// The second in which it was signed has to do where nothing else tells clicks apart.
	c.tellApart(req.Header.Get(headerTimestamp))
	h.take(req.Context(), func() { ok(w) }, signers, c)
}

// take lets a click that came from Slack for certain have its effect. It calls
// answer once, within the time that Slack waits; what there is to tell the
// person follows. from are the receivers that the click may belong to.
func (h *Handler) take(ctx context.Context, answer func(), from []*Receiver, c *click) {
	r := placed(from, c.channel)
	if len(r.cfg.AllowedUsers) > 0 && !slices.Contains(r.cfg.AllowedUsers, c.user) {
		h.clicks.WithLabelValues("not_allowed").Inc()
		h.log.Warn("a click by someone who is not in allowed_users was refused", zap.String("user", c.user), zap.String("case", c.caseID))
		answer()
		h.tell(ctx, r, c, "You are not on the list of those who may act on cases here; ask whoever runs LeakyTap.")
		return
	}
	h.do(ctx, answer, r, c)
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
func (h *Handler) do(ctx context.Context, answer func(), r *Receiver, c *click) {
	if c.ask != "" {
		h.clicks.WithLabelValues("done").Inc()
		answer()
		h.answer(ctx, r, c)
		return
	}
	actCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actWithin)
	defer cancel()
	cs, err := h.opt.Actor.Act(actCtx, c.act)
	answer()
	switch words, refused := h.words(err, cs, c); {
	case err == nil:
		h.clicks.WithLabelValues("done").Inc()
	case refused:
		h.clicks.WithLabelValues("refused").Inc()
		h.tell(ctx, r, c, words)
	default:
		h.clicks.WithLabelValues("failed").Inc()
		h.log.Error("a click had no effect", zap.String("verb", string(c.act.Verb)), zap.String("case", c.caseID), zap.Error(err))
		h.tell(ctx, r, c, words)
	}
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
// may take longer.
func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
}

// answer does what a choice asks for that changes nothing.
func (h *Handler) answer(ctx context.Context, r *Receiver, c *click) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	if c.ask == "assign" {
		if err := r.openAssign(ctx, c); err != nil {
			h.log.Warn("opening a dialog failed", zap.Error(err))
		}
		return
	}
	d, err := h.opt.Dossiers.Dossier(ctx, c.caseID)
	switch {
	case err != nil:
		words, _ := h.words(err, record.Case{}, c)
		h.tell(ctx, r, c, words)
	case c.ask == "why":
		h.tell(ctx, r, c, "Why this?", d.Why...)
	default:
		h.tell(ctx, r, c, "History", historyLines(d)...)
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
	if err := r.ephemeral(ctx, c, title, lines); err != nil {
		h.log.Warn("telling a person what became of a click failed", zap.String("case", c.caseID), zap.Error(err))
	}
}

func (r *Receiver) ephemeral(ctx context.Context, c *click, title string, lines []string) error {
	channel := c.channel
	if channel == "" {
		channel = r.cfg.Channel
	}
	body := [][]alert.Span{spans(title)}
	for _, l := range lines {
		body = append(body, []alert.Span{{Text: alert.OneLine(l, 300)}})
	}
	call := r.call()
	opts := []slackgo.MsgOption{
		slackgo.MsgOptionText(escape(alert.Plain(body[0], time.Now())), false),
		slackgo.MsgOptionBlocks(slackgo.NewRichTextBlock("note", section(time.Now(), body...))),
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

// openAssign opens the dialog in which a person picks who gets the case.
func (r *Receiver) openAssign(ctx context.Context, c *click) error {
	pick := slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeUser, plain("Pick a person"), assignUser)
	view := slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: viewAssign, Title: plain("Assign the case"), Submit: plain("Assign"), Close: plain("Cancel"),
		PrivateMetadata: c.caseID + "|" + c.channel + "|" + c.thread,
		Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{
			slackgo.NewInputBlock("who", plain("Who takes it?"), nil, pick),
		}},
	}
	call := r.call()
	_, err := call.api.OpenViewContext(ctx, c.trigger, view)
	return call.classify(err)
}
