package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// stormTold is how long everything may take to arrive on a machine that has more to do.
	stormTold = 90 * time.Second
	// stormStrong is a complaint whatever a brand's threshold here.
	stormStrong = 0.8
)

// stormPace is how often files change, how long there is between two changes, and how the
// files are watched: 200 times in a minute where LEAKYTAP_STORM is full, else 30 times, faster.
func stormPace() (changes int, between time.Duration, pace config.Pace) {
	if os.Getenv("LEAKYTAP_STORM") == "full" {
		return 200, 300 * time.Millisecond, config.Pace{}
	}
	return 30, 40 * time.Millisecond, config.Pace{
		Settle: 20 * time.Millisecond, Patience: 200 * time.Millisecond, Every: 100 * time.Millisecond, Look: time.Second,
	}
}

// storm is a daemon whose files change all the time, and the truth of what was said.
type storm struct {
	t     *testing.T
	dir   string
	path  string // of leakytap.yaml
	slack *slack.Server
	d     *Daemon
	pick  *rand.Rand // the test's own goroutine uses it alone
	names []string
	// fleeting is a brand that comes and goes: what is said of it need not be told.
	fleeting string
	scorer   *vent.Scorer

	// whole are the hashes that a brand may be judged by, read the brands of files.
	whole map[string]map[string]bool
	read  map[string]brand.Brand

	mu   sync.Mutex
	said int
	must map[string]string // the urls that must be told
}

func newStorm(t *testing.T, seed uint64, names ...string) *storm {
	t.Helper()
	scorer, err := vent.Default()
	require.NoError(t, err)
	s := &storm{
		t: t, dir: t.TempDir(), slack: slack.New(slack.Options{Channels: []slack.Channel{{ID: slack.DefaultChannel}}}),
		names: names, scorer: scorer, pick: rand.New(rand.NewPCG(seed, 3)), whole: map[string]map[string]bool{}, read: map[string]brand.Brand{}, must: map[string]string{},
	}
	require.NoError(t, s.slack.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { _ = s.slack.Close() })
	return s
}

// main is leakytap.yaml with a rival that brands without any of their own have.
func (s *storm) main(rival int) string {
	return fmt.Sprintf(`data_dir: %q
server: {listen: "127.0.0.1:0"}
score: {second_opinion: none}
sources: [{name: hook, type: webhook}]
brands_dir: brands
brand_defaults: {competitors: [rival%d], spikes: {enabled: false}}
route: {receiver: support}
receivers: [{name: support, slack: {api_url: %q, token: %q, channel: %q, timeout: 5s, settle: 6s}}]
`, filepath.Join(s.dir, "data"), rival, s.slack.APIURL(), slack.DefaultToken, slack.DefaultChannel)
}

// version is a brand file, on one line of braces: no part of it is a brand.
func version(name string, n int, more string) string {
	return fmt.Sprintf("{name: %[1]s, query: \"%[1]s OR @%[1]s OR %[1]s%[2]d\", context: [word%[2]d], alert: {threshold: 0.3%04[2]d}%[3]s}\n", name, n, more)
}

// ownRival is for brands that the defaults do not change.
func ownRival(n int) string { return fmt.Sprintf(", competitors: [own%d]", n) }

// note lets a brand be judged by a version of it under the defaults of main.
func (s *storm) note(name string, rival int, text string) {
	s.t.Helper()
	b, ok := s.read[text]
	if !ok {
		dir := s.t.TempDir()
		require.NoError(s.t, os.Mkdir(filepath.Join(dir, "brands"), 0o700))
		s.put(filepath.Join(dir, "leakytap.yaml"), s.main(rival))
		s.put(filepath.Join(dir, "brands", name+".yaml"), text)
		c, ps := config.Load(filepath.Join(dir, "leakytap.yaml"), config.Options{})
		require.Empty(s.t, config.Errors(ps))
		require.Len(s.t, c.Brands, 1)
		b = c.Brands[0]
		s.read[text] = b
	}
	if !strings.Contains(text, "competitors") {
		b.Competitors = []string{fmt.Sprintf("rival%d", rival)}
	}
	if s.whole[name] == nil {
		s.whole[name] = map[string]bool{}
	}
	s.whole[name][b.Hash()] = true
}

func (s *storm) put(path, text string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
}

// start runs the daemon on the files as they are, which it watches.
func (s *storm) start(pace config.Pace) {
	s.t.Helper()
	var err error
	s.d, err = Open(s.t.Context(), Options{
		Load:  func() (*config.Config, []config.Problem) { return config.Load(s.path, config.Options{}) },
		Roles: AllRoles(), Version: "test", Watch: true, Pace: pace,
	})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.d.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		require.NoError(s.t, <-done)
	})
}

// say has somebody complain about a brand.
func (s *storm) say(ctx context.Context, name string) error {
	s.mu.Lock()
	s.said++
	n := s.said
	s.mu.Unlock()
	p := scenario.Generate(1, 1, name, uint64(n)+11)[0]
	url := fmt.Sprintf("https://shop.example/r/%s-%d", name, n)
	sc := s.scorer.Score(vent.Input{Text: p.Text, Brand: name, Aliases: []string{name}, Lang: "en"}, vent.Options{Fast: true})
	line, err := json.Marshal(map[string]any{
		"platform": "shop", "native_id": fmt.Sprintf("%s-%d", name, n), "url": url, "text": p.Text, "lang": "en",
		"author": map[string]any{"id": fmt.Sprintf("person%d", n), "handle": fmt.Sprintf("person%d", n)}, "created_at": time.Now().UTC(),
	})
	if err != nil {
		return err
	}
	if err := s.send(ctx, line); err != nil {
		return err
	}
	if name != s.fleeting && sc.Venting >= stormStrong && sc.Severity != vent.SeverityNone {
		s.mu.Lock()
		s.must[url] = name
		s.mu.Unlock()
	}
	return nil
}

// talk has people complain about the brands in turn until ctx ends.
func (s *storm) talk(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := s.say(ctx, s.names[n%len(s.names)]); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// round has somebody complain about each brand, and waits for the decisions.
func (s *storm) round() {
	s.t.Helper()
	for _, name := range s.names {
		before := len(s.decisions(name))
		require.NoError(s.t, s.say(s.t.Context(), name))
		require.Eventually(s.t, func() bool { return len(s.decisions(name)) > before }, stormTold, 10*time.Millisecond, name)
	}
}

func (s *storm) decisions(name string) (out []record.Decision) {
	s.t.Helper()
	for after := ""; ; {
		page, err := s.d.store.RecentDecisions(s.t.Context(), store.DecisionFilter{Brand: name, Limit: 1000, After: after})
		require.NoError(s.t, err)
		out = append(out, page.Rows...)
		if after = page.Next; after == "" {
			return out
		}
	}
}

func (s *storm) send(ctx context.Context, line []byte) error {
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, s.d.URL()+"/api/v1/ingest/hook", bytes.NewReader(line))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("a post was answered with %s", resp.Status)
	}
	return nil
}

// blow changes files while people talk and somebody asks for reloads, beside those that the
// watcher asks for. It gives how many were asked for.
func (s *storm) blow(changes int, between time.Duration, change func(n int)) (reloads int) {
	s.t.Helper()
	s.round()
	ctx, cancel := context.WithCancel(s.t.Context())
	var others errgroup.Group
	others.Go(func() error { return s.talk(ctx, between) })
	others.Go(func() error {
		tick := time.NewTicker(between)
		defer tick.Stop()
		for ; ctx.Err() == nil; <-tick.C {
			_ = s.d.Reload(context.WithoutCancel(ctx)) // refused as often as not
			reloads++
		}
		return nil
	})
	tick := time.NewTicker(between)
	defer tick.Stop()
	for n := range changes {
		change(n)
		<-tick.C
	}
	cancel()
	require.NoError(s.t, others.Wait())
	return reloads
}

// judge waits until everything is told, and wants each post told once and every decision
// made by one whole version of its brand. It gives by how many versions each brand was judged.
func (s *storm) judge(final map[string]string) map[string]int {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		gen := s.d.gen.Load()
		for b, hash := range final {
			if gen.rules.Hashes[b] != hash {
				return false
			}
		}
		return len(gen.rules.Hashes) == len(final) && len(s.d.troubles(s.t.Context())) == 0
	}, stormTold, 50*time.Millisecond, "what stands there at the end runs")
	s.round()
	var lost []string
	require.Eventually(s.t, func() bool { lost = s.lost(); return len(lost) == 0 }, stormTold, 100*time.Millisecond, "not told: %v", &lost)
	require.NotEmpty(s.t, s.must)
	named, keys := map[string]int{}, map[string]int{}
	for _, m := range s.slack.Messages(slack.DefaultChannel) {
		keys[m.Key()]++
		require.Equal(s.t, 1, keys[m.Key()], m.Key())
		for url := range s.must {
			if bytes.Contains(m.Blocks, []byte(url+`"`)) {
				named[url]++
				require.Equal(s.t, 1, named[url], url)
			}
		}
	}
	versions := map[string]int{}
	for b := range s.whole {
		seen := map[string]bool{}
		for _, dec := range s.decisions(b) {
			seen[dec.BrandHash] = true
			require.True(s.t, s.whole[b][dec.BrandHash], "%s was judged by a version of %s that never was", dec.ID, b)
		}
		versions[b] = len(seen)
	}
	return versions
}

func (s *storm) lost() (out []string) {
	told := &strings.Builder{}
	for _, m := range s.slack.Messages(slack.DefaultChannel) {
		told.Write(m.Blocks)
	}
	for url := range s.must {
		if !strings.Contains(told.String(), url+`"`) {
			out = append(out, url)
		}
	}
	slices.Sort(out)
	return out
}

// hashes are those of the brands as the files on disk say.
func (s *storm) hashes() map[string]string {
	s.t.Helper()
	c, ps := config.Load(s.path, config.Options{})
	require.Empty(s.t, config.Errors(ps))
	out := map[string]string{}
	for _, b := range c.Brands {
		out[b.Name] = b.Hash()
	}
	return out
}

const stormPin = `, must_alert: ["3 hours on hold with pinned. still waiting, terrible service, i want my money back"]`

// Brand files are written in place and by renaming, cut, broken, renamed, deleted, and made
// to break their examples, while posts flow.
func TestReloadStormOfFiles(t *testing.T) {
	t.Parallel()
	changes, between, pace := stormPace()
	s := newStorm(t, 1, "steady", "inplace", "swapped", "renamed", "fleeting", "pinned")
	s.fleeting = "fleeting"
	brands := filepath.Join(s.dir, "brands")
	require.NoError(t, os.Mkdir(brands, 0o700))
	s.path = filepath.Join(s.dir, "leakytap.yaml")
	file := func(name string) string { return filepath.Join(brands, name+".yaml") }
	s.put(s.path, s.main(0))
	more := map[string]string{"steady": ownRival(0), "inplace": ownRival(0), "swapped": ownRival(0), "renamed": ownRival(0), "fleeting": ownRival(0), "pinned": ownRival(0) + stormPin}
	whole := func(name string, n int) string {
		text := version(name, n, more[name])
		s.note(name, 0, text)
		return text
	}
	for _, name := range s.names {
		s.put(file(name), whole(name, 0))
	}
	s.start(pace)
	at := "renamed" // the name of the file of that brand
	reloads := s.blow(changes, between, func(n int) {
		broken := s.pick.IntN(3) == 0
		switch s.pick.IntN(7) {
		case 0: // in two steps, of which the second may not come
			text := whole("inplace", n+1)
			s.put(file("inplace"), text[:s.pick.IntN(len(text)-2)])
			if !broken {
				s.put(file("inplace"), text)
			}
		case 1: // as an editor does
			text := whole("swapped", n+1)
			if broken {
				text = strings.Replace(text, "\" OR", " OR (", 1)
			}
			s.put(file("swapped")+".tmp", text)
			require.NoError(t, os.Rename(file("swapped")+".tmp", file("swapped")))
		case 2: // another name for the file, and perhaps no brand in it any more
			next := "renamed" + strconv.Itoa(n)
			require.NoError(t, os.Rename(file(at), file(next)))
			at = next
			text := whole("renamed", n+1)
			if broken {
				text = strings.Replace(text, "query", "kwery", 1)
			}
			s.put(file(at)+".tmp", text)
			require.NoError(t, os.Rename(file(at)+".tmp", file(at)))
		case 3:
			if broken {
				_ = os.Remove(file("fleeting"))
			} else {
				s.put(file("fleeting"), whole("fleeting", n+1))
			}
		case 4:
			text := whole("pinned", n+1)
			if broken {
				text = strings.Replace(version("pinned", n+1, more["pinned"]), "must_alert", "must_not_alert", 1)
			}
			s.put(file("pinned"), text)
		case 5: // the main file, which is all or nothing
			if broken {
				s.put(s.path, s.main(0)+"bogus: 1\n")
			} else {
				s.put(s.path, s.main(0)+fmt.Sprintf("# %d\n", n))
			}
		default: // a brand that never was, and what is none
			s.put(file("newcomer"), "{name: newcomer, query: (")
			s.put(filepath.Join(brands, ".half.yaml.swp"), "{")
			_ = os.Remove(file("newcomer"))
		}
	})
	s.put(file("pinned"), strings.Replace(version("pinned", 998, more["pinned"]), "must_alert", "must_not_alert", 1))
	require.Error(t, s.d.Reload(t.Context()))
	s.put(s.path, s.main(0))
	for _, name := range s.names {
		if name == "renamed" {
			s.put(file(at), whole(name, 999))
			continue
		}
		s.put(file(name), whole(name, 999))
	}
	versions := s.judge(s.hashes())
	for _, name := range []string{"inplace", "swapped", "renamed", "pinned"} {
		require.Greater(t, versions[name], 1, "%s was judged by several versions: %v", name, versions)
	}
	t.Logf("%d posts, %d changes, %d reloads beside the watcher's, versions that judged: %v", len(s.must), changes, reloads, versions)
}

// A Kubernetes ConfigMap is swapped as the kubelet does it, main file and brand files
// together: no brand is judged by the defaults of one version and the file of another.
func TestReloadStormOfAConfigMap(t *testing.T) {
	t.Parallel()
	changes, between, pace := stormPace()
	s := newStorm(t, 2, "mapped", "beside")
	mount := filepath.Join(s.dir, "mount")
	require.NoError(t, os.Mkdir(mount, 0o700))
	s.path = filepath.Join(mount, "leakytap.yaml")
	good := []int{} // versions in which mapped is whole
	swap := func(n int, broken bool) {
		data := filepath.Join(mount, fmt.Sprintf("..v%d", n))
		require.NoError(t, os.MkdirAll(filepath.Join(data, "brands"), 0o700))
		s.put(filepath.Join(data, "leakytap.yaml"), s.main(n))
		for _, name := range s.names {
			text := version(name, n, "")
			if name == "mapped" && broken {
				for _, m := range good { // the last good file under today's defaults
					s.note(name, n, version(name, m, ""))
				}
				text = text[:len(text)/2]
			} else {
				s.note(name, n, text)
			}
			s.put(filepath.Join(data, "brands", name+".yaml"), text)
		}
		if !broken {
			good = append(good, n)
		}
		require.NoError(t, os.Symlink(filepath.Base(data), filepath.Join(mount, "..data_tmp")))
		old, _ := os.Readlink(filepath.Join(mount, "..data"))
		require.NoError(t, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
		if old != "" {
			require.NoError(t, os.RemoveAll(filepath.Join(mount, old)))
		}
	}
	swap(0, false)
	for _, link := range []string{"leakytap.yaml", "brands"} {
		require.NoError(t, os.Symlink(filepath.Join("..data", link), filepath.Join(mount, link)))
	}
	s.start(pace)
	reloads := s.blow(changes, between, func(n int) { swap(n+1, s.pick.IntN(3) == 0) })
	swap(998, true)
	require.Error(t, s.d.Reload(t.Context()))
	swap(999, false)
	versions := s.judge(s.hashes())
	require.Greater(t, versions["mapped"], 1)
	require.Greater(t, versions["beside"], 1)
	t.Logf("%d posts, %d changes, %d reloads beside the watcher's, versions that judged: %v", len(s.must), changes, reloads, versions)
}
