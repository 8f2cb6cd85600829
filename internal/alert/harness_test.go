package alert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inProcess brings a request to a handler without a network, so that the tests
// run in virtual time: the answer comes when the handler is done, or the
// caller's time is over and the handler learns that it is gone.
type inProcess struct {
	h http.Handler
	// open waits for handlers that outlive their caller.
	open *sync.WaitGroup
}

type answer struct {
	header http.Header
	body   bytes.Buffer
	code   int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) WriteHeader(c int)           { a.code = c }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	done := make(chan *answer, 1)
	t.open.Go(func() {
		a := &answer{header: http.Header{}, code: http.StatusOK}
		defer func() {
			if recover() != nil {
				a = nil
			}
			done <- a
		}()
		t.h.ServeHTTP(a, req)
	})
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case a := <-done:
		if a == nil {
			return nil, io.ErrUnexpectedEOF
		}
		return &http.Response{
			StatusCode: a.code, Status: http.StatusText(a.code), Header: a.header, Request: req, Body: io.NopCloser(&a.body),
		}, nil
	}
}

const (
	channel = "C0ACME"
	timeout = 5 * time.Second
	settle  = 15 * time.Second
)

// world is a store, a Slack and what lies between them.
type world struct {
	t       *testing.T
	slack   *standin.Server
	store   *store.Store
	recv    *slack.Receiver
	reg     *prometheus.Registry
	metrics *alert.Metrics
	open    sync.WaitGroup
	next    atomic.Int64
	mu      sync.Mutex
	states  []alert.Status
	// step is how often, in virtual time, the outbox is asked whether it is empty.
	step time.Duration
}

// made is a new store's file, made once: its schema takes longer than most tests.
var made struct {
	sync.Once
	file []byte
}

func template(t *testing.T) []byte {
	t.Helper()
	made.Do(func() {
		dir := t.TempDir()
		s, err := store.OpenScratch(t.Context(), store.Config{}, dir, zap.NewNop())
		require.NoError(t, err)
		require.NoError(t, s.Close())
		made.file, err = os.ReadFile(filepath.Join(dir, store.FileName))
		require.NoError(t, err)
	})
	require.NotEmpty(t, made.file)
	return made.file
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, reg: prometheus.NewRegistry(), step: 250 * time.Millisecond}
	w.slack = standin.New(standin.Options{Channels: []standin.Channel{{ID: channel, Name: "support"}}})
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, store.FileName), template(t), 0o600))
	var err error
	w.store, err = store.OpenScratch(t.Context(), store.Config{}, dir, zap.NewNop())
	require.NoError(t, err)
	client := &http.Client{Transport: inProcess{h: w.slack, open: &w.open}}
	w.recv, err = slack.New("support", slack.Config{
		APIURL: "http://slack.test/api/", Token: standin.DefaultToken, Channel: channel, SigningSecret: standin.DefaultSigningSecret,
	}, client)
	require.NoError(t, err)
	w.metrics = alert.NewMetrics(w.reg)
	w.metrics.Ensure([]string{"acme"}, []string{"support"})
	return w
}

func (w *world) close() {
	w.t.Helper()
	require.NoError(w.t, w.slack.Close())
	w.open.Wait()
	require.NoError(w.t, w.store.Close())
}

func caseOf(i int64) record.Case {
	now := time.Now()
	return record.Case{
		ID: fmt.Sprintf("01CASE%020d", i), Brand: "acme", State: record.StateOpen, Severity: vent.SeverityHigh, About: "delayed parcel",
		Root: fmt.Sprintf("rss:%d", i), Conversation: fmt.Sprintf("rss:%d", i), Platform: "rss", URL: fmt.Sprintf("https://forum.example/%d", i),
		Text: "three hours on hold", AuthorName: "Jo", Venting: 0.93, Mentions: 1, Authors: 1, Route: "support", Episode: 1,
		OpenedAt: now, UpdatedAt: now, LastPostAt: now,
	}
}

// owe writes a case and notices of the kinds for it, and gives the case's id.
func (w *world) owe(kinds ...record.NoticeKind) string {
	w.t.Helper()
	i := w.next.Add(1)
	c := caseOf(i)
	err := w.store.Update(w.t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		err := tx.PutMention(record.Stored{Brand: "acme", Case: c.ID, Mention: mention.Mention{
			ID: c.Root, Source: "forum", Platform: "rss", NativeID: strconv.FormatInt(i, 10), URL: c.URL, Text: c.Text, Kind: mention.KindPost,
			Author: mention.Author{Name: "Jo", Handle: "jo.example"}, CreatedAt: c.OpenedAt, ObservedAt: c.OpenedAt,
		}})
		return errors.Join(err, tx.PutCase(c))
	})
	require.NoError(w.t, err)
	for n, k := range kinds {
		w.notice(record.Notice{
			Key: fmt.Sprintf("%s/1/%s/%d/support", c.ID, k, n), Kind: k, Case: c.ID, Brand: "acme", ObservedAt: c.OpenedAt,
			Body: body(k, c),
		})
	}
	return c.ID
}

func body(k record.NoticeKind, c record.Case) record.NoticeBody {
	if k != record.NoticeReply {
		return record.NoticeBody{}
	}
	return record.NoticeBody{Title: "The customer wrote again", Items: []record.NoticeItem{{Mention: c.Root + "/2", URL: c.URL + "/2", Author: "Jo", Text: "still waiting"}}}
}

func (w *world) notice(n record.Notice) {
	w.t.Helper()
	n.Receiver, n.State = "support", record.NoticePending
	n.CreatedAt, n.DueAt = time.Now(), time.Now()
	require.NoError(w.t, w.store.PutNotices(w.t.Context(), []record.Notice{n}))
}

// change edits a case.
func (w *world) change(id string, fn func(*record.Case)) {
	w.t.Helper()
	require.NoError(w.t, w.store.Update(w.t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		c, ok, err := tx.Case(id)
		if err != nil || !ok {
			return fmt.Errorf("case %s: %w", id, err)
		}
		fn(&c)
		return tx.PutCase(c)
	}))
}

func (w *world) options() alert.Options {
	return alert.Options{
		Name: "support", Receiver: w.recv, Outbox: w.store, Cases: w.store, NoCase: store.ErrNotFound,
		Timeout: timeout, Settle: settle, Poll: 2 * time.Second, Metrics: w.metrics, Log: zap.NewNop(),
		OnState: func(_ context.Context, s alert.Status) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.states = append(w.states, s)
		},
	}
}

// drain runs a drain until stop is called.
func (w *world) drain(opt alert.Options) (stop func()) {
	w.t.Helper()
	d, err := alert.NewDrain(opt)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(w.t, <-done)
	}
}

func (w *world) owed() int {
	w.t.Helper()
	_, pending, err := w.store.OutboxStats(context.Background())
	require.NoError(w.t, err)
	return pending["support"]
}

// settled waits, in virtual time, until nothing is owed.
func (w *world) settled(most time.Duration) {
	w.t.Helper()
	until := time.Now().Add(most)
	for w.owed() > 0 {
		if time.Now().After(until) {
			ns, _ := w.store.UnsentNotices(context.Background(), "support", 0, 10)
			require.FailNowf(w.t, "still owed", "after %s: %+v", most, ns)
		}
		<-time.After(w.step)
	}
}

// copies counts the messages by key.
func (w *world) copies() map[string]int {
	out := map[string]int{}
	for _, m := range w.slack.Messages(channel) {
		out[m.Key()]++
	}
	return out
}

func (w *world) metric(name string) float64 {
	w.t.Helper()
	ms, err := w.reg.Gather()
	require.NoError(w.t, err)
	sum := 0.0
	for _, m := range ms {
		if m.GetName() != name {
			continue
		}
		for _, x := range m.GetMetric() {
			sum += x.GetCounter().GetValue() + x.GetGauge().GetValue() + float64(x.GetHistogram().GetSampleCount())
		}
	}
	return sum
}
