package main_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/leakytap/leakytap/internal/standin/smtp"
)

// place is something that is called over HTTP and fails now and then, before and after
// it has done what it was called for. It keeps what it took, in order.
type place struct {
	url   string
	do    http.Handler
	ended chan struct{}

	mu    sync.Mutex
	r     *rand.Rand
	calm  bool
	took  []taken
	fired map[string]int
}

// taken is a call that a place took.
type taken struct {
	at     time.Time
	path   string
	header http.Header
	body   []byte
}

// newPlace listens until the test ends; do answers a call that is taken.
func newPlace(t *testing.T, seed uint64, do http.HandlerFunc) *place {
	t.Helper()
	p := &place{do: do, ended: make(chan struct{}), r: rand.New(rand.NewPCG(seed, 21)), fired: map[string]int{}}
	srv := httptest.NewServer(p)
	p.url = srv.URL
	t.Cleanup(func() {
		close(p.ended) // before the server closes, which waits for what hangs
		srv.Close()
	})
	return p
}

// fault picks how the next call fails, or nothing.
func (p *place) fault() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calm {
		return ""
	}
	var name string
	switch n := p.r.IntN(100); {
	case n < 2:
		name = "429"
	case n < 6:
		name = "503 before"
	case n < 10:
		name = "502 after"
	case n < 12:
		name = "hang after"
	case n < 15:
		name = "reset after"
	case n < 18:
		name = "reset before"
	default:
		return ""
	}
	p.fired[name]++
	return name
}

// take does what the call is for and notes it.
func (p *place) take(w http.ResponseWriter, req *http.Request, body []byte) {
	p.mu.Lock()
	p.took = append(p.took, taken{time.Now(), req.URL.Path, req.Header.Clone(), body})
	p.mu.Unlock()
	p.do.ServeHTTP(w, withBody(req, body))
}

// ServeHTTP answers one call, as it should or not.
func (p *place) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // whoever called was killed
	}
	switch p.fault() {
	case "429":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case "503 before":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "502 after":
		p.take(httptest.NewRecorder(), req, body)
		w.WriteHeader(http.StatusBadGateway)
	case "hang after":
		p.take(httptest.NewRecorder(), req, body)
		select {
		case <-req.Context().Done():
		case <-p.ended:
		}
	case "reset after":
		p.take(httptest.NewRecorder(), req, body)
		panic(http.ErrAbortHandler)
	case "reset before":
		panic(http.ErrAbortHandler)
	default:
		p.take(w, req, body)
	}
}

// heal ends the faults and tells which happened.
func (p *place) heal() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = true
	return p.fired
}

// calls are those that were taken.
func (p *place) calls() []taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]taken(nil), p.took...)
}

// signedBy reports whether the call carries the signature of Standard Webhooks.
func (c taken) signedBy(key []byte) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.header.Get("Webhook-Id") + "." + c.header.Get("Webhook-Timestamp") + "."))
	mac.Write(c.body)
	return c.header.Get("Webhook-Signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// losesMail lets the mail server fail at any step of a session.
func losesMail(seed uint64) func(smtp.Step) *smtp.Fault {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 23))
	return func(at smtp.Step) *smtp.Fault {
		mu.Lock()
		defer mu.Unlock()
		f := smtp.Fault{At: at}
		switch n := r.IntN(100); {
		case n < 2:
			f.Drop = true
		case n < 4:
			f.Code, f.Enhanced = 451, [3]int{4, 3, 0}
		case n < 5 && at == smtp.StepData:
			f.Hang, f.Taken = true, true
		case n < 8 && at == smtp.StepData:
			f.Drop, f.Taken = true, true
		default:
			return nil
		}
		return &f
	}
}

// withBody is the request with its body as it was read.
func withBody(req *http.Request, body []byte) *http.Request {
	out := req.Clone(req.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	return out
}
