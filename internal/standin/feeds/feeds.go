// Package feeds holds local stand-ins for public feeds: they speak the
// platforms' real wire formats on loopback and can fail the way platforms do.
// The demo and the tests run the product against them.
//
//	feeds.go      Serve: a stand-in on a port of its own
//	fault.go      how a stand-in fails
//	feed.go       RSS, Atom and JSON Feed with ETag and Last-Modified
//	jetstream.go  Bluesky's Jetstream: the log of events and its endpoints
//	subscribe.go  the websocket of Jetstream, plain and zstd; compress.go
//	hackernews.go Algolia's search_by_date over Hacker News
package feeds

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a stand-in that listens on loopback.
type Server struct {
	// URL is its base, http://127.0.0.1:port.
	URL  string
	http *http.Server
	done chan struct{}
}

// Serve starts h on addr, or on a free port of 127.0.0.1 when addr is empty.
func Serve(h http.Handler, addr string) (*Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	s := &Server{
		URL: "http://" + l.Addr().String(), done: make(chan struct{}),
		http: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// Close stops it and drops its connections.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.done
}
