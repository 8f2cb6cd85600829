package config

import (
	"cmp"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// Pace are the times of a Watcher; what is 0 is as in DefaultPace.
type Pace struct {
	// Settle is how long files rest before a change counts: editors and tools write in steps.
	Settle time.Duration
	// Patience bounds how long files that never rest put a call off.
	Patience time.Duration
	// Every is the shortest time between two calls, however often files change.
	Every time.Duration
	// Look is how often files are looked at without a hint from the system, for file
	// systems that give none.
	Look time.Duration
}

// DefaultPace are the times that suit people and the tools they use.
func DefaultPace() Pace {
	return Pace{Settle: 200 * time.Millisecond, Patience: 2 * time.Second, Every: time.Second, Look: 10 * time.Second}
}

func (p Pace) withDefaults() Pace {
	d := DefaultPace()
	return Pace{
		Settle: cmp.Or(p.Settle, d.Settle), Patience: cmp.Or(p.Patience, d.Patience),
		Every: cmp.Or(p.Every, d.Every), Look: cmp.Or(p.Look, d.Look),
	}
}

// Watcher calls a function when a config's files change.
type Watcher struct {
	// Files gives the files and folders to watch; it is asked again after each change.
	Files func() []string
	// Since is the Fingerprint of the config that runs: what changed since it was read is
	// told at once. Empty is the files as they are when Run begins.
	Since string
	// Changed is called with no other call running, at most once in the time of Pace.Every.
	Changed func()
	// Pace are its times; the zero value is DefaultPace.
	Pace Pace
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
	r := &watchRun{w: w, log: log, pace: w.Pace.withDefaults()}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("file changes are noticed by looking only", zap.Error(err))
	} else {
		defer notify.Close()
		r.notify = notify
	}
	r.follow()
	files := w.Files()
	if now := fingerprint(files); w.Since == "" || w.Since == string(now[:]) {
		r.state = now
	} else {
		r.changed(files, now)
	}
	return r.loop(ctx)
}

// watchRun is one Run.
type watchRun struct {
	w      *Watcher
	log    *zap.Logger
	pace   Pace
	notify *fsnotify.Watcher
	// state is what was last told, seen what was last looked at; since is when files that
	// have not been told began to change, zero when all are told.
	state, seen [sha256.Size]byte
	since       time.Time
	last        time.Time
}

func (r *watchRun) loop(ctx context.Context) error {
	var events chan fsnotify.Event
	var errs chan error
	if r.notify != nil {
		events, errs = r.notify.Events, r.notify.Errors
	}
	look := time.NewTicker(r.pace.Look)
	defer look.Stop()
	settle := time.NewTimer(time.Hour)
	settle.Stop()
	defer settle.Stop()
	waiting := false
	begin := func() {
		if waiting { // later events do not put it off: a folder may never rest
			return
		}
		waiting = true
		r.seen = fingerprint(r.w.Files())
		settle.Reset(max(r.pace.Settle, r.pace.Every-time.Since(r.last)))
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			begin()
		case err := <-errs: // events may be missing
			r.log.Debug("watching the config's files", zap.Error(err))
			begin()
		case <-settle.C:
			again := r.check()
			if waiting = again > 0; waiting {
				settle.Reset(again)
			}
		case <-look.C:
			begin()
		}
	}
}

// check calls Changed where the bytes of a file are not what they were and are what they
// were at the last look. It gives the time until the next look, 0 where none is needed.
func (r *watchRun) check() time.Duration {
	files := r.w.Files()
	now := fingerprint(files)
	if now == r.state {
		r.since = time.Time{}
		return 0
	}
	if r.since.IsZero() {
		r.since = time.Now()
	}
	if now != r.seen && time.Since(r.since) < r.pace.Patience {
		r.seen = now
		return r.pace.Settle
	}
	r.changed(files, now)
	return r.pace.Every // what changed while Changed ran gave its event already
}

// changed calls Changed.
func (r *watchRun) changed(files []string, now [sha256.Size]byte) {
	r.state, r.seen, r.since, r.last = now, now, time.Time{}, time.Now()
	r.w.Changed()
	r.follow()
	if next := r.w.Files(); !slices.Equal(next, files) && fingerprint(files) == now {
		r.state = fingerprint(next) // other files from now on, and none of the old ones has changed since
		r.seen = r.state
	}
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
