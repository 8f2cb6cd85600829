package rss

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
)

// What a document may have. A parser keeps each element in memory, so that a
// cap on bytes alone would not bound it.
const (
	maxItems    = 2000
	maxDepth    = 64
	maxElements = 60_000
	maxAttrs    = 256
)

// scanner walks over the tags of an XML document without building anything.
type scanner struct {
	src   []byte
	pos   int
	stack []string
	root  string
	// drops are the parts that the parser must not see.
	drops    []span
	elements int
	items    int
	closed   bool // the root element was closed
	cut      bool // the document ends after the last item that is taken
}

type span struct{ from, to int }

// scan checks an XML document and gives it without declaration and DOCTYPE, cut
// after maxItems items.
func scan(src []byte, notes *[]ingest.Reason) ([]byte, error) {
	s := &scanner{src: src}
	for s.pos < len(src) && !s.closed && !s.cut {
		next := bytes.IndexByte(src[s.pos:], '<')
		if next < 0 {
			break
		}
		s.pos += next
		if err := s.tag(); err != nil {
			return nil, err
		}
	}
	switch {
	case s.root == "":
		return nil, ingest.Fault(ingest.ReasonNotAFeed, "the body has no element")
	case s.cut:
		*notes = append(*notes, ingest.ReasonTooMany)
		s.src = append(bytes.Clone(src[:s.pos]), closing(s.stack)...)
	case !s.closed:
		return nil, truncated()
	default:
		s.src = src[:s.pos]
	}
	return s.kept(), nil
}

func truncated() error {
	return ingest.Fault(ingest.Reason(httpx.ReasonTruncated), "the document ends in the middle")
}

func closing(stack []string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Backward(stack) {
		b.WriteString("</" + name + ">")
	}
	return b.Bytes()
}

// kept is the document without what was dropped.
func (s *scanner) kept() []byte {
	if len(s.drops) == 0 {
		return s.src
	}
	var out []byte
	at := 0
	for _, d := range s.drops {
		out = append(out, s.src[at:d.from]...)
		at = d.to
	}
	return append(out, s.src[at:]...)
}

// tag takes the markup that begins at pos.
func (s *scanner) tag() error {
	rest := s.src[s.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.skip("-->", false)
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return s.skip("]]>", false)
	case bytes.HasPrefix(rest, []byte("<?")):
		return s.skip("?>", true)
	case len(rest) > 1 && rest[1] == '!':
		return s.doctype()
	case len(rest) > 1 && rest[1] == '/':
		return s.end()
	default:
		return s.start()
	}
}

func (s *scanner) skip(until string, drop bool) error {
	i := bytes.Index(s.src[s.pos:], []byte(until))
	if i < 0 {
		return truncated()
	}
	if drop {
		s.drops = append(s.drops, span{s.pos, s.pos + i + len(until)})
	}
	s.pos += i + len(until)
	return nil
}

// doctype drops a document type; one that declares entities is refused, since
// a few bytes of them stand for as much as their author likes.
func (s *scanner) doctype() error {
	from := s.pos
	depth := 0
	for i := from; i < len(s.src); i++ {
		switch s.src[i] {
		case '<':
			depth++
		case '>':
			depth--
		}
		if depth == 0 {
			if bytes.Contains(bytes.ToUpper(s.src[from:i]), []byte("<!ENTITY")) {
				return ingest.Fault(ingest.ReasonEntity, "the document declares entities")
			}
			s.drops = append(s.drops, span{from, i + 1})
			s.pos = i + 1
			return nil
		}
	}
	if bytes.Contains(bytes.ToUpper(s.src[from:]), []byte("<!ENTITY")) {
		return ingest.Fault(ingest.ReasonEntity, "the document declares entities")
	}
	return truncated()
}

func (s *scanner) end() error {
	i := bytes.IndexByte(s.src[s.pos:], '>')
	if i < 0 {
		return truncated()
	}
	name := string(bytes.TrimSpace(s.src[s.pos+2 : s.pos+i]))
	s.pos += i + 1
	// An end tag closes what was left open inside it, as sloppy feeds have it.
	for n, open := range slices.Backward(s.stack) {
		if open == name {
			s.stack = s.stack[:n]
			break
		}
	}
	if len(s.stack) == 0 {
		s.closed = true
	}
	s.countItem(name)
	return nil
}

func (s *scanner) start() error {
	name, end, attrs, empty := s.readStart()
	if end < 0 {
		return truncated()
	}
	s.elements++
	switch {
	case s.elements > maxElements:
		return ingest.Fault(ingest.ReasonTooMany, fmt.Sprintf("the document has more than %d elements", maxElements))
	case attrs > maxAttrs:
		return ingest.Fault(ingest.ReasonTooMany, fmt.Sprintf("an element has more than %d attributes", maxAttrs))
	case len(s.stack) >= maxDepth:
		return ingest.Fault(ingest.ReasonTooDeep, fmt.Sprintf("elements are nested deeper than %d", maxDepth))
	}
	s.pos = end
	if s.root == "" {
		s.root = name
		if !isFeedRoot(name) {
			return ingest.Fault(ingest.ReasonNotAFeed, fmt.Sprintf("the document is <%s>, not a feed", clip(name)))
		}
	}
	switch {
	case !empty:
		s.stack = append(s.stack, name)
	case len(s.stack) == 0:
		s.closed = true
	default:
		s.countItem(name)
	}
	return nil
}

// readStart reads a start tag: its name, where it ends (-1 where it does not),
// how many attributes it has and whether it closes itself.
func (s *scanner) readStart() (name string, end, attrs int, empty bool) {
	i := s.pos + 1
	for i < len(s.src) && !strings.ContainsRune(" \t\r\n/>", rune(s.src[i])) {
		i++
	}
	name = string(s.src[s.pos+1 : i])
	quote := byte(0)
	for ; i < len(s.src); i++ {
		c := s.src[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
			attrs++
		case c == '>':
			return name, i + 1, attrs, s.src[i-1] == '/'
		}
	}
	return name, -1, attrs, false
}

func (s *scanner) countItem(name string) {
	if name != "item" && name != "entry" {
		return
	}
	s.items++
	if s.items >= maxItems && len(s.stack) > 0 && s.more() {
		s.cut = true
	}
}

// more reports whether another item follows.
func (s *scanner) more() bool {
	rest := s.src[s.pos:]
	return bytes.Contains(rest, []byte("<item")) || bytes.Contains(rest, []byte("<entry"))
}

func isFeedRoot(name string) bool {
	switch strings.ToLower(name) {
	case "rss", "feed", "rdf:rdf", "rdf", "atom:feed":
		return true
	}
	return false
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}
