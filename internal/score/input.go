package score

import (
	"slices"

	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Input is what the scorer is told: the post, and the brand it is asked about.
func Input(s Subject, m mention.Mention) vent.Input {
	aliases := make([]string, 0, len(s.Names)+len(s.Brand.Aliases))
	aliases = append(append(aliases, s.Names...), s.Brand.Aliases...)
	for _, own := range s.Brand.OwnAccounts {
		aliases = append(aliases, trimSign(own))
	}
	slices.Sort(aliases)
	return vent.Input{
		Text:        m.Text,
		Title:       m.Title,
		Brand:       s.Brand.Name,
		Aliases:     slices.Compact(aliases),
		Competitors: s.Brand.Competitors,
		Context:     s.Brand.Context,
		Handle:      m.Author.Handle,
		Lang:        m.Lang,
		Rating:      m.Rating,
	}
}

func trimSign(s string) string {
	if s != "" && (s[0] == '@' || s[0] == '#') {
		return s[1:]
	}
	return s
}
