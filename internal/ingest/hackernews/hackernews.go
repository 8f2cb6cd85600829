// Package hackernews reads every story and comment of Hacker News through
// Algolia's search_by_date.
//
// It asks for all items of a window of time rather than for the brands' words:
// one request for each poll however many brands there are, the search's own
// ideas of spelling have no say, and answers in a watched thread come along.
// A window begins some minutes before the last one ended, since the index lags;
// what comes twice is known. The search gives no more than 1,000 hits for one
// query, so that a window with more is halved.
//
//	hackernews.go  the source and its windows
//	search.go      what the history has of some words
//	hit.go         a hit as a mention
package hackernews

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Platform is the platform of its posts.
const Platform = "hackernews"

const (
	// overlap is how long an item may take to reach the index.
	overlap = 10 * time.Minute
	// farthest is how far back a gap is made up for.
	farthest = 7 * 24 * time.Hour
	// widest is the widest window that is asked for at once.
	widest = 6 * time.Hour
	// perPage and maxHits are the search's own limits.
	perPage = 1000
	maxHits = 1000
	maxBody = 16 << 20
)

// Source is Hacker News.
type Source struct {
	cfg    ingest.Config
	base   *url.URL
	client *httpx.Client
}

// New makes the source of cfg; it fetches nothing yet.
func New(cfg ingest.Config, f *httpx.Factory) (*Source, error) {
	cfg = cfg.WithDefaults()
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("making source %s: its url is no URL", cfg.Name)
	}
	policy := httpx.Policy{MaxBody: maxBody, MaxRetryAfter: time.Hour, Timeout: ingest.FetchWithin(cfg.Poll.D())}
	if cfg.AllowPrivate {
		policy.AllowHost = base.Host
	}
	return &Source{cfg: cfg, base: base, client: f.Client(policy)}, nil
}

// cursor is where reading continues.
type cursor struct {
	// Until is the end of what was read, in seconds.
	Until int64 `json:"until"`
	// Seen are the items of the overlap with the hash of their text.
	Seen map[string]uint64 `json:"seen,omitempty"`
}

// Run polls until ctx ends.
func (s *Source) Run(ctx context.Context, sess *ingest.Session) error {
	defer s.client.Close()
	return sess.Poll(ctx, func(ctx context.Context) error { return s.fetch(ctx, sess) })
}

// fetch reads window after window up to now.
func (s *Source) fetch(ctx context.Context, sess *ingest.Session) error {
	var cur cursor
	if err := json.Unmarshal(sess.Cursor(), &cur); err != nil || cur.Until <= 0 {
		cur = cursor{Until: time.Now().Add(-s.maxAge()).Unix()}
	}
	now := time.Now().Unix()
	if oldest := now - int64(farthest.Seconds()); cur.Until < oldest {
		sess.Note(ingest.ReasonGap)
		sess.Log().Warn("the gap is too long, leaving its beginning out", zap.Int64("lost_seconds", oldest-cur.Until))
		cur.Until = oldest
	}
	from, width := cur.Until-int64(overlap.Seconds()), int64(widest.Seconds())
	for {
		to := from + width
		last := to > now
		if last {
			to = now + int64(time.Hour.Seconds()) // the index's clock may be ahead of ours
		}
		hits, all, err := s.search(ctx, from, to)
		if err != nil {
			return err
		}
		if !all && to-from > 1 {
			width = max((min(to, now)-from)/2, 1)
			continue
		}
		if !all {
			sess.Note(ingest.ReasonTooMany)
		}
		if err := publish(ctx, sess, &cur, hits, min(to, now)); err != nil {
			return err
		}
		if last {
			return nil
		}
		from = to
	}
}

func (s *Source) maxAge() time.Duration {
	if s.cfg.MaxAge > 0 {
		return min(s.cfg.MaxAge.D(), farthest)
	}
	return ingest.DefaultMaxAge
}

// search gives the items of from <= time < to, the oldest first. all is false
// when the window has more than the search gives.
func (s *Source) search(ctx context.Context, from, to int64) (hits []hit, all bool, err error) {
	for page := 0; ; page++ {
		a, err := s.page(ctx, from, to, page)
		if err != nil {
			return nil, false, err
		}
		if a.NbHits > maxHits && to-from > 1 {
			return nil, false, nil
		}
		for _, raw := range a.Hits {
			var h hit
			if json.Unmarshal(raw, &h) == nil && h.ObjectID != "" {
				hits = append(hits, h)
			}
		}
		if len(a.Hits) == 0 || page+1 >= a.NbPages || page > maxHits {
			reverse(hits)
			return hits, a.NbHits <= maxHits, nil
		}
	}
}

type answer struct {
	Hits    []json.RawMessage `json:"hits"`
	NbHits  int               `json:"nbHits"`
	NbPages int               `json:"nbPages"`
}

func (s *Source) page(ctx context.Context, from, to int64, page int) (answer, error) {
	return s.ask(ctx, url.Values{
		"query": {""}, "tags": {"(story,comment)"}, "typoTolerance": {"false"}, "hitsPerPage": {strconv.Itoa(perPage)},
		"page":           {strconv.Itoa(page)},
		"numericFilters": {fmt.Sprintf("created_at_i>=%d,created_at_i<%d", from, to)},
	})
}

// ask makes one request of the search.
func (s *Source) ask(ctx context.Context, q url.Values) (answer, error) {
	u := *s.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/api/v1/search_by_date"
	u.RawQuery = q.Encode()
	resp, err := s.client.Get(ctx, u.String(), "Accept", "application/json")
	if err != nil {
		return answer{}, err
	}
	if err := resp.Err(); err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(resp.Body, &a); err != nil || a.Hits == nil {
		return answer{}, ingest.Fault(ingest.ReasonBadBody, "the answer is no search result")
	}
	return a, nil
}

// publish hands on what is new and moves the cursor to until.
func publish(ctx context.Context, sess *ingest.Session, cur *cursor, hits []hit, until int64) error {
	next := cursor{Until: max(until, cur.Until), Seen: map[string]uint64{}}
	keepFrom := next.Until - int64(overlap.Seconds())
	var posts []mention.Mention
	for _, h := range hits {
		m, ok := h.mention()
		if !ok {
			continue
		}
		key, sum := h.ObjectID, ingest.TextHash(m)
		old, known := cur.Seen[key]
		if h.CreatedAtI >= keepFrom {
			next.Seen[key] = sum
		}
		if !known || old != sum {
			posts = append(posts, m)
		}
	}
	if next.Until == cur.Until {
		for k, v := range cur.Seen {
			if _, ok := next.Seen[k]; !ok {
				next.Seen[k] = v
			}
		}
	}
	if len(posts) == 0 && fingerprint(next.Seen) == fingerprint(cur.Seen) && next.Until-cur.Until < 60 {
		return nil
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding the cursor: %w", err)
	}
	*cur = next
	return sess.Publish(ctx, ingest.Batch{Posts: posts, Cursor: raw})
}

// fingerprint tells two seen-sets apart, whatever the order.
func fingerprint(seen map[string]uint64) uint64 {
	var sum uint64
	for k, v := range seen {
		h := fnv.New64a()
		_, _ = h.Write([]byte(k))
		sum += h.Sum64() ^ v
	}
	return sum
}

func reverse(list []hit) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}
