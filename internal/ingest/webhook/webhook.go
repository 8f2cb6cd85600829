// Package webhook takes posts that others send: POST /api/v1/ingest/{source} with
// one mention, an array of them or one on each line.
//
// It answers 202 only once every good row is durable on the log, so that a sender
// that repeats until it gets 202 loses nothing; what comes twice is known by its
// id and does nothing. Bad rows are named in the answer and put aside. Memory is
// bounded: bodies share one budget of bytes, and rows are read from the body in
// pieces.
//
//	webhook.go  the source, and the way of a request
//	auth.go     bearer token and Standard Webhooks signature
//	body.go     the body: caps, gzip, content types
//	rows.go     the rows of a body, without copying them
//	deliver.go  rows on their way to the log
//	recent.go   deliveries that were acknowledged lately
//	answer.go   what the sender is told
package webhook

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/leakytap/leakytap/internal/ingest"
)

const (
	// budget is how many bytes of bodies are held at a time: one of the largest,
	// with what it unpacks to.
	budget = 2 * maxBody
	// publishWithin is how long one piece of a request may wait for the log: less
	// than senders and the worker wait, so that the answer reaches the one and the
	// other is not held up.
	publishWithin = 10 * time.Second
	// startWithin is how long a request waits for the source to run for the first time.
	startWithin = 3 * time.Second
	// readWithin is how long a sender may take to send its body.
	readWithin = 20 * time.Second
)

// Source is one webhook. It is both the source, which lends its session to the
// requests, and their handler.
type Source struct {
	name   string
	auth   auth
	open   bool
	cross  http.CrossOriginProtection
	bytes  *semaphore.Weighted
	recent *recent
	wait   time.Duration
	// begun is closed, once, when the source first runs.
	begun chan struct{}
	once  sync.Once

	mu   sync.RWMutex
	sess *ingest.Session
	// closing ends with the session; inFlight are the requests that use it.
	closing  chan struct{}
	inFlight *sync.WaitGroup
}

// New makes the webhook of cfg; it takes nothing before Run. With openOnLoopback a
// source without token and signing secret takes posts from whoever reaches it:
// say so only where the daemon listens on loopback or has asked for a login.
func New(cfg ingest.Config, openOnLoopback bool) (*Source, error) {
	a, err := newAuth(cfg)
	if err != nil {
		return nil, fmt.Errorf("making source %s: %w", cfg.Name, err)
	}
	return &Source{
		name: cfg.Name, auth: a, open: openOnLoopback, bytes: semaphore.NewWeighted(budget),
		recent: newRecent(), wait: publishWithin, begun: make(chan struct{}),
	}, nil
}

// Run lends the session to the requests until ctx ends, and returns once the last
// of them is answered.
func (s *Source) Run(ctx context.Context, sess *ingest.Session) error {
	closing, inFlight := make(chan struct{}), &sync.WaitGroup{}
	s.mu.Lock()
	s.sess, s.closing, s.inFlight = sess, closing, inFlight
	s.mu.Unlock()
	s.once.Do(func() { close(s.begun) })
	sess.OK(ctx)
	<-ctx.Done()
	s.mu.Lock()
	if s.sess == sess {
		s.sess = nil
	}
	s.mu.Unlock()
	close(closing)
	inFlight.Wait()
	return nil
}

// lease is the session as one request uses it.
type lease struct {
	sess    *ingest.Session
	closing <-chan struct{}
	done    func()
}

// borrow gives the session, false where the source does not run.
func (s *Source) borrow() (lease, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.sess == nil {
		return lease{}, false
	}
	s.inFlight.Add(1)
	return lease{sess: s.sess, closing: s.closing, done: s.inFlight.Done}, true
}

// runs reports whether the source runs. One that is about to is waited for: the
// daemon is ready, and heard by others, a moment before its sources run.
func (s *Source) runs(ctx context.Context) bool {
	late := time.NewTimer(startWithin)
	defer late.Stop()
	select {
	case <-s.begun:
	case <-ctx.Done():
	case <-late.C:
	}
	return s.running()
}

func (s *Source) running() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sess != nil
}

// ServeHTTP takes one delivery.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r).write(w)
}

func (s *Source) serve(w http.ResponseWriter, r *http.Request) answer {
	if r.Method != http.MethodPost {
		a := refuse(http.StatusMethodNotAllowed, "method_not_allowed", "this address takes POST only")
		a.header = [2]string{"Allow", http.MethodPost}
		return a
	}
	if a, ok := s.admit(r); !ok {
		return a
	}
	if !s.runs(r.Context()) {
		return later(1, "not_running", "the source is not running yet; send it again")
	}
	b := &body{pool: s.bytes, wait: s.wait}
	defer b.release()
	if a, ok := b.read(w, r); !ok {
		return a
	}
	if !s.auth.signed(r.Header, b.raw, time.Now()) && !s.auth.bearer(r.Header) && !s.auth.none() {
		return unauthorized("the signature is not right; sign webhook-id.webhook-timestamp.body with the source's signing secret")
	}
	text, a, ok := b.text(r)
	if !ok {
		return a
	}
	rows, a, ok := split(text, typeOf(r.Header.Get("Content-Type")))
	if !ok {
		return a
	}
	l, ok := s.borrow()
	if !ok {
		return later(1, "not_running", "the source is not running any more; send it again")
	}
	defer l.done()
	key := deliveryKey(r.Header.Get("Webhook-Id"), b.raw)
	if res, ok := s.recent.find(key, time.Now()); ok {
		return res.answer()
	}
	res, a, ok := s.deliver(r.Context(), l, rows)
	if !ok {
		return a
	}
	s.recent.add(key, res, time.Now())
	return res.answer()
}

// admit refuses, before the body is read, whoever cannot be let in.
func (s *Source) admit(r *http.Request) (answer, bool) {
	switch {
	case s.auth.bearer(r.Header):
	case s.auth.maySign(r.Header):
	case !s.auth.none():
		return unauthorized("send the source's token as Authorization: Bearer TOKEN, or sign the request by Standard Webhooks"), false
	case !s.open:
		return unauthorized("this source has no token: set token_file or signing_secret_file for it in the config"), false
	default:
		// A page in a browser on this machine reaches loopback as well.
		if err := s.cross.Check(r); err != nil {
			return refuse(http.StatusForbidden, "cross_origin", "a page of another site may not post here; set a token for the source"), false
		}
	}
	return answer{}, true
}
