package desk_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestSilences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		silence record.Silence
		want    record.Outcome
	}{
		{"all", record.Silence{}, record.OutcomeSilenced},
		{"its brand", record.Silence{Brand: "acme"}, record.OutcomeSilenced},
		{"another brand", record.Silence{Brand: "globex"}, record.OutcomeAlert},
		{"its query", record.Silence{Query: "parcel NOT kettle"}, record.OutcomeSilenced},
		{"another query", record.Silence{Query: "parcel NOT phone"}, record.OutcomeAlert},
		{"a broken query", record.Silence{Query: `("parcel`}, record.OutcomeAlert},
		{"its author", record.Silence{Author: "@jo.example"}, record.OutcomeSilenced},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c.silence.ID, c.silence.From, c.silence.Until = "S1", noon(), noon().Add(time.Hour)
			_, err := b.store.AddSilence(t.Context(), c.silence)
			require.NoError(t, err)
			require.Equal(t, c.want, b.scored(complaint("1")).Outcome)
			b.pass(time.Hour)
			require.Equal(t, record.OutcomeAlert, b.scored(complaint("2", from("sam"))).Outcome, "after its end")
		})
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tight := acme()
	tight.Alert.Budget, tight.Timezone = 2, "America/New_York"
	b.use(rulesOf(t, tight))
	post := func(id string) record.Scored {
		return complaint(id, from("a"+id), func(s *record.Scored) { s.BrandHash = tight.Hash() })
	}
	ds, err := b.desk.Scored(t.Context(), []record.Scored{post("1"), post("2"), post("3"), post("4")})
	require.NoError(t, err)
	require.Equal(t, record.OutcomeAlert, ds[1].Outcome)
	require.Equal(t, record.OutcomeOverBudget, ds[2].Outcome)
	require.Equal(t, record.OutcomeOverBudget, ds[3].Outcome)
	require.Contains(t, strings.Join(ds[3].Why, "\n"), "over budget: 2 of 2 cards today")
	critical := post("5")
	critical.Score.Severity = vent.SeverityCritical
	require.Equal(t, record.OutcomeAlert, b.scored(critical).Outcome, "critical ones are never held back")

	require.Equal(t, "card; card", kinds(b.sent("support")))
	b.pass(30 * time.Second)
	ns := b.sent("support")
	require.Equal(t, "digest (acme: 2 complaints over the budget of 2/day, without cards of their own)", kinds(ns))
	require.Equal(t, ds[2].ID, ns[0].Body.Items[0].Mention)
	require.Equal(t, "https://social.example/4", ns[0].Body.Items[1].URL)

	require.Equal(t, record.OutcomeOverBudget, b.scored(post("6")).Outcome)
	edited := post("6")
	edited.Mention.Revision, edited.Mention.Text = 1, "acme edited"
	require.Equal(t, record.OutcomeOverBudget, b.scored(edited).Outcome)
	b.pass(30 * time.Minute)
	require.Empty(t, b.sent("support"), "the next digest goes out by the hour")
	b.pass(30 * time.Minute)
	ns = b.sent("support")
	require.Equal(t, "digest (acme: 1 complaint over the budget of 2/day, without cards of their own)", kinds(ns))
	require.Equal(t, "acme edited", ns[0].Body.Items[0].Text)

	b.pass(16 * time.Hour) // five in the morning in Greenwich, one in New York
	require.Equal(t, record.OutcomeAlert, b.scored(post("7")).Outcome, "a new day in the brand's own zone")
}

func TestLatePostsGoIntoOneDigest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	late := func(s *record.Scored) { s.Late = true }
	root := b.scored(complaint("0"))
	b.sent()
	var batch []record.Scored
	for i := range 30 {
		batch = append(batch, complaint(strconv.Itoa(10+i), from(fmt.Sprint("a", i)), late))
	}
	ds, err := b.desk.Scored(t.Context(), append(batch, complaint("1", late)))
	require.NoError(t, err)
	require.Equal(t, record.OutcomeDigest, ds[0].Outcome)
	require.Equal(t, root.Case, ds[30].Case, "a late post of a live case joins it")
	require.Len(t, b.cases(), 1)
	b.sent()
	b.pass(10 * time.Second)
	ns := b.sent()
	require.Equal(t, "digest (acme: 25 complaints that were old when they were collected); digest (acme: 5 complaints that were old when they were collected)", kinds(ns))
	b.scored(complaint("10", from("a0"), retracted))
	require.Equal(t, "rewrite", kinds(b.sent()), "a digest that was sent is drawn anew")
}
