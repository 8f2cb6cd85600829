package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Drawable is a decided post that may be drawn, the newest of its revisions.
type Drawable struct {
	ID      string
	Outcome record.Outcome
	Venting float64
	// Rank is where the post stands in the random order of the sample, which no author can steer.
	Rank int64
}

// EachDrawable calls fn for the brand's posts that its query matched and that were
// decided upon at or after from, before to.
func (s *Store) EachDrawable(ctx context.Context, brand string, from, to time.Time, fn func(Drawable)) error {
	const page = 2000
	at, n := stamp(from), int64(-1)
	for {
		rows := 0
		err := each(ctx, s.reads, func(scan scanFunc) error {
			var v Drawable
			var newer bool
			if err := scan(&v.ID, &v.Outcome, &v.Venting, &newer, &at, &n); err != nil {
				return err
			}
			rows++
			if !newer {
				v.Rank = s.sampleRank(brand + "\x00" + v.ID)
				fn(v)
			}
			return nil
		}, `SELECT id, outcome, venting, EXISTS (SELECT 1 FROM decisions o WHERE o.id = d.id AND o.brand = d.brand AND o.revision > d.revision AND o.at < ?),
			at, n FROM decisions d WHERE brand = ? AND (at, n) > (?, ?) AND at < ? AND match = 'query'
			ORDER BY at, n LIMIT ?`, stamp(to), brand, at, n, stamp(to), page)
		if err != nil {
			return fmt.Errorf("reading what may be drawn of brand %s: %w", brand, err)
		}
		if rows == 0 {
			return nil
		}
	}
}

// PutDraw writes a sample: the strata and the posts that were drawn. One that was
// written before stays as it is, and is answered with false.
func (tx *Tx) PutDraw(draws []record.Draw, posts []record.Sampled) (bool, error) {
	for i := range draws {
		d := &draws[i]
		if err := tx.holds(d.Brand); err != nil {
			return false, err
		}
		n, err := exec(tx.ctx, tx.c, `INSERT INTO draws (brand, to_at, stratum, from_at, posts, drawn) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, to_at, stratum) DO NOTHING`, d.Brand, stamp(d.To), d.Stratum, stamp(d.From), d.Posts, d.Drawn)
		if err != nil {
			return false, fmt.Errorf("writing a sample of brand %s: %w", d.Brand, err)
		}
		if n == 0 {
			return false, nil
		}
	}
	for i := range posts {
		p := &posts[i]
		if err := tx.holds(p.Brand); err != nil {
			return false, err
		}
		_, err := exec(tx.ctx, tx.c, `INSERT INTO samples (brand, to_at, mention, stratum, outcome, venting) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, to_at, mention) DO NOTHING`, p.Brand, stamp(p.To), p.Mention, p.Stratum, p.Outcome, p.Venting)
		if err != nil {
			return false, fmt.Errorf("writing a sampled post of brand %s: %w", p.Brand, err)
		}
	}
	return true, nil
}

// DrawnUntil is the end of the brand's newest sample, zero where there is none.
func (s *Store) DrawnUntil(ctx context.Context, brand string) (time.Time, error) {
	at, _, err := first(ctx, s.reads, scalar[int64], "SELECT to_at FROM draws WHERE brand = ? ORDER BY to_at DESC LIMIT 1", brand)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the samples of brand %s: %w", brand, err)
	}
	return when(at), nil
}

// FirstDecided is the time of the brand's earliest decision that is kept.
func (s *Store) FirstDecided(ctx context.Context, brand string) (time.Time, bool, error) {
	return firstDecided(ctx, s.reads, brand)
}

// Draws are the brand's samples that ended after since, oldest first.
func (s *Store) Draws(ctx context.Context, brand string, since time.Time) ([]record.Draw, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (record.Draw, error) {
		var v record.Draw
		var from, to int64
		err := scan(&v.Brand, &to, &v.Stratum, &from, &v.Posts, &v.Drawn)
		v.From, v.To = when(from), when(to)
		return v, err
	}, "SELECT brand, to_at, stratum, from_at, posts, drawn FROM draws WHERE brand = ? AND to_at > ? ORDER BY to_at, stratum", brand, stamp(since))
	if err != nil {
		return nil, fmt.Errorf("reading the samples of brand %s: %w", brand, err)
	}
	return out, nil
}

// maxSampled bounds how many drawn posts are read at once.
const maxSampled = 10_000

// SampledPosts are the drawn posts of a brand whose sample ended after since, newest
// sample first and in a random order within it, with the last word that people said of
// each; at most limit (10,000 where it is 0).
func (s *Store) SampledPosts(ctx context.Context, brand string, since time.Time, limit int) ([]record.Sampled, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (record.Sampled, error) {
		var v record.Sampled
		var to int64
		var label *bool
		var handle, name string
		err := scan(&v.Brand, &to, &v.Mention, &v.Stratum, &v.Outcome, &v.Venting, &v.Weight, &v.URL, &v.Text, &handle, &name, &label)
		v.To, v.Label, v.Author = when(to), label, name
		if handle != "" {
			v.Author = "@" + handle
		}
		return v, err
	}, `SELECT p.brand, p.to_at, p.mention, p.stratum, p.outcome, p.venting, CAST(d.posts AS REAL) / MAX(d.drawn, 1),
		COALESCE(m.url, ''), CASE WHEN COALESCE(m.text, '') = '' THEN COALESCE(m.title, '') ELSE m.text END,
		COALESCE(m.author_handle, ''), COALESCE(m.author_name, ''),
		(SELECT l.venting FROM labels l WHERE l.mention = p.mention AND l.brand = p.brand AND l.undone = 0 ORDER BY l.id DESC LIMIT 1)
		FROM samples p JOIN draws d ON d.brand = p.brand AND d.to_at = p.to_at AND d.stratum = p.stratum
		LEFT JOIN mentions m ON m.id = p.mention AND m.brand = p.brand
		WHERE p.brand = ? AND p.to_at > ? ORDER BY p.to_at DESC, p.mention LIMIT ?`, brand, stamp(since), limitOr(limit, maxSampled, maxSampled))
	if err != nil {
		return nil, fmt.Errorf("reading the sampled posts of brand %s: %w", brand, err)
	}
	return out, nil
}
