package hackernews

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/ingest/markup"
	"github.com/leakytap/leakytap/pkg/mention"
)

// hit is one item of a search result. Numbers come as numbers or, in older
// answers, as text, and any of them may be null.
type hit struct {
	ObjectID   string `json:"objectID"`
	CreatedAtI int64  `json:"created_at_i"`
	Author     string `json:"author"`
	Title      string `json:"title"`
	StoryText  string `json:"story_text"`
	Comment    string `json:"comment_text"`
	StoryID    number `json:"story_id"`
	ParentID   number `json:"parent_id"`
	StoryTitle string `json:"story_title"`
	Points     number `json:"points"`
	Comments   number `json:"num_comments"`
}

// number is a whole number in whichever JSON form, 0 where there is none.
type number int64

// UnmarshalJSON reads 7, "7", 7.0 and null; anything else is 0.
func (n *number) UnmarshalJSON(b []byte) error {
	*n = 0
	s := strings.Trim(string(b), `"`)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number(v)
		return nil
	}
	var f float64
	if json.Unmarshal(b, &f) == nil && f >= 0 && f < 1<<53 {
		*n = number(f)
	}
	return nil
}

func (n number) id() string {
	if n <= 0 {
		return ""
	}
	return mention.MakeID(Platform, strconv.FormatInt(int64(n), 10))
}

// mention makes a mention of the hit; false where it has no valid id or no words.
func (h hit) mention() (mention.Mention, bool) {
	id, err := strconv.ParseInt(h.ObjectID, 10, 64)
	if err != nil || id <= 0 {
		return mention.Mention{}, false
	}
	m := mention.Mention{
		Platform: Platform, NativeID: strconv.FormatInt(id, 10), Kind: mention.KindPost,
		URL:    "https://news.ycombinator.com/item?id=" + strconv.FormatInt(id, 10),
		Author: mention.Author{ID: h.Author, Handle: h.Author}, Lang: "en",
		Title: markup.Line(h.Title), Text: markup.Text(h.StoryText),
		CreatedAt:  time.Unix(h.CreatedAtI, 0).UTC(),
		Engagement: mention.Engagement{Likes: int64(h.Points), Replies: int64(h.Comments)},
	}
	if h.Comment != "" {
		m.Kind, m.Text, m.Title = mention.KindComment, markup.Text(h.Comment), ""
		m.RootID, m.ParentID = h.StoryID.id(), h.ParentID.id()
	}
	return m, m.Text != "" || m.Title != ""
}
