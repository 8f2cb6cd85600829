package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watching runs a Watcher and counts its calls.
type watching struct {
	calls atomic.Int64
}

func watch(t *testing.T, files func() []string, changed func()) *watching {
	t.Helper()
	w := &watching{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		watcher := Watcher{Files: files, Changed: func() {
			w.calls.Add(1)
			if changed != nil {
				changed()
			}
		}}
		done <- watcher.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return w
}

// until writes again and again what must be noticed: the watcher may not have begun yet.
func (w *watching) until(t *testing.T, calls int64, write func(n int)) {
	t.Helper()
	n := 0
	require.Eventually(t, func() bool {
		if w.calls.Load() >= calls {
			return true
		}
		if n%20 == 0 {
			write(n)
		}
		n++
		return false
	}, 30*time.Second, 50*time.Millisecond)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestWatchSeesWritesRenamesAndNewBrandFiles(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "a", "brands/acme.yaml": "a"})
	dir := filepath.Dir(path)
	w := watch(t, func() []string { return []string{path, filepath.Join(dir, "brands")} }, nil)
	w.until(t, 1, func(n int) { put(t, path, fmt.Sprint("written ", n)) })
	before := w.calls.Load()
	w.until(t, before+1, func(n int) { // as editors save
		put(t, path+".tmp", fmt.Sprint("renamed ", n))
		require.NoError(t, os.Rename(path+".tmp", path))
	})
	before = w.calls.Load()
	w.until(t, before+1, func(n int) { put(t, filepath.Join(dir, "brands", fmt.Sprintf("bolt%d.yaml", n)), "b") })
	before = w.calls.Load()
	w.until(t, before+1, func(int) { _ = os.Remove(filepath.Join(dir, "brands", "acme.yaml")) })
}

func TestWatchSeesAConfigMapSwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := func(n int) {
		data := filepath.Join(dir, fmt.Sprintf("..v%d", n))
		require.NoError(t, os.MkdirAll(data, 0o700))
		put(t, filepath.Join(data, "leakytap.yaml"), fmt.Sprint("version ", n))
		_ = os.Remove(filepath.Join(dir, "..data_tmp"))
		require.NoError(t, os.Symlink(filepath.Base(data), filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version(0)
	path := filepath.Join(dir, "leakytap.yaml")
	require.NoError(t, os.Symlink(filepath.Join("..data", "leakytap.yaml"), path))
	w := watch(t, func() []string { return []string{path} }, nil)
	w.until(t, 1, func(n int) { version(n + 1) })
}

func TestWatchSeesAFolderThatWasReplaced(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "a", "brands/acme.yaml": "a"})
	brands := filepath.Join(filepath.Dir(path), "brands")
	w := watch(t, func() []string { return []string{path, brands} }, nil)
	w.until(t, 1, func(n int) { put(t, path, fmt.Sprint("begin ", n)) })
	before := w.calls.Load()
	w.until(t, before+1, func(n int) {
		require.NoError(t, os.RemoveAll(brands))
		require.NoError(t, os.Mkdir(brands, 0o700))
		put(t, filepath.Join(brands, "acme.yaml"), fmt.Sprint("replaced ", n))
	})
	before = w.calls.Load()
	w.until(t, before+1, func(n int) { put(t, filepath.Join(brands, "acme.yaml"), fmt.Sprint("written ", n)) })
}

func TestWatchFollowsNewFiles(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "a", "elsewhere/secret": "a"})
	secret := filepath.Join(filepath.Dir(path), "elsewhere", "secret")
	var both atomic.Bool
	w := watch(t, func() []string {
		if both.Load() {
			return []string{path, secret}
		}
		return []string{path}
	}, func() { both.Store(true) })
	w.until(t, 1, func(n int) { put(t, path, fmt.Sprint("b", n)) })
	before := w.calls.Load()
	w.until(t, before+1, func(n int) { put(t, secret, fmt.Sprint("c", n)) })
}

func TestWatchCoalesces(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "a"})
	w := watch(t, func() []string { return []string{path} }, nil)
	w.until(t, 1, func(n int) { put(t, path, fmt.Sprint("begin ", n)) })
	start, first := time.Now(), w.calls.Load()
	for n := 0; time.Since(start) < 2500*time.Millisecond; n++ {
		put(t, path, fmt.Sprint("storm ", n))
	}
	calls := w.calls.Load() - first
	require.LessOrEqual(t, calls, int64(time.Since(start)/DefaultPace().Every)+1, "at most one a second")
	require.Positive(t, calls, "and a storm does not put them off")
	last := w.calls.Load()
	put(t, path, "the last one")
	require.Eventually(t, func() bool { return w.calls.Load() > last }, 30*time.Second, 20*time.Millisecond, "the last change is not lost")
}

func TestWatchIgnoresWhatChangesNothing(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "a", "brands/x.txt": ""})
	files := func() []string { return []string{path, filepath.Join(filepath.Dir(path), "brands")} }
	before := fingerprint(files())
	put(t, filepath.Join(filepath.Dir(path), "other.log"), "noise")
	put(t, filepath.Join(filepath.Dir(path), "brands", ".x.yaml.swp"), "noise")
	put(t, path, "a")
	require.Equal(t, before, fingerprint(files()))
	require.NoError(t, os.Remove(path))
	gone := fingerprint(files())
	require.NotEqual(t, before, gone)
	put(t, path, "")
	require.NotEqual(t, gone, fingerprint(files()), "an empty file is not a missing one")
}

// A file that changed after it was read and before the watching began is told.
func TestWatchSince(t *testing.T) {
	t.Parallel()
	path := folder(t, map[string]string{"leakytap.yaml": "data_dir: a\n"})
	cfg, _ := Load(path, Options{})
	for _, tt := range []struct {
		text  string
		calls int64
	}{{"data_dir: a\n", 0}, {"data_dir: b\n", 1}} {
		put(t, path, tt.text)
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int64
		w := Watcher{Files: cfg.Files, Since: cfg.Fingerprint(), Changed: func() { calls.Add(1) }}
		cancel() // what Run does first needs no waiting
		require.NoError(t, w.Run(ctx))
		require.Equal(t, tt.calls, calls.Load(), tt.text)
	}
}
