package slack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/httpx"
)

// SocketOptions is what Sockets are made of.
type SocketOptions struct {
	// Handler takes the clicks; its receivers say which app tokens there are.
	Handler *Handler
	// Client makes the connection's client for a receiver whose Web API is at
	// apiHost: no other host may be private. It must follow no redirect.
	Client func(apiHost string) *http.Client
	Log    *zap.Logger
	Reg    prometheus.Registerer
}

// Sockets hear the clicks in Socket Mode, where no public address is needed: one
// connection for each app token among the receivers. A connection that ends is
// made anew, and one that Slack announces to end is followed by the next before
// it does. What was not answered comes again with the next one, and has no
// second effect.
type Sockets struct {
	opt       SocketOptions
	log       *zap.Logger
	connected *prometheus.GaugeVec
	changed   chan struct{}
	pause     httpx.Backoff
	// pingEvery and pongWithin tell a connection that is dead from one on which
	// nobody clicks. Slack's own pings are answered by the library.
	pingEvery, pongWithin time.Duration

	mu   sync.Mutex
	down map[string]trouble
	// known are the receivers that have a sample.
	known map[string]bool
}

// trouble is why a receiver's socket does not stand, and since when.
type trouble struct {
	since time.Time
	why   string
}

// The pauses between two tries, how long a connection must have stood to count
// as one that worked, and when one that says nothing is given up.
const (
	retryLeast = time.Second
	retryMost  = 30 * time.Second
	stood      = 10 * time.Second
	pingEvery  = 20 * time.Second
	pongWithin = 10 * time.Second
)

// NewSockets makes Sockets. Run is next.
func NewSockets(opt SocketOptions) (*Sockets, error) {
	if opt.Handler == nil || opt.Client == nil || opt.Reg == nil {
		return nil, errors.New("making the slack sockets: a handler, a client and a registry are needed")
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	s := &Sockets{
		pause: httpx.Backoff{Min: retryLeast, Max: retryMost}, pingEvery: pingEvery, pongWithin: pongWithin,
		opt: opt, log: opt.Log.Named("slack"), changed: make(chan struct{}, 1), down: map[string]trouble{}, known: map[string]bool{},
	}
	s.connected = promauto.With(opt.Reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "leakytap_slack_socket_connected",
		Help: "1 while the socket on which a receiver's clicks arrive stands.",
	}, []string{"receiver"})
	return s, nil
}

// Apply has Run look at the receivers again.
func (s *Sockets) Apply() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// app is an app token and the receivers that share it.
type app struct {
	token     string
	apiURL    string
	receivers []*Receiver
}

func (a app) names() []string {
	out := make([]string, len(a.receivers))
	for i, r := range a.receivers {
		out[i] = r.name
	}
	return out
}

// same reports whether the connection of a serves b as it stands.
func (a app) same(b app) bool {
	return slices.EqualFunc(a.receivers, b.receivers, func(x, y *Receiver) bool {
		return x.name == y.name && reflect.DeepEqual(x.cfg, y.cfg)
	})
}

// apps are the app tokens of the receivers as they are now.
func (s *Sockets) apps() map[string]app {
	out := map[string]app{}
	for _, r := range s.opt.Handler.opt.Receivers() {
		t := r.cfg.AppToken.Reveal()
		if t == "" {
			continue
		}
		key := t + "\x00" + r.cfg.APIURL
		a := out[key]
		a.token, a.apiURL, a.receivers = t, r.cfg.APIURL, append(a.receivers, r)
		out[key] = a
	}
	return out
}

// running is the loop of one app.
type running struct {
	app    app
	cancel context.CancelFunc
	done   chan struct{}
}

// Run keeps a connection for each app token until ctx ends; clicks that are
// being carried out are finished.
func (s *Sockets) Run(ctx context.Context) error {
	loops := map[string]*running{}
	for {
		want := s.apps()
		s.forget(want)
		for key, l := range loops {
			if w, ok := want[key]; !ok || !l.app.same(w) {
				l.cancel()
				<-l.done
				delete(loops, key)
			}
		}
		for key, a := range want {
			if loops[key] == nil {
				loops[key] = s.start(ctx, a)
			}
		}
		select {
		case <-s.changed:
			continue
		case <-ctx.Done():
		}
		for _, l := range loops {
			l.cancel()
			<-l.done
		}
		return nil
	}
}

func (s *Sockets) start(ctx context.Context, a app) *running {
	l := &running{app: a, done: make(chan struct{})}
	ctx, l.cancel = context.WithCancel(ctx)
	for _, n := range a.names() {
		s.connected.WithLabelValues(n).Set(0)
		s.mu.Lock()
		s.known[n] = true
		s.mu.Unlock()
	}
	go func() {
		defer close(l.done)
		s.keep(ctx, a)
	}()
	return l
}

// forget drops what is known of receivers that have no socket any more.
func (s *Sockets) forget(want map[string]app) {
	names := map[string]bool{}
	for _, a := range want {
		for _, n := range a.names() {
			names[n] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.known {
		if !names[n] {
			delete(s.known, n)
			delete(s.down, n)
			s.connected.DeleteLabelValues(n)
		}
	}
}

// keep makes one connection after the other until ctx ends.
func (s *Sockets) keep(ctx context.Context, a app) {
	client := s.opt.Client(host(a.apiURL))
	defer client.CloseIdleConnections()
	var open sync.WaitGroup
	defer open.Wait()
	failures := 0
	for ctx.Err() == nil {
		c := &socket{s: s, app: a, client: client, leaving: make(chan struct{}), ended: make(chan struct{})}
		begun := time.Now()
		open.Go(func() {
			defer close(c.ended)
			c.err = c.run(ctx)
		})
		left := false
		select {
		case <-c.leaving:
			// Slack will end it: the next one stands before it does.
			left = true
		case <-c.ended:
		}
		if ctx.Err() != nil {
			return
		}
		long := time.Since(begun) > stood
		if left && long {
			failures = 0
			continue
		}
		if failures++; long {
			failures = 1
		}
		if left {
			if !httpx.Wait(ctx, s.pause.Delay(failures, 0)) {
				return
			}
			continue
		}
		s.isDown(a, c.err)
		var after time.Duration
		if e, ok := errors.AsType[*alert.SendError](c.err); ok {
			after = e.After
			if e.Kind == alert.FailPermanent {
				after = s.pause.Max
			}
		}
		if !httpx.Wait(ctx, s.pause.Delay(failures, after)) {
			return
		}
	}
}

// isUp notes that the socket of an app stands.
func (s *Sockets) isUp(a app) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range a.names() {
		s.connected.WithLabelValues(n).Set(1)
		if t, was := s.down[n]; was {
			s.log.Info("clicks arrive again", zap.String("receiver", n), zap.Duration("after", time.Since(t.since)))
			delete(s.down, n)
		}
	}
}

// isDown notes that the socket of an app does not stand, and logs a new reason once.
func (s *Sockets) isDown(a app, err error) {
	why := "the connection ended"
	if err != nil {
		why = alert.WayOut(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range a.names() {
		s.connected.WithLabelValues(n).Set(0)
		t, was := s.down[n]
		if !was {
			t.since = time.Now()
		}
		if t.why != why {
			s.log.Warn("the socket for clicks does not stand, it is tried again", zap.String("receiver", n), zap.String("reason", why))
		}
		t.why = why
		s.down[n] = t
	}
}

// troubleAfter is how long a socket may be away before people are told.
const troubleAfter = 30 * time.Second

// Troubles are sentences about receivers whose buttons do not work now.
func (s *Sockets) Troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for n, t := range s.down {
		if time.Since(t.since) > troubleAfter {
			out = append(out, "The buttons of receiver "+n+" do not work since "+t.since.UTC().Format(time.TimeOnly)+": "+t.why)
		}
	}
	slices.Sort(out)
	return out
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// secure reports whether the Web API is asked over TLS; the socket then is too.
func secure(raw string) bool { return strings.HasPrefix(raw, "https://") }
