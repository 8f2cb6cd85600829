package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// saltKey is the meta value that makes the sample of unmatched posts unpredictable.
const saltKey = "sample_salt"

// Meta is a single value by its key, false when it was never set.
func (s *Store) Meta(ctx context.Context, key string) (string, bool, error) {
	v, ok, err := first(ctx, s.reads, scalar[string], "SELECT value FROM meta WHERE key = ?", key)
	if err != nil {
		return "", false, fmt.Errorf("reading %s: %w", key, err)
	}
	return v, ok, nil
}

// MetaValue is a single value and when it was set.
type MetaValue struct {
	Key   string
	Value string
	At    time.Time
}

// MetaPrefix are the values whose keys begin with prefix, by key, at most 1,000.
func (s *Store) MetaPrefix(ctx context.Context, prefix string) ([]MetaValue, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (MetaValue, error) {
		var (
			v  MetaValue
			at int64
		)
		err := scan(&v.Key, &v.Value, &at)
		v.At = when(at)
		return v, err
	}, "SELECT key, value, at FROM meta WHERE key >= ? AND substr(key, 1, length(?)) = ? ORDER BY key LIMIT 1000", prefix, prefix, prefix)
	if err != nil {
		return nil, fmt.Errorf("reading values %s: %w", prefix, err)
	}
	return out, nil
}

// SetMeta sets a single value.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, `INSERT INTO meta (key, value, at) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at`, key, value, stamp(time.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("setting %s: %w", key, err)
	}
	return nil
}

// DropMeta removes a single value, if it is there.
func (s *Store) DropMeta(ctx context.Context, key string) error {
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, "DELETE FROM meta WHERE key = ?", key)
		return err
	})
	if err != nil {
		return fmt.Errorf("removing %s: %w", key, err)
	}
	return nil
}

// loadSalt reads the store's salt, and makes one at the first start.
func (s *Store) loadSalt(ctx context.Context) error {
	return s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		_, err := exec(ctx, c, "INSERT INTO meta (key, value, at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
			saltKey, rand.Text(), stamp(time.Now()))
		if err != nil {
			return fmt.Errorf("making the salt: %w", err)
		}
		s.salt, _, err = first(ctx, c, scalar[string], "SELECT value FROM meta WHERE key = ?", saltKey)
		return err
	})
}

// LastGoodBrand is the last version of a brand that loaded, as its file was.
func (s *Store) LastGoodBrand(ctx context.Context, name string) ([]byte, bool, error) {
	v, ok, err := first(ctx, s.reads, scalar[[]byte], "SELECT yaml FROM brands WHERE name = ?", name)
	if err != nil {
		return nil, false, fmt.Errorf("reading the last good version of brand %s: %w", name, err)
	}
	return v, ok, nil
}

// SaveGoodBrand keeps a version of a brand that loaded.
func (s *Store) SaveGoodBrand(ctx context.Context, name string, yaml []byte, hash string) error {
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, `INSERT INTO brands (name, yaml, hash, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET yaml = excluded.yaml, hash = excluded.hash, at = excluded.at
			WHERE brands.hash <> excluded.hash OR brands.yaml <> excluded.yaml`, name, append([]byte{}, yaml...), hash, stamp(time.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping brand %s: %w", name, err)
	}
	return nil
}
