package rss

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/leakytap/leakytap/internal/ingest"
)

// feed is a document as this package understands it.
type feed struct {
	lang, link string
	items      []entry
}

// entry is one item of a feed, markup still in it.
type entry struct {
	guid, link, title, html, author, lang, replyTo string
	at                                             time.Time
}

// Parser parses feeds, a few at a time, so that many large ones that come at
// once do not add up. All sources of a process share one.
type Parser struct{ slots chan struct{} }

// NewParser makes a Parser.
func NewParser() *Parser { return &Parser{slots: make(chan struct{}, 2)} }

// parse reads a body. Faults that were repaired come back as notes.
func (p *Parser) parse(ctx context.Context, body []byte, contentType string) (out feed, notes []ingest.Reason, err error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return feed{}, nil, ctx.Err()
	}
	d, err := prepare(body, contentType)
	if err != nil {
		return feed{}, nil, err
	}
	notes = d.notes
	if d.json {
		out, err = parseJSON(d.body, &notes)
		return out, notes, err
	}
	out, err = parseXML(d.body)
	return out, notes, err
}

// parseXML hands a checked document to gofeed, which fetches nothing here. A
// panic of the parser is a fault of the document.
func parseXML(body []byte) (out feed, err error) {
	defer func() {
		if recover() != nil {
			out, err = feed{}, ingest.Fault(ingest.ReasonBadBody, "the document breaks the parser")
		}
	}()
	doc, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return feed{}, ingest.Fault(ingest.ReasonBadBody, "the document is no valid feed: "+err.Error())
	}
	out.lang, out.link = doc.Language, doc.Link
	for _, it := range doc.Items {
		if it != nil {
			out.items = append(out.items, convert(it))
		}
	}
	return out, nil
}

func convert(it *gofeed.Item) entry {
	e := entry{
		guid: it.GUID, link: it.Link, title: it.Title, html: first(it.Content, it.Description),
	}
	for _, a := range it.Authors {
		if a != nil {
			e.author = first(e.author, a.Name, a.Email)
		}
	}
	switch {
	case it.PublishedParsed != nil:
		e.at = *it.PublishedParsed
	case it.UpdatedParsed != nil:
		e.at = *it.UpdatedParsed
	}
	for _, r := range it.Extensions["thr"]["in-reply-to"] {
		e.replyTo = first(e.replyTo, r.Attrs["ref"])
	}
	return e
}

// first is the first of list that is more than spaces.
func first(list ...string) string {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

func htmlEscaper() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>")
}
