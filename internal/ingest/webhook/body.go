package webhook

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// maxBody is the largest body, as it is sent and again once it is unpacked.
const maxBody = 16 << 20

// body is a delivery as it was sent.
type body struct{ raw []byte }

// read takes the body within its cap and the budget. The bytes are held until
// release is called.
func (s *Source) read(w http.ResponseWriter, r *http.Request) (body, func(), answer, bool) {
	if !knownCoding(r.Header) {
		a := refuse(http.StatusUnsupportedMediaType, "content_encoding", "send the body as it is or with Content-Encoding: gzip")
		a.header = [2]string{"Accept-Encoding", "gzip"}
		return body{}, nil, a, false
	}
	if r.ContentLength > maxBody {
		return body{}, nil, tooLarge(), false
	}
	weight := int64(maxBody)
	switch {
	case coding(r.Header) == "gzip":
		weight += max(r.ContentLength, 0)
	case r.ContentLength >= 0:
		weight = r.ContentLength
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.wait)
	defer cancel()
	if err := s.bytes.Acquire(ctx, weight); err != nil {
		return body{}, nil, later(5, "busy", "too much is being sent at once; send it again"), false
	}
	release := func() { s.bytes.Release(weight) }
	raw, err := readAll(w, r)
	if err == nil {
		return body{raw: raw}, release, answer{}, true
	}
	release()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return body{}, nil, tooLarge(), false
	}
	return body{}, nil, refuse(http.StatusBadRequest, "incomplete", "the body did not arrive complete"), false
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	ctl := http.NewResponseController(w)
	if ctl.SetReadDeadline(time.Now().Add(readWithin)) == nil {
		// The connection may carry another request.
		defer func() { _ = ctl.SetReadDeadline(time.Time{}) }()
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	return buf.Bytes(), err
}

// text is the body unpacked and without a byte order mark.
func (b body) text(h http.Header) ([]byte, answer, bool) {
	text := b.raw
	if coding(h) == "gzip" {
		zr, err := gzip.NewReader(bytes.NewReader(b.raw))
		if err == nil {
			text, err = io.ReadAll(io.LimitReader(zr, maxBody+1))
		}
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "bad_gzip", "the body is not complete gzip, as Content-Encoding says"), false
		}
		if len(text) > maxBody {
			return nil, tooLarge(), false
		}
	}
	return bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")), answer{}, true
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
