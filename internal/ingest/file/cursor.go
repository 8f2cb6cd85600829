package file

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
)

// markSize is how many bytes of a file's start, and how many before the offset,
// tell it from another file.
const markSize = 1 << 10

// cursor is where to continue in a file, and what the file must look like for it.
type cursor struct {
	// Inode is the file's own number, 0 where the system has none.
	Inode  uint64 `json:"inode"`
	Offset int64  `json:"offset"`
	// Line is the number of lines before Offset.
	Line int64 `json:"line"`
	// Skip says that Offset is inside a line that is too long: the rest is left out.
	Skip bool `json:"skip,omitempty"`
	// Head is the hash of the first bytes of the file, Tail that of the bytes before
	// Offset: up to markSize each, and none of them after Offset.
	Head string `json:"head,omitempty"`
	Tail string `json:"tail,omitempty"`
}

func loadCursor(raw json.RawMessage) cursor {
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil || c.Offset < 0 || c.Line < 0 {
		return cursor{}
	}
	return c
}

// encode is the cursor as it is saved.
func (c cursor) encode() json.RawMessage {
	b, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	return b
}

// mark notes what the file looks like up to the offset.
func (c *cursor) mark(f io.ReaderAt) error {
	n := min(c.Offset, markSize)
	var err error
	if c.Head, err = hashAt(f, 0, n); err == nil {
		c.Tail, err = hashAt(f, c.Offset-n, n)
	}
	return err
}

// fits reports whether f still holds, up to the offset, what was read from it. A
// file that was truncated does not, even where it has grown beyond the offset again.
func (c cursor) fits(f io.ReaderAt) bool {
	now := c
	return now.mark(f) == nil && (c.Head == "" && c.Offset == 0 || now.Head == c.Head && now.Tail == c.Tail)
}

// fitsPath is fits for a file by its name.
func (c cursor) fitsPath(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return c.fits(f)
}

func hashAt(f io.ReaderAt, at, n int64) (string, error) {
	buf := make([]byte, n)
	if got, err := f.ReadAt(buf, at); int64(got) < n {
		return "", err
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:8]), nil
}
