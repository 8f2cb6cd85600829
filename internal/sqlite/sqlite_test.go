package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// open opens a fresh file in a folder of the test with one table t(v).
func open(tb testing.TB, opt Options) *DB {
	tb.Helper()
	return openAt(tb, filepath.Join(tb.TempDir(), "t.db"), opt)
}

func openAt(tb testing.TB, path string, opt Options) *DB {
	tb.Helper()
	d, err := Open(context.Background(), path, opt)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, d.Close()) })
	require.NoError(tb, d.Migrate(context.Background(), "CREATE TABLE t (v INTEGER PRIMARY KEY, s TEXT)"))
	return d
}

func count(tb testing.TB, d *DB) int {
	tb.Helper()
	var n int
	require.NoError(tb, d.Read().QueryRowContext(context.Background(), "SELECT count(*) FROM t").Scan(&n))
	return n
}

func insert(ctx context.Context, v int) func(tx *sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO t (v) VALUES (?)", v)
		return err
	}
}

func TestOpenSetsPragmasOnEveryConnection(t *testing.T) {
	d := open(t, Options{Readers: 3})
	ctx := t.Context()
	require.NoError(t, d.Write(ctx, func(tx *sql.Tx) error {
		var mode string
		var sync, fk int
		if err := tx.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&sync); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, "PRAGMA foreign_keys").Scan(&fk)
		require.Equal(t, "wal", mode)
		require.Equal(t, 2, sync, "FULL: a commit is synced before it is told")
		require.Equal(t, 1, fk)
		return err
	}))
	var conns []*sql.Conn
	for range 3 {
		c, err := d.Read().Conn(ctx)
		require.NoError(t, err)
		var busy, only int
		require.NoError(t, c.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&busy))
		require.NoError(t, c.QueryRowContext(ctx, "PRAGMA query_only").Scan(&only))
		require.Equal(t, 5000, busy)
		require.Equal(t, 1, only)
		conns = append(conns, c)
	}
	for _, c := range conns {
		require.NoError(t, c.Close())
	}
	_, err := d.Read().ExecContext(ctx, "INSERT INTO t (v) VALUES (1)")
	require.Error(t, err, "the read pool must not write")
}

func TestOpenUnsynced(t *testing.T) {
	d := open(t, Options{Unsynced: true})
	require.NoError(t, d.Write(t.Context(), func(tx *sql.Tx) error {
		var sync int
		err := tx.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&sync)
		require.Equal(t, 0, sync)
		return err
	}))
}

func TestOpenKeepsTheFileToItsOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "x.db")
	d := openAt(t, path, Options{})
	require.NoError(t, d.Write(t.Context(), insert(t.Context(), 1)))
	for _, name := range []string{"x.db", "x.db-wal", "x.db-shm"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestOpenTightensAFileThatOthersCouldRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	require.NoError(t, os.Chmod(path, 0o644))
	openAt(t, path, Options{})
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestOpenTakesAnyPath(t *testing.T) {
	for _, name := range []string{"with space.db", "a?b=c.db", "hash#1.db", "per%20cent.db", "ünï.db", "a&_pragma=x.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			d := openAt(t, path, Options{})
			require.NoError(t, d.Write(t.Context(), insert(t.Context(), 1)))
			_, err := os.Stat(path + "-wal")
			require.NoError(t, err, "the file must be the one that was named")
		})
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
	_, err := Open(t.Context(), path, Options{})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, path)
	got, readErr := os.ReadFile(path)
	require.NoError(t, readErr)
	require.Equal(t, bytes.Repeat([]byte("no database "), 1000), got, "the file must be left as it was")
}

func TestOpenRefusesAFolder(t *testing.T) {
	_, err := Open(t.Context(), t.TempDir(), Options{})
	require.ErrorContains(t, err, "opening database")
}

func TestDamagedPagesAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	require.NoError(t, d.Migrate(t.Context(), "CREATE TABLE t (v INTEGER PRIMARY KEY, s TEXT)"))
	require.NoError(t, d.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(),
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, hex(randomblob(64)) FROM n")
		return err
	}))
	require.NoError(t, d.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, 8*4096), 4096)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	d, err = Open(t.Context(), path, Options{})
	require.NoError(t, err, "the first page is whole")
	defer func() { require.NoError(t, d.Close()) }()
	err = d.Write(t.Context(), insert(t.Context(), 1_000_000))
	require.ErrorIs(t, err, ErrCorrupt)
	var n int
	require.ErrorIs(t, Classify(d.Read().QueryRowContext(t.Context(), "SELECT count(s) FROM t").Scan(&n)), ErrCorrupt)
}

func TestReopenKeepsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	require.NoError(t, d.Migrate(t.Context(), "CREATE TABLE t (v INTEGER PRIMARY KEY, s TEXT)"))
	require.NoError(t, d.Write(t.Context(), insert(t.Context(), 7)))
	size, err := d.Size()
	require.NoError(t, err)
	require.Positive(t, size)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close(), "a second Close does nothing")
	_, err = os.Stat(path + "-wal")
	require.ErrorIs(t, err, os.ErrNotExist, "Close folds the WAL into the file")
	require.Equal(t, 1, count(t, openAt(t, path, Options{})))
}

func TestMigrate(t *testing.T) {
	d := open(t, Options{})
	one := "CREATE TABLE t (v INTEGER PRIMARY KEY, s TEXT)"
	two := "CREATE TABLE u (v INTEGER); INSERT INTO u VALUES (1), (2)"
	require.NoError(t, d.Migrate(t.Context(), one, two))
	require.NoError(t, d.Migrate(t.Context(), one, two), "nothing is left to do")
	var n int
	require.NoError(t, d.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM u").Scan(&n))
	require.Equal(t, 2, n)
	require.ErrorContains(t, d.Migrate(t.Context(), one), "newer than this program knows")
	err := d.Migrate(t.Context(), one, two, "CREATE TABLE w (v INTEGER); INSERT INTO nowhere VALUES (1)")
	require.ErrorContains(t, err, "schema step 3")
	require.NoError(t, d.Migrate(t.Context(), one, two, "CREATE TABLE w (v INTEGER)"), "the failed step left nothing behind")
}

func TestTimesAreIntegersInUTC(t *testing.T) {
	require.Zero(t, Stamp(time.Time{}))
	require.True(t, Time(0).IsZero())
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.FixedZone("x", 3600))
	require.True(t, now.Equal(Time(Stamp(now))))
	require.Equal(t, time.UTC, Time(Stamp(now)).Location())
	require.Equal(t, int64(-1_000_000), Stamp(time.Unix(-1, 0)))
}
