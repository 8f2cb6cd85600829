package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// soon is how quickly a card has to follow, by the contract; a test on a busy
// machine waits for longer and so proves only that it follows.
const soon = 30 * time.Second

func (a *arena) sourcesYAML() string {
	return fmt.Sprintf(`sources:
  - {name: sky, type: bluesky, url: %q, profiles_url: %q, allow_private: true}
  - {name: forum, type: rss, url: %q, poll: 1s, allow_private: true}
  - {name: hook, type: webhook}
  - {name: disk, type: file, path: %q}
`, strings.Replace(a.skyURL, "http", "ws", 1), a.skyURL, a.forumURL+"/rss.xml", a.file.Name())
}

// slackYAML is a receiver on the stand-in; more are keys of it.
func (a *arena) slackYAML(name, channel, more string) string {
	return fmt.Sprintf("  - {name: %s, slack: {api_url: %q, token: %q, channel: %q, timeout: 1s, settle: 2s%s}}\n",
		name, a.slack.APIURL(), slack.DefaultToken, channel, more)
}

const signed = ", signing_secret: " + slack.DefaultSigningSecret

// shopPost is a post as the webhook and the file take it.
func shopPost(id, author, text string, more map[string]any) map[string]any {
	m := map[string]any{
		"id": "shop:" + id, "platform": "shop", "native_id": id, "url": "https://shop.example.test/r/" + id, "text": text, "lang": "en",
		"author": map[string]any{"id": author, "handle": author}, "created_at": time.Now().UTC(),
	}
	maps.Copy(m, more)
	return m
}

func (a *arena) post(ctx context.Context, m map[string]any) {
	a.t.Helper()
	line, err := json.Marshal(m)
	require.NoError(a.t, err)
	a.hook(ctx, line)
}

// roots are the cards that name url.
func (a *arena) roots(url string) []slack.Message {
	return slices.DeleteFunc(a.slack.Roots(""), func(m slack.Message) bool { return !strings.Contains(string(m.Blocks), url+`"`) })
}

// card waits for the one card that names url.
func (a *arena) card(url string) slack.Message {
	a.t.Helper()
	a.until("a card for "+url, func() bool { return len(a.roots(url)) > 0 })
	require.Len(a.t, a.roots(url), 1)
	return a.roots(url)[0]
}

// now is the card as it stands at present.
func (a *arena) now(m slack.Message) slack.Message {
	for _, one := range a.slack.Messages(m.Channel) {
		if one.TS == m.TS {
			return one
		}
	}
	return slack.Message{}
}

// thread is what was said in the card's thread.
func (a *arena) thread(m slack.Message) string {
	var b strings.Builder
	for _, one := range a.slack.Messages(m.Channel) {
		if one.ThreadTS == m.TS {
			b.WriteString(one.Text)
			b.Write(one.Blocks)
		}
	}
	return b.String()
}

func (a *arena) until(what string, cond func() bool) {
	a.t.Helper()
	begun := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	ok := cond()
	for !ok && time.Since(begun) < soon {
		<-tick.C
		ok = cond()
	}
	if !ok {
		a.keep()
	}
	require.True(a.t, ok, what)
	if d := time.Since(begun); d > 3*time.Second {
		a.t.Logf("%s took %v", what, d.Round(100*time.Millisecond))
	}
}

// kase is a case as the API and the command line print it.
type kase struct {
	ID       string `json:"id"`
	Brand    string `json:"brand"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Owner    string `json:"owner"`
	URL      string `json:"url"`
	Text     string `json:"text"`
}

// cases are all cases by the command line.
func (a *arena) cases() []kase {
	a.t.Helper()
	var out []kase
	require.NoError(a.t, json.Unmarshal([]byte(a.cli("case", "list", "--json")), &out))
	return out
}

// caseOf is the case of the brand that began with url.
func (a *arena) caseOf(brand, url string) kase {
	a.t.Helper()
	for _, c := range a.cases() {
		if c.URL == url && (brand == "" || c.Brand == brand) {
			return c
		}
	}
	return kase{}
}

// cli runs a command on the daemon and gives what it prints.
func (a *arena) cli(args ...string) string {
	a.t.Helper()
	cmd := exec.Command(a.binary, append(args, "--config", a.config)...)
	cmd.Stderr = a.log
	out, err := cmd.Output()
	require.NoError(a.t, err, "%v", args)
	return string(out)
}

// page fetches a page of the inbox.
func (a *arena) page(ctx context.Context, path string) (int, string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url(ctx)+path, http.NoBody)
	require.NoError(a.t, err)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	require.NoError(a.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	return resp.StatusCode, string(body)
}

// holds reports which files of the data_dir hold the words.
func (a *arena) holds(words string) []string {
	a.t.Helper()
	names, err := filepath.Glob(filepath.Join(a.dir, "data", "*"))
	require.NoError(a.t, err)
	var out []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(b), words) {
			out = append(out, filepath.Base(name))
		}
	}
	return out
}

const lifeBrands = `brands:
  - {name: acme, query: "acme OR @acme OR #acme", own_accounts: ["@acmeair.example"]}
  - {name: borealis, query: "borealis"}
route: {receiver: support}
receivers:
`

// TestLife follows posts through what happens to posts: two brands, an author who
// comes back, an edit, deletions, a brand that answers and a customer who thanks.
func TestLife(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.write(a.sourcesYAML() + lifeBrands + a.slackYAML("support", slack.DefaultChannel, signed))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	t.Run("two brands", func(t *testing.T) {
		a.post(ctx, shopPost("two", "ada", "both acme and borealis lost my suitcase and neither support answers, terrible service, i am furious", nil))
		url := "https://shop.example.test/r/two"
		a.until("two cards", func() bool { return len(a.roots(url)) == 2 })
		require.NotEmpty(t, a.caseOf("acme", url).ID)
		require.NotEmpty(t, a.caseOf("borealis", url).ID)
	})
	t.Run("author comes back", func(t *testing.T) {
		a.post(ctx, shopPost("first", "ben", "acme charged me twice for a heater and refuses the refund. i am furious", nil))
		m := a.card("https://shop.example.test/r/first")
		a.post(ctx, shopPost("second", "ben", "acme hung up on me again after 2 hours on hold, worst support ever", nil))
		a.until("the second post in the thread", func() bool { return strings.Contains(a.thread(m), "https://shop.example.test/r/second") })
		a.until("the second post on the card", func() bool { return len(a.roots("https://shop.example.test/r/second")) > 0 })
		require.Equal(t, m.TS, a.card("https://shop.example.test/r/second").TS)
	})
	t.Run("edit", func(*testing.T) {
		p := feeds.Post{DID: "did:plc:cleo", RKey: "3edit", Text: "day 9 without my router. acme ignores every email. i want my money back", Langs: []string{"en"}}
		a.sky.SetProfile(feeds.Profile{DID: p.DID, Handle: "cleo.example"})
		a.sky.Publish(p)
		m := a.card("https://bsky.app/profile/did:plc:cleo/post/3edit")
		p.Text = "day 10 without my quasarmodem. acme ignores every email. i want my money back"
		a.sky.Update(p)
		a.until("the edit on the card", func() bool { return strings.Contains(string(a.now(m).Blocks), "quasarmodem") })
	})
	t.Run("edit that no longer matches", func(*testing.T) {
		p := feeds.Post{DID: "did:plc:dora", RKey: "3edit", Text: "acme broke my sofa, never again, worst company ever. awful people", Langs: []string{"en"}}
		a.sky.Publish(p)
		m := a.card("https://bsky.app/profile/did:plc:dora/post/3edit")
		p.Text = "never mind, wrongcompanyblamed"
		a.sky.Update(p)
		a.until("the edit on the card", func() bool { return strings.Contains(string(a.now(m).Blocks), "wrongcompanyblamed") })
	})
	t.Run("deletions", func(t *testing.T) { lifeDeletions(ctx, t, a) })
	t.Run("thanks", func(*testing.T) { lifeThanks(ctx, a) })
	t.Run("own answer", func(t *testing.T) { lifeOwn(t, a) })
}

func lifeDeletions(ctx context.Context, t *testing.T, a *arena) {
	t.Helper()
	a.sky.Publish(feeds.Post{DID: "did:plc:eli", RKey: "3del", Text: "acme lost my zirconbicycle and support will not answer, this is a disgrace", Langs: []string{"en"}})
	a.sky.Publish(feeds.Post{DID: "did:plc:fay", RKey: "3a", Text: "acme sent me a damaged opalcamera and the agent was rude about it. absolutely awful", Langs: []string{"en"}})
	a.post(ctx, shopPost("gone", "gus", "cancelling my acme account, the garnetheater never works and nobody helps. so angry", nil))
	urls := []string{"https://bsky.app/profile/did:plc:eli/post/3del", "https://bsky.app/profile/did:plc:fay/post/3a", "https://shop.example.test/r/gone"}
	words := []string{"zirconbicycle", "opalcamera", "garnetheater", "jadeticket"}
	var cards []slack.Message
	for _, url := range urls {
		cards = append(cards, a.card(url))
	}
	a.sky.Publish(feeds.Post{DID: "did:plc:fay", RKey: "3b", Text: "and acme still has no jadeticket for me, i am so angry, worst service", Langs: []string{"en"}})
	a.until("fay's second post", func() bool { return strings.Contains(a.thread(cards[1]), "post/3b") })
	for _, w := range words {
		require.NotEmpty(t, a.holds(w), w)
	}
	ids := []string{a.caseOf("acme", urls[0]).ID, a.caseOf("acme", urls[1]).ID, a.caseOf("acme", urls[2]).ID}
	a.sky.Delete("did:plc:eli", "3del")
	a.sky.Account("did:plc:fay", false, "deleted")
	a.post(ctx, shopPost("gone", "gus", "", map[string]any{"retracted": true}))
	a.until("the cards without the text", func() bool {
		for i, m := range cards {
			if b := string(a.now(m).Blocks) + a.now(m).Text + a.thread(m); strings.Contains(b, words[i]) || strings.Contains(b, words[3]) {
				return false
			}
		}
		return true
	})
	for _, w := range words {
		a.until("no file with "+w+", but "+strings.Join(a.holds(w), " "), func() bool { return len(a.holds(w)) == 0 })
	}
	for _, id := range ids {
		code, body := a.page(ctx, "/cases/"+id)
		require.Equal(t, http.StatusOK, code)
		for _, w := range words {
			require.NotContains(t, body, w)
		}
	}
	_, body := a.page(ctx, "/")
	for _, w := range words {
		require.NotContains(t, body, w)
	}
	for _, m := range cards {
		require.Contains(t, string(a.now(m).Blocks), "http", "the url stays")
	}
}

func lifeThanks(ctx context.Context, a *arena) {
	a.sky.Publish(feeds.Post{DID: "did:plc:hal", RKey: "3t", Text: "3 hours on hold with acme about my coffee maker and then they hung up on me. terrible service", Langs: []string{"en"}})
	a.post(ctx, shopPost("t1", "ida", "third time this month that acme broke my mattress. worst company ever, never again", nil))
	a.post(ctx, shopPost("c1", "jon", "my replacement washing machine is lost and acme support is rude. disgrace, i want a refund",
		map[string]any{"root_id": "shop:topic9", "parent_id": "shop:topic9", "kind": "comment"}))
	sky, shop, comment := a.card("https://bsky.app/profile/did:plc:hal/post/3t"), a.card("https://shop.example.test/r/t1"), a.card("https://shop.example.test/r/c1")
	at := "at://did:plc:hal/app.bsky.feed.post/3t"
	a.sky.Publish(feeds.Post{DID: "did:plc:hal", RKey: "3u", Text: "thanks, sorted!", Root: at, Parent: at, Langs: []string{"en"}})
	a.post(ctx, shopPost("t2", "ida", "thanks, sorted!", map[string]any{"root_id": "shop:t1", "parent_id": "shop:t1", "kind": "reply"}))
	a.post(ctx, shopPost("c2", "jon", "they called. thanks, all sorted now", map[string]any{"root_id": "shop:topic9", "parent_id": "shop:c1", "kind": "comment"}))
	for _, one := range []struct {
		card slack.Message
		url  string
	}{
		{sky, "https://bsky.app/profile/did:plc:hal/post/3u"}, {shop, "https://shop.example.test/r/t2"}, {comment, "https://shop.example.test/r/c2"},
	} {
		a.until("thanks in the thread: "+one.url, func() bool { return strings.Contains(a.thread(one.card), one.url) })
	}
}

func lifeOwn(t *testing.T, a *arena) {
	t.Helper()
	a.sky.SetProfile(feeds.Profile{DID: "did:plc:own", Handle: "acmeair.example", Followers: 9000})
	a.sky.Publish(feeds.Post{DID: "did:plc:kim", RKey: "3o", Text: "acme cancelled my flight by text at midnight, no hotel, nobody on the phone. unacceptable", Langs: []string{"en"}})
	url := "https://bsky.app/profile/did:plc:kim/post/3o"
	m := a.card(url)
	at := "at://did:plc:kim/app.bsky.feed.post/3o"
	a.sky.Publish(feeds.Post{DID: "did:plc:own", RKey: "3p", Text: "We are so sorry, calling you now.", Root: at, Parent: at, Langs: []string{"en"}})
	a.until("answered", func() bool { return a.caseOf("acme", url).State == "answered" })
	a.until("answered on the card", func() bool { return strings.Contains(strings.ToLower(string(a.now(m).Blocks)), "answered") })
	require.Empty(t, a.roots("https://bsky.app/profile/did:plc:own/post/3p"))
}
