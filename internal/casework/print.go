package casework

import (
	"hash/fnv"
	"math/bits"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// shingle is how many tokens in a row a simhash looks at.
	shingle = 3
	// minSimhash is the least number of tokens for a simhash: with fewer, one word
	// more or less is another text. minExact is the least for an exact match: below
	// it, strangers say the same by chance.
	minSimhash = 8
	minExact   = 4
	// maxDistance is how many of the 64 bits near-copies may differ in.
	maxDistance = 3
	// maxPrint bounds how many tokens are looked at.
	maxPrint = 2000
)

// Print is the fingerprint of a text without its links and @names, which is what
// copies of one text differ in. The zero Print is like no other.
type Print struct {
	// Simhash is 0 where the text is too short for it; Exact stands in then.
	Simhash uint64
	Exact   uint64
}

// PrintOf is the fingerprint of a post.
func PrintOf(m mention.Mention) Print {
	if p := printOf(m.Title + "\n" + m.Text); p.Simhash != 0 {
		return p
	}
	return Print{Exact: printOf(textOf(m)).Exact}
}

// PrintOfCase is the fingerprint of a case's first post.
func PrintOfCase(c record.Case) Print { return PrintOfRow(c.Simhash, c.Text) }

// PrintOfRow is the fingerprint of a text by what a row keeps of it: the simhash,
// and the text, which counts where that is 0.
func PrintOfRow(simhash uint64, text string) Print {
	if simhash != 0 {
		return Print{Simhash: simhash}
	}
	return Print{Exact: printOf(text).Exact}
}

// Near reports whether two texts are copies of each other, or nearly so.
func (p Print) Near(q Print) bool {
	if p.Simhash != 0 && q.Simhash != 0 {
		return bits.OnesCount64(p.Simhash^q.Simhash) <= maxDistance
	}
	return p.Exact != 0 && p.Exact == q.Exact
}

func printOf(text string) Print {
	t := tokens(text)
	switch {
	case len(t) >= minSimhash:
		return Print{Simhash: simhash(t)}
	case len(t) >= minExact:
		return Print{Exact: hash(strings.Join(t, " "))}
	default:
		return Print{}
	}
}

// tokens are the words of a text in one case, without accents' composition,
// links, @names and punctuation.
func tokens(text string) []string {
	var out []string
	for field := range strings.FieldsSeq(strings.ToLower(norm.NFKC.String(text))) {
		if strings.HasPrefix(field, "@") || strings.Contains(field, "://") || strings.HasPrefix(field, "www.") {
			continue
		}
		for t := range strings.FieldsFuncSeq(field, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
		}) {
			if len(out) == maxPrint {
				return out
			}
			if len(out) == 0 && t == "rt" {
				continue // passed on by hand
			}
			out = append(out, t)
		}
	}
	return out
}

// simhash has a bit set where most shingles of the text have it; it is never 0.
func simhash(t []string) uint64 {
	var votes [64]int
	for i := 0; i+shingle <= len(t); i++ {
		h := hash(strings.Join(t[i:i+shingle], " "))
		for b := range votes {
			votes[b] += int(h>>b&1)*2 - 1
		}
	}
	var out uint64
	for b, v := range votes {
		if v > 0 {
			out |= 1 << b
		}
	}
	return max(out, 1)
}

// AuthorOf tells authors apart. A post whose platform names no author is one of its own.
func AuthorOf(m mention.Mention) uint64 {
	if key := m.AuthorKey(); key != "" {
		return hash(key)
	}
	return hash(m.ID)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	// FNV's high bits hardly depend on the last bytes: mix them as splitmix64 does.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return max(x^x>>31, 1)
}
