package config

import (
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// inside is the line and column at which rune number offset of a scalar's value is written.
// Quotes, escapes, folded lines and block indentation make it differ from a mere sum.
func (s *source) inside(n *yaml.Node, offset int) (line, column int) {
	c := &cursor{data: s.data, at: s.offset(n.Line, n.Column)}
	c.skipProperties()
	start := c.at
	var ok bool
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		ok = c.block([]rune(n.Value), offset, n.Style&yaml.FoldedStyle != 0)
	case n.Style&yaml.DoubleQuotedStyle != 0:
		ok = c.take('"') && c.flow(offset, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		ok = c.take('\'') && c.flow(offset, '\'')
	default:
		ok = c.flow(offset, 0)
	}
	if !ok || c.at > len(s.data) {
		c.at = start
	}
	return s.place(min(c.at, len(s.data)))
}

// cursor walks over the bytes of a scalar as it is written.
type cursor struct {
	data []byte
	at   int
}

func (c *cursor) peek() byte {
	if c.at < len(c.data) {
		return c.data[c.at]
	}
	return 0
}

func (c *cursor) more() bool { return c.at < len(c.data) }

func (c *cursor) rune() {
	_, n := utf8.DecodeRune(c.data[c.at:])
	c.at += n
}

func (c *cursor) take(b byte) bool {
	if c.peek() != b {
		return false
	}
	c.at++
	return true
}

func (c *cursor) spaces() {
	for c.peek() == ' ' || c.peek() == '\t' {
		c.at++
	}
}

// newline passes a line break and reports whether there was one.
func (c *cursor) newline() bool {
	if !c.more() {
		return false
	}
	n := lineBreak(c.data[c.at:])
	c.at += n
	return n > 0
}

// skipProperties passes an anchor and a tag.
func (c *cursor) skipProperties() {
	for c.peek() == '&' || c.peek() == '!' {
		for c.more() && c.peek() != ' ' && c.peek() != '\t' && c.peek() != '\n' && c.peek() != '\r' {
			c.at++
		}
		for c.peek() == ' ' || c.peek() == '\t' || c.peek() == '\n' || c.peek() == '\r' {
			c.at++
		}
	}
}

// flow passes offset runes of a plain or quoted scalar.
func (c *cursor) flow(offset int, quote byte) bool {
	for done := 0; done < offset; {
		if !c.more() {
			return false
		}
		if folded := c.fold(); folded > 0 {
			done += folded
			continue
		}
		switch {
		case quote == '"' && c.peek() == '\\':
			done += c.escape()
		case quote == '\'' && c.peek() == '\'':
			c.at += 2
			done++
		default:
			c.rune()
			done++
		}
	}
	// A break that is folded belongs to the text before it.
	for quote == '"' && c.peek() == '\\' && c.at+1 < len(c.data) && (c.data[c.at+1] == '\n' || c.data[c.at+1] == '\r') {
		c.escape()
	}
	return true
}

// fold passes a line break with the spaces around it and gives the number of runes that it
// stands for, 0 where there is none.
func (c *cursor) fold() int {
	start := c.at
	c.spaces()
	if !c.newline() {
		c.at = start
		return 0
	}
	c.spaces()
	blank := 0
	for c.newline() {
		blank++
		c.spaces()
	}
	return max(1, blank)
}

// escape passes an escape sequence and gives the number of runes that it stands for.
func (c *cursor) escape() int {
	c.at++ // the backslash
	switch c.peek() {
	case 'x':
		c.at += 3
	case 'u':
		c.at += 5
	case 'U':
		c.at += 9
	case '\n', '\r':
		c.newline()
		c.spaces()
		return 0
	default:
		c.rune()
	}
	return 1
}

// block passes offset runes of a literal or folded block with the given value.
func (c *cursor) block(value []rune, offset int, folded bool) bool {
	for c.more() && lineBreak(c.data[c.at:]) == 0 {
		c.at++ // the header
	}
	if !c.newline() {
		return false
	}
	indent := c.indent()
	c.skipIndent(indent)
	for done := 0; done < offset && done < len(value); {
		if !c.more() {
			return false
		}
		atBreak := lineBreak(c.data[c.at:]) > 0
		switch {
		case atBreak && !folded:
			c.newline()
			c.skipIndent(indent)
			done++
		case atBreak:
			done += c.foldBlock(value[done:], indent)
		default:
			c.rune()
			done++
		}
	}
	return true
}

// foldBlock passes the line breaks at which a folded block continues and gives the number of
// runes of value that they stand for.
func (c *cursor) foldBlock(value []rune, indent int) int {
	for c.newline() {
		c.skipIndent(indent)
	}
	if value[0] == ' ' {
		return 1
	}
	n := 0
	for n < len(value) && value[n] == '\n' {
		n++
	}
	return max(n, 1)
}

// indent is the indentation of the first line that is not blank.
func (c *cursor) indent() int {
	for i := c.at; i < len(c.data); {
		n := 0
		for i+n < len(c.data) && c.data[i+n] == ' ' {
			n++
		}
		if i+n < len(c.data) && c.data[i+n] != '\n' && c.data[i+n] != '\r' {
			return n
		}
		i += n + 1
	}
	return 0
}

func (c *cursor) skipIndent(indent int) {
	for i := 0; i < indent && c.peek() == ' '; i++ {
		c.at++
	}
}
