package slack

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Fault is a way for one call to fail.
type Fault struct {
	// Name is what Fired counts it under.
	Name string
	// Store does what was asked before failing.
	Store bool
	// Status and RetryAfter make a failure of HTTP.
	Status     int
	RetryAfter string
	// Code makes an answer with ok false and this error.
	Code string
	// Truncate cuts the answer's JSON in the middle.
	Truncate bool
	// Reset closes the connection without an answer.
	Reset bool
	// Hang answers nothing until the caller is gone.
	Hang bool
	// Late does what was asked this long after the caller is gone; it needs Hang.
	Late time.Duration
}

// RateLimited is a 429 with Retry-After as written.
func RateLimited(after string) Fault {
	return Fault{Name: "429", Status: http.StatusTooManyRequests, RetryAfter: after}
}

// ErrorBefore is a 500 that stored nothing.
func ErrorBefore() Fault { return Fault{Name: "500 before", Status: http.StatusInternalServerError} }

// ErrorAfter is a 500 after the message was stored.
func ErrorAfter() Fault {
	return Fault{Name: "500 after", Status: http.StatusInternalServerError, Store: true}
}

// HangAfter stores the message and answers nothing.
func HangAfter() Fault { return Fault{Name: "hang", Store: true, Hang: true} }

// LateArrival stores the message some time after the caller has given up.
func LateArrival(d time.Duration) Fault { return Fault{Name: "late", Hang: true, Late: d} }

// ResetAfter stores the message and drops the connection.
func ResetAfter() Fault { return Fault{Name: "reset", Store: true, Reset: true} }

// TruncatedAfter stores the message and sends half of the answer.
func TruncatedAfter() Fault { return Fault{Name: "truncated", Store: true, Truncate: true} }

// Refuse answers with ok false and an error code.
func Refuse(code string) Fault { return Fault{Name: code, Code: code} }

// Fail lets the next n calls of a method fail.
func (s *Server) Fail(method string, n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.faults[method] = append(s.faults[method], &f)
	}
}

// FailBy asks choose at each call that has no other fault; nil is none. A nil
// choose ends it. It must not call the Server.
func (s *Server) FailBy(choose func(method string) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose = choose
}

// Heal ends every fault that was asked for.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.choose = map[string][]*Fault{}, nil
}

func (s *Server) nextFault(method string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.faults[method]; len(q) > 0 {
		s.faults[method] = q[1:]
		return q[0]
	}
	if s.choose != nil {
		return s.choose(method)
	}
	return nil
}

func (s *Server) fail(w http.ResponseWriter, req *http.Request, f *Fault, m method, p params, token string) {
	s.mu.Lock()
	s.fired[f.Name]++
	s.mu.Unlock()
	done := reply{"ok": true}
	if f.Store {
		done = s.run(m, p, token)
	}
	if f.Hang {
		s.hang(req.Context())
		if f.Late > 0 && s.pause(f.Late) {
			s.run(m, p, token)
		}
		return
	}
	switch {
	case f.Reset:
		panic(http.ErrAbortHandler)
	case f.Truncate:
		raw, err := json.Marshal(done)
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(raw[:len(raw)/2])
	case f.Code != "":
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
			s.window(p["channel"], f.RetryAfter)
		}
		s.answer(w, failure(f.Code))
	default:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
			s.window(p["channel"], f.RetryAfter)
		}
		http.Error(w, "no answer today", f.Status)
	}
}

// hang waits until the caller is gone or the stand-in ends.
func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closing:
	}
}

// pause waits and reports whether the stand-in is still there.
func (s *Server) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closing:
		return false
	}
}

// window notes until when no call is welcome.
func (s *Server) window(channel, after string) {
	d := time.Second
	if n, err := strconv.ParseFloat(after, 64); err == nil {
		d = time.Duration(min(max(n, 1), 300) * float64(time.Second))
	} else if t, err := http.ParseTime(after); err == nil {
		d = max(time.Until(t), 0)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows[channel] = time.Now().Add(d)
}

// bucket is what a channel has left of its rate.
type bucket struct {
	left float64
	at   time.Time
}

// limited counts calls that come too early and applies the rate limit. It
// reports whether the call was answered.
func (s *Server) limited(w http.ResponseWriter, name, channel string) bool {
	if channel == "" {
		return false
	}
	now := time.Now()
	s.mu.Lock()
	if now.Before(s.windows[channel]) {
		s.early++
	}
	if s.opt.PerSecond <= 0 || name != "chat.postMessage" {
		s.mu.Unlock()
		return false
	}
	b := s.buckets[channel]
	if b == nil {
		b = &bucket{left: float64(max(s.opt.Burst, 1)), at: now}
		s.buckets[channel] = b
	}
	b.left = math.Min(float64(max(s.opt.Burst, 1)), b.left+now.Sub(b.at).Seconds()*s.opt.PerSecond)
	b.at = now
	if b.left >= 1 {
		b.left--
		s.mu.Unlock()
		return false
	}
	wait := int(math.Ceil((1 - b.left) / s.opt.PerSecond))
	s.windows[channel] = now.Add(time.Duration(wait) * time.Second)
	s.fired["rate limit"]++
	s.mu.Unlock()
	w.Header().Set("Retry-After", strconv.Itoa(wait))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(`{"ok":false,"error":"ratelimited"}`))
	return true
}
