package slack

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

func dossier(s record.State) *record.Dossier {
	posted := now.Add(-12 * time.Minute)
	return &record.Dossier{
		Case: record.Case{
			ID: "01JDCASE0000000000000000AB", Brand: "acme", State: s, Severity: vent.SeverityHigh, About: "lost parcel, support line",
			Signals: []string{"waiting", "repeated_contact", "churn"}, Root: "bluesky:did:plc:jo/3m6abc", Platform: "bluesky",
			Venting: 0.93, Mentions: 1, Authors: 1, Episode: 1, OpenedAt: posted, Followers: 12400,
			Reasons: []vent.Reason{{Text: "3 hours on hold", Weight: 1.8}, {Text: "thanks", Weight: -0.4}, {Text: "never again", Weight: 0.9}},
		},
		Root: mention.Mention{
			ID: "bluesky:did:plc:jo/3m6abc", Platform: "bluesky", URL: "https://bsky.example/profile/did:plc:jo/post/3m6abc?a=1&b=2",
			Author:    mention.Author{ID: "did:plc:jo", Handle: "jo.example", Name: "Jo", Followers: 12400},
			Text:      "3 hours on hold with @acme, third time this week.\nNever again <3 & goodbye",
			CreatedAt: posted, ObservedAt: posted,
		},
		Why: []string{"matched: @acme", "venting 0.93 >= 0.62"},
	}
}

func message(k record.NoticeKind, d *record.Dossier) alert.Message {
	n := record.Notice{Key: "01JDCASE0000000000000000AB/1/card/support", Kind: k, Receiver: "support", Brand: "acme"}
	if d != nil {
		n.Case = d.Case.ID
	}
	return alert.Message{Notice: n, Dossier: d, Now: now}
}

// examples are the messages whose looks are kept in testdata.
func examples() map[string]alert.Message {
	out := map[string]alert.Message{"open": message(record.NoticeCard, dossier(record.StateOpen))}

	d := dossier(record.StateClaimed)
	d.Case.Owner, d.Case.ClaimedAt = "U0JO123456", now.Add(-2*time.Minute)
	out["claimed"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateClaimed)
	d.Case.Owner, d.Case.ClaimedAt = "sam", now.Add(-2*time.Minute)
	out["claimed_by_login"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateAnswered)
	d.Case.Owner, d.Case.AnsweredAt = "U0JO123456", now.Add(-time.Minute)
	out["answered"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateSnoozed)
	d.Case.SnoozedUntil = now.Add(time.Hour)
	d.History = []record.Event{{What: "snoozed", Actor: "U0JO123456", At: now}}
	out["snoozed"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateResolved)
	d.Case.ResolvedAt, d.Case.Fate = now.Add(-time.Minute), record.FateRecovered
	d.History = []record.Event{{What: "resolved", Actor: "U0JO123456", At: now}}
	out["resolved"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateDismissed)
	d.History = []record.Event{{What: "dismissed", Actor: "U0JO123456", At: now}}
	out["dismissed"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateDismissed)
	d.History = []record.Event{
		{What: "dismissed", Actor: "U0JO123456", At: now},
		{What: "reason", Actor: "U0JO123456", At: now, Detail: record.ReasonWrongCompany},
	}
	out["dismissed_with_reason"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateOpen)
	d.Root.Text, d.Root.Author, d.Root.Retracted, d.Case.Text = "", mention.Author{}, true, ""
	out["deleted"] = message(record.NoticeUpdate, d)

	d = dossier(record.StateOpen)
	d.Case.Mentions, d.Case.Authors = 3, 2
	d.Later = []mention.Mention{
		{ID: "bluesky:2", URL: "https://bsky.example/2", Text: "still waiting"},
		{ID: "bluesky:3", URL: "https://bsky.example/3", Text: "same here"},
	}
	out["joined"] = message(record.NoticeUpdate, d)

	many := dossier(record.StateOpen)
	many.Case.Mentions, many.Case.Authors = 412, 390
	many.Case.Crowd = record.Crowd{
		Fault: []string{"login", "app"}, Steps: []time.Time{now.Add(-time.Hour), now.Add(-30 * time.Minute), now.Add(-20 * time.Minute), now.Add(-13 * time.Minute)},
		Recent: 38, RecentAt: now, Reach: 81234, Copies: 3,
		Examples: []record.Example{{Mention: "bluesky:2", URL: "https://bsky.example/2"}, {Mention: "bluesky:3", URL: "https://bsky.example/3"}},
		Incident: &record.Incident{Topic: "app", Since: now.Add(-time.Hour), At: now, Authors: 24, Window: time.Hour, Usual: 2.04, Days: 5},
	}
	out["incident"] = message(record.NoticeUpdate, many)

	r := message(record.NoticeReply, d)
	r.Notice.Mention, r.Notice.Body.Title = "bluesky:2", "The customer wrote again"
	out["reply"] = r

	g := message(record.NoticeDigest, nil)
	g.Notice.Body = record.NoticeBody{
		Title: "2 older posts found while catching up", Lines: []string{"They are older than a day and got no card."},
		Items: []record.NoticeItem{
			{Mention: "rss:1", URL: "https://forum.example/1?x=<y>", Author: "Max <@U1>", Text: "<!channel> late & lost", Severity: "medium"},
			{Mention: "rss:2", URL: "javascript:alert(1)", Text: "*bold* `code`", Severity: "low"},
		},
	}
	out["digest"] = g

	ask := message(record.NoticeDigest, nil)
	ask.Notice.Brand = "acme"
	ask.Notice.Body = record.NoticeBody{
		Title: "acme: are these complaints? 3 posts drawn at random, one click each", Ask: true,
		Items: []record.NoticeItem{
			{Mention: "rss:https://forum.example/1?a:b", URL: "https://forum.example/1", Author: "Max <@U1>", Text: "<!channel> late & lost"},
			{Mention: "bluesky:did:plc:jo/2", URL: "https://bsky.example/2", Text: "*bold*"},
			{Mention: "x:" + strings.Repeat("9", 2000), URL: "https://x.example/3", Text: "its id is too long for a button"},
		},
	}
	out["sample"] = ask

	taught := message(record.NoticeReply, d)
	taught.Notice.Mention, taught.Notice.Body = "", record.NoticeBody{
		Title: "The label taught acme something", Lines: []string{"3 posts of this week would no longer alert.", "Undo: `leakytap label undo 17`"}, Undo: 17,
	}
	out["taught"] = taught

	o := message(record.NoticeOps, nil)
	o.Notice.Brand, o.Notice.Body = "", record.NoticeBody{Title: "source forum is blind", Lines: []string{"no post since 09:12 UTC"}}
	out["ops"] = o
	return out
}

func TestCardsLookAsTheyShould(t *testing.T) {
	for name, m := range examples() {
		t.Run(name, func(t *testing.T) {
			p := render(m, true, m.Notice.Key)
			blocks, err := json.MarshalIndent(p.blocks, "", "  ")
			require.NoError(t, err)
			meta, err := json.Marshal(p.metadata)
			require.NoError(t, err)
			got := "text: " + p.text + "\nmetadata: " + string(meta) + "\n----------\n" + alert.Text(m) + "----------\n" + string(blocks) + "\n"
			path := filepath.Join("testdata", name+".golden")
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestSlackTakesEveryExample(t *testing.T) {
	s, r := pair(t, Config{SigningSecret: "x"})
	for name, m := range examples() {
		for size := alert.SizeFull; size <= alert.SizeMinimal; size++ {
			m.Size = size
			_, err := r.Post(t.Context(), m)
			require.NoError(t, err, name)
		}
	}
	require.Len(t, s.Messages(""), 3*len(examples()))
}

// pair is a stand-in and a receiver that sends to it over loopback.
func pair(t *testing.T, cfg Config) (*standin.Server, *Receiver) {
	t.Helper()
	s := standin.New(standin.Options{SigningSecret: secretOf(cfg)})
	require.NoError(t, s.Start(t.Context(), "127.0.0.1:0"))
	cfg.APIURL, cfg.Token, cfg.Channel = s.APIURL(), standin.DefaultToken, standin.DefaultChannel
	tr := &http.Transport{}
	r, err := New("support", cfg, &http.Client{Transport: tr})
	require.NoError(t, err)
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		require.NoError(t, s.Close())
	})
	return s, r
}

func secretOf(cfg Config) string { return cfg.SigningSecret.Reveal() }

func TestButtonsNeedAWayBack(t *testing.T) {
	m := message(record.NoticeCard, dossier(record.StateOpen))
	raw, err := json.Marshal(render(m, false, "k").blocks)
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"actions"`)
	require.False(t, Config{}.Interactive())
	require.True(t, Config{SigningSecret: "x"}.Interactive())
	require.True(t, Config{AppToken: "xapp-1"}.Interactive())
}

func TestAtMostThreeButtonsAndAMenu(t *testing.T) {
	for _, st := range record.States() {
		p := render(message(record.NoticeCard, dossier(st)), true, "k")
		buttons, menus := 0, 0
		for _, b := range p.blocks {
			a, ok := b.(*slackgo.ActionBlock)
			if !ok {
				continue
			}
			for _, e := range a.Elements.ElementSet {
				switch e.(type) {
				case *slackgo.ButtonBlockElement:
					buttons++
				case *slackgo.OverflowBlockElement:
					menus++
				}
			}
		}
		require.LessOrEqual(t, buttons, 3, st)
		require.Positive(t, buttons, st)
		require.Equal(t, 1, menus, st)
	}
}

func TestURLStaysUnchanged(t *testing.T) {
	for _, u := range []string{
		"https://example.com/a?b=1&c=<2>#d", "http://example.com/%3Cx%3E|y", "https://example.com/ünï?q=@here&x=*_~`",
	} {
		d := dossier(record.StateOpen)
		d.Root.URL = u
		p := render(message(record.NoticeCard, d), true, "k")
		var links []string
		walk(t, p, func(o map[string]any) {
			if o["type"] == "link" {
				links = append(links, o["url"].(string))
			}
		})
		require.Contains(t, links, u)
		require.Contains(t, p.text, escape(u))
		require.Contains(t, alert.Text(message(record.NoticeCard, d)), u)
	}
}

// walk visits every object of the blocks as they travel.
func walk(tb testing.TB, p payload, visit func(map[string]any)) {
	tb.Helper()
	raw, err := json.Marshal(p.blocks)
	require.NoError(tb, err)
	var v any
	require.NoError(tb, json.Unmarshal(raw, &v))
	var rec func(any)
	rec = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			visit(x)
			for _, c := range x {
				rec(c)
			}
		case []any:
			for _, c := range x {
				rec(c)
			}
		}
	}
	rec(v)
}

func hostile() []string {
	return []string{
		"<!channel> <!here> <!everyone> @here @channel", "<!subteam^S123> <@U123ABC> <#C123>", "<https://evil.example|https://yourbank.example>",
		"<javascript:alert(1)|x> <tel:1|2> <!date^1^{date}|x>", "*b* _i_ ~s~ `c` ```p``` > q\n> q", strings.Repeat("line\n", 10_000),
		strings.Repeat("&", 3001), strings.Repeat("<>", 20_000), "e" + strings.Repeat("\u0301", 5_000), "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
		"ac\u200bme \ufeff\u00ad\u2060", strings.Repeat("漢", 30_000), "\x00\x1b[31mred\x07", "\xff\xfe broken", "👩\u200d👩\u200d👧 family", "{{.Secret}} ${jndi:ldap://x} %s%n",
		strings.Repeat("👩‍👩‍👧", 4_000), "\"><script>alert(1)</script>",
	}
}

func TestHostileTextFitsAndIsInert(t *testing.T) {
	s, r := pair(t, Config{SigningSecret: "x"})
	for _, text := range hostile() {
		d := dossier(record.StateOpen)
		d.Root.Text, d.Root.Title, d.Root.Author.Name, d.Root.Author.Handle, d.Case.About = text, text, text, text, text
		d.Case.Reasons = []vent.Reason{{Text: text, Weight: 1}}
		for range 50 {
			d.Later = append(d.Later, mention.Mention{ID: "x:1", URL: "https://example.com/" + strings.Repeat("y", 120), Text: text})
		}
		d.Case.Mentions = 51
		m := message(record.NoticeCard, d)
		inert(t, m, text)
		_, err := r.Post(t.Context(), m)
		require.NoError(t, err, text[:min(len(text), 40)])
		m.Notice.Kind, m.Notice.Body = record.NoticeDigest, record.NoticeBody{Title: text, Lines: []string{text}}
		for range 40 {
			m.Notice.Body.Items = append(m.Notice.Body.Items, record.NoticeItem{URL: "https://example.com/1", Author: text, Text: text, Severity: text})
		}
		inert(t, m, text)
		_, err = r.Post(t.Context(), m)
		require.NoError(t, err, text[:min(len(text), 40)])
	}
	require.Len(t, s.Roots(""), 2*len(hostile()))
}

// inert asserts what holds for every message: its bounds, and that no foreign
// text stands where Slack reads markup.
func inert(tb testing.TB, m alert.Message, foreign string) {
	tb.Helper()
	p := render(m, true, m.Notice.Key)
	require.True(tb, p.fits())
	require.LessOrEqual(tb, len(p.blocks), 50)
	require.NotContains(tb, p.text, "<")
	require.NotContains(tb, p.text, ">")
	walk(tb, p, func(o map[string]any) {
		require.NotEqual(tb, "mrkdwn", o["type"], "nothing of ours is read as markup")
		if s, ok := o["text"].(string); ok {
			require.True(tb, utf8.ValidString(s))
			require.LessOrEqual(tb, alert.EscapedLen(s), 3000)
			require.Equal(tb, -1, strings.IndexFunc(s, func(r rune) bool {
				return r == 0 || r == 0x1b || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200b
			}))
			switch o["type"] {
			case "text", "plain_text", "link":
			default:
				require.Failf(tb, "text in an element of another kind", "%v", o["type"])
			}
		}
		if s, ok := o["text"].(string); ok && o["type"] == "plain_text" && len(foreign) > 12 && strings.Contains(s, foreign) {
			require.Fail(tb, "foreign text on a button")
		}
		if o["type"] == "link" {
			u, _ := o["url"].(string)
			require.True(tb, strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://"))
		}
	})
	for i, l := range strings.Split(alert.Text(m), "\n") {
		if i > 0 && l != "" && !strings.HasPrefix(l, "  ") {
			require.Failf(tb, "a line of foreign text looks like one of ours", "%q", l)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s, "https://example.com/"+s[:min(len(s), 20)], "Jo")
	}
	f.Add("hello", "javascript:alert(1)", "<@U1>")
	f.Fuzz(func(t *testing.T, text, url, name string) {
		d := dossier(record.StateDismissed)
		d.Root.Text, d.Root.URL, d.Root.Author.Name, d.Case.About, d.Case.Owner = text, url, name, name, name
		d.Root.Title, d.Case.Reasons = name, []vent.Reason{{Text: text, Weight: 1}}
		if len(url) > 2048 {
			t.Skip("a mention's address is bounded")
		}
		m := message(record.NoticeCard, d)
		inert(t, m, text)
		m.Notice.Kind, m.Notice.Body = record.NoticeReply, record.NoticeBody{Title: "x", Items: []record.NoticeItem{{URL: url, Author: name, Text: text}}}
		inert(t, m, text)
	})
}

func TestCleanAndQuote(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"bidi", "a\u202eb\u2066c", "abc"},
		{"zero width in a word", "ac\u200bme", "acme"},
		{"joined emoji stay", "👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"},
		{"joiner in a word goes", "ac\u200dme", "acme"},
		{"line breaks", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"zalgo", "e" + strings.Repeat("\u0301", 50), "e" + strings.Repeat("\u0301", 8)},
		{"control", "a\x00\x1b[1mb", "a[1mb"},
		{"broken", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, alert.Clean(tc.in)) })
	}
	q := alert.Quote(strings.Repeat("x\n", 30), 3000)
	require.Equal(t, 10, strings.Count(q, "x\n"))
	require.True(t, strings.HasSuffix(q, "\n… more in the inbox"))
	q = alert.Quote(strings.Repeat("&", 3001), 2900)
	require.LessOrEqual(t, alert.EscapedLen(q), 2900)
	require.Equal(t, "a\n\nb", alert.Quote("\n\na\n\n\n\nb\n\n", 100))
}
