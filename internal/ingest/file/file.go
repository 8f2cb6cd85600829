// Package file follows a file of mentions, one JSON object on each line, as tail
// -F does.
//
// Its cursor moves only with the batch that it stands for, so that a crash
// repeats lines and loses none; what repeats is known by its id. A file that was
// truncated or replaced is read from its start; one that was rotated away is read
// to its end first, also when that happened while nothing ran. A line that is no
// mention is put aside with its number. Memory is bounded however long a line is.
//
//	file.go    the source: polls, and which file is followed
//	follow.go  one open file: its lines as batches
//	cursor.go  where to continue, and whether it is still the same file
//	lines.go   lines in bounded memory
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
)

const (
	// restPolls is how many polls in a row a file must not have grown before its
	// last line counts without its end, and before a rotated file is left.
	restPolls = 3
	// maxSiblings is how many files of the folder are looked at for a rotated one.
	maxSiblings = 10_000
)

// Source is one file that is followed.
type Source struct {
	cfg ingest.Config
}

// New makes the source of cfg; it opens nothing yet, and the file may come later.
func New(cfg ingest.Config) (*Source, error) {
	cfg.Type = ingest.TypeFile
	cfg = cfg.WithDefaults()
	if cfg.Path == "" {
		return nil, fmt.Errorf("making source %s: path is missing; write the JSONL file that it follows", cfg.Name)
	}
	return &Source{cfg: cfg}, nil
}

// Run follows the file until ctx ends. A file of this machine costs nothing to
// ask for, so that failures are no reason to ask less often.
func (s *Source) Run(ctx context.Context, sess *ingest.Session) error {
	f := &follower{path: s.cfg.Path, name: s.cfg.Name, sess: sess, at: loadCursor(sess.Cursor())}
	defer f.close()
	for {
		err := f.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			sess.Fail(ctx, err)
		default:
			sess.OK(ctx)
		}
		if !httpx.Wait(ctx, s.cfg.Poll.D()) {
			return nil
		}
	}
}

// poll reads what there is to read.
func (f *follower) poll(ctx context.Context) error {
	info, missing := stat(f.path)
	if f.file != nil && (missing != nil || !os.SameFile(f.info, info)) {
		// Rotated away or replaced. Its writer may still have it open, so that it is
		// left only when it rests.
		if err := f.read(ctx); err != nil || f.rested < restPolls {
			return err
		}
		if err := f.finish(ctx); err != nil {
			return err
		}
	}
	if f.file == nil {
		if missing != nil {
			return missing
		}
		if err := f.open(info); err != nil {
			return err
		}
	}
	return f.read(ctx)
}

// stat looks at the file that is configured.
func stat(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ingest.Fault(ingest.ReasonFile, "there is no file "+path+" yet; it is read once it is there")
	case err != nil:
		return nil, fault("looking at "+path, err)
	case !info.Mode().IsRegular():
		return nil, ingest.Fault(ingest.ReasonFile, path+" is no regular file; path must name a file of lines")
	}
	return info, nil
}

// open begins to follow the configured file, or the one that the cursor stands in
// where that was rotated away meanwhile.
func (f *follower) open(info os.FileInfo) error {
	path := f.path
	if f.at.Inode != 0 && f.at.Inode != inode(info) {
		if old := f.rotated(); old != "" {
			path = old
		}
	}
	// Without O_NONBLOCK a pipe that has taken the file's place would hold us up.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fault("opening "+path, err)
	}
	got, err := file.Stat()
	if err != nil || !got.Mode().IsRegular() {
		_ = file.Close()
		return errors.Join(ingest.Fault(ingest.ReasonFile, path+" was replaced while it was opened"), err)
	}
	f.file, f.info, f.rested, f.size = file, got, 0, -1
	if f.at.Inode != inode(got) {
		f.at = cursor{Inode: inode(got)}
	}
	return nil
}

// rotated finds the file that the cursor stands in beside the configured one,
// under a name that begins alike, where it holds more than was read.
func (f *follower) rotated() string {
	dir, base := filepath.Split(f.path)
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return ""
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(maxSiblings)
	if err != nil {
		return ""
	}
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	for _, name := range names {
		if name == base || stem == "" || !strings.HasPrefix(name, stem) {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || inode(info) != f.at.Inode || info.Size() <= f.at.Offset {
			continue
		}
		if f.at.fitsPath(path) {
			return path
		}
	}
	return ""
}

// finish takes the last line of a file that rests, and leaves the file.
func (f *follower) finish(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = f.take(ctx, true); err != nil {
			return err
		}
	}
	f.close()
	f.at = cursor{}
	return nil
}

func (f *follower) close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}

func fault(doing string, err error) error {
	return &ingest.Error{Reason: ingest.ReasonFile, Err: fmt.Errorf("%s: %w", doing, err)}
}
