package desk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// The document that tells the story, and where its cards are kept.
const (
	casesDoc   = "../../docs/cases.md"
	casesCards = "../../docs/cases"
	storyBegin = "<!-- the story: written by TestTheStoryOfACase -->\n"
	storyEnd   = "<!-- the end of the story -->\n"
)

// story is a case told step by step to a Slack channel.
type story struct {
	*bench
	slack *standin.Server
	to    *slack.Receiver
	doc   strings.Builder
	page  strings.Builder
	n     int
	told  int
}

// tell carries out one step, lets the outbox go out, and writes down what stands in the channel.
func (s *story) tell(name, what string, do func()) {
	s.t.Helper()
	do()
	s.drain()
	roots := s.slack.Roots(standin.DefaultChannel)
	require.Len(s.t, roots, 1, "one card for the whole case")
	s.n++
	file := fmt.Sprintf("%d-%s.json", s.n, name)
	s.golden(file, roots[0].Blocks)
	d := s.dossier(s.cases()[0].ID)
	card := alert.Text(alert.Message{Dossier: &d, Now: s.clock(), Notice: record.Notice{Kind: record.NoticeUpdate}})
	_, card, _ = strings.Cut(card, "\n")
	at := s.clock().Format("Mon 15:04")
	fmt.Fprintf(&s.doc, "### %d. %s\n\n%s\n\nThe card ([as Slack gets it](cases/%s)), at %s UTC:\n\n```text\n%s```\n\n", s.n, name, what, file, at, card)
	thread := s.slack.Thread(standin.DefaultChannel, roots[0].TS)
	picture := slices.Contains([]string{"complaint", "overdue", "reopened", "recovered"}, name)
	if picture {
		fmt.Fprintf(&s.page, "<h2>%d. %s</h2><div class=card>%s</div>", s.n, html.EscapeString(name), drawn(s.t, roots[0].Blocks))
	}
	if more := thread[s.told:]; len(more) > 0 {
		s.doc.WriteString("In its thread:\n\n")
		for _, m := range more {
			fmt.Fprintf(&s.doc, "- %s\n", strings.SplitN(strings.TrimPrefix(m.Text, "acme: "), " https://", 2)[0])
			if picture {
				fmt.Fprintf(&s.page, "<div class='card thread'>%s</div>", drawn(s.t, m.Blocks))
			}
		}
		s.doc.WriteString("\n")
		s.told = len(thread)
	}
}

func (s *story) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// drain sends what is owed, in its order, as the daemon's drain does.
func (s *story) drain() {
	s.t.Helper()
	ctx := s.t.Context()
	for {
		ns, err := s.store.ClaimNotices(ctx, "support", s.clock(), time.Minute, 1)
		require.NoError(s.t, err)
		if len(ns) == 0 {
			return
		}
		n := ns[0]
		d := s.dossier(n.Case)
		m := alert.Message{Notice: n, Dossier: &d, Now: s.clock()}
		root, ok, err := s.store.RootReceipt(ctx, n.Case, "support")
		require.NoError(s.t, err)
		switch {
		case n.Kind == record.NoticeUpdate:
			require.True(s.t, ok)
			require.NoError(s.t, s.to.Update(ctx, root, m))
		case n.Kind == record.NoticeReply && ok:
			root, err = s.to.Reply(ctx, root, m)
			require.NoError(s.t, err)
		default:
			root, err = s.to.Post(ctx, m)
			require.NoError(s.t, err)
		}
		require.NoError(s.t, s.store.MarkSent(ctx, n.ID, n.Attempts, root, s.clock()))
	}
}

// golden compares a card with its file.
func (s *story) golden(file string, blocks json.RawMessage) {
	s.t.Helper()
	var b bytes.Buffer
	require.NoError(s.t, json.Indent(&b, blocks, "", "  "))
	b.WriteByte('\n')
	path := filepath.Join(casesCards, file)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(s.t, os.MkdirAll(casesCards, 0o750))
		require.NoError(s.t, os.WriteFile(path, b.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(s.t, err, "run UPDATE_GOLDEN=1 go test ./internal/desk to write it")
	require.JSONEq(s.t, string(want), b.String(), file)
}

// TestTheStoryOfACase tells the whole story of docs/cases.md: its scores are invented,
// everything else is what runs in the daemon.
func TestTheStoryOfACase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := acme()
	a.Competitors = []string{"globex"}
	b.use(rulesOf(t, a))
	b.now = time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)
	s := &story{bench: b, slack: standin.New(standin.Options{})}
	require.NoError(t, s.slack.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { _ = s.slack.Close() })
	var err error
	s.to, err = slack.New("support", slack.Config{
		APIURL: s.slack.APIURL(), Token: standin.DefaultToken, SigningSecret: "x", Channel: standin.DefaultChannel,
	}, &http.Client{})
	require.NoError(t, err)

	post := func(id, author, text string, edit ...func(*record.Scored)) record.Scored {
		p := complaint(id, from(author), func(p *record.Scored) {
			p.Mention.Text, p.Mention.CreatedAt, p.Mention.ObservedAt = text, s.clock().Add(-time.Minute), s.clock()
			p.Mention.Author.Followers = 2300
		})
		if id != "1" {
			under("1")(&p)
			watched(&p)
		}
		for _, e := range edit {
			e(&p)
		}
		p.Mention.Text = text
		return p
	}
	brandSays := func(id, text string) record.Scored {
		return post(id, "acme", text, saying(text), func(p *record.Scored) {
			p.Mention.Author = mention.Author{ID: "did:acme", Handle: "acmeair", Name: "Acme Air"}
		})
	}
	angry := func(p *record.Scored) {
		p.Score.Severity, p.Score.Reasons = vent.SeverityHigh, []vent.Reason{{Start: 9, End: 34, Text: "day 4 without my suitcase", Weight: 1.6}}
	}
	kim := func(a *record.Action) { a.Actor, a.Via = "U0KIM12345", "slack" }
	id := func() string { return s.cases()[0].ID }

	s.tell("complaint", "Jo's suitcase is lost. The post becomes a case and a card, at once. The card quotes what Jo asks for and what Jo says they were told, and says by when somebody should have claimed it.", func() {
		s.scored(post("1", "jo", "@acmeair day 4 without my suitcase. You said it would come on Tuesday. Nobody answers my emails! Can someone call me? When will it be here?", angry))
	})
	s.pass(12 * time.Minute)
	s.tell("claimed", "Kim clicks Claim. Kim has the case: a second claim would be told so. Now an answer is due.", func() { s.act(id(), record.VerbClaim, kim) })
	s.pass(8 * time.Minute)
	s.tell("promised", "Kim has called, and notes from the menu what was promised by when. A reminder comes an hour before, and a word when the time is over.", func() {
		s.act(id(), record.VerbPromise, kim, promise("a call back with the courier's answer", s.clock().Add(26*time.Hour).Truncate(time.Hour)))
	})
	s.pass(25 * time.Minute)
	s.tell("answered", "The brand answers where the post stands. Nobody has to click: the case is answered.", func() {
		s.scored(brandSays("2", "Hi Jo, we are sorry. The suitcase is found and on its way, we call you tomorrow."))
	})
	s.pass(27 * time.Hour)
	s.tell("overdue", "A day later the promise is past its time, and nobody has said that it was kept.", func() { s.tick() })
	s.pass(2 * time.Hour)
	s.tell("reopened", "“Still broken”, says Jo: the case reopens by itself. Nobody has it, and its clocks begin anew.", func() {
		s.scored(post("3", "jo", "still no suitcase and no call. third time i ask.", angry, func(p *record.Scored) { p.Score.Signals = []string{"repeated_contact", "broken_promise"} }))
	})
	s.pass(10 * time.Minute)
	s.tell("taken-again", "Kim claims it again and says that the promise was not kept.", func() {
		s.act(id(), record.VerbClaim, kim)
		s.act(id(), record.VerbBroken, kim)
	})
	s.pass(3 * time.Hour)
	s.tell("second-answer", "The brand answers a second time.", func() {
		s.scored(brandSays("4", "It is at your door now, Jo. We have refunded the delivery."))
	})
	s.pass(20 * time.Minute)
	s.tell("recovered", "“Thanks, sorted”: Jo's own word ends the case. The customer is all right.", func() {
		s.scored(post("5", "jo", "thanks, it is here. sorted!", saying("", "resolved", "thanks")))
	})

	k := s.dossier(id())
	require.Equal(t, record.FateRecovered, k.Case.Fate)
	require.Equal(t, "opened claimed promised brand_replied promise_due reopened claimed promise_broken brand_replied recovered", history(k))
	s.write()
}

// write puts the story into its document, or compares it.
func (s *story) write() {
	s.t.Helper()
	if path := os.Getenv("LEAKYTAP_STORY_HTML"); path != "" {
		require.NoError(s.t, os.WriteFile(path, []byte(pageHead+s.page.String()), 0o600))
	}
	raw, err := os.ReadFile(casesDoc)
	require.NoError(s.t, err)
	head, rest, ok := strings.Cut(string(raw), storyBegin)
	require.True(s.t, ok, "docs/cases.md has no place for the story")
	old, tail, ok := strings.Cut(rest, storyEnd)
	require.True(s.t, ok)
	now := "\n" + s.doc.String()
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(s.t, os.WriteFile(casesDoc, []byte(head+storyBegin+now+storyEnd+tail), 0o600))
		return
	}
	require.Equal(s.t, old, now, "run UPDATE_GOLDEN=1 go test ./internal/desk -run Story")
}

const pageHead = `<!doctype html><meta charset=utf-8><style>
body{font:15px/1.45 Lato,Helvetica,Arial,sans-serif;color:#1d1c1d;margin:16px;width:720px}
h2{font-size:13px;color:#616061;margin:18px 0 4px}
.card{border-left:4px solid #ddd;padding:4px 12px;margin:4px 0}.thread{margin-left:36px;font-size:14px}
blockquote{border-left:4px solid #ddd;margin:4px 0;padding-left:10px;white-space:pre-wrap}
.b{display:inline-block;border:1px solid #bbb;border-radius:4px;padding:3px 10px;margin:6px 6px 2px 0;font-weight:bold;font-size:13px}
.primary{background:#007a5a;color:#fff;border-color:#007a5a}.danger{background:#e01e5a;color:#fff;border-color:#e01e5a}
.u{color:#1264a3;background:#e8f5fa}a{color:#1264a3}p{margin:2px 0;white-space:pre-wrap}
</style>`

// drawn is a message's blocks roughly as Slack draws them.
func drawn(tb testing.TB, raw json.RawMessage) string {
	tb.Helper()
	var blocks []map[string]any
	require.NoError(tb, json.Unmarshal(raw, &blocks))
	var w strings.Builder
	for _, b := range blocks {
		elements, _ := b["elements"].([]any)
		for _, x := range elements {
			e, _ := x.(map[string]any)
			drawElement(&w, e)
		}
	}
	return w.String()
}

func drawElement(w *strings.Builder, e map[string]any) {
	word := func(v any) string { s, _ := v.(string); return html.EscapeString(s) }
	inner, _ := e["elements"].([]any)
	switch e["type"] {
	case "rich_text_section", "rich_text_quote":
		tag := map[any]string{"rich_text_section": "p", "rich_text_quote": "blockquote"}[e["type"]]
		fmt.Fprintf(w, "<%s>", tag)
		for _, x := range inner {
			in, _ := x.(map[string]any)
			drawElement(w, in)
		}
		fmt.Fprintf(w, "</%s>", tag)
	case "text":
		style, _ := e["style"].(map[string]any)
		if style["bold"] == true {
			fmt.Fprintf(w, "<b>%s</b>", word(e["text"]))
			return
		}
		w.WriteString(strings.ReplaceAll(word(e["text"]), "🟠", "<span style='color:#e8912d'>●</span>"))
	case "link":
		fmt.Fprintf(w, "<a>%s</a>", word(e["url"]))
	case "user":
		fmt.Fprintf(w, "<span class=u>@%s</span>", word(e["user_id"]))
	case "date":
		w.WriteString(word(e["fallback"]))
	case "button":
		label, _ := e["text"].(map[string]any)
		fmt.Fprintf(w, "<span class='b %s'>%s</span>", word(e["style"]), word(label["text"]))
	case "overflow":
		w.WriteString("<span class=b>⋯</span>")
	}
}
