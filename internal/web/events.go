package web

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// maxStreams bounds the live pages; one more is told to come back.
	maxStreams = 64
	// lookEvery is how often the store is asked, once for all streams.
	lookEvery = 500 * time.Millisecond
	beatEvery = 15 * time.Second
	// streamLife ends a stream, so that its login is checked again.
	streamLife = 30 * time.Minute
)

// events knows whether what the pages show has changed. No goroutine of its own
// works for it: whoever asks first in an interval looks for all.
type events struct {
	backend Backend
	ready   func(context.Context) error

	mu      sync.Mutex
	streams int
	at      time.Time
	mark    uint64
}

func (e *events) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.streams >= maxStreams {
		return false
	}
	e.streams++
	return true
}

func (e *events) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams--
}

// current is a fingerprint of the live cases and of the daemon's state. A look
// that fails counts as a change once, so that the pages show what is wrong.
func (e *events) current(ctx context.Context) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); e.at.IsZero() || now.Sub(e.at) >= lookEvery*9/10 {
		if mark, ok := e.look(ctx); ok {
			e.mark, e.at = mark, now
		}
	}
	return e.mark
}

func (e *events) look(ctx context.Context) (mark uint64, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	h := fnv.New64a()
	cases, err := e.backend.Cases(ctx, CaseFilter{Page: Page{Limit: maxPage}, States: liveStates()})
	if err != nil {
		if ctx.Err() != nil {
			return 0, false
		}
		_, _ = io.WriteString(h, "failing")
		return h.Sum64(), true
	}
	for i := range cases {
		_, _ = fmt.Fprintf(h, "%s %d\n", cases[i].ID, cases[i].Version)
	}
	if stats, err := e.backend.Sources(ctx); err == nil {
		for i := range stats {
			_, _ = fmt.Fprintf(h, "%s %t %s\n", stats[i].Source, stats[i].Blind, stats[i].Reason)
		}
	}
	if err := e.ready(ctx); err != nil {
		_, _ = io.WriteString(h, "not ready")
	}
	return h.Sum64(), ctx.Err() == nil
}

// stream sends "changed" each time that a page should be read again.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, _ person) error {
	if !s.events.enter() {
		w.Header().Set("Retry-After", "30")
		return &httpError{http.StatusServiceUnavailable, "busy", "too many live pages are open; this one must be reloaded by hand"}
	}
	defer s.events.leave()
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	send := func(text string) bool {
		// A recorder has no deadline, and a connection that is gone fails at the write.
		_ = rc.SetWriteDeadline(time.Now().Add(2 * beatEvery))
		if _, err := io.WriteString(w, text); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
	// The server's read deadline is for requests; here it would end the stream.
	_ = rc.SetReadDeadline(time.Time{})
	ctx := r.Context()
	last := s.events.current(ctx)
	// A page tells which mark it was made from: what changed since is not missed.
	if mark, err := strconv.ParseUint(r.FormValue("mark"), 16, 64); err == nil {
		last = mark
	}
	if !send("retry: 3000\n\n") {
		return nil
	}
	look, beat, life := time.NewTicker(lookEvery), time.NewTicker(beatEvery), time.NewTimer(streamLife)
	defer look.Stop()
	defer beat.Stop()
	defer life.Stop()
	for ok := true; ok; {
		select {
		case <-ctx.Done():
			return nil
		case <-s.stopping:
			return nil
		case <-life.C:
			return nil
		case <-beat.C:
			ok = send(": still here\n\n")
		case <-look.C:
			if mark := s.events.current(ctx); mark != last {
				last = mark
				ok = send("event: changed\ndata: {}\n\n")
			}
		}
	}
	return nil
}
