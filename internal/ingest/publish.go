package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// authorPage is how many posts of a deleted account are retracted at a time.
const authorPage = 500

// Publish matches a batch, makes it durable on the log and then saves the
// cursor. It blocks while the log or the store does not take it, which is what
// stops the reading, and fails only with ctx: then nothing was saved, and the
// same batch comes again after the next start.
func (s *Session) Publish(ctx context.Context, b Batch) error {
	now := time.Now()
	posts, bad := s.clean(b.Posts, now)
	for _, one := range append(b.Bad, bad...) {
		if err := s.bury(ctx, one); err != nil {
			return err
		}
	}
	ids := make([]string, 0, len(posts))
	for _, m := range posts {
		ids = append(ids, m.ID)
	}
	unlock, err := s.locks.lock(ctx, ids)
	if err != nil {
		return err
	}
	defer unlock()
	if len(posts) > 0 {
		if err := s.publishPosts(ctx, posts, b, now); err != nil {
			return err
		}
	}
	for _, key := range b.GoneAuthors {
		if err := s.retractAuthor(ctx, key, now); err != nil {
			return err
		}
	}
	if b.Cursor == nil {
		return nil
	}
	s.mu.Lock()
	s.cursor, s.dirty = b.Cursor, true
	s.mu.Unlock()
	// A polled source saves each step; a stream's cursor may wait, since what is
	// read again is known again.
	s.saveState(ctx, s.spec.Poll > 0)
	return nil
}

// clean repairs the posts; one that has no identity is bad.
func (s *Session) clean(posts []mention.Mention, now time.Time) ([]mention.Mention, []Bad) {
	out := make([]mention.Mention, 0, len(posts))
	var bad []Bad
	for _, m := range posts {
		m.Source = s.spec.Name
		if m.ObservedAt.IsZero() || m.ObservedAt.After(now) {
			m.ObservedAt = now
		}
		if m.ID == "" && m.Platform == "" {
			m.Platform = s.spec.Type
		}
		m, _ = mention.Clean(m)
		if m.ID == "" {
			bad = append(bad, Bad{Reason: ReasonBadItem, Detail: mention.ErrNoID.Error(), Key: s.spec.Name})
			continue
		}
		if m.Platform == "" {
			m.Platform = s.spec.Type
		}
		out = append(out, m)
	}
	return out, bad
}

func (s *Session) publishPosts(ctx context.Context, posts []mention.Mention, b Batch, now time.Time) error {
	rules := s.in.opt.Rules()
	r := &resolver{rules: rules, watches: s.in.mirror.current.Load(), now: now}
	if s.spec.MaxAge > 0 && (s.backlog(now) || b.Backlog) {
		r.lateBefore = now.Add(-s.spec.MaxAge)
	}
	ask := make([]string, 0, len(posts))
	for _, m := range posts {
		ask = append(ask, m.ID)
		if m.RootID == "" && m.ParentID != "" {
			ask = append(ask, m.ParentID)
		}
	}
	err := s.insist(ctx, ReasonStore, func() (err error) {
		r.known, err = s.in.opt.Store.SeenByID(ctx, ask)
		return err
	})
	if err != nil {
		return err
	}
	if r.known == nil {
		r.known = map[string]record.Seen{}
	}
	var list []sighting
	var gone []string
	for _, m := range posts {
		one := r.see(m)
		if b.again {
			one.fresh, one.unmatched = false, false
		}
		if m.Retracted && len(one.out) == 0 {
			gone = append(gone, m.ID)
			s.sample.drop(m.ID)
			s.recent.drop(func(old mention.Mention) bool { return old.ID == m.ID })
		}
		if one.unmatched {
			s.recent.add(unheard{mention: one.mention, enrich: b.Enrich, at: now})
		}
		list = append(list, one)
	}
	enrich(ctx, b, rules, list)
	return s.commit(ctx, list, gone)
}

// enrich completes the posts that go out, and matches them again: a query may
// ask for what was missing, such as the author's handle.
func enrich(ctx context.Context, b Batch, rules Rules, list []sighting) {
	if b.Enrich == nil {
		return
	}
	var posts []*mention.Mention
	for i := range list {
		if len(list[i].out) > 0 && !list[i].mention.Retracted {
			posts = append(posts, &list[i].mention)
		}
	}
	if len(posts) == 0 {
		return
	}
	b.Enrich(ctx, posts)
	for i := range list {
		if len(list[i].out) == 0 || list[i].mention.Retracted {
			continue
		}
		list[i].mention, _ = mention.Clean(list[i].mention)
		for _, h := range rules.Match(list[i].mention) {
			for j := range list[i].out {
				if e := &list[i].out[j]; e.Brand == h.Brand && e.Match == record.MatchQuery {
					e.Terms, e.ExcludedBy = h.Terms, h.ExcludedBy
				}
			}
		}
	}
}

// commit makes the sightings durable and then saves their rows.
func (s *Session) commit(ctx context.Context, list []sighting, gone []string) error {
	var msgs []bus.Message
	var rows []record.Seen
	var counts tally
	for _, one := range list {
		counts.add(one)
		if one.unmatched {
			s.sample.offer(one.mention)
		}
		for _, e := range one.envelopes() {
			value, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encoding mention %s: %w", e.Mention.ID, err)
			}
			if len(value) > bus.MaxValue {
				bad := Bad{Reason: ReasonTooLarge, Detail: "the envelope is larger than the log takes", Key: e.Key(), Value: value[:bus.MaxValue/2]}
				if err := s.bury(ctx, bad); err != nil {
					return err
				}
				continue
			}
			msgs = append(msgs, bus.Message{Key: e.Key(), Value: value})
		}
		if one.seen.ID != "" {
			rows = append(rows, one.seen)
		}
	}
	if len(msgs) > 0 {
		err := s.insist(ctx, ReasonPublish, func() error { return s.in.opt.Bus.Publish(ctx, bus.TopicMentions, msgs...) })
		if err != nil {
			return err
		}
	}
	if len(rows) > 0 || len(gone) > 0 {
		// The cursor is not among this: it moves once the whole batch is done. What is
		// on the log is remembered even while the daemon ends, so that a restart does
		// not bring it again.
		keep := context.WithoutCancel(ctx)
		err := s.insist(ctx, ReasonStore, func() error {
			return s.in.opt.Store.SaveProgress(keep, store.Progress{Source: s.spec.Name, Seen: rows, Gone: gone})
		})
		if err != nil {
			return err
		}
	}
	s.count(counts)
	return nil
}

// retractAuthor takes back every published post of a deleted account.
func (s *Session) retractAuthor(ctx context.Context, key string, now time.Time) error {
	s.recent.drop(func(m mention.Mention) bool { return m.AuthorKey() == key })
	after := ""
	for {
		var rows []record.Seen
		err := s.insist(ctx, ReasonStore, func() (err error) {
			rows, err = s.in.opt.Store.SeenByAuthor(ctx, key, after, authorPage)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		r := &resolver{rules: s.in.opt.Rules(), now: now, known: map[string]record.Seen{}}
		var list []sighting
		for _, row := range rows {
			r.known[row.ID] = row
			list = append(list, r.see(retracted(row, s.spec.Name, now)))
		}
		if err := s.commit(ctx, list, nil); err != nil {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

// insist calls fn until it gives nil or ctx ends.
func (s *Session) insist(ctx context.Context, reason Reason, fn func() error) error {
	for n := 1; ; n++ {
		err := fn()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.Fail(ctx, &Error{Reason: reason, Err: err})
		if !httpx.Wait(ctx, backoff().Delay(n, 0)) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// bury makes a dead letter of a record that cannot be used.
func (s *Session) bury(ctx context.Context, b Bad) error {
	s.Note(b.Reason)
	s.log.Debug("a record is bad", zap.String("reason", string(b.Reason)), zap.String("detail", b.Detail))
	if s.in.opt.Dead == nil {
		return nil
	}
	msg := bus.Message{Topic: bus.TopicMentions, Key: b.Key, Value: b.Value}
	return s.insist(ctx, ReasonPublish, func() error {
		return s.in.opt.Dead.Send(ctx, Stage, deadReason(b.Reason), msg, errors.New(b.Detail))
	})
}

// deadReason is the reason in the closed list of dead letters.
func deadReason(r Reason) string {
	switch r { //nolint:exhaustive // the rest are bad records
	case ReasonBadLine:
		return "bad_line"
	case ReasonTooLarge:
		return "too_large"
	default:
		return "bad_record"
	}
}

// tally counts what a batch brought.
type tally struct {
	read    int64
	matched map[string]int64
	newest  time.Time
}

func (t *tally) add(one sighting) {
	if one.fresh {
		t.read++
		if one.mention.CreatedAt.After(t.newest) {
			t.newest = one.mention.CreatedAt
		}
	}
	for _, e := range one.out {
		if e.Match == record.MatchQuery && e.ExcludedBy == "" {
			if t.matched == nil {
				t.matched = map[string]int64{}
			}
			t.matched[e.Brand]++
		}
	}
}

func (s *Session) count(t tally) {
	m := s.in.metrics
	m.collected.WithLabelValues(s.spec.Name).Add(float64(t.read))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stat.Read += t.read
	for brand, n := range t.matched {
		m.matched.WithLabelValues(s.spec.Name, brand).Add(float64(n))
		s.stat.Matched += n
	}
	if t.newest.After(s.stat.LastItem) {
		s.stat.LastItem = t.newest
		m.lastItem.WithLabelValues(s.spec.Name).Set(seconds(t.newest))
	}
	s.dirty = true
}
