package text

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Parse reads src into d. What d held before is gone.
func (d *Doc) Parse(src string) {
	*d = Doc{Src: src, Norm: d.Norm[:0], Tokens: d.Tokens[:0], line: true}
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == ' ':
			i++
		case folded[c] > '9':
			i = d.wordOrLink(i)
		default:
			r, n := next(src, i)
			i = d.one(i, n, r)
		}
	}
	d.scope()
	d.Repost = len(d.Tokens) >= 2 && d.Tokens[1].Kind == User && string(d.Form(0)) == "rt"
}

// one reads the token that starts at i with the rune r of n bytes and returns
// where the next one starts.
func (d *Doc) one(i, n int, r rune) int {
	switch {
	case r == ' ':
		return i + n
	case r == '\n' || r == '\r':
		d.line = true
		return i + n
	case r == utf8.RuneError, r <= ' ', ignored(r), unicode.IsSpace(r):
		return i + n
	case isASCIILetter(r) || r >= '0' && r <= '9':
		return d.wordOrLink(i)
	}
	r = plain(r)
	switch {
	case r == '@' && handleAt(d.Src, i+n):
		return d.user(i, i+n)
	case r == '#' && tagAt(d.Src, i+n):
		return d.tag(i, i+n)
	case pictured(r):
		return d.emoji(i, n, r)
	case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return d.wordOrLink(i)
	}
	if k := emoticonAt(d.Src, i); k > 0 {
		return d.emoticon(i, k)
	}
	return d.punct(i, n, r)
}

// push adds a token whose normal form is d.Norm[nstart:].
func (d *Doc) push(kind Kind, start, end, nstart int, flags Flag) *Token {
	return d.pushHashed(kind, start, end, nstart, flags, HashBytes(d.Norm[nstart:]))
}

// pushHashed is push for a normal form whose hash is known.
func (d *Doc) pushHashed(kind Kind, start, end, nstart int, flags Flag, hash uint64) *Token {
	if len(d.Tokens) > 0 && int(d.Tokens[len(d.Tokens)-1].End) == start {
		flags |= Glued
	}
	if d.line {
		flags |= Line
		d.line = false
	}
	d.Tokens = append(d.Tokens, Token{
		Start: int32(start), End: int32(end), NStart: int32(nstart), NEnd: int32(len(d.Norm)),
		Hash: hash, Kind: kind, Flags: flags, Count: 1,
	})
	return &d.Tokens[len(d.Tokens)-1]
}

func (d *Doc) wordOrLink(i int) int {
	if k := linkAt(d.Src, i); k > 0 {
		return d.link(i, i+k)
	}
	if c := d.Src[i]; c >= '0' && c <= '9' {
		return d.number(i)
	}
	return d.word(i, len(d.Src), 0)
}

// word reads one word from i, never beyond limit.
func (d *Doc) word(i, limit int, flags Flag) int {
	nstart, start, end := len(d.Norm), i, i
	w := wordShape{hash: fnvOffset}
	for i < limit {
		if folded[d.Src[i]] != 0 {
			i = d.letters(i, limit, &w)
			end = i
			continue
		}
		r, n := next(d.Src, i)
		r = plain(r)
		if r == '\'' {
			if end == start || i+n >= limit || !letterAt(d.Src, i+n) {
				break
			}
			d.Norm = append(d.Norm, '\'')
			w.hash = (w.hash ^ '\'') * fnvPrime
			i += n
			continue
		}
		if ignored(r) {
			i += n
			continue
		}
		if !inWord(r) {
			break
		}
		if lone(r) {
			if end == start {
				w.odd = true
				d.Norm = appendFolded(d.Norm, r)
				d.Letters++
				d.Foreign++
				end = i + n
			}
			break
		}
		w.see(r)
		w.odd = true
		d.Norm = appendFolded(d.Norm, r)
		i += n
		end = i
	}
	switch {
	case end != start:
	case i >= limit: // nothing but marks, at the very end
		return i
	default:
		_, n := next(d.Src, i)
		return i + n
	}
	return d.finish(start, end, nstart, flags, &w)
}

// letters reads ASCII letters and digits from i on, which nearly all words are made
// of, and returns where they end.
func (d *Doc) letters(i, limit int, w *wordShape) int {
	src, start := d.Src[i:limit], len(d.Norm)
	d.Norm = slices.Grow(d.Norm, len(src))
	out := d.Norm[start : start+len(src)]
	last, run, upper, hash := byte(0), w.run, w.upper, w.hash
	if w.last < utf8.RuneSelf {
		last = byte(w.last)
	}
	n := 0
	for ; n < len(src); n++ {
		c := src[n]
		low := folded[c]
		if low == 0 {
			break
		}
		out[n] = low
		hash = (hash ^ uint64(low)) * fnvPrime
		upper += int((c ^ low) >> 5) // 1 for a capital
		if low != last {
			run, last = 0, low
		}
		if run++; run >= 3 {
			w.long = true
		}
	}
	if w.letters == 0 {
		w.title = src[0] != out[0]
	}
	w.letters += n
	w.last, w.run, w.upper, w.hash = rune(last), run, upper, hash
	d.Norm = d.Norm[:start+n]
	return i + n
}

// inWord tells whether a rune beyond ASCII is part of a word.
func inWord(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) && !pictured(r)
}

// finish adds the word that was read.
func (d *Doc) finish(start, end, nstart int, flags Flag, w *wordShape) int {
	if w.long {
		d.squeeze(nstart)
		w.odd = true
		flags |= Elongated
	}
	d.Letters += w.letters
	d.Foreign += w.foreign
	d.Words++
	switch {
	case w.letters >= 2 && w.upper == w.letters:
		flags |= Caps
		d.CapsWords++
	case w.title && w.upper == 1:
		flags |= Title
	case w.upper == 0 && !w.odd && end-start == len(d.Norm)-nstart:
		flags |= Small
	}
	kind := Word
	if flags&Tag == 0 && end-start == 4 && string(d.Norm[nstart:]) == "http" {
		d.Links++
		kind = URL
	}
	hash := Mix(w.hash)
	if w.odd {
		hash = HashBytes(d.Norm[nstart:])
	}
	d.pushHashed(kind, start, end, nstart, flags, hash)
	return end
}

// wordShape watches the letters of one word go by.
type wordShape struct {
	letters, upper, foreign, run int
	last                         rune
	title, long                  bool
	// hash is that of the normal form, unless the word is odd: then not all of its form
	// is in it.
	hash uint64
	odd  bool
}

func (w *wordShape) see(r rune) {
	low := r
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			w.upper++
			low = r + 'a' - 'A'
		}
	} else {
		if unicode.IsUpper(r) {
			w.upper++
		}
		low = unicode.ToLower(r)
		if !unicode.Is(unicode.Latin, r) {
			w.foreign++
		}
	}
	if w.letters == 0 {
		w.title = w.upper == 1
	}
	w.letters++
	if low == w.last {
		w.run++
		w.long = w.long || w.run >= 3
	} else {
		w.run = 1
	}
	w.last = low
}

// squeeze shortens letters that are drawn out: "sooooo" is "so", "coool" is "cool".
// A word of one letter alone is an abbreviation, BBB, or a noise: it keeps three.
func (d *Doc) squeeze(nstart int) {
	b := d.Norm[nstart:]
	if uniform(b) {
		d.Norm = d.Norm[:nstart+min(len(b), 3)]
		return
	}
	out := 0
	for i := 0; i < len(b); {
		j := i + 1
		for j < len(b) && b[j] == b[i] {
			j++
		}
		keep := j - i
		if keep >= 3 && b[i] < utf8.RuneSelf {
			keep = kept(b[i], j == len(b))
		}
		for range keep {
			b[out] = b[i]
			out++
		}
		i = j
	}
	d.Norm = d.Norm[:nstart+out]
}

// uniform tells whether b is one ASCII letter over and over.
func uniform(b []byte) bool {
	for _, c := range b {
		if c != b[0] || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func kept(c byte, last bool) int {
	if last {
		switch c {
		case 'l', 's', 'f':
			return 2
		}
		return 1
	}
	switch c {
	case 'o', 'e', 'l', 's', 't', 'p', 'f', 'g', 'r', 'n', 'd', 'm', 'b', 'c':
		return 2
	}
	return 1
}

// number reads digits. A unit that is glued to them ("3hrs") is the next token;
// an ordinal ("3rd") is a word.
func (d *Doc) number(i int) int {
	start, nstart := i, len(d.Norm)
	for i < len(d.Src) {
		c := d.Src[i]
		switch {
		case c >= '0' && c <= '9':
			d.Norm = append(d.Norm, c)
			i++
			continue
		case (c == '.' || c == ',' || c == ':') && i+1 < len(d.Src) && d.Src[i+1] >= '0' && d.Src[i+1] <= '9':
			d.Norm = append(d.Norm, c)
			i++
			continue
		}
		break
	}
	if ordinalAt(d.Src, i) {
		d.Norm = append(d.Norm, lower(d.Src[i]), lower(d.Src[i+1]))
		d.Words++
		d.push(Word, start, i+2, nstart, 0)
		return i + 2
	}
	d.push(Number, start, i, nstart, 0)
	return i
}

// Interrobang is the normal form of a run of both question and exclamation marks.
const Interrobang = '\u203d'

// punct reads one mark, or a run of the same mark.
func (d *Doc) punct(i, n int, r rune) int {
	start, end, count := i, i+n, 1
	mixed := r == '!' || r == '?'
	marks := r
	src, _ := utf8.DecodeRuneInString(d.Src[i:])
	if src == '\u2026' {
		count = 3
	}
	for end < len(d.Src) {
		q, k := next(d.Src, end)
		q = plain(q)
		if q != r && (!mixed || q != '!' && q != '?') {
			break
		}
		if q != r {
			marks = Interrobang
		}
		count++
		end += k
	}
	nstart := len(d.Norm)
	d.Norm = utf8.AppendRune(d.Norm, marks)
	if count > 1 {
		d.Norm = utf8.AppendRune(d.Norm, marks)
	}
	t := d.push(Punct, start, end, nstart, 0)
	t.Count = uint16(min(count, 1000))
	return end
}
