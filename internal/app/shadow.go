package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// shadowQueue is how many posts wait to be judged beside; more go by and are counted.
	shadowQueue = 1000
	// shadowSeen is how many posts are remembered, so that each counts once.
	shadowSeen = 100_000
	// shadowSaved is how often the counts are written.
	shadowSaved = 5 * time.Second
	// differencesKept and shadowsKept bound what is stored.
	differencesKept = 1000
	shadowsKept     = 50
	differencesTold = 200
)

// shadows runs one candidate beside the config: it judges each post that either matches
// as if nothing had ever happened, by both, and sends nothing. What it costs is a second
// match of every post and a second score of those that match; where it cannot keep up,
// posts go by it and never wait.
type shadows struct {
	store *store.Store
	log   *zap.Logger
	live  func() *Generation

	differences *prometheus.CounterVec
	posts       prometheus.Counter
	missed      prometheus.Counter
	running     prometheus.Gauge

	current atomic.Pointer[shadow]
	queue   chan sighting
	mu      sync.Mutex // held to start, stop and count
	seen    map[string]int64
}

// shadow is a candidate under way.
type shadow struct {
	rec    record.Shadow
	gen    *Generation
	missed atomic.Int64
	dirty  bool
}

// sighting is a post on its way to both judges.
type sighting struct {
	post   mention.Mention
	shadow *shadow
}

func newShadows(st *store.Store, live func() *Generation, log *zap.Logger, reg prometheus.Registerer) *shadows {
	f := promauto.With(reg)
	s := &shadows{
		store: st, log: log.Named("shadow"), live: live, queue: make(chan sighting, shadowQueue), seen: map[string]int64{},
		differences: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_shadow_differences_total", Help: "Posts that the shadow judges otherwise than the config, by what differs.",
		}, []string{"kind"}),
		posts: f.NewCounter(prometheus.CounterOpts{Name: "leakytap_shadow_posts_total", Help: "Posts that the shadow and the config both judged."}),
		missed: f.NewCounter(prometheus.CounterOpts{
			Name: "leakytap_shadow_missed_total", Help: "Posts that went by the shadow since it could not keep up.",
		}),
		running: f.NewGauge(prometheus.GaugeOpts{Name: "leakytap_shadow_running", Help: "1 while a candidate runs beside the config."}),
	}
	for _, k := range record.DifferenceKinds() {
		s.differences.WithLabelValues(k)
	}
	return s
}

// rules are those of a generation, with the shadow beside them where one runs.
func (s *shadows) rules(g *Generation) ingest.Rules {
	if sh := s.current.Load(); sh != nil {
		return beside{g.matching, s, sh}
	}
	return g.matching
}

// beside matches by the config and shows the shadow what concerns it.
type beside struct {
	matching
	shadows *shadows
	shadow  *shadow
}

// Match gives the brands that the config finds in m.
func (b beside) Match(m mention.Mention) []ingest.Hit {
	hits := b.matching.Match(m)
	concerns := len(b.shadow.gen.rules.Matcher.Match(m)) > 0
	for i := range hits {
		concerns = concerns || hits[i].Brand == b.shadow.rec.Brand
	}
	if concerns && !m.Retracted {
		select {
		case b.shadows.queue <- sighting{m, b.shadow}:
		default:
			b.shadow.missed.Add(1)
			b.shadows.missed.Inc()
		}
	}
	return hits
}

// run judges until ctx ends.
func (s *shadows) run(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		s.log.Warn("the shadow was not taken up again", zap.Error(err))
	}
	tick := time.NewTicker(shadowSaved)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.save(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			s.save(ctx)
		case x := <-s.queue:
			if err := s.judge(ctx, x); err != nil && ctx.Err() == nil {
				s.log.Warn("a difference was not kept", zap.Error(err))
			}
		}
	}
}

// judge judges one post by both.
func (s *shadows) judge(ctx context.Context, x sighting) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Load() != x.shadow {
		return nil // it was stopped
	}
	if old, ok := s.seen[x.post.ID]; ok && x.post.Revision <= old {
		return nil
	}
	if len(s.seen) >= shadowSeen {
		clear(s.seen)
	}
	s.seen[x.post.ID] = x.post.Revision
	name, now, live := x.shadow.rec.Brand, time.Now().UTC(), s.live()
	was := record.Decision{ID: x.post.ID, Brand: name, Outcome: record.OutcomeNotMatched, Severity: "none"}
	if _, ok := live.subjects[name]; ok {
		was = live.Judge(name, x.post, now)
	}
	will := x.shadow.gen.Judge(name, x.post, now)
	x.shadow.rec.Posts++
	x.shadow.dirty = true
	s.posts.Inc()
	kind := tune.KindOf(was, will)
	if kind == "" {
		return nil
	}
	s.differences.WithLabelValues(kind).Inc()
	x.shadow.rec.Differences[kind]++
	d := record.Difference{
		Mention: x.post.ID, Brand: name, URL: x.post.URL, Kind: kind, Was: was.Outcome, Now: will.Outcome, Severity: string(will.Severity),
		Route: will.Route, Venting: max(was.Venting, will.Venting), At: now,
	}
	if was.Severity != will.Severity {
		d.SeverityBefore = string(was.Severity)
	}
	if was.Route != will.Route {
		d.RouteBefore = was.Route
	}
	_, err := s.store.AddJournal(ctx, record.JournalDifference, strconv.FormatInt(x.shadow.rec.N, 10), now, d, differencesKept)
	return err
}

// save writes the counts.
func (s *shadows) save(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.current.Load()
	if sh == nil || !sh.dirty && sh.missed.Load() == sh.rec.Missed {
		return
	}
	sh.dirty, sh.rec.Missed = false, sh.missed.Load()
	if err := s.store.SetJournal(ctx, sh.rec.N, sh.rec); err != nil && ctx.Err() == nil {
		s.log.Warn("the shadow's counts were not kept", zap.Error(err))
	}
}

// candidate builds what a brand file would make of the running config.
func candidate(cfg *config.Config, data []byte) (*config.Config, string, error) {
	other, name, problems := cfg.WithBrand("", data)
	if errs := config.Errors(problems); len(errs) > 0 {
		return nil, "", &web.Refused{Message: lines(errs)}
	}
	alone, ok := other.Alone(name)
	if !ok {
		return nil, "", &web.Refused{Message: "the file holds no brand"}
	}
	pins, err := CheckPins(alone)
	if err != nil {
		return nil, "", err
	}
	for key, ps := range pins {
		return nil, "", &web.Refused{Message: "it would be refused: " + lines(alone.Reject(key, ps))}
	}
	return other, name, nil
}

func lines(ps []config.Problem) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Error()
	}
	return strings.Join(out, "\n")
}

// start begins a shadow; one that runs is stopped.
func (s *shadows) start(ctx context.Context, data []byte, by string) error {
	other, name, err := candidate(s.live().cfg, data)
	if err != nil {
		return err
	}
	gen, err := s.generation(other, name)
	if err != nil {
		return err
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := &shadow{gen: gen, rec: record.Shadow{Brand: name, YAML: data, By: by, StartedAt: time.Now().UTC(), Differences: map[string]int64{}}}
	if sh.rec.N, err = s.store.AddJournal(ctx, record.JournalShadow, "", sh.rec.StartedAt, sh.rec, shadowsKept); err != nil {
		return err
	}
	if err := s.store.SetJournal(ctx, sh.rec.N, sh.rec); err != nil {
		return err
	}
	s.begin(sh)
	return nil
}

func (*shadows) generation(other *config.Config, name string) (*Generation, error) {
	alone, ok := other.Alone(name)
	if !ok {
		return nil, fmt.Errorf("the candidate has no brand %s", name)
	}
	return NewGeneration(alone)
}

func (s *shadows) begin(sh *shadow) {
	clear(s.seen)
	sh.missed.Store(sh.rec.Missed)
	s.current.Store(sh)
	s.running.Set(1)
}

// stop ends the shadow that runs, if any.
func (s *shadows) stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.current.Load()
	if sh == nil {
		return nil
	}
	sh.rec.StoppedAt, sh.rec.Missed = time.Now().UTC(), sh.missed.Load()
	if err := s.store.SetJournal(ctx, sh.rec.N, sh.rec); err != nil {
		return err
	}
	s.current.Store(nil)
	s.running.Set(0)
	return nil
}

// resume takes up a shadow that ran when the daemon ended.
func (s *shadows) resume(ctx context.Context) error {
	last, ok, err := s.last(ctx)
	if err != nil || !ok || !last.StoppedAt.IsZero() || s.current.Load() != nil {
		return err
	}
	other, name, err := candidate(s.live().cfg, last.YAML)
	var gen *Generation
	if err == nil {
		gen, err = s.generation(other, name)
	}
	if err != nil {
		last.StoppedAt = time.Now().UTC()
		return errors.Join(err, s.store.SetJournal(ctx, last.N, last))
	}
	if last.Differences == nil {
		last.Differences = map[string]int64{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(&shadow{gen: gen, rec: last})
	return nil
}

// renew builds the candidate again on a config that was taken: what it shares with the
// others may have changed.
func (s *shadows) renew(ctx context.Context, cfg *config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.current.Load()
	if sh == nil {
		return
	}
	other, name, err := candidate(cfg, sh.rec.YAML)
	if err == nil {
		var gen *Generation
		if gen, err = s.generation(other, name); err == nil {
			s.current.Store(s.with(sh, gen))
			return
		}
	}
	s.log.Warn("the shadow does not fit the new config and was stopped", zap.Error(err))
	sh.rec.StoppedAt = time.Now().UTC()
	if err := s.store.SetJournal(ctx, sh.rec.N, sh.rec); err != nil {
		s.log.Warn("the shadow's end was not kept", zap.Error(err))
	}
	s.current.Store(nil)
	s.running.Set(0)
}

func (*shadows) with(sh *shadow, gen *Generation) *shadow {
	out := &shadow{rec: sh.rec, gen: gen, dirty: true}
	out.missed.Store(sh.missed.Load())
	return out
}

func (s *shadows) last(ctx context.Context) (record.Shadow, bool, error) {
	rows, err := s.store.Journal(ctx, record.JournalShadow, "", 1)
	if err != nil || len(rows) == 0 {
		return record.Shadow{}, false, err
	}
	var out record.Shadow
	if err := json.Unmarshal(rows[0].Body, &out); err != nil {
		return out, false, fmt.Errorf("reading the last shadow: %w", err)
	}
	out.N = rows[0].N
	return out, true, nil
}

// report is the shadow that runs, or the last one.
func (s *shadows) report(ctx context.Context) (tune.ShadowReport, error) {
	var out tune.ShadowReport
	s.mu.Lock()
	if sh := s.current.Load(); sh != nil {
		out.Running, out.Shadow = true, sh.rec
		out.Shadow.Missed, out.Shadow.Differences = sh.missed.Load(), maps.Clone(sh.rec.Differences)
	}
	s.mu.Unlock()
	if !out.Running {
		last, ok, err := s.last(ctx)
		if err != nil || !ok {
			return out, err
		}
		out.Shadow = last
	}
	rows, err := s.store.Journal(ctx, record.JournalDifference, strconv.FormatInt(out.Shadow.N, 10), differencesTold)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		var d record.Difference
		if json.Unmarshal(r.Body, &d) == nil {
			out.Differences = append(out.Differences, d)
		}
	}
	return out, nil
}
