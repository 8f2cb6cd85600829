package rss

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/leakytap/leakytap/internal/ingest"
)

// parseJSON reads a JSON Feed item by item, so that no more than maxItems are
// ever held. A single object in the place of a list is a list of one.
func parseJSON(body []byte, notes *[]ingest.Reason) (feed, error) {
	if depth(body) > maxDepth {
		return feed{}, ingest.Fault(ingest.ReasonTooDeep, fmt.Sprintf("values are nested deeper than %d", maxDepth))
	}
	var out feed
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return out, jsonFault(err)
	}
	known := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return out, jsonFault(err)
		}
		switch key {
		case "version":
			var v any
			if err = dec.Decode(&v); err == nil {
				s, _ := v.(string)
				known = known || len(s) > 0
			}
		case "language":
			out.lang, err = text(dec)
		case "home_page_url":
			out.link, err = text(dec)
		case "items":
			known = true
			err = jsonItems(dec, &out, notes)
		default:
			var skip json.RawMessage
			err = dec.Decode(&skip)
		}
		if err != nil {
			return out, jsonFault(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return out, jsonFault(err)
	}
	if !known {
		return out, ingest.Fault(ingest.ReasonNotAFeed, "the JSON has neither version nor items")
	}
	return out, nil
}

func jsonFault(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return truncated()
	}
	if _, ok := errors.AsType[*ingest.Error](err); ok {
		return err
	}
	return ingest.Fault(ingest.ReasonBadBody, "the JSON is broken: "+err.Error())
}

// text reads a string, and anything else as nothing.
func text(dec *json.Decoder) (string, error) {
	var v any
	err := dec.Decode(&v)
	s, _ := v.(string)
	return s, err
}

type jsonItem struct {
	ID        any   `json:"id"`
	URL       any   `json:"url"`
	External  any   `json:"external_url"`
	Title     any   `json:"title"`
	HTML      any   `json:"content_html"`
	Text      any   `json:"content_text"`
	Summary   any   `json:"summary"`
	Published any   `json:"date_published"`
	Modified  any   `json:"date_modified"`
	Language  any   `json:"language"`
	Author    any   `json:"author"`
	Authors   []any `json:"authors"`
}

func jsonItems(dec *json.Decoder, out *feed, notes *[]ingest.Reason) error {
	var list json.RawMessage
	// One item is decoded at a time from the raw list, which is a part of the body.
	if err := dec.Decode(&list); err != nil {
		return err
	}
	list = bytes.TrimSpace(list)
	if len(list) > 0 && list[0] == '{' {
		list = append(append([]byte{'['}, list...), ']')
	}
	items := json.NewDecoder(bytes.NewReader(list))
	if tok, err := items.Token(); err != nil || tok != json.Delim('[') {
		return ingest.Fault(ingest.ReasonBadBody, "items is no list")
	}
	for items.More() {
		if len(out.items) == maxItems {
			*notes = append(*notes, ingest.ReasonTooMany)
			return nil
		}
		var raw json.RawMessage
		if err := items.Decode(&raw); err != nil {
			return err
		}
		var it jsonItem
		if err := json.Unmarshal(raw, &it); err != nil || bytes.Equal(raw, []byte("null")) {
			*notes = append(*notes, ingest.ReasonBadItem)
			continue
		}
		out.items = append(out.items, it.entry())
	}
	return nil
}

func (it jsonItem) entry() entry {
	e := entry{
		guid: str(it.ID), link: first(str(it.URL), str(it.External)), title: str(it.Title), lang: str(it.Language),
		html: first(str(it.HTML), escape(str(it.Text)), str(it.Summary)), author: name(it.Author),
	}
	for _, a := range it.Authors {
		e.author = first(e.author, name(a))
	}
	for _, s := range []string{str(it.Published), str(it.Modified)} {
		if t, err := time.Parse(time.RFC3339, s); err == nil && e.at.IsZero() {
			e.at = t
		}
	}
	return e
}

func str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}

func name(v any) string {
	if m, ok := v.(map[string]any); ok {
		return str(m["name"])
	}
	return ""
}

// escape makes HTML of plain text.
func escape(s string) string {
	if s == "" {
		return ""
	}
	return htmlEscaper().Replace(s)
}

// depth is how deep the brackets of a JSON text are nested.
func depth(b []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
