package hackernews

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
)

// Found is what the history has of some words.
type Found struct {
	// Posts are the newest, at most 1,000, and Total is how many there are.
	Posts []mention.Mention
	Total int
	// Complete says that Posts are all since the time that was asked for.
	Complete bool
}

// Search asks the history for the posts since then that hold all of some words in a row.
// The search's idea of a word is its own: what comes back has to be matched.
func (s *Source) Search(ctx context.Context, words string, since time.Time) (Found, error) {
	words = strings.TrimSpace(strings.ReplaceAll(words, `"`, " "))
	a, err := s.ask(ctx, url.Values{
		"query": {`"` + words + `"`}, "tags": {"(story,comment)"}, "typoTolerance": {"false"}, "advancedSyntax": {"true"},
		"hitsPerPage": {strconv.Itoa(perPage)}, "page": {"0"},
		"numericFilters": {fmt.Sprintf("created_at_i>=%d,created_at_i<%d", since.Unix(), time.Now().Add(time.Hour).Unix())},
	})
	if err != nil {
		return Found{}, fmt.Errorf("searching Hacker News for %q: %w", words, err)
	}
	out := Found{Total: a.NbHits, Complete: a.NbHits <= len(a.Hits)}
	for _, raw := range a.Hits {
		var h hit
		if json.Unmarshal(raw, &h) != nil {
			continue
		}
		if m, ok := h.mention(); ok {
			m, _ = mention.Clean(m)
			out.Posts = append(out.Posts, m)
		}
	}
	return out, nil
}

// Close lets go of the connections of a Source that only searched.
func (s *Source) Close() { s.client.Close() }
