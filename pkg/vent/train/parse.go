package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// column is a key of a labelled row: where its value goes and what it must be.
type column struct {
	key, want string
	to        any
}

func (r *Row) columns() []column {
	return []column{
		{"text", "a string", &r.Text},
		{"brand", "a string", &r.Brand},
		{"label", `"negative", "neutral" or "positive"`, &r.Label},
		{"target_label", `"negative", "neutral" or "positive"`, &r.Target},
		{"venting", "true or false", &r.Venting},
		{"severity", `"none", "low", "medium", "high" or "critical"`, &r.Severity},
		{"irrelevant", "true or false", &r.Irrelevant},
		{"domain", "a string", &r.Domain},
		{"category", "a string", &r.Category},
		{"group", "a string", &r.Group},
		{"original", "true or false", &r.Original},
		{"source", "a string", &r.Source},
		{"lang", "a string", &r.Lang},
		{"rating", "a number", &r.Rating},
		{"weight", "a number", &r.Weight},
	}
}

// parseRow reads one line. A null is a value that is missing; keys that are not
// known are left alone.
func parseRow(line []byte) (Row, error) {
	var r Row
	if line[0] != '{' {
		return r, errors.New(`the line is no JSON object: write {"text":"...","label":"negative"}`)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return r, fmt.Errorf("the line is no JSON object: %w", err)
	}
	if v := raw["text"]; len(v) == 0 || missing(v) {
		return r, errors.New(`the row has no "text"`)
	}
	for _, c := range r.columns() {
		v, ok := raw[c.key]
		if !ok || missing(v) {
			continue
		}
		if json.Unmarshal(v, c.to) != nil {
			return r, fmt.Errorf("%q is %s: it must be %s", c.key, shown(v), c.want)
		}
	}
	return r, nil
}

func missing(v json.RawMessage) bool { return bytes.Equal(v, []byte("null")) }

// maxShown is how many bytes of a wrong value an error repeats.
const maxShown = 40

func shown(v json.RawMessage) string {
	if len(v) > maxShown {
		return string(bytes.ToValidUTF8(v[:maxShown], nil)) + "..."
	}
	return string(v)
}
