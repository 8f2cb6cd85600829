package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Lease takes or renews the lease of that name for ttl and reports whether the
// holder has it. Whoever holds it renews it well before ttl is over. Everyone
// who asks for a name asks with the same ttl: a lease that lasts longer than two
// of them was written under a clock that has since been set back, and is taken.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	now := time.Now()
	var got int64
	err := s.write(ctx, func(c conn) (err error) {
		got, err = exec(context.WithoutCancel(ctx), c, `INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE leases.holder = excluded.holder OR leases.until <= ? OR leases.until > ?`,
			name, holder, stamp(now.Add(ttl)), stamp(now), stamp(now.Add(2*ttl)))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("taking lease %s: %w", name, err)
	}
	return got > 0, nil
}

// ReleaseLease gives a lease back, if holder has it.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, "DELETE FROM leases WHERE name = ? AND holder = ?", name, holder)
		return err
	})
	if err != nil {
		return fmt.Errorf("releasing lease %s: %w", name, err)
	}
	return nil
}

// DropLeases ends every lease. Only for the process that holds the lock of
// data_dir, at its start: whoever held them before is dead.
func (s *Store) DropLeases(ctx context.Context) error {
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, "DELETE FROM leases")
		return err
	})
	if err != nil {
		return fmt.Errorf("ending the leases of the process before: %w", err)
	}
	return nil
}

// Leases are all leases, by name; some may have run out.
func (s *Store) Leases(ctx context.Context) ([]record.Lease, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (record.Lease, error) {
		var (
			v     record.Lease
			until int64
		)
		err := scan(&v.Name, &v.Holder, &until)
		v.Until = when(until)
		return v, err
	}, "SELECT name, holder, until FROM leases ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("reading the leases: %w", err)
	}
	return out, nil
}
