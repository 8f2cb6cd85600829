package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/bluesky"
	"github.com/leakytap/leakytap/internal/ingest/hackernews"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
)

// TryOptions are what TryQuery needs.
type TryOptions struct {
	// Config holds one brand, the one that is tried.
	Config *config.Config
	Window Window
	// Stored, HackerNews and Bluesky say where to look: in the data_dir, in the history
	// of Hacker News, and for how long at Bluesky's stream.
	Stored     bool
	HackerNews bool
	Bluesky    time.Duration
	// Posts is how many examples each list names; 0 is 20.
	Posts   int
	Version string
	Log     *zap.Logger
}

// Tried is what a query would catch.
type Tried struct {
	Query    string         `json:"query"`
	Places   []tune.Reach   `json:"places"`
	Homonyms []tune.Homonym `json:"homonyms"`
	// Notes say what could not be looked at, and how far the figures can be trusted.
	Notes []string `json:"notes"`
}

// maxTryNames is how many of the query's names are searched for.
const maxTryNames = 8

// TryQuery shows a query to stored, past and passing posts. A place that cannot be
// reached costs its own part alone and is noted.
func TryQuery(ctx context.Context, opt TryOptions) (out Tried, err error) {
	if len(opt.Config.Brands) != 1 {
		return out, errors.New("trying a query: the config must hold one brand")
	}
	gen, err := NewGeneration(opt.Config)
	if err != nil {
		return out, err
	}
	b := opt.Config.Brands[0]
	out.Query = b.Query
	try, err := tune.NewTry(b.Name, gen.rules, gen.rescore, opt.Posts)
	if err != nil {
		return out, err
	}
	web, err := httpx.New(opt.Config.HTTP, httpx.Options{UserAgent: userAgent(opt.Version), Log: opt.Log})
	if err != nil {
		return out, err
	}
	x := trial{opt: opt, gen: gen, try: try, web: web, name: b.Name}
	for _, place := range []struct {
		wanted bool
		name   string
		look   func(context.Context) (tune.Reach, error)
	}{
		{opt.Stored, "the store", x.stored},
		{opt.HackerNews, "Hacker News", x.history},
		{opt.Bluesky > 0, "Bluesky", x.stream},
	} {
		if !place.wanted {
			continue
		}
		r, err := place.look(ctx)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil {
			out.Notes = append(out.Notes, fmt.Sprintf("%s was not looked at: %v", place.name, err))
			continue
		}
		out.Places = append(out.Places, r)
	}
	out.Notes = append(out.Notes, x.notes...)
	out.Homonyms = try.Homonyms()
	return out, nil
}

// trial is a query under trial.
type trial struct {
	opt   TryOptions
	gen   *Generation
	try   *tune.Try
	web   *httpx.Factory
	name  string
	notes []string
}

func (x *trial) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

func (x *trial) stored(ctx context.Context) (tune.Reach, error) {
	if _, err := os.Stat(filepath.Join(x.opt.Config.DataDir, store.FileName)); err != nil {
		return tune.Reach{}, errors.New("there is none yet: it fills while the daemon runs")
	}
	r, err := store.OpenReader(ctx, x.opt.Config.DataDir)
	if err != nil {
		return tune.Reach{}, err
	}
	defer func() { _ = r.Close() }()
	return x.try.Stored(ctx, r, x.opt.Window.Since, x.opt.Window.Until)
}

// history searches Hacker News for the names of the query.
func (x *trial) history(ctx context.Context) (tune.Reach, error) {
	src, err := hackernews.New(x.source(ingest.TypeHackerNews), x.web)
	if err != nil {
		return tune.Reach{}, err
	}
	defer src.Close()
	r := tune.Reach{Place: "hackernews"}
	names := x.gen.rules.Names[x.name]
	if len(names) > maxTryNames {
		x.note("Hacker News was asked for the first %d of %d names", maxTryNames, len(names))
		names = names[:maxTryNames]
	}
	if len(names) == 0 {
		return r, errors.New("the query asks for no name")
	}
	since := x.opt.Window.Since
	for _, name := range names {
		found, err := src.Search(ctx, name, since)
		if err != nil {
			return r, err
		}
		if !found.Complete {
			x.note("Hacker News has %d posts with %q; the newest %d were looked at, so that its rates are too low", found.Total, name, len(found.Posts))
		}
		for i := range found.Posts {
			found.Posts[i].Source = ingest.TypeHackerNews
			x.try.Show(&r, found.Posts[i], 1)
		}
	}
	r.Close(max(x.opt.Window.Until.Sub(since).Hours()/24, 1))
	return r, nil
}

// source is the config's own source of a type, or the public service.
func (x *trial) source(kind string) ingest.Config {
	for i := range x.opt.Config.Sources {
		if x.opt.Config.Sources[i].Type == kind {
			return x.opt.Config.Sources[i]
		}
	}
	return ingest.Config{Name: kind, Type: kind}.WithDefaults()
}

// stream listens to Bluesky for a while, with the worker and the source that listen live,
// over a store that is thrown away.
func (x *trial) stream(ctx context.Context) (tune.Reach, error) {
	r := tune.Reach{Place: "bluesky"}
	dir, err := os.MkdirTemp("", "leakytap-try")
	if err != nil {
		return r, fmt.Errorf("making a scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch, err := store.OpenScratch(ctx, store.Default(), dir, zap.NewNop())
	if err != nil {
		return r, err
	}
	defer func() { _ = scratch.Close() }() //nolint:contextcheck // closing must not be cut short
	cfg := x.source(ingest.TypeBluesky)
	src, err := bluesky.New(cfg, x.web)
	if err != nil {
		return r, err
	}
	ears := &listener{try: x.try, reach: &r}
	worker, err := ingest.New(ingest.Options{
		Store: scratch, Bus: nowhere{}, Rules: func() ingest.Rules { return ears }, Holder: "try", Log: x.opt.Log, Reg: prometheus.NewRegistry(),
	})
	if err != nil {
		return r, err
	}
	worker.Prepare([]string{cfg.Name}, []string{x.name})
	worker.Apply([]ingest.Spec{{Name: cfg.Name, Type: cfg.Type, Source: src, Fingerprint: "try"}})
	listen, cancel := context.WithTimeout(ctx, x.opt.Bluesky)
	defer cancel()
	if err := worker.Run(listen); err != nil && listen.Err() == nil {
		return r, err
	}
	ears.mu.Lock()
	defer ears.mu.Unlock()
	if r.Posts == 0 {
		return r, fmt.Errorf("no post came within %s", x.opt.Bluesky)
	}
	r.Close(time.Since(ears.first).Hours() / 24)
	return r, nil
}

// listener shows each post that passes to the query and lets it go.
type listener struct {
	mu    sync.Mutex
	try   *tune.Try
	reach *tune.Reach
	first time.Time
}

// Match shows m and matches nothing.
func (l *listener) Match(m mention.Mention) []ingest.Hit {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first.IsZero() {
		l.first = time.Now()
	}
	l.try.Show(l.reach, m, 1)
	return nil
}

// Hash knows no brand.
func (*listener) Hash(string) (string, bool) { return "", false }

// nowhere is a bus on which nothing travels.
type nowhere struct{}

// Publish drops the messages: there are none.
func (nowhere) Publish(context.Context, string, ...bus.Message) error { return nil }
