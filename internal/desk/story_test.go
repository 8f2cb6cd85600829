package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework/about"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// A whole case with the real scorer and the real query: a complaint, a claim, the
// brand's public reply, "still broken", a second reply, "thanks, sorted".
func TestACaseFromComplaintToThanks(t *testing.T) {
	t.Parallel()
	scorer, err := vent.Default()
	require.NoError(t, err)
	b := newBench(t, func(o *desk.Options) { o.About = about.New().About })
	query := match.Names(acme().Query)
	say := func(id, author, text string) record.Scored {
		s := complaint(id, from(author), func(s *record.Scored) { s.Mention.Text = text })
		if id != "1" {
			under("1")(&s)
		}
		s.Terms = nil
		s.Match = record.MatchWatched
		for _, hit := range b.rules.Matcher.Match(s.Mention) {
			if hit.Brand == "acme" {
				s.Match, s.Terms, s.ExcludedBy = record.MatchQuery, hit.Terms, hit.ExcludedBy
			}
		}
		s.Score = scorer.Score(vent.Input{Text: text, Brand: "acme", Aliases: query}, vent.Options{Explain: true})
		return s
	}
	brandSays := func(id, text string) record.Scored {
		s := say(id, "x", text)
		s.Mention.Author = mention.Author{ID: "did:acme", Handle: "acmeair"}
		return s
	}

	root := b.scored(say("1", "jo", "@acmeair you lost my luggage three days ago and nobody answers the phone"))
	require.Equal(t, record.OutcomeAlert, root.Outcome, root.Why)
	require.Equal(t, "card", kinds(b.sent()))
	state := func() record.State { return b.dossier(root.Case).Case.State }
	step := func(s record.Scored) record.Decision {
		b.pass(10 * time.Minute)
		d := b.scored(s)
		require.Equal(t, root.Case, d.Case, d.Why)
		return d
	}
	b.act(root.Case, record.VerbClaim)
	step(brandSays("2", "Hi Jo, sorry to hear that. Please send us your booking number."))
	require.Equal(t, record.StateAnswered, state())
	step(say("3", "jo", "still broken, nobody called me"))
	require.Equal(t, record.StateOpen, state())
	step(brandSays("4", "We have it now, it is on its way to you."))
	require.Equal(t, record.StateAnswered, state())
	step(say("5", "jo", "thanks, sorted"))
	require.Equal(t, record.StateResolved, state())

	k := b.dossier(root.Case)
	require.Equal(t, record.FateRecovered, k.Case.Fate)
	require.Equal(t, "opened claimed brand_replied reopened brand_replied recovered", history(k))
	require.Contains(t, k.Case.About, "luggage")
	require.NotEmpty(t, k.Case.Reasons)
	require.Len(t, b.cases(), 1)
}
