package match

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxWarnings = 50

func (q *Query) warnAt(col int, msg string) {
	if len(q.warnings) < maxWarnings {
		q.warnings = append(q.warnings, Warning{Column: col, Msg: msg})
	}
}

// warn collects what is legal and probably not meant.
func (q *Query) warn(root *node) {
	q.warnInvisible()
	q.warnNode(root)
	slices.SortStableFunc(q.warnings, func(a, b Warning) int { return a.Column - b.Column })
}

// warnInvisible reports the first character of a query that cannot be seen: it is
// ignored in matching, and a reviewer should know that it is there.
func (q *Query) warnInvisible() {
	col := 0
	for _, r := range q.src {
		switch {
		case r == utf8.RuneError:
			q.warnAt(col, "a replacement character stands here; text was lost when the file was written")
			return
		case bidi(r):
			q.warnAt(col, "an invisible text-direction character stands here; it is ignored, and what you see may be in another order than what is read")
			return
		case invisible(r) && r != 0xFE0F && (r < 0x1F3FB || r > 0x1F3FF): // emoji have these
			q.warnAt(col, "an invisible character stands here; it is ignored")
			return
		}
		col++
	}
}

func bidi(r rune) bool {
	return r == 0x061C || r == 0x200E || r == 0x200F || 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069
}

func (q *Query) warnNode(n *node) {
	switch n.kind {
	case nodeTerm:
		q.warnTerm(n)
	case nodeOr:
		q.warnMixed(n)
	}
	for _, k := range n.kids {
		q.warnNode(k)
	}
}

// warnMixed reports words side by side in an OR, which many take for a phrase.
func (q *Query) warnMixed(or *node) {
	for _, k := range or.kids {
		if k.kind != nodeAnd || k.raw != "" || k.explicit {
			continue
		}
		a, b := k.kids[0], k.kids[1]
		if plainWord(a) && plainWord(b) {
			q.warnAt(a.col, "this OR has words side by side, which reads as ("+a.raw+" AND "+b.raw+`); write "`+
				a.raw+" "+b.raw+`" for a phrase, or parentheses`)
		}
	}
}

func plainWord(n *node) bool {
	return n.kind == nodeTerm && n.term.field == "" && !n.term.phrase && !n.term.signed() && !lowerOperator(n.raw)
}

func (q *Query) warnTerm(n *node) {
	if n.term.field != "" || n.term.phrase {
		return
	}
	switch {
	case lowerOperator(n.raw):
		q.warnAt(n.col, n.raw+" is read as a word; operators are written in capitals")
	case strings.HasPrefix(strings.ToLower(n.raw), "near/"):
		q.warnAt(n.col, n.raw+" is read as words; write NEAR in capitals")
	case n.raw[0] == '\'':
		q.warnAt(n.col, `single quotes make no phrase; write "..."`)
	case len(n.term.words) != 1:
	case commonWord(n.term.words[0].key):
		q.warnAt(n.col, n.raw+" is a common word and occurs in very many posts")
	case n.term.words[0].prefix && shortPrefix(n.term.words[0].key):
		q.warnAt(n.col, n.raw+" is a short prefix and occurs in very many posts")
	}
}

func lowerOperator(raw string) bool {
	return strings.EqualFold(raw, "and") || strings.EqualFold(raw, "or") || strings.EqualFold(raw, "not")
}

func shortPrefix(key string) bool {
	return utf8.RuneCountInString(key) < 3 && strings.IndexFunc(key, unicode.IsDigit) < 0 && key[0] != '@' && key[0] != '#'
}

// commonWord reports whether a word of the scored languages stands in a large part of all posts.
func commonWord(w string) bool {
	switch w {
	case "the", "and", "for", "you", "are", "not", "but", "with", "this", "that", "have", "was", "all", "can", "what", "just",
		"your", "out", "they", "from", "get", "how", "when", "who", "will", "one", "now", "new", "more", "to", "of", "in",
		"is", "it", "on", "at", "be", "as", "so", "we", "he", "my", "me", "if", "or", "an", "by", "do", "go", "no", "up",
		"us", "el", "la", "los", "las", "que", "con", "por", "para", "una", "del", "como", "pero", "muy", "esta", "de", "en",
		"un", "es", "se", "lo", "le", "les", "des", "une", "est", "pas", "pour", "dans", "sur", "avec", "qui", "mais", "je",
		"tu", "il", "et", "du", "au", "ce", "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "mit", "auf", "ich",
		"sie", "den", "dem", "von", "zu", "im", "wir", "os", "um", "uma", "nao", "com", "mas", "sao", "foi", "ele", "ela",
		"na", "da":
		return true
	default:
		return false
	}
}
