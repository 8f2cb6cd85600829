package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/sqlite"
	"github.com/leakytap/leakytap/pkg/mention"
)

func openIn(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{}, dir, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConfigValidate(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		name string
		cfg  Config
		want []string
	}{
		{"default", Default(), nil},
		{"postgres is not there yet", Config{URL: "postgres://u:secret@db/x", Retention: setting.Duration(day)}, []string{"url: PostgreSQL is not supported yet; write sqlite"}},
		{"unknown store", Config{URL: "mysql://u:secret@db", Retention: setting.Duration(day)}, []string{"url: is no store that leakytap knows; write sqlite"}},
		{"too short", Config{URL: "sqlite", Retention: setting.Duration(time.Hour)}, []string{"retention: 1h is too short; write at least 1d"}},
		{"both", Config{URL: "x"}, []string{"url: is no store that leakytap knows; write sqlite", "retention: 0s is too short; write at least 1d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range c.cfg.Validate() {
				got = append(got, p.Error())
			}
			require.Equal(t, c.want, got)
		})
	}
	_, err := Open(t.Context(), Config{URL: "postgres://u:secret@db/x"}, t.TempDir(), nil)
	require.ErrorContains(t, err, "PostgreSQL is not supported yet")
	require.NotContains(t, err.Error(), "secret")
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openIn(t, dir)
	require.NoError(t, s.SetMeta(t.Context(), "k", "v"))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), f.Name())
	}
}

func TestReopen(t *testing.T) {
	dir, now := t.TempDir(), time.Now().UTC().Truncate(time.Microsecond)
	s, err := Open(t.Context(), Config{}, dir, nil)
	require.NoError(t, err)
	m := record.Stored{Brand: "acme", Mention: mention.Mention{ID: "x:1", Platform: "x", NativeID: "1", Text: "words"}, Case: "c"}
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *Tx) error {
		_, err := tx.NextSeq("acme")
		require.NoError(t, err)
		require.NoError(t, tx.PutMention(m))
		require.NoError(t, tx.PutCase(record.Case{ID: "c", Brand: "acme", State: record.StateOpen, Root: "x:1", OpenedAt: now, UpdatedAt: now}))
		_, err = tx.PutNotice(record.Notice{Key: "k", Receiver: "r", Kind: record.NoticeCard, Case: "c", CreatedAt: now, DueAt: now})
		return err
	}))
	require.NoError(t, s.SaveProgress(t.Context(), Progress{Source: "sky", Cursor: json.RawMessage("7")}))
	ns, err := s.ClaimNotices(t.Context(), "r", now, time.Minute, 1)
	require.NoError(t, err)
	require.Len(t, ns, 1)
	salt := s.salt
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.SetMeta(t.Context(), "k", "v"), sqlite.ErrClosed)

	s = openIn(t, dir)
	require.Equal(t, salt, s.salt)
	c, err := s.LoadCursor(t.Context(), "sky")
	require.NoError(t, err)
	require.Equal(t, "7", string(c))
	got, err := s.Mention(t.Context(), "acme", "x:1")
	require.NoError(t, err)
	require.Equal(t, m, got)
	ns, err = s.ClaimNotices(t.Context(), "r", now.Add(time.Minute-1*time.Microsecond), time.Minute, 1)
	require.NoError(t, err)
	require.Empty(t, ns, "the request of the process before may still be under way")
	ns, err = s.ClaimNotices(t.Context(), "r", now.Add(time.Minute), time.Minute, 1)
	require.NoError(t, err)
	require.Len(t, ns, 1)
	require.True(t, ns[0].Unsure)
	require.Equal(t, now, ns[0].FirstTry)
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *Tx) error {
		n, err := tx.NextSeq("acme")
		require.EqualValues(t, 2, n)
		return err
	}))
}

// Two processes on one file: the lock of data_dir prevents it, and the
// compare-and-swap is the fence where it does not.
func TestTwoStoresClaimEachRowOnce(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	a, b := openIn(t, dir), openIn(t, dir)
	const rows = 60
	var ns []record.Notice
	for i := range rows {
		ns = append(ns, record.Notice{Key: string(rune('A' + i)), Receiver: "r", Kind: record.NoticeOps, CreatedAt: now, DueAt: now})
	}
	require.NoError(t, a.PutNotices(t.Context(), ns))
	var (
		mu   sync.Mutex
		got  = map[int64]int{}
		errs []error
		wg   sync.WaitGroup
	)
	for _, s := range []*Store{a, b} {
		for range 2 {
			wg.Go(func() {
				for {
					ns, err := s.ClaimNotices(t.Context(), "r", now, time.Hour, 3)
					mu.Lock()
					for _, n := range ns {
						got[n.ID]++
					}
					if err != nil {
						errs = append(errs, err)
					}
					mu.Unlock()
					if err != nil || len(ns) == 0 {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, got, rows)
	for id, n := range got {
		require.Equal(t, 1, n, "row %d", id)
	}
}

func TestRefusedFiles(t *testing.T) {
	edit := func(t *testing.T, dir string, statements ...string) {
		t.Helper()
		db, err := sqlite.Open(t.Context(), filepath.Join(dir, FileName), sqlite.Options{})
		require.NoError(t, err)
		require.NoError(t, db.Write(t.Context(), func(tx *sql.Tx) error {
			for _, st := range statements {
				if _, err := tx.ExecContext(t.Context(), st); err != nil {
					return err
				}
			}
			return nil
		}))
		require.NoError(t, db.Close())
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string
	}{
		{"a newer schema", func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, openClosed(dir))
			edit(t, dir, "PRAGMA user_version = 99")
		}, "schema version 99 is newer than this program knows"},
		{"another program's tables", func(t *testing.T, dir string) {
			t.Helper()
			edit(t, dir, "CREATE TABLE notes (x)")
		}, "is a database of another program"},
		{"another program's mark", func(t *testing.T, dir string) {
			t.Helper()
			edit(t, dir, "PRAGMA application_id = 77")
		}, "is a database of another program"},
		{"no database at all", func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, FileName), bytes.Repeat([]byte("not a database. "), 400), 0o600))
		}, "is no SQLite database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, FileName))
			require.NoError(t, err)
			for range 2 {
				require.ErrorContains(t, openClosed(dir), c.want)
			}
			after, err := os.ReadFile(filepath.Join(dir, FileName))
			require.NoError(t, err)
			require.Equal(t, before, after, "a refused file is left as it is")
		})
	}
}

// openClosed opens the store in dir and closes it.
func openClosed(dir string) error {
	s, err := Open(context.Background(), Config{}, dir, nil)
	if err != nil {
		return err
	}
	return s.Close()
}

// A migration that dies half-way leaves the schema before, and the next start
// goes on from there.
func TestMigrationStartsAgain(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	require.NoError(t, s.SetMeta(t.Context(), "k", "v"))
	steps, err := schemaSteps()
	require.NoError(t, err)
	next := "ALTER TABLE meta ADD COLUMN extra TEXT NOT NULL DEFAULT 'x'; CREATE TABLE more (a);"
	err = s.db.Migrate(t.Context(), append(steps, next+"INSERT INTO nowhere VALUES (1);")...)
	require.ErrorContains(t, err, "nowhere")
	version := func() (v int) {
		require.NoError(t, s.db.Read().QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&v))
		return v
	}
	require.Equal(t, len(steps), version())
	var n int
	require.NoError(t, s.db.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'more'").Scan(&n))
	require.Zero(t, n, "nothing of the step is kept")
	require.NoError(t, s.db.Migrate(t.Context(), append(steps, next)...))
	require.Equal(t, len(steps)+1, version())
	v, ok, err := s.Meta(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "v", v)
}
