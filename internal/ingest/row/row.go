// Package row reads the posts that others hand in, through a webhook or a file:
// rows of JSON by the mention's field names, written by hand, by a script or by
// an automation service.
//
// It is more forgiving than mention.Decode, because such a row is often the only
// trace of a complaint: an id may be missing, lack its platform or be a number,
// an author may be a bare name, and a time may be written in any common way. A
// row that it cannot read is refused with an error that names the field.
//
//	row.go    Decode
//	ident.go  the identity of a row
//	lax.go    values of a neighbouring type
package row

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Errors that Decode gives beside those of package mention.
var (
	// ErrNoText says that a row has nothing that could be read.
	ErrNoText = errors.New("row has no text; give text, or title or rating")
	// ErrNoTarget says that a retraction does not tell what it takes back.
	ErrNoTarget = errors.New("retraction has no id; give the id of the post that was taken away")
)

// row is a mention whose fields may have a neighbouring type; its own fields
// hide those of the mention.
type row struct {
	mention.Mention
	ID         lax             `json:"id"`
	NativeID   lax             `json:"native_id"`
	ParentID   lax             `json:"parent_id"`
	RootID     lax             `json:"root_id"`
	Text       *string         `json:"text"`
	Title      *string         `json:"title"`
	Author     author          `json:"author"`
	Rating     lax             `json:"rating"`
	CreatedAt  lax             `json:"created_at"`
	ObservedAt json.RawMessage `json:"observed_at"`
	Source     json.RawMessage `json:"source"`
	Engagement counts          `json:"engagement"`
	Revision   lax             `json:"revision"`
}

// Decode reads one row of the source of that name. ObservedAt and Source stay
// empty: the worker fills them in.
func Decode(raw []byte, source string) (mention.Mention, error) {
	if len(raw) > mention.MaxRecord {
		return mention.Mention{}, mention.ErrTooLarge
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return mention.Mention{}, mention.ErrNotObject
	}
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return mention.Mention{}, describe(raw, err)
	}
	m := r.Mention
	m.ID, m.NativeID, m.ParentID, m.RootID = string(r.ID), string(r.NativeID), string(r.ParentID), string(r.RootID)
	if r.Text != nil {
		m.Text = *r.Text
	}
	if r.Title != nil {
		m.Title = *r.Title
	}
	m.Author, m.Engagement = mention.Author(r.Author), mention.Engagement(r.Engagement)
	m.Rating, m.Revision = int(r.Rating.whole()), r.Revision.whole()
	m.CreatedAt = r.CreatedAt.time()
	named := m.ID != "" || m.NativeID != ""
	switch {
	case m.Retracted && !named:
		return mention.Mention{}, ErrNoTarget
	case !m.Retracted && r.Text == nil && r.Title == nil && m.Rating == 0:
		return mention.Mention{}, ErrNoText
	case !named && m.Text == "" && m.Title == "" && m.URL == "":
		return mention.Mention{}, mention.ErrNoID
	}
	m, _ = mention.Clean(identify(m, source))
	if m.ID == "" {
		return mention.Mention{}, mention.ErrNoID
	}
	return m, nil
}

// ReasonOf is the closed reason for an error of Decode; other is the one for
// records that are simply bad.
func ReasonOf(err error, other ingest.Reason) ingest.Reason {
	if errors.Is(err, mention.ErrTooLarge) {
		return ingest.ReasonTooLarge
	}
	return other
}

// describe names the field and the types, in JSON's words, and never quotes the row.
func describe(raw []byte, err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Package json puts the names of our embedded structs into the path.
		field := strings.ReplaceAll(strings.TrimPrefix(e.Field, "Mention."), "author.Author.", "author.")
		return fmt.Errorf("reading row: field %s cannot be of type %s", field, e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("reading row: no JSON from byte %d on", e.Offset)
	}
	if errors.Is(err, errKind) {
		return fmt.Errorf("reading row: %s %w", laxField(raw), errKind)
	}
	return fmt.Errorf("reading row: %w", err)
}

// laxField finds the field that is neither a string nor a number.
func laxField(raw []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		for _, name := range []string{"id", "native_id", "parent_id", "root_id", "created_at", "rating", "revision"} {
			var l lax
			if errors.Is(l.UnmarshalJSON(fields[name]), errKind) {
				return "field " + name
			}
		}
	}
	return "a field"
}
