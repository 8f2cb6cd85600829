// Package ingesttest runs sources in tests: under the real worker, over the real
// store, with a log in memory that can refuse.
package ingesttest

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// ErrDown is what a log or store that was switched off answers.
var ErrDown = errors.New("switched off by the test")

// Brands are rules by plain words: a post matches a brand when title, text or
// author handle hold its word; a second word after a minus excludes.
type Brands map[string]string

// Match gives the brands whose word is in m.
func (b Brands) Match(m mention.Mention) []ingest.Hit {
	text := strings.ToLower(m.Title + " " + m.Text + " " + m.Author.Handle)
	var out []ingest.Hit
	for name, words := range b {
		word, not, _ := strings.Cut(words, " -")
		if !strings.Contains(text, word) {
			continue
		}
		hit := ingest.Hit{Brand: name, Terms: []string{word}}
		if not != "" && strings.Contains(text, not) {
			hit.ExcludedBy = not
		}
		out = append(out, hit)
	}
	return out
}

// Hash is the brand's own words.
func (b Brands) Hash(brand string) (string, bool) {
	words, ok := b[brand]
	return "hash of " + words, ok
}

// Log is a bus.Publisher in memory.
type Log struct {
	mu   sync.Mutex
	msgs []bus.Message
	dead []Dead
	down bool
}

// Dead is a dead letter that was sent.
type Dead struct {
	Stage, Reason string
	Message       bus.Message
	Cause         error
}

// Publish keeps the messages.
func (l *Log) Publish(_ context.Context, topic string, msgs ...bus.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return ErrDown
	}
	for _, m := range msgs {
		if len(m.Value) > bus.MaxValue {
			return bus.ErrTooLarge
		}
		m.Topic, m.Offset = topic, int64(len(l.msgs))
		l.msgs = append(l.msgs, m)
	}
	return nil
}

// Send keeps a dead letter.
func (l *Log) Send(_ context.Context, stage, reason string, m bus.Message, cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return ErrDown
	}
	l.dead = append(l.dead, Dead{Stage: stage, Reason: reason, Message: m, Cause: cause})
	return nil
}

// SetDown makes every call fail, or no longer.
func (l *Log) SetDown(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// Matched are the envelopes so far, in order.
func (l *Log) Matched(tb testing.TB) []record.Matched {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]record.Matched, 0, len(l.msgs))
	for _, m := range l.msgs {
		var e record.Matched
		if err := json.Unmarshal(m.Value, &e); err != nil {
			tb.Fatalf("an envelope is no JSON: %v", err)
		}
		if e.Key() != m.Key || e.V != record.Version || m.Topic != bus.TopicMentions {
			tb.Fatalf("envelope %+v travels under key %q on %q", e, m.Key, m.Topic)
		}
		out = append(out, e)
	}
	return out
}

// Len is how many envelopes there are so far.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.msgs)
}

// Dead are the dead letters so far.
func (l *Log) Dead() []Dead {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Dead(nil), l.dead...)
}

// Store is the real store with a switch.
type Store struct {
	*store.Store
	mu   sync.Mutex
	down bool
}

// SetDown makes the store refuse to save progress, or no longer.
func (s *Store) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// SaveProgress is the store's, unless it is switched off.
func (s *Store) SaveProgress(ctx context.Context, p store.Progress) error {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return ErrDown
	}
	return s.Store.SaveProgress(ctx, p)
}

// Rig is one ingest with its surroundings.
type Rig struct {
	Log    *Log
	Store  *Store
	Rules  Brands
	Reg    *prometheus.Registry
	Ingest *ingest.Ingest

	t    testing.TB
	stop func()
}

// New makes a rig over a fresh store; it listens to nothing yet.
func New(tb testing.TB, rules Brands) *Rig {
	tb.Helper()
	st, err := store.OpenScratch(context.Background(), store.Config{}, tb.TempDir(), zap.NewNop())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := st.Close(); err != nil {
			tb.Error(err)
		}
	})
	r := &Rig{Log: &Log{}, Store: &Store{Store: st}, Rules: rules, t: tb}
	r.renew()
	return r
}

func (r *Rig) renew() {
	r.t.Helper()
	r.Reg = prometheus.NewRegistry()
	in, err := ingest.New(ingest.Options{
		Store: r.Store, Bus: r.Log, Dead: r.Log, Rules: func() ingest.Rules { return r.Rules }, Reg: r.Reg, Log: zap.NewNop(),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Ingest = in
}

// Start runs the sources until Stop or the end of the test.
func (r *Rig) Start(specs ...ingest.Spec) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	in := r.Ingest
	in.Apply(specs)
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	in.Prepare(names, nil)
	go func() {
		defer close(done)
		_ = in.Run(ctx)
	}()
	var once sync.Once
	r.stop = func() { once.Do(func() { cancel(); <-done }) }
	r.t.Cleanup(r.stop)
}

// Stop ends the sources; a later Start is a fresh process over the same store.
func (r *Rig) Stop() {
	r.stop()
	r.renew()
}

// Until waits until cond holds.
func (r *Rig) Until(what string, cond func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			r.t.Fatalf("waited in vain for: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Wait waits until n envelopes are on the log and gives them all.
func (r *Rig) Wait(n int) []record.Matched {
	r.t.Helper()
	r.Until(strconv.Itoa(n)+" envelopes", func() bool { return r.Log.Len() >= n })
	return r.Log.Matched(r.t)
}

// WaitError waits until a source has at least one error of that reason.
func (r *Rig) WaitError(source string, reason ingest.Reason) {
	r.t.Helper()
	r.Until("an error of reason "+string(reason), func() bool { return r.Errors(source, reason) > 0 })
}

// Errors is leakytap_source_errors_total of a source and reason.
func (r *Rig) Errors(source string, reason ingest.Reason) float64 {
	return r.Metric("leakytap_source_errors_total", "source", source, "reason", string(reason))
}

// Metric is the value of the sample of name that has these labels, -1 where there is none.
func (r *Rig) Metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.Reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			ok := true
			for i := 0; i+1 < len(labels); i += 2 {
				ok = ok && have[labels[i]] == labels[i+1]
			}
			if ok {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return -1
}
