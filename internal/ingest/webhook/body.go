package webhook

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

// maxBody is the largest body, as it is sent and again once it is unpacked.
const maxBody = 16 << 20

// firstGuess is how much of a body of unknown length is asked for at first.
const firstGuess = 64 << 10

// errBusy says that the budget did not have the bytes in time.
var errBusy = errors.New("too many bytes are held at once")

// body is a delivery as it was sent. What it holds is taken from the pool first.
type body struct {
	raw  []byte
	pool *semaphore.Weighted
	held int64
	wait time.Duration
}

// release gives the bytes back.
func (b *body) release() {
	b.pool.Release(b.held)
	b.held = 0
}

// hold takes n more bytes from the pool. Two bodies that wait for each other both
// give up in the end, and are sent again.
func (b *body) hold(ctx context.Context, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	if b.pool.Acquire(ctx, n) != nil {
		return errBusy
	}
	b.held += n
	return nil
}

// read takes the body within its cap and the budget.
func (b *body) read(w http.ResponseWriter, r *http.Request) (answer, bool) {
	if !knownCoding(r.Header) {
		a := refuse(http.StatusUnsupportedMediaType, "content_encoding", "send the body as it is or with Content-Encoding: gzip")
		a.header = [2]string{"Accept-Encoding", "gzip"}
		return a, false
	}
	if r.ContentLength > maxBody {
		return tooLarge(), false
	}
	ctl := http.NewResponseController(w)
	if ctl.SetReadDeadline(time.Now().Add(readWithin)) == nil {
		// The connection may carry another request.
		defer func() { _ = ctl.SetReadDeadline(time.Time{}) }()
	}
	var err error
	b.raw, err = b.readAll(r.Context(), http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
	return answerRead(err, "incomplete", "the body did not arrive complete")
}

// readAll reads to the end, size bytes where that is known, and never more than
// maxBody and one.
func (b *body) readAll(ctx context.Context, from io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		size = firstGuess
	}
	if err := b.hold(ctx, size); err != nil {
		return nil, err
	}
	buf := make([]byte, 0, size+1)
	for {
		n, err := from.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > maxBody:
			return nil, &http.MaxBytesError{Limit: maxBody}
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) < cap(buf):
			continue
		}
		more := min(int64(len(buf)), maxBody+1-int64(len(buf)))
		if err := b.hold(ctx, more); err != nil {
			return nil, err
		}
		buf = slices.Grow(buf, int(more))
	}
}

// text is the body unpacked and without a byte order mark.
func (b *body) text(r *http.Request) ([]byte, answer, bool) {
	text := b.raw
	if coding(r.Header) == "gzip" {
		zr, err := gzip.NewReader(bytes.NewReader(b.raw))
		if err == nil {
			text, err = b.readAll(r.Context(), zr, -1)
		}
		if a, ok := answerRead(err, "bad_gzip", "the body is not complete gzip, as Content-Encoding says"); !ok {
			return nil, a, false
		}
	}
	return bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")), answer{}, true
}

func answerRead(err error, code, message string) (answer, bool) {
	if err == nil {
		return answer{}, true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(), false
	}
	if errors.Is(err, errBusy) {
		return later(5, "busy", "too much is being sent at once; send it again"), false
	}
	return refuse(http.StatusBadRequest, code, message), false
}

func tooLarge() answer {
	return refuse(http.StatusRequestEntityTooLarge, "too_large", "the body is over 16 MiB; send it in pieces")
}

func coding(h http.Header) string {
	return strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ",")))
}

func knownCoding(h http.Header) bool {
	switch coding(h) {
	case "", "identity", "gzip":
		return true
	default:
		return false
	}
}

// contentType is what a sender says that a body is.
type contentType int

const (
	typeOther contentType = iota
	typeDocument
	typeLines
)

// typeOf reads a content type. What is sent as neither JSON nor lines is taken
// all the same where it reads as such: curl and others name a form where nothing
// is said.
func typeOf(header string) contentType {
	t, _, err := mime.ParseMediaType(header)
	switch {
	case err != nil:
		return typeOther
	case strings.HasSuffix(t, "ndjson") || strings.HasSuffix(t, "jsonl") || strings.HasSuffix(t, "jsonlines"):
		return typeLines
	case t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json"):
		return typeDocument
	default:
		return typeOther
	}
}
