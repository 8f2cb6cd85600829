package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/bus/kafka"
	bussqlite "github.com/leakytap/leakytap/internal/bus/sqlite"
	"github.com/leakytap/leakytap/internal/casework/about"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/rss"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/teach"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/vent"
)

// drainWithin bounds a shutdown: the contract gives 30 s, the operating system
// wants some of them.
const drainWithin = 28 * time.Second

// Options are what a Daemon is made of. Load is needed.
type Options struct {
	// Load reads the config; it is called at the start and for each reload.
	Load func() (*config.Config, []config.Problem)
	// Watch says that a change of the config's files is a reload.
	Watch bool
	// Pace is how soon and how often; the zero value suits people.
	Pace config.Pace
	// Hangup is SIGHUP: each is a reload. It may be nil.
	Hangup <-chan os.Signal
	Roles  Roles
	// Console is where console receivers print.
	Console ConsoleOut
	// Progress is where the state of the sources is printed every 30 s, nil for nowhere.
	Progress ConsoleOut
	Version  string
	Log      *zap.Logger
}

// Daemon is one process of LeakyTap.
type Daemon struct {
	opt     Options
	log     *zap.Logger
	reg     *prometheus.Registry
	met     *metrics
	holder  string
	started time.Time

	lock     *Lock
	endpoint string // the file that tells commands where the daemon answers
	out      *httpx.Factory
	store    *store.Store
	bus      bus.Bus
	dead     *bus.DeadLetters
	alerting *alert.Metrics
	ingest   *ingest.Ingest
	hooks    *hooks
	score    *score.Stage
	desk     *desk.Desk
	drains   *drains
	sockets  *slack.Sockets // nil where the role web is not
	web      *web.Server
	watches  *watchMirror
	shadows  *shadows
	tuning   *tuning
	parser   *rss.Parser
	teacher  *teach.Teacher
	// layers are what labels taught, layersAt the store's version of them; keeping says
	// that this process keeps house.
	layers   *shelf
	layersAt atomic.Int64
	keeping  atomic.Bool

	gen     atomic.Pointer[Generation]
	reloads sync.Mutex
	stale   map[string]string // why brands do not run as their files say
	kept    map[string]string // what the store holds of the brand files, by key
	state   state
}

// Open reads the config, locks the data_dir, opens bus and store, builds the
// stages and binds the addresses. Nothing runs yet; Run or Close comes next.
func Open(ctx context.Context, opt Options) (_ *Daemon, err error) {
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	cfg, problems := opt.Load()
	if config.Fatal(problems) {
		return nil, refusal(config.Errors(problems))
	}
	if err := opt.Roles.Check(cfg.Bus.Kind); err != nil {
		return nil, err
	}
	d := &Daemon{
		opt: opt, log: opt.Log, reg: prometheus.NewRegistry(), started: time.Now(),
		holder: holderName(), watches: &watchMirror{}, parser: rss.NewParser(), hooks: &hooks{}, layers: &shelf{},
	}
	d.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	d.met = newMetrics(d.reg, opt.Version)
	defer func() { //nolint:contextcheck // closing must not be cut short
		if err != nil {
			d.close()
		}
	}()
	if err := d.openParts(ctx, cfg); err != nil {
		return nil, err
	}
	gen, refused, err := d.prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if missing := unheard(gen.cfg); len(missing) > 0 {
		return nil, refusal(missing)
	}
	d.gen.Store(gen)
	if err := d.takeLayers(ctx); err != nil {
		return nil, err
	}
	if err := d.build(ctx); err != nil {
		return nil, err
	}
	if err := d.take(gen); err != nil {
		return nil, err
	}
	d.taken(refused)
	d.markStale(ctx, gen)
	d.keepHistory(ctx, gen, true)
	d.firstLook(ctx)
	return d, nil
}

// holderName tells this process from all others in leases.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return host + "/" + strconv.Itoa(os.Getpid()) + "/" + randomHex(4)
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// openParts opens what a reload does not change.
func (d *Daemon) openParts(ctx context.Context, cfg *config.Config) (err error) {
	if d.lock, err = LockDataDir(cfg.DataDir); err != nil {
		return err
	}
	if d.out, err = httpx.New(cfg.HTTP, httpx.Options{UserAgent: userAgent(d.opt.Version), Log: d.log}); err != nil {
		return err
	}
	if d.store, err = store.Open(ctx, cfg.Store, cfg.DataDir, d.log); err != nil {
		return err
	}
	// The data_dir is ours alone: whatever held a lease on it is gone.
	if err := d.store.DropLeases(ctx); err != nil {
		return err
	}
	if d.bus, err = OpenBus(ctx, cfg, d.log, d.reg); err != nil {
		return err
	}
	d.dead = bus.NewDeadLetters(d.bus, d.reg)
	return nil
}

func userAgent(version string) string {
	return "leakytap/" + version + " (+https://github.com/leakytap/leakytap)"
}

// OpenBus opens the bus that the config names: the one switch on its kind.
func OpenBus(ctx context.Context, cfg *config.Config, log *zap.Logger, reg prometheus.Registerer) (bus.Bus, error) {
	// A nil pointer in a bus.Bus would not be nil: errors go back without one.
	if cfg.Bus.Kind == bus.KindKafka {
		b, err := kafka.Open(ctx, cfg.Bus, kafka.Options{Log: log, Reg: reg})
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	b, err := bussqlite.Open(ctx, bussqlite.Options{
		Path: filepath.Join(cfg.DataDir, "bus.db"), Partitions: cfg.Bus.Partitions, Retention: cfg.Bus.Retention.D(), Log: log, Reg: reg,
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// build makes the stages. Each asks for the generation in use at every batch.
func (d *Daemon) build(ctx context.Context) (err error) {
	d.alerting = alert.NewMetrics(d.reg)
	d.tuning = newTuning(d)
	d.shadows = newShadows(d.store, d.gen.Load, d.log, d.reg)
	d.ingest, err = ingest.New(ingest.Options{
		Store: d.ingestStore(), Bus: d.bus, Dead: d.dead, Rules: func() ingest.Rules { return d.shadows.rules(d.gen.Load()) },
		Sampler: d.store, Holder: d.holder, Log: d.log, Reg: d.reg,
	})
	if err != nil {
		return err
	}
	d.score = score.New(score.Options{
		Bus: d.bus, Dead: d.dead, Log: d.log, Reg: d.reg,
		Scorer:  func() score.Scorer { return d.gen.Load() },
		Subject: func(name string) (score.Subject, bool) { return d.gen.Load().Subject(name) },
		Layer:   func(name string) *vent.Layer { return d.gen.Load().layer(name) },
	})
	d.teacher, err = teach.New(teach.Options{
		Store: d.store, Class: func() teach.Class { return d.gen.Load().class() }, Done: d.learned, Log: d.log, Reg: d.reg,
	})
	if err != nil {
		return err
	}
	d.desk, err = desk.New(desk.Options{
		Store: d.store, Rules: func() *desk.Rules { return d.gen.Load().rules }, About: about.New().About, Log: d.log, Reg: d.reg,
	})
	if err != nil {
		return err
	}
	d.drains = newDrains(drainOptions{
		inbox: d.inboxOf,
		store: d.store, metrics: d.alerting, holder: d.holder, onState: d.receiverState, log: d.log,
	})
	return d.buildServer(ctx)
}

// ingestStore is the store, with the watches of another process where the cases
// are not here.
func (d *Daemon) ingestStore() ingest.Store {
	if d.sharedStore() {
		return d.store
	}
	return remoteWatches{d.store, d.watches}
}

// remoteWatches is a store whose watches came over the bus.
type remoteWatches struct {
	*store.Store
	mirror *watchMirror
}

// Watches are the rows as last heard.
func (r remoteWatches) Watches(ctx context.Context) ([]record.Watch, error) {
	return r.mirror.Watches(ctx)
}

// WatchVersion grows with each change.
func (r remoteWatches) WatchVersion(ctx context.Context) (int64, error) {
	return r.mirror.WatchVersion(ctx)
}

func (d *Daemon) buildServer(ctx context.Context) (err error) {
	cfg := d.gen.Load().cfg
	opt := web.Options{
		Config: cfg.Server, Ready: d.ready, Metrics: promhttp.HandlerFor(d.reg, promhttp.HandlerOpts{}),
		Reload: d.Reload, LocalToken: randomHex(32), Log: d.log, Version: d.opt.Version,
	}
	for _, r := range d.opt.Roles {
		opt.Roles = append(opt.Roles, string(r))
	}
	if d.opt.Roles.Has(RoleIngest) {
		opt.Ingest, opt.IngestToken = d.hooks, d.hooks.guarded
	}
	if d.opt.Roles.Has(RoleWeb) {
		backend := d.Backend()
		opt.Backend, opt.Measures, opt.Troubles, opt.Tuning = backend, backend, d.troubles, d.tuning
		opt.Brands = func() []string { return d.gen.Load().brands }
		h, err := d.slackHandler()
		if err != nil {
			return err
		}
		if d.sockets, err = newSockets(h, d.out, slack.SocketOptions{Log: d.log, Reg: d.reg}); err != nil {
			return err
		}
		opt.Slack = h
	}
	if d.web, err = web.New(opt); err != nil {
		return err
	}
	if err := d.web.Listen(ctx); err != nil {
		return err
	}
	d.endpoint = endpointPath(cfg.DataDir)
	return writeEndpoint(cfg.DataDir, Endpoint{URL: "http://" + d.web.Addr(), Token: opt.LocalToken, PID: os.Getpid()})
}

// inboxOf is where people find a case in the inbox, nothing where the config names no
// address for them.
func (d *Daemon) inboxOf(caseID string) string {
	g := d.gen.Load()
	if g == nil || g.cfg.Server.ExternalURL == "" {
		return ""
	}
	return strings.TrimSuffix(g.cfg.Server.ExternalURL, "/") + "/cases/" + caseID
}

func (d *Daemon) slackHandler() (*slack.Handler, error) {
	return slack.NewHandler(slack.HandlerOptions{
		Receivers: d.drains.slackReceivers, Actor: actor{d}, Audit: d.desk, Dossiers: d.store, NotFound: store.ErrNotFound,
		Commands: commands{d}, Labels: labelClicks{d}, Log: d.log, Reg: d.reg,
	})
}

// actor carries out a click and has the cards follow at once.
type actor struct{ d *Daemon }

// Act does a.
func (x actor) Act(ctx context.Context, a record.Action) (record.Case, error) {
	c, err := x.d.desk.Act(ctx, a)
	if err == nil {
		x.d.drains.wake()
	}
	return c, err
}

// Backend is what the inbox and the API stand on.
func (d *Daemon) Backend() *Backend {
	return &Backend{
		Store: d.store, Desk: d.desk, Bus: d.bus, Changed: d.drains.wake,
		SourceNames: func() []string { return d.gen.Load().sourceNames() },
		Teaching:    teaching(d.teacher, d.store, d.gen.Load),
		StoreMeasures: web.StoreMeasures{
			Samples: d.store, Configured: func() []brand.Brand { return d.gen.Load().configured() },
		},
	}
}

// URL is the address of the inbox for people.
func (d *Daemon) URL() string { return d.web.URL() }

// MetricsAddr is where the second listener is, empty where there is none.
func (d *Daemon) MetricsAddr() string { return d.web.MetricsAddr() }

// ready answers nil when config, store and bus are up. Sources and receivers do not count.
func (d *Daemon) ready(ctx context.Context) error {
	if err := d.store.Ping(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	if err := d.bus.Ping(ctx); err != nil {
		return fmt.Errorf("the bus does not answer: %w", err)
	}
	return nil
}

// Run runs the parts of this process's roles until ctx ends, drains, and closes.
// It returns nil after a drain, and an error when a part is broken.
func (d *Daemon) Run(ctx context.Context) error {
	defer d.close() //nolint:contextcheck // closing must not be cut short
	g, gctx := errgroup.WithContext(ctx)
	for _, p := range d.flow() {
		if p.role != "" && !d.opt.Roles.Has(p.role) {
			continue
		}
		g.Go(func() error { return d.guard(gctx, p) })
	}
	done := make(chan error, 1)
	go func() { done <- g.Wait() }()
	select {
	case err := <-done:
		return ended(ctx, err)
	case <-ctx.Done():
		d.log.Info("draining", zap.Duration("within", drainWithin))
	}
	late := time.NewTimer(drainWithin)
	defer late.Stop()
	select {
	case err := <-done:
		return ended(ctx, err)
	case <-late.C:
		d.log.Error("some parts did not end in time; what was not finished is done at the next start")
		return nil
	}
}

// ended is nil for a part that was told to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// guard names the part in its error, and logs a panic before it ends the process:
// our own broken state stops us loudly.
func (d *Daemon) guard(ctx context.Context, p part) error {
	defer func() {
		if v := recover(); v != nil {
			d.log.Error("part panicked", zap.String("part", p.name), zap.Any("panic", v), zap.Stack("stack"))
			panic(v)
		}
	}()
	if err := p.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// Close gives back what Open took, for a daemon that is not run.
func (d *Daemon) Close() { d.close() }

// close closes in reverse order of opening.
func (d *Daemon) close() {
	if d.bus != nil {
		if err := d.bus.Close(); err != nil {
			d.log.Warn("bus did not close cleanly", zap.Error(err))
		}
	}
	if d.store != nil {
		if err := d.store.Close(); err != nil {
			d.log.Warn("store did not close cleanly", zap.Error(err))
		}
	}
	if d.lock != nil {
		if d.endpoint != "" {
			_ = os.Remove(d.endpoint) // nobody answers there any more
		}
		_ = d.lock.Release()
	}
}

// tick lets due clocks move cases.
func (d *Daemon) tick(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if err := d.desk.Tick(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("clocks were not read, trying again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
