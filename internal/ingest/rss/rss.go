// Package rss reads RSS, Atom and JSON feeds.
//
// A feed is a stranger's document: it is decoded, checked and cut before a
// parser sees it (prepare.go, scan.go), and a document that is not complete
// changes nothing. Nothing in a feed is ever fetched.
//
//	rss.go       the source: conditional fetches, what is new since the last one
//	cursor.go    what was seen before
//	parse.go     Parser: gofeed behind the checks; jsonfeed.go for JSON Feed
//	prepare.go   charset, control characters
//	scan.go      depth, elements, items, entities, completeness
//	item.go      an entry as a mention
package rss

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// maxBody is the largest feed that is read, after decompression.
	maxBody = 5 << 20
	// maxWait is the longest that a server may ask us to wait.
	maxWait = time.Hour
	// goneFor is how long a feed that answered 410 is left alone.
	goneFor = 24 * time.Hour
)

// Source is one feed.
type Source struct {
	cfg    ingest.Config
	client *httpx.Client
	parser *Parser
	home   home
	moved  string
}

// New makes the source of cfg; it fetches nothing yet.
func New(cfg ingest.Config, f *httpx.Factory, p *Parser) (*Source, error) {
	cfg = cfg.WithDefaults()
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("making source %s: its url is no URL", cfg.Name)
	}
	policy := httpx.Policy{MaxBody: maxBody, MaxRetryAfter: maxWait, Timeout: ingest.FetchWithin(cfg.Poll.D())}
	if cfg.AllowPrivate {
		policy.AllowHost = u.Host
	}
	return &Source{cfg: cfg, client: f.Client(policy), parser: p, home: newHome(u)}, nil
}

// Run polls the feed until ctx ends.
func (s *Source) Run(ctx context.Context, sess *ingest.Session) error {
	defer s.client.Close()
	return sess.Poll(ctx, func(ctx context.Context) error { return s.fetch(ctx, sess) })
}

func (s *Source) fetch(ctx context.Context, sess *ingest.Session) error {
	cur := loadCursor(sess.Cursor())
	resp, err := s.get(ctx, cur)
	if err != nil {
		return err
	}
	switch {
	case resp.Status == http.StatusNotModified && cur.ETag == "" && cur.Modified == "":
		return ingest.Fault(ingest.ReasonBadBody, "the server answers 304 to a request without a condition")
	case resp.Status == http.StatusNotModified:
		return nil
	case resp.Status == http.StatusGone:
		return &ingest.Error{Reason: ingest.ReasonGone, Err: &ingest.GoneError{Again: goneFor}}
	}
	if err := resp.Err(); err != nil {
		return err
	}
	doc, notes, err := s.parser.parse(ctx, resp.Body, resp.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	for _, n := range notes {
		sess.Note(n)
	}
	if to := httpx.Redact(resp.URL, false); resp.Moved && s.moved != to {
		s.moved = to
		sess.Log().Info("the feed has moved for good, write its new url into the config", zap.String("to", to))
	}
	posts := s.fresh(doc, &cur)
	cur.ETag, cur.Modified = validator(resp.Header.Get("ETag")), validator(resp.Header.Get("Last-Modified"))
	if len(posts) == 0 && !cur.changed(sess.Cursor()) {
		return nil
	}
	return sess.Publish(ctx, ingest.Batch{Posts: posts, Cursor: cur.encode()})
}

func (s *Source) get(ctx context.Context, cur cursor) (*httpx.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.URL, nil)
	if err != nil {
		return nil, ingest.Fault(ingest.Reason(httpx.ReasonBadURL), "the url of the feed is no URL")
	}
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5")
	if cur.ETag != "" {
		req.Header.Set("If-None-Match", cur.ETag)
	}
	if cur.Modified != "" {
		req.Header.Set("If-Modified-Since", cur.Modified)
	}
	if s.cfg.Username != "" || s.cfg.Password != "" {
		req.SetBasicAuth(s.cfg.Username, s.cfg.Password.Reveal())
	}
	return s.client.Do(req)
}

// fresh are the entries that were not seen before, or not with this text, the
// oldest first, and notes them in cur.
func (s *Source) fresh(doc feed, cur *cursor) []mention.Mention {
	h := s.home
	h.lang, h.link = doc.lang, doc.link
	var posts []mention.Mention
	now := make(map[string]bool, len(doc.items))
	for _, e := range slices.Backward(doc.items) {
		m := h.mention(e)
		if m.Text == "" && m.Title == "" {
			continue
		}
		key := keyOf(m.NativeID)
		now[key] = true
		if cur.add(key, ingest.TextHash(m)) {
			posts = append(posts, m)
		}
	}
	cur.trim(now)
	return posts
}

// validator is an ETag or a date as it may be sent back: short, visible ASCII.
func validator(s string) string {
	if len(s) > 1<<10 {
		return ""
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return ""
		}
	}
	return s
}
