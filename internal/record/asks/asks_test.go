package asks_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record/asks"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		wants      map[asks.Kind]string
		told       []string
	}{
		{"nothing", "acme lost my parcel. what a shame", map[asks.Kind]string{}, nil},
		{"all four", "Day 9! Nobody answers my emails. Can someone call me? Where is my refund? When will it be here?", map[asks.Kind]string{
			asks.Acknowledge: "Nobody answers my emails.", asks.Own: "Can someone call me?", asks.Next: "Where is my refund?", asks.When: "When will it be here?",
		}, nil},
		{"a promise is no request", "You said Tuesday. It is Friday. I want my money back", map[asks.Kind]string{asks.Next: "I want my money back"}, []string{"You said Tuesday."}},
		{"was told", "I was told the engineer would come at nine\nhow much longer", map[asks.Kind]string{asks.When: "how much longer"}, []string{"I was told the engineer would come at nine"}},
		{"supposed to", "it was supposed to arrive in May", map[asks.Kind]string{}, []string{"it was supposed to arrive in May"}},
		{"spanish", "me dijeron el martes. quiero mi dinero", map[asks.Kind]string{asks.Next: "quiero mi dinero"}, []string{"me dijeron el martes."}},
		{"german", "Ihr habt gesagt am Montag! Wann kommt das Paket?", map[asks.Kind]string{asks.When: "Wann kommt das Paket?"}, []string{"Ihr habt gesagt am Montag!"}},
		{"french", "On m’a dit lundi. Quand arrive-t-il ?", map[asks.Kind]string{asks.When: "Quand arrive-t-il ?"}, []string{"On m’a dit lundi."}},
		{"the first of a kind", "fix this. i need help. fix it now", map[asks.Kind]string{asks.Next: "fix this."}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := asks.In([]mention.Mention{{Text: tt.text, URL: "https://a.example/1"}})
			got := map[asks.Kind]string{}
			for _, q := range f.Wants {
				got[q.Kind] = q.Words
				require.Equal(t, "https://a.example/1", q.URL)
			}
			require.Equal(t, tt.wants, got)
			var told []string
			for _, q := range f.Told {
				told = append(told, q.Words)
			}
			require.Equal(t, tt.told, told)
		})
	}
}

func TestLaterPostsAndTakenOnes(t *testing.T) {
	t.Parallel()
	f := asks.In([]mention.Mention{
		{Text: "when will it come?"},
		{Text: "you promised a refund.", Retracted: true},
		{Text: "you said one. they told me two. i was promised three. when will it come now?"},
	})
	require.Len(t, f.Wants, 1)
	require.Equal(t, "when will it come?", f.Wants[0].Words, "the first that asks")
	require.Len(t, f.Told, 2)
	require.Equal(t, "i was promised three.", f.Told[1].Words, "the latest promises")
}

func FuzzIn(f *testing.F) {
	f.Add("you said Tuesday. when?")
	f.Add("\xff\xfe you said … \n\n")
	f.Add(strings.Repeat("é", 5000) + " you said it")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "")
		found := asks.In([]mention.Mention{{Text: text}})
		require.LessOrEqual(t, len(found.Wants), 4)
		for _, q := range append(found.Wants, found.Told...) {
			require.True(t, utf8.ValidString(q.Words))
			require.LessOrEqual(t, utf8.RuneCountInString(q.Words), 140)
			require.NotEmpty(t, q.Words)
			plain := strings.Join(strings.Fields(text), " ")
			require.Contains(t, plain, strings.TrimSuffix(q.Words, "…"), "their own words, none of ours")
		}
	})
}
