package store

import (
	"context"
	"fmt"
	"slices"
)

// Tx is one transaction of the desk. It reads what it wrote. It is valid only
// inside the function given to Update, and for one goroutine.
type Tx struct {
	// ctx is Update's without its end: half a transaction helps nobody.
	ctx    context.Context //nolint:containedctx // a Tx lives no longer than the call that got the context
	c      conn
	brands []string

	// seqs are the brands' next numbers, read once and written back at the end.
	seqs map[string]int64
	// recent are the answers of CasesSince, kept up to date by PutCase.
	recent map[string]*recentCases

	casesChanged   bool
	watchesChanged bool
	erased         bool
}

// Update runs fn in the one transaction in which cases change: all that fn did
// is on the disk when it returns nil, and nothing of it when it returns an
// error. brands names every brand whose decisions, mentions or cases fn writes;
// they are locked against every other Update until this one ends. fn must be
// short and must not call the store by any other way than tx.
func (s *Store) Update(ctx context.Context, brands []string, fn func(tx *Tx) error) error {
	locked := slices.Compact(slices.Sorted(slices.Values(brands)))
	erased := false
	err := s.write(ctx, func(c conn) error {
		tx := &Tx{ctx: context.WithoutCancel(ctx), c: c, brands: locked, seqs: map[string]int64{}, recent: map[string]*recentCases{}}
		if err := fn(tx); err != nil {
			return err
		}
		erased = tx.erased
		return tx.finish()
	})
	if err == nil && erased {
		s.scrub.set()
		s.emptyLog(ctx)
	}
	return err
}

// finish writes back what was counted.
func (tx *Tx) finish() error {
	ctx := tx.ctx
	for brand, v := range tx.seqs {
		if err := setCounter(ctx, tx.c, seqCounter+brand, v); err != nil {
			return err
		}
	}
	if tx.casesChanged {
		if err := bumpCounter(ctx, tx.c, caseCounter); err != nil {
			return err
		}
	}
	if tx.watchesChanged {
		if err := bumpCounter(ctx, tx.c, watchCounter); err != nil {
			return err
		}
	}
	return nil
}

// holds refuses a write to a brand that Update did not lock.
func (tx *Tx) holds(brand string) error {
	if _, ok := slices.BinarySearch(tx.brands, brand); !ok {
		return fmt.Errorf("brand %q is not among those that this Update locked", brand)
	}
	return nil
}

// NextSeq is the next number in the brand's own order of decisions and actions, from 1.
func (tx *Tx) NextSeq(brand string) (int64, error) {
	if err := tx.holds(brand); err != nil {
		return 0, err
	}
	v, ok := tx.seqs[brand]
	if !ok {
		var err error
		if v, err = counter(tx.ctx, tx.c, seqCounter+brand); err != nil {
			return 0, fmt.Errorf("reading the sequence of brand %s: %w", brand, err)
		}
	}
	tx.seqs[brand] = v + 1
	return v + 1, nil
}

// The names of counters. seqCounter is followed by a brand.
const (
	seqCounter   = "seq/"
	caseCounter  = "cases"
	watchCounter = "watches"
)

// counter is the value of a counter, 0 where it never counted.
func counter(ctx context.Context, c conn, name string) (int64, error) {
	v, _, err := first(ctx, c, scalar[int64], "SELECT value FROM counters WHERE name = ?", name)
	return v, err
}

func setCounter(ctx context.Context, c conn, name string, v int64) error {
	_, err := exec(ctx, c, `INSERT INTO counters (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, v)
	if err != nil {
		return fmt.Errorf("writing counter %s: %w", name, err)
	}
	return nil
}

func bumpCounter(ctx context.Context, c conn, name string) error {
	_, err := exec(ctx, c, `INSERT INTO counters (name, value) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`, name)
	if err != nil {
		return fmt.Errorf("writing counter %s: %w", name, err)
	}
	return nil
}

// WatchVersion grows with each change of the watches.
func (s *Store) WatchVersion(ctx context.Context) (int64, error) {
	v, err := counter(ctx, s.reads, watchCounter)
	if err != nil {
		return 0, fmt.Errorf("reading the version of the watches: %w", err)
	}
	return v, nil
}

// CaseVersion grows with each Update that changed a case.
func (s *Store) CaseVersion(ctx context.Context) (int64, error) {
	v, err := counter(ctx, s.reads, caseCounter)
	if err != nil {
		return 0, fmt.Errorf("reading the version of the cases: %w", err)
	}
	return v, nil
}
