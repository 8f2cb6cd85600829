package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// blocked keeps the writer busy until release is called, so that the calls made
// meanwhile end up in one group behind it.
func blocked(t *testing.T, d *DB) (release func() error) {
	t.Helper()
	started, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- d.Write(context.Background(), func(*sql.Tx) error {
			close(started)
			<-gate
			return nil
		})
	}()
	<-started
	return func() error { close(gate); return <-done }
}

func TestErrorUndoesOnlyItsCaller(t *testing.T) {
	d := open(t, Options{})
	ctx := t.Context()
	release := blocked(t, d)
	boom := errors.New("boom")
	errs := make([]error, 30)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = d.Write(ctx, func(tx *sql.Tx) error {
				if err := insert(ctx, i)(tx); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return boom
				case 2:
					panic("odd")
				}
				return nil
			})
		})
	}
	require.NoError(t, release())
	wg.Wait()
	for i, err := range errs {
		switch i % 3 {
		case 0:
			require.NoError(t, err)
		case 1:
			require.ErrorIs(t, err, boom)
		case 2:
			var p *PanicError
			require.ErrorAs(t, err, &p)
			require.Equal(t, "odd", p.Value)
			require.Contains(t, p.Error(), "write_test.go")
		}
	}
	require.Equal(t, 10, count(t, d))
}

func TestGoexitInACallerDoesNotStopTheWriter(t *testing.T) {
	d := open(t, Options{})
	err := d.Write(t.Context(), func(*sql.Tx) error {
		runtime.Goexit()
		return nil
	})
	require.ErrorIs(t, err, errGoexit)
	require.NoError(t, d.Write(t.Context(), insert(t.Context(), 1)))
}

func TestWritersShareCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		ctx := t.Context()
		before, err := os.Stat(d.Path() + "-wal")
		require.NoError(t, err)
		release := blocked(t, d)
		const n = 200
		errs := make(chan error, n)
		for i := range n {
			go func() { errs <- d.Write(ctx, insert(ctx, i)) }()
		}
		synctest.Wait() // all of them stand in line
		require.NoError(t, release())
		for range n {
			require.NoError(t, <-errs)
		}
		require.Equal(t, n, count(t, d))
		after, err := os.Stat(d.Path() + "-wal")
		require.NoError(t, err)
		require.LessOrEqual(t, after.Size()-before.Size(), int64(4*4120), "a commit each would have written 200 pages")
	})
}

func TestCancelledStatementSparesTheGroup(t *testing.T) {
	d := open(t, Options{})
	ctx := t.Context()
	release := blocked(t, d)
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { errs[i] = d.Write(ctx, insert(ctx, i)) })
	}
	// A long write whose own context ends in its middle.
	short, cancel := context.WithCancel(ctx)
	var slow error
	wg.Go(func() {
		slow = d.Write(ctx, func(tx *sql.Tx) error {
			time.AfterFunc(20*time.Millisecond, cancel)
			if _, err := tx.ExecContext(short,
				"WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i+1 FROM n WHERE i < 60000) INSERT INTO t (v) SELECT i FROM n"); err != nil {
				return err
			}
			<-short.Done()
			_, err := tx.ExecContext(short, "SELECT 1")
			return err
		})
	})
	require.NoError(t, release())
	wg.Wait()
	require.ErrorIs(t, slow, context.Canceled)
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, len(errs), count(t, d), "the cancelled caller's rows are gone, the others' are there")
}

func TestCancelBeforeTheTurn(t *testing.T) {
	d := open(t, Options{})
	release := blocked(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.Write(ctx, insert(t.Context(), 1))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, release())
	require.Equal(t, 0, count(t, d))
}

func TestCancelAfterTheStartDoesNotLoseTheCommit(t *testing.T) {
	d := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, d.Write(ctx, func(tx *sql.Tx) error {
		err := insert(ctx, 1)(tx)
		cancel()
		return err
	}))
	require.Equal(t, 1, count(t, d))
}

func TestFullDiskReachesEveryoneOfTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		ctx := t.Context()
		require.NoError(t, d.Write(ctx, insert(ctx, 1)))
		require.NoError(t, limitPages(ctx, d, 16))
		release := blocked(t, d)
		small := make(chan error, 4)
		for i := range 4 {
			go func() { small <- d.Write(ctx, insert(ctx, 10+i)) }()
		}
		synctest.Wait()
		full := make(chan error, 1)
		go func() {
			full <- d.Write(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO t (v, s) VALUES (2, ?)", strings.Repeat("x", 1<<20))
				return err
			})
		}()
		synctest.Wait()
		released := release()
		require.ErrorIs(t, <-full, ErrFull)
		kept := 1
		for range 4 {
			if err := <-small; err == nil {
				kept++
			} else {
				require.ErrorIs(t, err, ErrFull)
				require.Error(t, released, "one transaction, one fate")
			}
		}
		require.Equal(t, kept, count(t, d), "what was told to be kept is kept, what failed is not")
		require.NoError(t, d.Write(ctx, insert(ctx, 3)), "there is room for a small row")
	})
}

// limitPages makes the writer's connection believe in a disk of n pages.
func limitPages(ctx context.Context, d *DB, n int) error {
	return d.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n))
		return err
	})
}

func TestSwallowedLossIsTold(t *testing.T) {
	d := open(t, Options{})
	ctx := t.Context()
	err := d.Write(ctx, func(tx *sql.Tx) error {
		require.NoError(t, insert(ctx, 1)(tx))
		_, err := tx.ExecContext(ctx, "INSERT OR ROLLBACK INTO t (v) VALUES (1)")
		require.Error(t, err)
		return nil // the transaction is gone and fn does not say so
	})
	require.Error(t, err)
	require.Equal(t, 0, count(t, d))
	require.NoError(t, d.Write(ctx, insert(ctx, 2)))
}

func TestFailedCommitFailsTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{})
		ctx := t.Context()
		require.NoError(t, d.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "CREATE TABLE child (p INTEGER REFERENCES t(v) DEFERRABLE INITIALLY DEFERRED)")
			return err
		}))
		release := blocked(t, d)
		errs := make(chan error, 8)
		for i := range 8 {
			go func() {
				errs <- d.Write(ctx, func(tx *sql.Tx) error {
					if err := insert(ctx, i)(tx); err != nil || i > 0 {
						return err
					}
					// Checked when the transaction commits, not here.
					_, err := tx.ExecContext(ctx, "INSERT INTO child VALUES (12345)")
					return err
				})
			}()
		}
		synctest.Wait()
		require.ErrorIs(t, release(), ErrConflict)
		for range 8 {
			err := <-errs
			require.ErrorIs(t, err, ErrConflict)
			require.ErrorContains(t, err, "committing to")
		}
		require.Equal(t, 0, count(t, d), "nothing of the group is kept")
		require.NoError(t, d.Write(ctx, insert(ctx, 99)), "the writer goes on")
	})
}

func TestLockedByAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	a := openAt(t, path, Options{})
	b, err := Open(t.Context(), path, Options{BusyTimeout: 50 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	release := blocked(t, a)
	var wg sync.WaitGroup
	errs := make([]error, 5)
	for i := range errs {
		wg.Go(func() { errs[i] = b.Write(t.Context(), insert(t.Context(), i)) })
	}
	wg.Wait()
	for _, err := range errs {
		require.ErrorIs(t, err, ErrLocked)
	}
	require.NoError(t, release())
	require.NoError(t, b.Write(t.Context(), insert(t.Context(), 1)))
}

func TestWriteAfterClose(t *testing.T) {
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), Options{})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.ErrorIs(t, d.Write(t.Context(), func(*sql.Tx) error { return nil }), ErrClosed)
}

func TestCloseWaitsForTheGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	require.NoError(t, d.Migrate(t.Context(), "CREATE TABLE t (v INTEGER PRIMARY KEY, s TEXT)"))
	started, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- d.Write(context.Background(), func(tx *sql.Tx) error {
			close(started)
			<-gate
			return insert(context.Background(), 1)(tx)
		})
	}()
	<-started
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	close(gate)
	require.NoError(t, <-done)
	require.NoError(t, <-closed)
	require.Equal(t, 1, count(t, openAt(t, path, Options{})))
}

func TestWALStaysSmallUnderPagedReads(t *testing.T) {
	d := open(t, Options{Unsynced: true})
	ctx := t.Context()
	text := strings.Repeat("x", 12000)
	for i := range 1500 {
		require.NoError(t, d.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO t (v, s) VALUES (?, ?)", i, text)
			return err
		}))
		if i%100 == 0 {
			count(t, d)
		}
	}
	info, err := os.Stat(d.Path() + "-wal")
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(24<<20), "36 MiB were written; a checkpoint every 4000 pages keeps the WAL near 16 MiB")
}

func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			d := open(b, Options{})
			ctx := b.Context()
			b.SetParallelism(writers)
			var mu sync.Mutex
			next := 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					next++
					v := next
					mu.Unlock()
					if err := d.Write(ctx, insert(ctx, v)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
