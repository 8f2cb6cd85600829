package row

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
)

// lax is a string that may be written as a number. Null is empty.
type lax string

// errKind says that a value is an object, an array or a boolean.
var errKind = errors.New("must be a string or a number")

// UnmarshalJSON takes a string, a number or null.
func (l *lax) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0 || string(b) == "null":
		return nil
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = lax(strings.TrimSpace(s))
		return nil
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		*l = lax(b)
		return nil
	default:
		return errKind
	}
}

// number is the value as a number, false where it is none.
func (l lax) number() (float64, bool) {
	f, err := strconv.ParseFloat(string(l), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// whole is the value as a whole number of at least 0; what is none is 0.
func (l lax) whole() int64 {
	if n, err := strconv.ParseInt(string(l), 10, 64); err == nil {
		return max(n, 0)
	}
	f, ok := l.number()
	if !ok || f < 0 || f >= math.MaxInt64 {
		return 0
	}
	return int64(f)
}

// time is the value as a time: RFC 3339, with or without a zone, common other
// ways, or a Unix time in seconds or a thousandth, millionth or billionth of them. What is none is zero, which
// becomes the time of observation: an unreadable clock must not hide a complaint.
func (l lax) time() time.Time {
	if f, ok := l.number(); ok {
		for range 3 { // milliseconds, microseconds, nanoseconds
			if f > 1e11 {
				f /= 1000
			}
		}
		return unix(f)
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 -0700",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
		time.RFC1123Z, time.RFC1123, "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST",
	} {
		if t, err := time.Parse(layout, string(l)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// unix is a number of seconds as a time within the years that can be printed.
func unix(sec float64) time.Time {
	const last = 253402300799 // the last second of the year 9999
	if math.IsNaN(sec) || sec <= 0 || sec > last {
		return time.Time{}
	}
	whole, part := math.Modf(sec)
	return time.Unix(int64(whole), int64(part*1e9)).UTC()
}

// author is a mention's author, or the name alone as a string.
type author mention.Author

// UnmarshalJSON takes an object, a string or null.
func (a *author) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '"' {
		var name string
		if err := json.Unmarshal(b, &name); err != nil {
			return err
		}
		if handle, ok := strings.CutPrefix(name, "@"); ok {
			a.Handle = handle
		} else {
			a.Name = name
		}
		return nil
	}
	var full struct {
		mention.Author
		ID        lax `json:"id"`
		Followers lax `json:"followers"`
	}
	if err := json.Unmarshal(b, &full); err != nil {
		return err
	}
	full.Author.ID, full.Author.Followers = string(full.ID), full.Followers.whole()
	*a = author(full.Author)
	return nil
}

// counts are a mention's counts; what cannot be read is 0.
type counts mention.Engagement

// UnmarshalJSON takes anything.
func (c *counts) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return nil //nolint:nilerr // a count that cannot be read is not worth a complaint
	}
	for name, to := range map[string]*int64{"likes": &c.Likes, "reposts": &c.Reposts, "replies": &c.Replies, "views": &c.Views} {
		var n lax
		if n.UnmarshalJSON(raw[name]) == nil {
			*to = n.whole()
		}
	}
	return nil
}
