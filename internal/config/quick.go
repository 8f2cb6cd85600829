package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/leakytap/leakytap/internal/ingest"
)

// Quick is the config of a daemon that was given a brand's name and no file: it listens to the
// sources that need no account and to the feeds named, and alerts to the console. The
// problems are those of Load; Fatal tells whether the Config may be used.
func Quick(name string, feeds []string, opt Options) (*Config, []Problem) {
	c := Default()
	c.src, c.opt = newSource("command line", "", nil), opt
	c.marks = newMarks(c.src)
	c.Sources = []ingest.Config{{Name: "bluesky", Type: ingest.TypeBluesky}, {Name: "hackernews", Type: ingest.TypeHackerNews}}
	for i, f := range feeds {
		c.Sources = append(c.Sources, ingest.Config{Name: "feed" + strconv.Itoa(i+1), Type: ingest.TypeRSS, URL: f})
	}
	u := BrandUnit{Brand: c.BrandDefaults.brand(), marks: c.marks, prefix: "brands[0]"}
	u.Brand.Name = slug(name)
	u.Brand.Query = QuickQuery(name)
	u.Name, u.Key = u.Brand.Name, u.Brand.Name
	u.check(c, nil)
	c.Units = []BrandUnit{u}
	ps := append(c.validate(), c.Units[0].Problems...)
	c.complete()
	c.gather()
	return c, Sort(ps)
}

// QuickQuery is a query for a brand of which only the name is known: the name as a
// phrase, and its words together as a handle and as a tag.
func QuickQuery(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return ""
	}
	joined := strings.Join(words, "")
	return fmt.Sprintf(`"%s" OR @%s OR #%s`, strings.Join(words, " "), joined, joined)
}

// slug is a name that a brand may have.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case unicode.IsSpace(r), r == '-', r == '_', r == '.', r == '&':
			return '-'
		default:
			return -1
		}
	}, name)
	s = strings.Trim(s, "-")
	if s == "" && name != "" {
		return "brand"
	}
	return s[:min(len(s), 64)]
}
