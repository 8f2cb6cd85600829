// Package markup makes plain text of the HTML in which feeds carry posts. It
// fetches nothing and keeps no markup: scripts and styles go, blocks and line
// breaks become lines.
package markup

import (
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxText is where the text is cut; a mention takes far less.
const maxText = 256 << 10

// Text is the plain text of an HTML fragment.
func Text(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return tidy(s)
	}
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(1 << 20)
	var b strings.Builder
	hidden := atom.Atom(0) // the element whose content is not text, 0 outside of one
	for b.Len() < maxText {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) && b.Len() == 0 {
				return tidy(s[:min(len(s), maxText)])
			}
			return tidy(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if hidden == 0 && isHidden(a) {
				hidden = a
			}
			b.WriteString(gap(a))
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if a == hidden {
				hidden = 0
			}
			b.WriteString(gap(a))
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return tidy(b.String())
}

// Line is Text on one line.
func Line(s string) string { return strings.Join(strings.Fields(Text(s)), " ") }

func isHidden(a atom.Atom) bool {
	switch a { //nolint:exhaustive // every other element is text
	case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Iframe, atom.Object, atom.Svg:
		return true
	}
	return false
}

// gap is what stands between the text before a tag and the text after it.
func gap(a atom.Atom) string {
	switch a { //nolint:exhaustive // every other element is inline
	case atom.P, atom.Blockquote, atom.Pre, atom.Table, atom.Ul, atom.Ol,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return "\n\n"
	case atom.Br, atom.Div, atom.Li, atom.Tr, atom.Hr, atom.Section, atom.Article, atom.Dd, atom.Dt, atom.Figure:
		return "\n"
	case atom.Td, atom.Th:
		return " "
	}
	return ""
}

// tidy trims lines, folds spaces and keeps at most one empty line in a row.
func tidy(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	lines := strings.Split(strings.ReplaceAll(s, "\u00a0", " "), "\n")
	var b strings.Builder
	empty := 0
	for _, line := range lines {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
			if empty > 0 {
				b.WriteString("\n")
			}
		}
		b.WriteString(line)
		empty = 0
	}
	return b.String()
}
