package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// rows reads the rows of a body, in order.
type rows struct {
	// dec reads on in an array; where it is nil, rest are the lines that are left.
	dec  *json.Decoder
	rest []byte
	// whole says that rest is one row, however many lines it has.
	whole bool
	// n is the number of the row that was given last, from 1: its place in an
	// array, or its line.
	n int
}

// split finds out what a body holds: one document, which is an object or an
// array, or lines. What reads as one document is one whatever its type says, and
// what begins with a line that is an object is lines.
func split(text []byte, typ contentType) (*rows, answer, bool) {
	trimmed := bytes.TrimSpace(text)
	valid := json.Valid(trimmed)
	switch {
	case len(trimmed) == 0:
		return nil, refuse(http.StatusBadRequest, "empty", "the body is empty; send a mention, an array of mentions, or one on each line"), false
	case valid && trimmed[0] == '[':
		dec := json.NewDecoder(bytes.NewReader(trimmed))
		if _, err := dec.Token(); err != nil {
			return nil, badJSON(trimmed), false
		}
		return &rows{dec: dec}, answer{}, true
	case valid && (trimmed[0] == '{' || typ != typeOther):
		return &rows{rest: trimmed, whole: true}, answer{}, true
	case !valid && (typ == typeLines || beginsWithObject(trimmed)):
		return &rows{rest: text}, answer{}, true
	case typ == typeDocument:
		return nil, badJSON(trimmed), false
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "content_type", "send JSON as application/json, or one mention on each line as application/x-ndjson"), false
	}
}

// beginsWithObject reports whether the first of several lines is an object.
func beginsWithObject(text []byte) bool {
	line, _, ok := bytes.Cut(text, []byte("\n"))
	return ok && len(line) > 0 && line[0] == '{' && json.Valid(line)
}

// next gives the next row that is not blank, false at the end.
func (r *rows) next() ([]byte, bool) {
	if r.dec != nil {
		var raw json.RawMessage
		if !r.dec.More() || r.dec.Decode(&raw) != nil {
			return nil, false
		}
		r.n++
		return raw, true
	}
	for len(r.rest) > 0 {
		line := r.rest
		if r.whole {
			r.rest = nil
		} else {
			line, r.rest, _ = bytes.Cut(r.rest, []byte("\n"))
		}
		r.n++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, true
		}
	}
	return nil, false
}
