// Package bluesky listens to Bluesky through Jetstream's /subscribe endpoint:
// every new, changed and deleted post of the network, and every deleted account.
//
// The stream is continued where the last durable post stood, a few seconds
// earlier; what comes twice is known by its identity. A stream that is silent is
// given up and opened again.
//
//	bluesky.go   the source: connecting again and again
//	stream.go    one connection: frames in, batches out
//	frame.go     a frame as an event
//	compress.go  zstd frames and their dictionary
//	profile.go   who wrote a post, looked up only for posts that matched
package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
)

// Platform is the platform of its posts.
const Platform = "bluesky"

const (
	collection = "app.bsky.feed.post"
	// rewind is how far before the last durable event a stream continues.
	rewind = 3 * time.Second
	// lookback is how far back Jetstream's log reaches.
	lookback = 36 * time.Hour
	// idle is how long a stream may be silent.
	idle = 30 * time.Second
	// steady is how long a connection that brought nothing must have lasted to
	// count as one that worked.
	steady = 5 * time.Second
)

// Source is one Jetstream server.
type Source struct {
	name     string
	base     *url.URL
	client   *httpx.Client
	profiles *profiles
	dicts    *dictionaries
	compress bool
	idle     time.Duration
	wait     httpx.Backoff
}

// New makes the source of cfg; it connects to nothing yet.
func New(cfg ingest.Config, f *httpx.Factory) (*Source, error) {
	cfg = cfg.WithDefaults()
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("making source %s: its url is no URL", cfg.Name)
	}
	who, err := url.Parse(cfg.ProfilesURL)
	if err != nil || who.Host == "" {
		return nil, fmt.Errorf("making source %s: its profiles_url is no URL", cfg.Name)
	}
	client := func(host string) *httpx.Client {
		var p httpx.Policy
		if cfg.AllowPrivate {
			p.AllowHost = host
		}
		return f.Client(p)
	}
	s := &Source{name: cfg.Name, base: base, client: client(base.Host), compress: cfg.Compress, idle: idle}
	s.wait = httpx.Backoff{Min: 500 * time.Millisecond, Max: 5 * time.Second}
	s.profiles = newProfiles(client(who.Host), who)
	s.dicts = &dictionaries{client: s.client, from: s.endpoint("http", "/xrpc/network.bsky.jetstream.getZstdDictionary", nil)}
	if cfg.Dictionary != "" {
		b, err := os.ReadFile(cfg.Dictionary)
		if err != nil {
			return nil, fmt.Errorf("making source %s: reading its dictionary: %w", cfg.Name, err)
		}
		if err := s.dicts.add(b); err != nil {
			return nil, fmt.Errorf("making source %s: reading its dictionary %s: %w", cfg.Name, cfg.Dictionary, err)
		}
	}
	return s, nil
}

// endpoint is a path of the server under the scheme kind (ws or http), secure
// where the base is.
func (s *Source) endpoint(kind, path string, query url.Values) *url.URL {
	u := *s.base
	if u.Scheme == "wss" || u.Scheme == "https" {
		kind += "s"
	}
	u.Scheme = kind
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/subscribe") + path
	if query != nil {
		have := u.Query()
		maps.Copy(have, query)
		u.RawQuery = have.Encode()
	}
	return &u
}

// cursor is where the stream continues: the time of the last durable event, in
// the server's microseconds.
type cursor struct {
	TimeUS int64 `json:"time_us"`
}

// Run listens until ctx ends.
func (s *Source) Run(ctx context.Context, sess *ingest.Session) error {
	defer s.client.Close()
	defer s.profiles.client.Close()
	failures, first := 0, time.Now()
	for {
		begun := time.Now()
		heard, err := s.stream(ctx, sess, first)
		if ctx.Err() != nil {
			return nil
		}
		sess.Fail(ctx, err)
		wait := time.Duration(0)
		switch {
		case ingest.ReasonOf(err) == ingest.ReasonIdle:
			// The server took us and had nothing to say: it is asked again at once.
			failures = 0
		case heard, time.Since(begun) > steady:
			// A stream that worked has ended: that is no reason to come back later each time.
			failures = 1
			wait = s.wait.Delay(1, httpx.AsError(err).RetryAfter)
		default:
			failures++
			wait = s.wait.Delay(failures, httpx.AsError(err).RetryAfter)
		}
		if !httpx.Wait(ctx, wait) {
			return nil
		}
	}
}

// last is the time of the last durable event, false before the first one.
func last(sess *ingest.Session) (time.Time, bool) {
	var c cursor
	if json.Unmarshal(sess.Cursor(), &c) != nil || c.TimeUS <= 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(c.TimeUS), true
}

// subscribeURL is where to connect. A source that has heard nothing yet asks for what
// was said since begun: a stream without a cursor begins when the server has taken the
// connection, and what is said until then would be lost without a trace.
func (s *Source) subscribeURL(sess *ingest.Session, compressed bool, begun time.Time) string {
	q := url.Values{"wantedCollections": {collection}, "maxMessageSizeBytes": {"1000000"}}
	from, ok := last(sess)
	if !ok {
		from = begun
	}
	from = from.Add(-rewind)
	if missed := time.Since(from) - lookback; missed > 0 {
		sess.Note(ingest.ReasonGap)
		sess.Log().Warn("the server no longer has all that was missed", zap.Duration("lost", missed.Round(time.Second)))
	}
	q.Set("cursor", strconv.FormatInt(from.UnixMicro(), 10))
	if compressed {
		q.Set("compress", "true")
	}
	return s.endpoint("ws", "/subscribe", q).String()
}
