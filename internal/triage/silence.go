package triage

import (
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Covers reports whether a silence holds the mention back by its brand, author,
// topic and time. Its query is the caller's to match: this package knows no query.
func Covers(s record.Silence, in record.Scored, now time.Time) bool {
	if now.Before(s.From) || !now.Before(s.Until) {
		return false
	}
	if s.Brand != "" && s.Brand != in.Brand {
		return false
	}
	if s.Topic != "" && !slices.Contains(in.Score.Topics, s.Topic) {
		return false
	}
	return s.Author == "" || silencedAuthor(s.Author, in)
}

// silencedAuthor compares the author as an operator may have written it: the
// handle with or without @, the platform's id, or the author key.
func silencedAuthor(author string, in record.Scored) bool {
	if author == in.Mention.AuthorKey() {
		return true
	}
	f := foldAccount(author)
	if f == "" {
		return false
	}
	return f == foldAccount(in.Mention.Author.Handle) || f == foldAccount(in.Mention.Author.ID) ||
		strings.EqualFold(f, in.Mention.AuthorKey())
}
