package vent

import "strings"

// whole is what is read: the text, with the title as a line before it, unless the
// text begins with it. Where the text begins is kept in w.body.
func (w *work) whole(in *Input) string {
	w.body = 0
	title := strings.TrimSpace(in.Title)
	if title == "" || strings.HasPrefix(strings.TrimSpace(in.Text), strings.TrimRight(title, ".…")) {
		return in.Text
	}
	w.buf = append(append(append(w.buf[:0], title...), '\n'), in.Text...)
	w.body = int32(len(title) + 1)
	return string(w.buf)
}

// bodyTokens is the tokens of the text, the title's left out: its first, and the
// bytes before it that are the title's.
func (w *work) bodyTokens() (first int, shift int32) {
	d := &w.r.Doc
	for first < len(d.Tokens) && d.Tokens[first].Start < w.body {
		first++
	}
	return first, w.body
}
