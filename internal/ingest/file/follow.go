package file

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/row"
)

const (
	// batchLines and batchBytes bound what is published at a time.
	batchLines = 500
	batchBytes = 4 << 20
	// maxKept is how much of a bad line is put aside.
	maxKept = 256 << 10
)

// follower reads one file at a time. It is used by one goroutine.
type follower struct {
	path, name string
	sess       *ingest.Session

	file *os.File
	info os.FileInfo
	at   cursor
	// size and changed are the file as it was at the last poll, rested for how many
	// polls it has not changed since.
	size    int64
	changed time.Time
	rested  int
	// torn is one more than the offset of the incomplete last line that was told of.
	torn int64
}

// read publishes what was added since the last poll.
func (f *follower) read(ctx context.Context) error {
	info, err := f.file.Stat()
	if err != nil {
		f.close()
		return fault("looking at "+f.path, err)
	}
	same := info.Size() == f.size && info.ModTime().Equal(f.changed)
	f.size, f.changed = info.Size(), info.ModTime()
	if same {
		f.rested = min(f.rested+1, restPolls)
	} else {
		f.rested = 0
	}
	if !f.at.fits(f.file) {
		f.sess.Log().Info("the file was truncated or written anew, reading it from its start", zap.Int64("offset", f.at.Offset), zap.Int64("size", info.Size()))
		f.at = cursor{Inode: inode(info)}
	}
	for more := f.size > f.at.Offset; more; {
		if more, err = f.take(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

// take publishes one batch and reports whether there may be more. The last line
// without its end is left for later, unless the file is over or the line is
// complete and rests.
func (f *follower) take(ctx context.Context, over bool) (bool, error) {
	if _, err := f.file.Seek(f.at.Offset, io.SeekStart); err != nil {
		f.close()
		return false, fault("reading "+f.path, err)
	}
	in, at, b, more, err := newLines(f.file), f.at, ingest.Batch{}, true, error(nil)
	for n := 0; more && err == nil && n < batchLines && at.Offset-f.at.Offset < batchBytes; n++ {
		more, err = f.one(in, &at, &b, over)
	}
	if err != nil {
		f.close()
		return false, fault("reading "+f.path, err)
	}
	if at.Offset == f.at.Offset {
		return false, nil
	}
	if err := at.mark(f.file); err != nil {
		// It was truncated under our hands: the next poll begins again.
		return false, fault("reading "+f.path, err)
	}
	b.Cursor = at.encode()
	if err := f.sess.Publish(ctx, b); err != nil {
		return false, err
	}
	f.at = at
	return more, nil
}

// one adds the next line to the batch and moves the cursor behind it, false where
// there is none yet.
func (f *follower) one(in lines, at *cursor, b *ingest.Batch, over bool) (bool, error) {
	if at.Skip {
		size, ended, err := in.skip()
		at.Offset += size
		at.Skip = !ended
		return size > 0, err
	}
	l, err := in.next()
	if err != nil || l.size == 0 {
		return false, err
	}
	text := bytes.TrimSpace(l.text)
	if !l.whole && !l.long && !over && !f.complete(text, at) {
		return false, nil
	}
	at.Offset += l.size
	at.Line++
	at.Skip = l.long && !l.whole
	if len(text) > 0 {
		f.add(text, at.Line, b)
	}
	return l.whole || at.Skip, nil
}

// complete reports whether a last line without its end can be taken: it rests and
// is JSON. Half a line is no line, however long its writer pauses; it is taken as
// it is once something follows.
func (f *follower) complete(text []byte, at *cursor) bool {
	if f.rested < restPolls || len(text) == 0 {
		return false
	}
	if json.Valid(text) {
		return true
	}
	if f.torn != at.Offset+1 {
		f.torn = at.Offset + 1
		f.sess.Note(ingest.ReasonBadLine)
		f.sess.Log().Info("the last line of the file is incomplete, waiting for its rest", zap.Int64("line", at.Line+1))
	}
	return false
}

func (f *follower) add(text []byte, number int64, b *ingest.Batch) {
	if number == 1 {
		text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	}
	m, err := row.Decode(text, f.name)
	if err == nil {
		b.Posts = append(b.Posts, m)
		return
	}
	b.Bad = append(b.Bad, ingest.Bad{
		Reason: row.ReasonOf(err, ingest.ReasonBadLine), Detail: fmt.Sprintf("line %d: %v", number, err),
		Key: f.name, Value: bytes.Clone(text[:min(len(text), maxKept)]),
	})
}
