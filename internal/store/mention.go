package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

const mentionColumns = `id, brand, source, platform, native_id, url, kind, author_id, author_handle, author_name,
	followers, verified, text, title, lang, rating, created_at, observed_at, parent_id, root_id,
	likes, reposts, replies, views, revision, retracted, simhash, case_id`

func scanMention(scan scanFunc) (record.Stored, error) {
	var (
		v                 record.Stored
		m                 = &v.Mention
		created, observed int64
		simhash           int64
	)
	if err := scan(&m.ID, &v.Brand, &m.Source, &m.Platform, &m.NativeID, &m.URL, &m.Kind, &m.Author.ID, &m.Author.Handle, &m.Author.Name,
		&m.Author.Followers, &m.Author.Verified, &m.Text, &m.Title, &m.Lang, &m.Rating, &created, &observed, &m.ParentID, &m.RootID,
		&m.Engagement.Likes, &m.Engagement.Reposts, &m.Engagement.Replies, &m.Engagement.Views,
		&m.Revision, &m.Retracted, &simhash, &v.Case); err != nil {
		return v, err
	}
	if m.NativeID == "" && len(m.ID) > len(m.Platform) {
		m.NativeID = m.ID[len(m.Platform)+1:]
	}
	m.CreatedAt, m.ObservedAt, v.Simhash = when(created), when(observed), unbits(simhash)
	return v, nil
}

// Mention is a post as it is stored for a brand.
func (tx *Tx) Mention(brand, id string) (record.Stored, bool, error) {
	return mentionOf(tx.ctx, tx.c, brand, id)
}

// Mention is a post as it is stored for a brand, ErrNotFound when it is not.
func (s *Store) Mention(ctx context.Context, brand, id string) (record.Stored, error) {
	v, ok, err := mentionOf(ctx, s.reads, brand, id)
	if err == nil && !ok {
		err = fmt.Errorf("mention %s of brand %s: %w", id, brand, ErrNotFound)
	}
	return v, err
}

func mentionOf(ctx context.Context, c conn, brand, id string) (record.Stored, bool, error) {
	v, ok, err := first(ctx, c, scanMention, "SELECT "+mentionColumns+" FROM mentions WHERE id = ? AND brand = ?", id, brand)
	if err != nil {
		return v, false, fmt.Errorf("reading mention %s of brand %s: %w", id, brand, err)
	}
	return v, ok, nil
}

// PutMention writes a post for a brand. An older revision replaces nothing, and
// the words of a retracted post never come back: text, title and author of one
// that is retracted, now or before, are left out. An empty Case keeps the one
// before.
func (tx *Tx) PutMention(v record.Stored) error {
	if err := tx.holds(v.Brand); err != nil {
		return err
	}
	m := v.Mention
	key := m.AuthorKey()
	if m.Retracted {
		m.Author, m.Text, m.Title, v.Simhash, key = mention.Author{}, "", "", 0, ""
	}
	native := m.NativeID
	if m.ID == mention.MakeID(m.Platform, native) {
		native = ""
	}
	_, err := exec(tx.ctx, tx.c, putMentionSQL,
		m.ID, v.Brand, m.Source, m.Platform, native, m.URL, m.Kind, m.Author.ID, m.Author.Handle, m.Author.Name,
		m.Author.Followers, m.Author.Verified, m.Text, m.Title, m.Lang, m.Rating, stamp(m.CreatedAt), stamp(m.ObservedAt), m.ParentID, m.RootID,
		m.Engagement.Likes, m.Engagement.Reposts, m.Engagement.Replies, m.Engagement.Views,
		m.Revision, m.Retracted, bits(v.Simhash), v.Case, key, hash64(m.URL))
	if err != nil {
		return fmt.Errorf("writing mention %s of brand %s: %w", m.ID, v.Brand, err)
	}
	if v.Case == "" {
		return nil
	}
	// The case is linked even where the content is not replaced.
	_, err = exec(tx.ctx, tx.c, "UPDATE mentions SET case_id = ? WHERE id = ? AND brand = ? AND case_id <> ?",
		v.Case, m.ID, v.Brand, v.Case)
	if err != nil {
		return fmt.Errorf("linking mention %s of brand %s: %w", m.ID, v.Brand, err)
	}
	return nil
}

const putMentionSQL = `INSERT INTO mentions (` + mentionColumns + `, author_key, url_hash)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id, brand) DO UPDATE SET source = excluded.source, url = excluded.url, url_hash = excluded.url_hash,
	kind = excluded.kind, author_id = excluded.author_id, author_handle = excluded.author_handle,
	author_name = excluded.author_name, followers = excluded.followers, verified = excluded.verified,
	author_key = excluded.author_key, text = excluded.text, title = excluded.title, lang = excluded.lang,
	rating = excluded.rating, created_at = excluded.created_at,
	parent_id = excluded.parent_id, root_id = excluded.root_id, likes = excluded.likes, reposts = excluded.reposts,
	replies = excluded.replies, views = excluded.views, revision = excluded.revision,
	retracted = excluded.retracted, simhash = excluded.simhash
	WHERE mentions.retracted = 0 AND excluded.revision >= mentions.revision`

// MentionFilter narrows Mentions.
type MentionFilter struct {
	// Brand must be named.
	Brand string
	// Since and Until bound ObservedAt: at or after Since, before Until. Zero is no bound.
	Since, Until time.Time
	// After is the Next of the page before.
	After string
	// Limit is at most 1,000; 0 is 200.
	Limit int
}

// Page is a part of a long answer.
type Page[T any] struct {
	Rows []T
	// Next is After of the next page, empty when this is the last.
	Next string
}

// Mentions are a brand's stored posts, oldest first, page by page.
func (s *Store) Mentions(ctx context.Context, f MentionFilter) (Page[record.Stored], error) {
	var out Page[record.Stored]
	limit := limitOr(f.Limit, 200, 1000)
	at, n, err := parseKey(f.After)
	if err != nil {
		return out, err
	}
	if f.After == "" {
		at, n = stamp(f.Since), -1
	}
	until := int64(maxTime)
	if !f.Until.IsZero() {
		until = stamp(f.Until)
	}
	var lastAt, lastN int64
	err = each(ctx, s.reads, func(scan scanFunc) error {
		v, err := scanMention(func(dest ...any) error { return scan(append(dest, &lastAt, &lastN)...) })
		if err == nil {
			out.Rows = append(out.Rows, v)
		}
		return err
	}, "SELECT "+mentionColumns+`, observed_at, n FROM mentions
		WHERE brand = ? AND (observed_at, n) > (?, ?) AND observed_at < ?
		ORDER BY observed_at, n LIMIT ?`, f.Brand, at, n, until, limit)
	if err != nil {
		return out, fmt.Errorf("reading the mentions of brand %s: %w", f.Brand, err)
	}
	if len(out.Rows) == limit {
		out.Next = formatKey(lastAt, lastN)
	}
	return out, nil
}

// maxSaid bounds what RepliesIn returns.
const maxSaid = 50

// RepliesIn are the stored posts of the brand that stand below the first of a
// conversation, whether a case took them or not, the newest first, at most 50.
// Posts that were taken away are left out.
func (tx *Tx) RepliesIn(brand, conversation string) ([]record.Stored, error) {
	if conversation == "" {
		return nil, nil
	}
	out, err := list(tx.ctx, tx.c, scanMention, "SELECT "+mentionColumns+` FROM mentions
		WHERE brand = ? AND root_id = ? AND root_id <> '' AND retracted = 0 ORDER BY created_at DESC LIMIT ?`, brand, conversation, maxSaid)
	if err != nil {
		return nil, fmt.Errorf("reading what was said in conversation %s: %w", conversation, err)
	}
	return out, nil
}

// CaseMentions are the posts of a case, the newest limit of them (50 where it
// is 0), oldest first.
func (tx *Tx) CaseMentions(caseID string, limit int) ([]record.Stored, error) {
	return caseMentions(tx.ctx, tx.c, caseID, limitOr(limit, 50, 1000))
}

func caseMentions(ctx context.Context, c conn, caseID string, limit int) ([]record.Stored, error) {
	out, err := list(ctx, c, scanMention, "SELECT "+mentionColumns+` FROM mentions
		WHERE case_id = ? AND case_id <> '' ORDER BY observed_at DESC, n DESC LIMIT ?`, caseID, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the mentions of case %s: %w", caseID, err)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, nil
}
