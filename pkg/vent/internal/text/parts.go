package text

import (
	"unicode"
	"unicode/utf8"
)

// folded is each ASCII letter in lower case and each digit; nothing for other bytes.
var folded = foldTable()

func foldTable() (t [256]byte) {
	for c := range t {
		if r := rune(c); isASCIILetter(r) || r >= '0' && r <= '9' {
			t[c] = lower(byte(c))
		}
	}
	return t
}

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func letterAt(s string, i int) bool {
	r, _ := next(s, i)
	return isASCIILetter(r) || r >= utf8.RuneSelf && unicode.IsLetter(r)
}

func handleByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func handleAt(s string, i int) bool { return i < len(s) && handleByte(s[i]) }

func tagAt(s string, i int) bool {
	return i < len(s) && (letterAt(s, i) || s[i] >= '0' && s[i] <= '9')
}

// user reads a handle: @name, @name.host, @name@host.
func (d *Doc) user(start, i int) int {
	nstart := len(d.Norm)
	for i < len(d.Src) {
		c := d.Src[i]
		if handleByte(c) {
			d.Norm = append(d.Norm, lower(c))
			i++
			continue
		}
		if (c == '.' || c == '-' || c == '@') && handleAt(d.Src, i+1) {
			d.Norm = append(d.Norm, c)
			i++
			continue
		}
		break
	}
	d.Users++
	d.push(User, start, i, nstart, 0)
	return i
}

// tag reads a hashtag and splits it into words where capitals or digits show how.
func (d *Doc) tag(start, i int) int {
	end := i
	for end < len(d.Src) {
		r, n := next(d.Src, end)
		if r != '_' && !ignored(r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		end += n
	}
	first := len(d.Tokens)
	d.Tags++
	nstart := len(d.Norm)
	for k := i; k < end; {
		r, n := next(d.Src, k)
		if r != '_' {
			d.Norm = appendFolded(d.Norm, r)
		}
		k += n
	}
	whole := HashBytes(d.Norm[nstart:])
	d.Norm = d.Norm[:nstart]
	for i < end {
		j := tagBreak(d.Src, i, end)
		if c := d.Src[i]; c >= '0' && c <= '9' {
			d.Norm = append(d.Norm, d.Src[i:j]...)
			d.push(Number, i, j, len(d.Norm)-(j-i), Tag)
		} else {
			for i < j {
				i = d.word(i, j, Tag)
			}
		}
		i = j
	}
	if first < len(d.Tokens) {
		d.Tokens[first].Start = int32(start)
		d.Tokens[first].Whole = whole
	}
	return end
}

// tagBreak is where the word of a hashtag that starts at i ends.
func tagBreak(s string, i, end int) int {
	digit := s[i] >= '0' && s[i] <= '9'
	upper := s[i] >= 'A' && s[i] <= 'Z'
	j := i + 1
	for j < end {
		c := s[j]
		isDigit := c >= '0' && c <= '9'
		isUpper := c >= 'A' && c <= 'Z'
		switch {
		case c == '_', isDigit != digit:
			return j
		case isUpper && !upper:
			return j
		case isUpper && j+1 < end && s[j+1] >= 'a' && s[j+1] <= 'z' && j > i:
			return j
		}
		upper = isUpper
		j++
	}
	return end
}

// linkAt is the length of the link at s[i:], 0 where there is none.
func linkAt(s string, i int) int {
	rest := s[i:]
	if len(rest) < 2 || !opensLink(lower(rest[0]), lower(rest[1])) {
		return 0
	}
	switch lower(rest[0]) {
	case 'h':
		if !foldPrefix(rest, "http://") && !foldPrefix(rest, "https://") {
			return 0
		}
	case 'w':
		if !foldPrefix(rest, "www.") {
			return 0
		}
	case 'p':
		if !foldPrefix(rest, "pic.twitter.com/") {
			return 0
		}
	case 't', 'b':
		if !foldPrefix(rest, "t.co/") && !foldPrefix(rest, "bit.ly/") {
			return 0
		}
	default:
		return 0
	}
	n := 0
	for n < len(rest) && rest[n] > ' ' && rest[n] != '"' && rest[n] != '<' && rest[n] != '>' {
		n++
	}
	return n
}

// opensLink tells of most words by their first two letters that they are no link.
func opensLink(a, b byte) bool {
	switch b {
	case 't':
		return a == 'h'
	case 'w':
		return a == 'w'
	case 'i':
		return a == 'p' || a == 'b'
	case '.':
		return a == 't'
	}
	return false
}

func foldPrefix(s, p string) bool {
	if len(s) < len(p) {
		return false
	}
	for i := range len(p) {
		if lower(s[i]) != p[i] {
			return false
		}
	}
	return true
}

func (d *Doc) link(start, end int) int {
	nstart := len(d.Norm)
	d.Norm = append(d.Norm, "http"...)
	d.Links++
	d.push(URL, start, end, nstart, 0)
	return end
}

func ordinalAt(s string, i int) bool {
	if i+2 > len(s) || i+2 < len(s) && handleByte(s[i+2]) {
		return false
	}
	a, b := lower(s[i]), lower(s[i+1])
	return a == 's' && b == 't' || a == 'n' && b == 'd' || a == 'r' && b == 'd' || a == 't' && b == 'h'
}

func (d *Doc) emoji(i, n int, r rune) int {
	nstart := len(d.Norm)
	d.Norm = utf8.AppendRune(d.Norm, r)
	d.Emojis++
	d.push(Emoji, i, i+n, nstart, 0)
	return i + n
}

// emoticonAt is the length of the emoticon at s[i:], 0 where there is none.
func emoticonAt(s string, i int) int {
	rest := s[i:]
	switch rest[0] {
	case ':', ';', '=', '<', '>', '-', '&':
	default:
		return 0
	}
	j := 0
	if rest[0] == '>' {
		j = 1
	}
	if hasPrefix(rest, "-_-") || hasPrefix(rest, "</3") {
		return 3
	}
	if hasPrefix(rest, "<3") {
		return 2
	}
	if j >= len(rest) || rest[j] != ':' && rest[j] != ';' && rest[j] != '=' {
		return 0
	}
	eyes := rest[j]
	j++
	for j < len(rest) && j < 4 && (rest[j] == '-' || rest[j] == '\'' || rest[j] == 'o' && eyes == ':') {
		j++
	}
	if j >= len(rest) {
		return 0
	}
	switch rest[j] {
	case ')', '(', '[', ']', '|', '*':
		return j + 1
	case '/', '\\':
		if j+1 < len(rest) && rest[j+1] == '/' || eyes == '=' {
			return 0
		}
		return j + 1
	case 'D', 'P', 'p', 'O', 'S', 's', 'c', 'C', '3':
		if j+1 < len(rest) && handleByte(rest[j+1]) || eyes == '=' {
			return 0
		}
		return j + 1
	}
	return 0
}

func (d *Doc) emoticon(i, k int) int {
	nstart := len(d.Norm)
	for _, c := range []byte(d.Src[i : i+k]) {
		if c == '-' && k > 2 && d.Src[i] != '-' || c == 'o' {
			continue
		}
		d.Norm = append(d.Norm, c)
	}
	d.push(Emoticon, i, i+k, nstart, 0)
	return i + k
}
