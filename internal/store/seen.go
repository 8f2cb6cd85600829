package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/leakytap/leakytap/internal/record"
)

const seenColumns = "id, source, author_key, conversation, brands, text_hash, revision, retracted, at"

func scanSeen(scan scanFunc) (record.Seen, error) {
	var (
		v      record.Seen
		brands string
		hash   int64
		at     int64
	)
	if err := scan(&v.ID, &v.Source, &v.AuthorKey, &v.Conversation, &brands, &hash, &v.Revision, &v.Retracted, &at); err != nil {
		return v, err
	}
	if v.Conversation == "" {
		v.Conversation = v.ID
	}
	v.TextHash, v.At = unbits(hash), when(at)
	return v, unpack(brands, &v.Brands)
}

// SeenByID are those of ids that were published before.
func (s *Store) SeenByID(ctx context.Context, ids []string) (map[string]record.Seen, error) {
	out, err := seenByID(ctx, s.reads, ids)
	if err != nil {
		return nil, fmt.Errorf("looking up seen posts: %w", err)
	}
	return out, nil
}

func seenByID(ctx context.Context, c conn, ids []string) (map[string]record.Seen, error) {
	out := make(map[string]record.Seen, len(ids))
	keep := func(scan scanFunc) error {
		v, err := scanSeen(scan)
		if err == nil {
			out[v.ID] = v
		}
		return err
	}
	if len(ids) == 1 {
		return out, each(ctx, c, keep, "SELECT "+seenColumns+" FROM seen WHERE id = ?", ids[0])
	}
	err := inIDs(ids, func(args []any) error {
		return each(ctx, c, keep, "SELECT "+seenColumns+" FROM seen WHERE id IN "+inMany, args...)
	})
	return out, err
}

// SeenByAuthor are the published posts of an author in the order of their ids,
// those after afterID, at most limit (1,000 where it is 0).
func (s *Store) SeenByAuthor(ctx context.Context, authorKey, afterID string, limit int) ([]record.Seen, error) {
	out, err := list(ctx, s.reads, scanSeen, "SELECT "+seenColumns+` FROM seen
		WHERE author_key = ? AND author_key <> '' AND id > ? ORDER BY id LIMIT ?`, authorKey, afterID, limitOr(limit, 1000, 10000))
	if err != nil {
		return nil, fmt.Errorf("looking up the seen posts of an author: %w", err)
	}
	return out, nil
}

// putSeen merges posts into what is known: the brands are those of all sightings,
// an older revision replaces nothing, the conversation never changes and a
// retraction is final.
func putSeen(ctx context.Context, c conn, posts []record.Seen) error {
	if len(posts) == 0 {
		return nil
	}
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.ID
	}
	known, err := seenByID(ctx, c, ids)
	if err != nil {
		return err
	}
	for _, p := range posts {
		old, ok := known[p.ID]
		if ok {
			p = mergeSeen(old, p)
			if sameSeen(old, p) {
				continue
			}
		}
		known[p.ID] = p
		if err := putOneSeen(ctx, c, p); err != nil {
			return err
		}
	}
	return nil
}

func putOneSeen(ctx context.Context, c conn, p record.Seen) error {
	brands, err := packed(p.Brands)
	if err != nil {
		return err
	}
	conversation := p.Conversation
	if conversation == p.ID {
		conversation = ""
	}
	_, err = exec(ctx, c, `INSERT INTO seen (`+seenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET source = excluded.source, author_key = excluded.author_key,
		brands = excluded.brands, text_hash = excluded.text_hash, revision = excluded.revision,
		retracted = excluded.retracted, at = excluded.at`,
		p.ID, p.Source, p.AuthorKey, conversation, brands, bits(p.TextHash), p.Revision, p.Retracted, stamp(p.At))
	return err
}

// mergeSeen is what is known after next was seen too.
func mergeSeen(old, next record.Seen) record.Seen {
	out := next
	if next.Revision < old.Revision {
		out = old
	}
	out.Conversation = old.Conversation
	if old.AuthorKey != "" {
		out.AuthorKey = old.AuthorKey
	} else {
		out.AuthorKey = next.AuthorKey
	}
	out.Retracted = old.Retracted || next.Retracted
	out.Brands = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(old.Brands), next.Brands...))))
	if out.At.Before(old.At) {
		out.At = old.At
	}
	if out.At.Before(next.At) {
		out.At = next.At
	}
	return out
}

// sameSeen reports whether a and b are the same row.
func sameSeen(a, b record.Seen) bool {
	return a.Source == b.Source && a.AuthorKey == b.AuthorKey && a.Conversation == b.Conversation &&
		slices.Equal(a.Brands, b.Brands) && a.TextHash == b.TextHash && a.Revision == b.Revision &&
		a.Retracted == b.Retracted && stamp(a.At) == stamp(b.At)
}
