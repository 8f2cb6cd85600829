package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/pkg/vent"
)

// fromEnv is a number that a make target sets for the long form of a test.
func fromEnv(t *testing.T, name string, short int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return short
	}
	n, err := strconv.Atoi(v)
	require.NoError(t, err, name)
	return n
}

// arena is the outside of a daemon that is killed again and again: it owns the
// truth of what was said, and of what reached Slack.
type arena struct {
	t      *testing.T
	dir    string
	binary string
	config string
	scorer *vent.Scorer
	slack  *slack.Server
	sky    *feeds.Jetstream
	forum  *feeds.Feed
	file   *os.File
	log    *os.File

	// skyURL and forumURL are where the stand-ins listen.
	skyURL, forumURL string

	mu sync.Mutex
	// said maps the url of each post to whether it is a complaint, at to when it was said.
	said map[string]bool
	at   map[string]time.Time
}

const arenaBrand = "acme"

func newArena(t *testing.T, extra string) *arena {
	t.Helper()
	a := &arena{t: t, dir: t.TempDir(), binary: binary(t), said: map[string]bool{}, at: map[string]time.Time{}, forum: feeds.NewFeed("forum")}
	var err error
	a.scorer, err = vent.Default()
	require.NoError(t, err)
	a.sky = feeds.NewJetstream()
	sky, err := feeds.Serve(a.sky, "")
	require.NoError(t, err)
	t.Cleanup(sky.Close)
	forum, err := feeds.Serve(a.forum, "")
	require.NoError(t, err)
	t.Cleanup(forum.Close)
	a.slack = slack.New(slack.Options{Channels: []slack.Channel{{ID: slack.DefaultChannel}}})
	require.NoError(t, a.slack.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { _ = a.slack.Close() })
	a.file, err = os.Create(filepath.Join(a.dir, "posts.jsonl"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.file.Close() })
	a.log, err = os.Create(filepath.Join(a.dir, "daemon.log"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.log.Close() })
	a.skyURL, a.forumURL = sky.URL, forum.URL
	a.config = filepath.Join(a.dir, "leakytap.yaml")
	a.write(fmt.Sprintf(`%s
sources:
  - {name: sky, type: bluesky, url: %q, profiles_url: %q, allow_private: true}
  - {name: forum, type: rss, url: %q, poll: 1s, allow_private: true}
  - {name: hook, type: webhook}
  - {name: disk, type: file, path: %q}
brands:
  - {name: acme, query: "acme OR @acme OR #acme"}
receivers:
  - {name: support, slack: {api_url: %q, token: %q, channel: %q, signing_secret: %q, timeout: 500ms, settle: 1s}}
route: {receiver: support}
`, extra, strings.Replace(sky.URL, "http", "ws", 1), sky.URL, forum.URL+"/rss.xml", a.file.Name(),
		a.slack.APIURL(), slack.DefaultToken, slack.DefaultChannel, slack.DefaultSigningSecret))
	return a
}

// write makes a config of the arena's data_dir, a listener on loopback and rest.
func (a *arena) write(rest string) {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(a.config, fmt.Appendf(nil, "data_dir: %q\nserver: {listen: \"127.0.0.1:0\"}\n%s", filepath.Join(a.dir, "data"), rest), 0o600))
}

// start runs the daemon and returns it with a channel that closes when it has ended.
func (a *arena) start(args ...string) (*exec.Cmd, <-chan struct{}) {
	a.t.Helper()
	cmd := exec.Command(a.binary, append([]string{"run", "--config", a.config, "--log.format", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = io.Discard, a.log
	require.NoError(a.t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	return cmd, done
}

// url waits for the daemon to be ready and gives its address.
func (a *arena) url(ctx context.Context) string {
	for ctx.Err() == nil {
		if b, err := os.ReadFile(filepath.Join(a.dir, "data", "daemon.json")); err == nil {
			var e struct {
				URL string `json:"url"`
			}
			if json.Unmarshal(b, &e) == nil && get(ctx, e.URL+"/-/ready") == http.StatusOK {
				return e.URL
			}
		}
		pause(ctx, 20*time.Millisecond)
	}
	return ""
}

func get(ctx context.Context, url string) int {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// say publishes one post on the feed that its number picks, and notes it.
func (a *arena) say(ctx context.Context, i int, p scenario.Post) {
	var url string
	begun := time.Now()
	switch i % 4 {
	case 0:
		did, rkey := fmt.Sprintf("did:plc:person%05d", i), fmt.Sprintf("3k%05d", i)
		url = "https://bsky.app/profile/" + did + "/post/" + rkey
		a.sky.SetProfile(feeds.Profile{DID: did, Handle: p.Handle, DisplayName: p.Name, Followers: p.Followers})
		a.sky.Publish(feeds.Post{DID: did, RKey: rkey, Text: p.Text, Langs: []string{"en"}})
	case 1:
		url = fmt.Sprintf("https://forum.example.test/t/%05d", i)
		a.forum.Put(feeds.Item{GUID: url, Link: url, Title: "topic " + strconv.Itoa(i), HTML: p.Text, Author: p.Handle, Published: time.Now()})
	default:
		id := fmt.Sprintf("%05d", i)
		url = "https://shop.example.test/r/" + id
		line, err := json.Marshal(map[string]any{
			"id": "shop:" + id, "platform": "shop", "native_id": id, "url": url, "text": p.Text, "lang": "en",
			"author": map[string]any{"id": p.Handle, "handle": p.Handle, "name": p.Name}, "created_at": time.Now().UTC(),
		})
		if err != nil {
			panic(err)
		}
		if i%4 == 2 {
			_, _ = a.file.Write(append(line, '\n'))
		} else {
			a.hook(ctx, line)
		}
	}
	a.mu.Lock()
	a.said[url], a.at[url] = a.complaint(p), begun
	a.mu.Unlock()
}

// complaint reports whether the scorer takes a post for one. The runs judge the way
// of a complaint; how well the scorer hears is judged in pkg/vent.
func (a *arena) complaint(p scenario.Post) bool {
	s := a.scorer.Score(vent.Input{Text: p.Text, Brand: arenaBrand, Aliases: []string{arenaBrand}, Handle: p.Handle, Lang: "en"}, vent.Options{})
	return s.Venting >= 0.6 && s.Severity != vent.SeverityNone
}

// hook posts until the daemon says that it is durable, as a sender does.
func (a *arena) hook(ctx context.Context, line []byte) {
	for ctx.Err() == nil {
		b, err := os.ReadFile(filepath.Join(a.dir, "data", "daemon.json"))
		var e struct {
			URL string `json:"url"`
		}
		if err == nil && json.Unmarshal(b, &e) == nil {
			rctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			req, err := http.NewRequestWithContext(rctx, http.MethodPost, e.URL+"/api/v1/ingest/hook", bytes.NewReader(line))
			if err == nil {
				req.Header.Set("Content-Type", "application/json")
				if resp, err := (&http.Client{}).Do(req); err == nil {
					_ = resp.Body.Close()
					if resp.StatusCode == http.StatusAccepted {
						cancel()
						return
					}
				}
			}
			cancel()
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// verdict compares what was said with what reached Slack.
type verdict struct {
	lost, doubled []string
	messages      int
}

func (a *arena) judge() verdict {
	var v verdict
	named, keys := map[string]int{}, map[string]int{}
	for _, m := range a.slack.Messages(slack.DefaultChannel) {
		v.messages++
		if keys[m.Key()]++; keys[m.Key()] == 2 {
			v.doubled = append(v.doubled, m.Key())
		}
		a.mu.Lock()
		for url := range a.said {
			if bytes.Contains(m.Blocks, []byte(url+`"`)) {
				named[url]++
			}
		}
		a.mu.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for url, complaint := range a.said {
		switch {
		case complaint && named[url] == 0:
			v.lost = append(v.lost, url)
		case named[url] > 1:
			v.doubled = append(v.doubled, url)
		}
	}
	slices.Sort(v.lost)
	return v
}

// misbehave lets Slack fail as it does: too many requests, errors before and
// after storing, hanging, half answers.
func misbehave(seed uint64) func(string) *slack.Fault {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 7))
	return func(string) *slack.Fault {
		mu.Lock()
		defer mu.Unlock()
		var f slack.Fault
		switch n := r.IntN(100); {
		case n < 4:
			f = slack.RateLimited("1")
		case n < 8:
			f = slack.ErrorBefore()
		case n < 12:
			f = slack.ErrorAfter()
		case n < 15:
			f = slack.HangAfter()
		case n < 17:
			f = slack.ResetAfter()
		case n < 19:
			f = slack.TruncatedAfter()
		case n < 20:
			f = slack.LateArrival(300 * time.Millisecond)
		default:
			return nil
		}
		return &f
	}
}

// TestCrash kills the daemon at random moments while posts flow in on four kinds
// of sources and Slack misbehaves. Afterwards every complaint has been told once.
func TestCrash(t *testing.T) {
	kills := fromEnv(t, "KILLS", 6)
	posts := fromEnv(t, "POSTS", 60+kills*6)
	seed := uint64(fromEnv(t, "SEED", int(time.Now().UnixNano()%1_000_000)))
	t.Logf("kills %d, posts %d, SEED=%d", kills, posts, seed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*10*time.Second+4*time.Minute)
	defer cancel()

	a := newArena(t, "")
	a.slack.FailBy(misbehave(seed))
	stream := scenario.Generate(posts, posts/5, arenaBrand, seed)
	// What is said before a daemon was ever there is not its to hear.
	d := a.ready(ctx)
	var talking sync.WaitGroup
	talking.Go(func() { a.sayAll(ctx, stream, kills, seed) })
	d = a.killed(ctx, d, kills, 1500, seed)
	talking.Wait()
	a.slack.Heal()
	a.slack.FailBy(nil)

	var v verdict
	quiet := 0
	for ctx.Err() == nil {
		before := v.messages
		if v = a.judge(); len(v.lost) == 0 && v.messages == before {
			quiet++
		} else {
			quiet = 0
		}
		if quiet > 12 {
			break
		}
		pause(ctx, 250*time.Millisecond)
	}
	fired := a.slack.Fired()
	t.Logf("messages %d, faults %v, early calls %d", v.messages, fired, a.slack.Early())
	if t.Failed() || len(v.lost)+len(v.doubled) > 0 {
		a.keep()
	}
	require.Empty(t, v.lost, "complaints that never reached Slack")
	require.Empty(t, v.doubled, "messages that reached Slack twice")
	require.NotEmpty(t, slices.Collect(maps.Keys(fired)), "no fault happened: the test proves nothing")

	d.drains(t)
}

// life is a daemon that runs, done when it has ended.
type life struct {
	cmd  *exec.Cmd
	done <-chan struct{}
}

// ready starts the daemon and waits until it is.
func (a *arena) ready(ctx context.Context) life {
	a.t.Helper()
	cmd, done := a.start()
	require.NotEmpty(a.t, a.url(ctx), "the daemon is not ready")
	return life{cmd, done}
}

// sayAll says posts so fast that kills come among them.
func (a *arena) sayAll(ctx context.Context, posts []scenario.Post, kills int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	for i, p := range posts {
		a.say(ctx, i, p)
		pause(ctx, time.Duration(r.IntN(1+1000*kills/len(posts)*2))*time.Millisecond)
	}
}

// killed kills the daemon kills times, each after at most most milliseconds and a tenth
// of a second, and gives the one that is started at the end.
func (a *arena) killed(ctx context.Context, d life, kills, most int, seed uint64) life {
	a.t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	for range kills {
		pause(ctx, time.Duration(100+r.IntN(most))*time.Millisecond)
		require.NoError(a.t, d.cmd.Process.Signal(syscall.SIGKILL))
		<-d.done
		d.cmd, d.done = a.start()
	}
	return d
}

// drains ends the daemon as a service manager does.
func (d life) drains(t *testing.T) {
	t.Helper()
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-d.done:
		require.Equal(t, 0, d.cmd.ProcessState.ExitCode(), "exit code after SIGTERM")
	case <-time.After(35 * time.Second):
		t.Fatal("the daemon did not drain within 35 s")
	}
}

// keep shows the end of the daemon's log of a run that failed.
func (a *arena) keep() {
	b, err := os.ReadFile(a.log.Name())
	if err != nil {
		return
	}
	a.t.Logf("the daemon's log ends:\n%s", b[max(0, len(b)-8000):])
}
