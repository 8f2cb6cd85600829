package file

import (
	"bufio"
	"errors"
	"io"

	"github.com/leakytap/leakytap/pkg/mention"
)

// line is one line, or the part of one that is there.
type line struct {
	// text is the line without its end; of a line that is too long, its beginning.
	text []byte
	// size is how many bytes of the file were read for it.
	size int64
	// whole says that its end was reached.
	whole bool
	// long says that it is longer than a mention may be.
	long bool
}

// lines reads lines and never holds more of one than a mention may have.
type lines struct{ r *bufio.Reader }

func newLines(r io.Reader) lines { return lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next reads up to the next line end or the end of what is there, or stops at
// once when the line gets too long. It has size 0 at the end.
func (l lines) next() (line, error) {
	var out line
	for {
		part, err := l.r.ReadSlice('\n')
		out.size += int64(len(part))
		out.text = append(out.text, part...)
		switch {
		case err == nil:
			out.text, out.whole = out.text[:len(out.text)-1], true
			out.long = len(out.text) > mention.MaxRecord
			return out, nil
		case errors.Is(err, io.EOF):
			out.long = len(out.text) > mention.MaxRecord
			return out, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return out, err
		}
		if len(out.text) > mention.MaxRecord {
			out.long = true
			return out, nil
		}
	}
}

// skip reads on to the next line end, or for a while, and reports how many bytes
// that were and whether the line end was there.
func (l lines) skip() (int64, bool, error) {
	var size int64
	for size < batchBytes {
		part, err := l.r.ReadSlice('\n')
		size += int64(len(part))
		switch {
		case err == nil:
			return size, true, nil
		case errors.Is(err, io.EOF):
			return size, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return size, false, err
		}
	}
	return size, false, nil
}
