package feeds

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxHits is how many hits Algolia gives for one query in all.
const maxHits = 1000

// HNItem is a story or a comment of Hacker News.
type HNItem struct {
	ID     int64
	Author string
	// Title, URL and StoryText are a story's; Comment makes it a comment of
	// StoryID under ParentID. StoryText and Comment are HTML.
	Title, URL, StoryText string
	Comment               string
	StoryID, ParentID     int64
	StoryTitle            string
	Points, Comments      int64
	Created               time.Time
}

// HackerNews serves Algolia's /api/v1/search_by_date.
type HackerNews struct {
	Faults

	mu    sync.Mutex
	items []HNItem
	nulls bool
}

// NewHackerNews makes an empty one.
func NewHackerNews() *HackerNews { return &HackerNews{} }

// Put adds items, or replaces those with the same id.
func (h *HackerNews) Put(items ...HNItem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, it := range items {
		i := slices.IndexFunc(h.items, func(o HNItem) bool { return o.ID == it.ID })
		if i >= 0 {
			h.items[i] = it
			continue
		}
		h.items = append(h.items, it)
	}
	slices.SortStableFunc(h.items, func(a, b HNItem) int { return b.Created.Compare(a.Created) })
}

// Remove takes an item out of the index.
func (h *HackerNews) Remove(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.items = slices.DeleteFunc(h.items, func(o HNItem) bool { return o.ID == id })
}

// SetNulls puts a null between the hits, as the item endpoint is known to.
func (h *HackerNews) SetNulls(nulls bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nulls = nulls
}

// ServeHTTP answers search_by_date.
func (h *HackerNews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v1/search_by_date" {
		http.NotFound(w, r)
		return
	}
	h.around(w, r, h.search)
}

type hnHit struct {
	ObjectID   string   `json:"objectID"`
	CreatedAt  string   `json:"created_at"`
	CreatedAtI int64    `json:"created_at_i"`
	UpdatedAt  string   `json:"updated_at"`
	Author     string   `json:"author"`
	Title      *string  `json:"title,omitempty"`
	URL        *string  `json:"url,omitempty"`
	StoryText  *string  `json:"story_text,omitempty"`
	Comment    *string  `json:"comment_text,omitempty"`
	StoryID    *int64   `json:"story_id,omitempty"`
	ParentID   *int64   `json:"parent_id,omitempty"`
	StoryTitle *string  `json:"story_title,omitempty"`
	Points     *int64   `json:"points"`
	Comments   *int64   `json:"num_comments,omitempty"`
	Tags       []string `json:"_tags"`
	Highlight  any      `json:"_highlightResult,omitempty"`
}

func (h *HackerNews) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	keep, err := hnFilter(q.Get("numericFilters"))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": 400, "message": err})
		return
	}
	per := 20
	if n, err := strconv.Atoi(q.Get("hitsPerPage")); err == nil && n > 0 {
		per = min(n, maxHits)
	}
	page, _ := strconv.Atoi(q.Get("page"))
	h.mu.Lock()
	nulls := h.nulls
	var all []HNItem
	for _, it := range h.items {
		if keep(it.Created.Unix()) && hnTags(it, q.Get("tags")) && hnMatches(it, q.Get("query")) {
			all = append(all, it)
		}
	}
	h.mu.Unlock()
	out := map[string]any{
		"nbHits": len(all), "page": page, "hitsPerPage": per, "exhaustiveNbHits": true,
		"query": q.Get("query"), "params": r.URL.RawQuery, "processingTimeMS": 1,
	}
	reach := min(len(all), maxHits)
	out["nbPages"] = (reach + per - 1) / per
	hits := []any{}
	if page*per >= maxHits {
		out["message"] = "you can only fetch the 1000 hits for this query"
	}
	for i := page * per; i < min((page+1)*per, reach); i++ {
		if nulls && i == page*per {
			hits = append(hits, nil)
		}
		hits = append(hits, toHit(all[i]))
	}
	out["hits"] = hits
	_ = json.NewEncoder(w).Encode(out)
}

func toHit(it HNItem) hnHit {
	id := strconv.FormatInt(it.ID, 10)
	hit := hnHit{
		ObjectID: id, CreatedAt: it.Created.UTC().Format("2006-01-02T15:04:05Z"), CreatedAtI: it.Created.Unix(),
		UpdatedAt: it.Created.UTC().Format("2006-01-02T15:04:05Z"), Author: it.Author,
	}
	if it.Comment != "" {
		hit.Comment, hit.StoryID, hit.ParentID, hit.StoryTitle = &it.Comment, &it.StoryID, &it.ParentID, &it.StoryTitle
		hit.Tags = []string{"comment", "author_" + it.Author, "story_" + strconv.FormatInt(it.StoryID, 10)}
		hit.Highlight = map[string]any{"comment_text": map[string]any{"value": it.Comment, "matchLevel": "none", "matchedWords": []string{}}}
		return hit
	}
	hit.Title, hit.StoryID, hit.Points, hit.Comments = &it.Title, &it.ID, &it.Points, &it.Comments
	if it.URL != "" {
		hit.URL = &it.URL
	}
	if it.StoryText != "" {
		hit.StoryText = &it.StoryText
	}
	hit.Tags = []string{"story", "author_" + it.Author, "story_" + id}
	return hit
}

// hnFilter reads created_at_i conditions that are joined by commas.
func hnFilter(s string) (func(int64) bool, string) {
	var conds []func(int64) bool
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		rest, ok := strings.CutPrefix(part, "created_at_i")
		if !ok {
			return nil, "invalid numericFilters: only created_at_i is known here"
		}
		op := strings.TrimRight(rest, "0123456789-")
		n, err := strconv.ParseInt(rest[len(op):], 10, 64)
		cond := map[string]func(int64) bool{
			">":  func(v int64) bool { return v > n },
			">=": func(v int64) bool { return v >= n },
			"<":  func(v int64) bool { return v < n },
			"<=": func(v int64) bool { return v <= n },
			"=":  func(v int64) bool { return v == n },
		}[op]
		if err != nil || cond == nil {
			return nil, "invalid numericFilters: " + part
		}
		conds = append(conds, cond)
	}
	return func(v int64) bool {
		for _, c := range conds {
			if !c(v) {
				return false
			}
		}
		return true
	}, ""
}

// hnTags understands one tag and (a,b) for either.
func hnTags(it HNItem, tags string) bool {
	if tags == "" {
		return true
	}
	kind := "story"
	if it.Comment != "" {
		kind = "comment"
	}
	for t := range strings.SplitSeq(strings.Trim(tags, "()"), ",") {
		if t == kind || t == "author_"+it.Author || t == "story_"+strconv.FormatInt(it.StoryID, 10) {
			return true
		}
	}
	return false
}

func hnMatches(it HNItem, query string) bool {
	all := strings.ToLower(it.Title + " " + it.StoryText + " " + it.Comment + " " + it.URL)
	for w := range strings.FieldsSeq(strings.ToLower(strings.ReplaceAll(query, `"`, " "))) {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}
