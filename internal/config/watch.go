package config

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// The times of a Watcher.
const (
	// watchSettle is how long files rest before a change counts: editors and tools write in steps.
	watchSettle = 200 * time.Millisecond
	// watchEvery is the shortest time between two calls, however often files change.
	watchEvery = time.Second
	// watchLook is how often files are looked at without a hint from the system, for file
	// systems that give none.
	watchLook = 10 * time.Second
)

// Watcher calls a function when a config's files change.
type Watcher struct {
	// Files gives the files and folders to watch; it is asked again after each change.
	Files func() []string
	// Since is the Fingerprint of the config that runs: what changed since it was read is
	// told at once. Empty is the files as they are when Run begins.
	Since string
	// Changed is called with no other call running, at most once a second.
	Changed func()
	// Log may be nil.
	Log *zap.Logger
}

// Run watches until ctx ends. It watches folders and not files, since editors and Kubernetes put
// new files in the place of old ones, and calls Changed only where some file's bytes differ.
func (w *Watcher) Run(ctx context.Context) error {
	log := w.Log
	if log == nil {
		log = zap.NewNop()
	}
	r := &watchRun{w: w, log: log}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("file changes are noticed by looking only", zap.Error(err))
	} else {
		defer notify.Close()
		r.notify = notify
	}
	r.follow()
	if now := fingerprint(w.Files()); w.Since == "" || w.Since == string(now[:]) {
		r.state = now
	} else {
		r.check()
	}
	return r.loop(ctx)
}

// watchRun is one Run.
type watchRun struct {
	w      *Watcher
	log    *zap.Logger
	notify *fsnotify.Watcher
	state  [sha256.Size]byte
	last   time.Time
}

func (r *watchRun) loop(ctx context.Context) error {
	var events chan fsnotify.Event
	var errs chan error
	if r.notify != nil {
		events, errs = r.notify.Events, r.notify.Errors
	}
	look := time.NewTicker(watchLook)
	defer look.Stop()
	settle := time.NewTimer(time.Hour)
	settle.Stop()
	defer settle.Stop()
	waiting := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			if !waiting { // later events do not put it off: a folder may never rest
				waiting = true
				settle.Reset(max(watchSettle, watchEvery-time.Since(r.last)))
			}
		case err := <-errs:
			r.log.Debug("watching the config's files", zap.Error(err))
		case <-settle.C:
			waiting = r.check()
			if waiting { // what changed while Changed ran gave its event already
				settle.Reset(watchEvery)
			}
		case <-look.C:
			if !waiting && r.check() {
				waiting = true
				settle.Reset(watchEvery)
			}
		}
	}
}

// check calls Changed where the bytes of a file are not what they were, and reports whether it did.
func (r *watchRun) check() bool {
	files := r.w.Files()
	now := fingerprint(files)
	if now == r.state {
		return false
	}
	r.state, r.last = now, time.Now()
	r.w.Changed()
	r.follow()
	if next := r.w.Files(); !slices.Equal(next, files) && fingerprint(files) == now {
		r.state = fingerprint(next) // other files from now on, and none of the old ones has changed since
	}
	return true
}

// follow watches the folders of all files.
func (r *watchRun) follow() {
	if r.notify == nil {
		return
	}
	for _, f := range r.w.Files() {
		for _, dir := range watchDirs(f) {
			// Adding a folder again is no harm, and needed where it was replaced.
			if err := r.notify.Add(dir); err != nil {
				r.log.Debug("watching a folder of the config", zap.String("dir", dir), zap.Error(err))
			}
		}
	}
}

// watchDirs are the folders in which a change of a file shows: its own, and that of what it
// links to.
func watchDirs(file string) []string {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return []string{filepath.Clean(file), filepath.Dir(filepath.Clean(file))}
	}
	dirs := []string{filepath.Dir(file)}
	if target, err := filepath.EvalSymlinks(file); err == nil && filepath.Dir(target) != dirs[0] {
		dirs = append(dirs, filepath.Dir(target))
	}
	return dirs
}

// fingerprint differs when the bytes or the presence of any file differ. A folder stands for the brand
// files in it.
func fingerprint(files []string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, f := range files {
		entries, err := os.ReadDir(f)
		if err != nil {
			hashFile(h, f)
			continue
		}
		for _, e := range entries {
			if path := filepath.Join(f, e.Name()); isBrandPath(path, e) {
				hashFile(h, path)
			}
		}
	}
	h.Sum(sum[:0])
	return sum
}

func hashFile(h io.Writer, path string) {
	data, err := readFile(path, MaxFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		data = []byte("gone")
	case err != nil:
		data = []byte("unreadable: " + strings.ToLower(err.Error()))
	}
	_, _ = fmt.Fprintf(h, "%s\x00%d\x00%t\x00", path, len(data), err == nil)
	_, _ = h.Write(data)
}
