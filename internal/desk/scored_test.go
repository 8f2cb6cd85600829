package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/about"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestAlertOpensACase(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *desk.Options) { o.About = about.New().About })
	b.desk.Prepare([]string{"acme"})
	d := b.scored(complaint("1"))
	require.Equal(t, record.OutcomeAlert, d.Outcome, d.Why)
	require.Equal(t, "support", d.Route)
	require.Contains(t, strings.Join(d.Why, "\n"), "venting 0.93 >= 0.60")
	require.Contains(t, strings.Join(d.Why, "\n"), "route: default -> support")
	require.Equal(t, []any{int64(1), "config-1", acme().Hash(), noon()}, []any{d.Seq, d.ConfigHash, d.BrandHash, d.Now})

	k := b.dossier(d.Case)
	require.NoError(t, casework.Check(k.Case))
	require.Equal(t, record.StateOpen, k.Case.State)
	require.Equal(t, "https://social.example/1", k.Case.URL)
	require.Contains(t, k.Case.About, "parcel")
	require.Equal(t, "opened", history(k))
	require.Equal(t, d.Why, k.Why)

	stored, err := b.store.Decisions(t.Context(), k.Case.URL)
	require.NoError(t, err)
	require.Equal(t, []record.Decision{d}, stored)

	ns := b.sent()
	require.Equal(t, "card", kinds(ns))
	require.Equal(t, d.Case+"/1/card/support", ns[0].Key)
	require.Equal(t, noon(), ns[0].ObservedAt)
	require.NoError(t, testutil.GatherAndCompare(b.reg, strings.NewReader(`
# HELP leakytap_decisions_total Mentions decided upon, by brand and outcome.
# TYPE leakytap_decisions_total counter
leakytap_decisions_total{brand="acme",outcome="alert"} 1
leakytap_decisions_total{brand="acme",outcome="already_handled"} 0
leakytap_decisions_total{brand="acme",outcome="below_threshold"} 0
leakytap_decisions_total{brand="acme",outcome="digest"} 0
leakytap_decisions_total{brand="acme",outcome="duplicate"} 0
leakytap_decisions_total{brand="acme",outcome="excluded"} 0
leakytap_decisions_total{brand="acme",outcome="inhibited"} 0
leakytap_decisions_total{brand="acme",outcome="joined"} 0
leakytap_decisions_total{brand="acme",outcome="not_matched"} 0
leakytap_decisions_total{brand="acme",outcome="over_budget"} 0
leakytap_decisions_total{brand="acme",outcome="own_account"} 0
leakytap_decisions_total{brand="acme",outcome="retracted"} 0
leakytap_decisions_total{brand="acme",outcome="silenced"} 0
`), "leakytap_decisions_total"))
}

func TestCriticalGoesWhereTheRouteSays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.scored(complaint("1", func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical }))
	require.Equal(t, "oncall", d.Route)
	require.Equal(t, "card", kinds(b.sent("oncall")))
}

func TestOneIdentityIsDecidedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.scored(complaint("1", revised(5, "acme lost my parcel and nobody there picks up the phone")))
	for _, s := range []record.Scored{
		complaint("1", revised(5, "other words")), complaint("1", revised(4, "older words")), complaint("1"),
	} {
		d := b.scored(s)
		require.Equal(t, record.OutcomeDuplicate, d.Outcome)
		require.Equal(t, first.Case, d.Case)
	}
	stored, err := b.store.Decisions(t.Context(), "bluesky:1")
	require.NoError(t, err)
	require.Equal(t, []record.Decision{first}, stored)
	require.Len(t, b.cases(), 1)
	require.Equal(t, "card", kinds(b.sent()))
	require.Contains(t, b.dossier(first.Case).Root.Text, "lost my parcel")
}

func TestTwoBrandsAreTwoCases(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	both := complaint("1")
	other := both
	other.Brand, other.BrandHash, other.Terms = "globex", globex().Hash(), []string{"globex"}
	ds, err := b.desk.Scored(t.Context(), []record.Scored{both, other})
	require.NoError(t, err)
	require.Equal(t, record.OutcomeAlert, ds[0].Outcome)
	require.Equal(t, record.OutcomeAlert, ds[1].Outcome)
	require.NotEqual(t, ds[0].Case, ds[1].Case)
	require.Equal(t, "globex", b.dossier(ds[1].Case).Case.Brand)
}

func TestJoins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	require.Equal(t, "card", kinds(b.sent()))
	for _, c := range []struct {
		name, why, reply string
		s                record.Scored
		authors          int
	}{
		{"the author's later post", "joined: same author", "The customer is still unhappy", complaint("2"), 1},
		{"another's, in the conversation", "joined: same conversation", "Another post joined: same conversation", complaint("3", from("sam"), under("1")), 2},
		{
			"a near-copy", "joined: nearly the same text", "Another post joined: nearly the same text",
			complaint("4", from("lou"), func(s *record.Scored) {
				s.Mention.Text = "@you " + complaint("1").Mention.Text + " https://t.example/x"
			}), 3,
		},
		{"an author who joined before", "joined: same author", "Another post joined: same author", complaint("5", from("lou")), 3},
	} {
		d := b.scored(c.s)
		require.Equal(t, record.OutcomeJoined, d.Outcome, "%s: %v", c.name, d.Why)
		require.Equal(t, root.Case, d.Case, c.name)
		require.Contains(t, strings.Join(d.Why, "\n"), c.why)
		ns := b.sent()
		require.Equal(t, "update; reply ("+c.reply+")", kinds(ns), c.name)
		require.Equal(t, c.s.Mention.URL, ns[1].Body.Items[0].URL)
		require.Equal(t, c.authors, b.dossier(d.Case).Case.Authors, c.name)
	}
	k := b.dossier(root.Case)
	require.Equal(t, 5, k.Case.Mentions)
	require.Len(t, k.Later, 4)
	require.Len(t, b.cases(), 1)
}

func TestASecondHitLinksCases(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	jo, sam := b.scored(complaint("1")), b.scored(complaint("2", from("sam")))
	d := b.scored(complaint("3", under("2")))
	require.Equal(t, sam.Case, d.Case, "the conversation comes before the author")
	require.Contains(t, strings.Join(d.Why, "\n"), "linked: it would have joined case "+jo.Case)
	require.Equal(t, []string{jo.Case}, b.dossier(sam.Case).Case.Linked)
	require.Equal(t, 1, b.dossier(jo.Case).Case.Mentions)
}

func TestACrowdSharesMessagesWhileTheyWait(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.scored(complaint("0"))
	require.Equal(t, "card", kinds(b.sent()))
	var batch []record.Scored
	for i := range 40 {
		batch = append(batch, complaint(fmt.Sprint(100+i), from(fmt.Sprint("a", i)), under("0")))
	}
	_, err := b.desk.Scored(t.Context(), batch)
	require.NoError(t, err)
	b.pass(10 * time.Second)
	ns := b.sent()
	require.Equal(t, "update; reply (25 more posts joined); reply (15 more posts joined)", kinds(ns))
	urls := map[string]bool{}
	for _, n := range ns {
		for _, it := range n.Body.Items {
			urls[it.URL] = true
		}
	}
	require.Len(t, urls, 40, "every post is named by its url")
}

func TestTheCustomersLaterWords(t *testing.T) {
	t.Parallel()
	claim := func(b *bench, id string) { b.act(id, record.VerbClaim) }
	resolve := func(b *bench, id string) { b.act(id, record.VerbResolve) }
	answer := func(b *bench, id string) { b.act(id, record.VerbAnswer) }
	venting := func(s *record.Scored) { s.Mention.Text = "still nothing, a week now" }
	for _, c := range []struct {
		name    string
		before  func(*bench, string)
		post    record.Scored
		outcome record.Outcome
		state   record.State
		fate    record.Fate
		episode int
		sent    string
	}{
		{
			"thanks, sorted", claim, complaint("2", under("1"), watched, saying("Thanks, sorted!", "thanks", "resolved")),
			record.OutcomeJoined, record.StateResolved, record.FateRecovered, 1, "update; reply (The customer says that it is settled)",
		},
		{
			"thanks after an answer", answer, complaint("2", under("1"), watched, saying("thank you", "thanks")),
			record.OutcomeJoined, record.StateResolved, record.FateRecovered, 1, "update; reply (The customer says that it is settled)",
		},
		{
			"sorted, naming the brand", claim, complaint("2", saying("acme sorted it", "resolved")),
			record.OutcomeJoined, record.StateResolved, record.FateRecovered, 1, "update; reply (The customer says that it is settled)",
		},
		{
			"still venting", claim, complaint("2", under("1"), watched, venting),
			record.OutcomeJoined, record.StateClaimed, "", 1, "update; reply (The customer is still unhappy)",
		},
		{
			"still venting after the end", resolve, complaint("2", under("1"), watched, venting),
			record.OutcomeJoined, record.StateOpen, "", 2, "update; reply (Reopened: the customer is still unhappy)",
		},
		{
			"venting elsewhere after the end", resolve, complaint("2"),
			record.OutcomeJoined, record.StateOpen, "", 2, "update; reply (Reopened: the customer is still unhappy)",
		},
		{
			"still venting after an answer", answer, complaint("2", under("1"), watched, venting),
			record.OutcomeJoined, record.StateOpen, "", 2, "update; reply (Reopened: the customer is still unhappy)",
		},
		{
			"a neutral word", claim, complaint("2", under("1"), watched, saying("my number is 12")),
			record.OutcomeJoined, record.StateClaimed, "", 1, "update; reply (The customer wrote again)",
		},
		{
			"a word elsewhere", claim, complaint("2", watched, saying("nice weather")),
			record.OutcomeBelowThreshold, record.StateClaimed, "", 1, "",
		},
		{
			"a bystander's word", claim, complaint("2", from("sam"), under("1"), watched, saying("poor you")),
			record.OutcomeBelowThreshold, record.StateClaimed, "", 1, "",
		},
		{
			"a bystander's thanks", claim, complaint("2", from("sam"), under("1"), watched, saying("sorted here", "resolved")),
			record.OutcomeBelowThreshold, record.StateClaimed, "", 1, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			root := b.scored(complaint("1"))
			c.before(b, root.Case)
			b.sent()
			b.pass(time.Hour)
			d := b.scored(c.post)
			require.Equal(t, c.outcome, d.Outcome, d.Why)
			k := b.dossier(root.Case).Case
			require.NoError(t, casework.Check(k))
			require.Equal(t, []any{c.state, c.fate, c.episode}, []any{k.State, k.Fate, k.Episode})
			require.Equal(t, c.sent, kinds(b.sent()))
			require.Len(t, b.cases(), 1)
			_, err := b.store.Mention(t.Context(), "acme", c.post.Mention.ID)
			if c.outcome == record.OutcomeBelowThreshold {
				require.ErrorIs(t, err, store.ErrNotFound, "words about other things are not kept")
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestAWatchedPostOpensNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.scored(complaint("1", watched))
	require.Equal(t, record.OutcomeNotMatched, d.Outcome)
	require.Empty(t, b.cases())
}

func TestTheBrandsOwnReplyAnswersTheCase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	b.sent()
	b.pass(10 * time.Minute)
	own := func(s *record.Scored) { s.Mention.Author.ID, s.Mention.Author.Handle = "did:acme", "AcmeAir" }
	reply := complaint("2", under("1"), watched, own)
	d := b.scored(reply)
	require.Equal(t, record.OutcomeOwnAccount, d.Outcome)
	require.Equal(t, root.Case, d.Case)
	k := b.dossier(root.Case)
	require.Equal(t, record.StateAnswered, k.Case.State)
	require.Equal(t, "opened brand_replied", history(k))
	require.Equal(t, "update; reply (The brand answered where the post stands)", kinds(b.sent()))
	reply.Mention.Revision = 2
	require.Equal(t, record.OutcomeOwnAccount, b.scored(reply).Outcome)
	require.Equal(t, "opened brand_replied", history(b.dossier(root.Case)), "an edit of the reply is no second reply")
	require.Equal(t, record.OutcomeOwnAccount, b.scored(complaint("3", own)).Outcome)
	require.Len(t, b.cases(), 1)
	require.NoError(t, testutil.GatherAndCompare(b.reg, strings.NewReader(histogram("leakytap_case_ack_seconds",
		"Seconds from a case's opening to the first person who claimed, answered or ended it.", 600)), "leakytap_case_ack_seconds"))
}

func TestEdits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	b.sent()
	d := b.scored(complaint("1", revised(2, "acme lost my parcel, and now they want money for it"), func(s *record.Scored) {
		s.Score.Severity, s.Match = vent.SeverityHigh, record.MatchSeen
	}))
	require.Equal(t, record.OutcomeJoined, d.Outcome)
	require.Equal(t, root.Case, d.Case)
	k := b.dossier(root.Case)
	require.Equal(t, "acme lost my parcel, and now they want money for it", k.Case.Text)
	require.Equal(t, k.Case.Text, k.Root.Text)
	require.Equal(t, vent.SeverityHigh, k.Case.Severity)
	require.Equal(t, 1, k.Case.Mentions)
	require.Equal(t, "opened edited", history(k))
	require.Equal(t, "update", kinds(b.sent()))

	d = b.scored(complaint("1", saying("EDIT: sorted now", "resolved"), func(s *record.Scored) { s.Mention.Revision = 3 }))
	require.Equal(t, record.OutcomeJoined, d.Outcome)
	require.Equal(t, record.FateRecovered, b.dossier(root.Case).Case.Fate)
	require.Equal(t, "update; reply (The customer says that it is settled)", kinds(b.sent()))
}

func TestAnEditMayAlert(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, record.OutcomeBelowThreshold, b.scored(complaint("1", saying("flying acme today"))).Outcome)
	require.Equal(t, record.OutcomeNotMatched, b.scored(complaint("1", revised(1, "flying today"), func(s *record.Scored) {
		s.Match, s.Terms = record.MatchSeen, nil
	})).Outcome)
	d := b.scored(complaint("1", revised(2, "acme cancelled my flight and nobody there picks up")))
	require.Equal(t, record.OutcomeAlert, d.Outcome)
	require.Equal(t, "acme cancelled my flight and nobody there picks up", b.dossier(d.Case).Root.Text)
}

func TestRetraction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	second := b.scored(complaint("2", from("sam"), under("1")))
	b.act(root.Case, record.VerbClaim)
	b.sent()

	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("2", retracted, from("sam"), under("1"))).Outcome)
	require.Equal(t, second.Case, root.Case)
	require.NotEmpty(t, b.dossier(root.Case).Case.Text, "only the second post is gone")
	require.Equal(t, "update", kinds(b.sent()))

	d := b.scored(complaint("1", retracted))
	require.Equal(t, record.OutcomeRetracted, d.Outcome)
	require.Equal(t, root.Case, d.Case)
	k := b.dossier(root.Case)
	require.NoError(t, casework.Check(k.Case))
	require.Equal(t, []any{"", "", record.FateDeleted, record.StateClaimed, "delivery"}, []any{k.Case.Text, k.Case.AuthorName, k.Case.Fate, k.Case.State, k.Case.About})
	require.True(t, k.Root.Retracted)
	require.Empty(t, k.Root.Text)
	require.Equal(t, "opened joined claimed retracted retracted", history(k))
	require.Equal(t, "update", kinds(b.sent()))
	ds, err := b.store.Decisions(t.Context(), "bluesky:1")
	require.NoError(t, err)
	require.Empty(t, ds[0].Score.Reasons)

	require.Equal(t, record.OutcomeDuplicate, b.scored(complaint("1", retracted)).Outcome)
	back := b.scored(complaint("1", revised(99, "acme again")))
	require.Equal(t, record.OutcomeRetracted, back.Outcome, "a retraction is final")
	require.Empty(t, b.dossier(root.Case).Root.Text)
}

func TestARetractionMayComeFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("1", retracted)).Outcome)
	require.Equal(t, record.OutcomeDuplicate, b.scored(complaint("1")).Outcome)
	require.Empty(t, b.cases())
	r := rulesOf(t, globex())
	b.use(r)
	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("2", retracted)).Outcome, "of a brand that is gone, too")
}

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
		batch = append(batch, complaint(fmt.Sprint(10+i), from(fmt.Sprint("a", i)), late))
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
	require.Empty(t, b.sent(), "a digest that was sent stays")
}

func TestAnotherGenerationMatchedIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	narrower := acme()
	narrower.Query = "acme NOT parcel"
	r := rulesOf(t, narrower)
	r.Score = func(m record.Matched) (vent.Score, int64) {
		s := complaint("x").Score
		s.Severity = vent.SeverityHigh
		require.Equal(t, narrower.Hash(), m.BrandHash)
		return s, 7
	}
	b.use(r)
	d := b.scored(complaint("1"))
	require.Equal(t, []any{record.OutcomeExcluded, "parcel", narrower.Hash(), int64(7)}, []any{d.Outcome, d.ExcludedBy, d.BrandHash, d.Layer})
	d = b.scored(complaint("2", from("sam"), revised(0, "acme is down")))
	require.Equal(t, []any{record.OutcomeAlert, vent.SeverityHigh}, []any{d.Outcome, d.Severity})
	require.Equal(t, record.OutcomeNotMatched, b.scored(complaint("3", from("lou"), revised(0, "nothing of it"))).Outcome)
	b.use(rulesOf(t, globex()))
	d = b.scored(complaint("4"))
	require.Equal(t, record.OutcomeNotMatched, d.Outcome)
	require.Contains(t, d.Why[0], "not configured any more")
}

func TestCanaryIsCountedNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.scored(complaint("canary", func(s *record.Scored) { s.Match, s.Brand = record.MatchCanary, "" }))
	require.Empty(t, d.Outcome)
	require.Equal(t, "canary", kinds(b.sent("canary")))
	n, err := testutil.GatherAndCount(b.reg, "leakytap_decisions_total")
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, b.cases())
}

func TestPreview(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.desk.Preview(t.Context(), complaint("1"))
	require.Equal(t, []any{record.OutcomeAlert, "support", ""}, []any{d.Outcome, d.Route, d.Case})
	require.Empty(t, b.cases())
	require.Equal(t, record.OutcomeNotMatched, b.desk.Preview(t.Context(), complaint("1", func(s *record.Scored) { s.Brand = "initech" })).Outcome)
}

// A bad record is named, and every other of its batch is decided upon.
func TestABadRecordLosesNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *desk.Options) {
		o.About = func(text string, _ []string) string {
			if strings.Contains(text, "poison") {
				panic("cannot read this")
			}
			return ""
		}
	})
	ds, err := b.desk.Scored(t.Context(), []record.Scored{
		complaint("1"),
		complaint("2", from("sam"), func(s *record.Scored) { s.V = record.Version + 1 }),
		complaint("3", from("lou"), func(s *record.Scored) { s.Mention.Text = "poison" }),
		complaint("4", from("kay"), func(s *record.Scored) { s.Mention.ID = "" }),
		complaint("5", from("max"), func(s *record.Scored) { s.Match = "guess" }),
		complaint("6", from("pat")),
	})
	bad, ok := errors.AsType[*desk.BadRecordsError](err)
	require.True(t, ok, "%v", err)
	var got []string
	for _, r := range bad.Bad {
		got = append(got, fmt.Sprint(r.Index, r.Reason))
	}
	require.ElementsMatch(t, []string{"1newer_version", "2panic", "3bad_record", "4bad_record"}, got)
	require.Equal(t, record.OutcomeAlert, ds[0].Outcome)
	require.Equal(t, record.OutcomeAlert, ds[5].Outcome)
	require.Len(t, b.cases(), 2)
}

// flaky fails the Update calls that its list names.
type flaky struct {
	*store.Store
	calls int
	fails map[int]error
}

func (f *flaky) Update(ctx context.Context, brands []string, fn func(*store.Tx) error) error {
	f.calls++
	if err := f.fails[f.calls]; err != nil {
		return errors.Join(err, f.Store.Update(ctx, brands, func(tx *store.Tx) error { return errors.Join(fn(tx), err) }))
	}
	return f.Store.Update(ctx, brands, fn)
}

func TestAFailingTransaction(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	batch := []record.Scored{complaint("1"), complaint("2", from("sam")), complaint("3", from("lou"))}
	b := newBench(t)
	mk := func(fails map[int]error) *desk.Desk {
		d, err := desk.New(desk.Options{
			Store: &flaky{Store: b.store, fails: fails}, Rules: func() *desk.Rules { return rulesOf(t, acme()) }, Now: noon,
		})
		require.NoError(t, err)
		return d
	}
	_, err := mk(map[int]error{1: broken, 2: broken, 3: broken, 4: broken}).Scored(t.Context(), batch)
	require.ErrorIs(t, err, broken)
	_, isBad := errors.AsType[*desk.BadRecordsError](err)
	require.False(t, isBad, "a store that takes nothing is no fault of the records")
	require.Empty(t, b.cases(), "nothing of a transaction that failed is there")

	ds, err := mk(map[int]error{1: broken, 3: broken}).Scored(t.Context(), batch)
	bad, isBad := errors.AsType[*desk.BadRecordsError](err)
	require.True(t, isBad)
	require.Equal(t, []any{1, 1, "failed"}, []any{len(bad.Bad), bad.Bad[0].Index, bad.Bad[0].Reason})
	require.Equal(t, record.OutcomeAlert, ds[2].Outcome)
	require.Len(t, b.cases(), 2)
	_, err = mk(nil).Scored(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, b.cases(), 3)
}

// Two workers on one brand never make two cases of one author.
func TestTwoWorkersOneCaseForEachAuthor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const authors, posts = 40, 6
	var wg sync.WaitGroup
	for w := range posts {
		wg.Go(func() {
			var batch []record.Scored
			for a := range authors {
				batch = append(batch, complaint(fmt.Sprintf("%d-%d", a, w), from(fmt.Sprint("a", a))))
				if len(batch) == 7 {
					if _, err := b.desk.Scored(context.Background(), batch); err != nil {
						t.Error(err)
					}
					batch = nil
				}
			}
			if _, err := b.desk.Scored(context.Background(), batch); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cs := b.cases()
	require.Len(t, cs, authors)
	for _, c := range cs {
		require.Equal(t, posts, c.Mentions)
		require.NoError(t, casework.Check(c))
	}
}

// maxRuns bounds the runs of the next test: each is a dozen transactions.
const maxRuns = 80

// Giving any batch again, in any pieces, changes nothing: what a crash between two
// commits brings.
func TestRedeliveryChangesNothing(t *testing.T) {
	t.Parallel()
	b, runs := newBench(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs >= maxRuns {
			return
		}
		posts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) record.Scored {
			s := complaint(rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(rt, "id"),
				from(rapid.SampledFrom([]string{"jo", "sam", "acmeair"}).Draw(rt, "author")))
			s.Mention.Revision = rapid.Int64Range(0, 2).Draw(rt, "revision")
			s.Mention.Author.Handle = strings.TrimSuffix(s.Mention.Author.Handle, ".example")
			s.Match = rapid.SampledFrom([]string{record.MatchQuery, record.MatchWatched, record.MatchSeen}).Draw(rt, "match")
			if rapid.Bool().Draw(rt, "reply") {
				under("1")(&s)
			}
			switch rapid.IntRange(0, 4).Draw(rt, "words") {
			case 0:
				saying("all sorted", "resolved")(&s)
			case 1:
				saying("hm")(&s)
			case 2:
				retracted(&s)
			}
			s.Late = rapid.IntRange(0, 5).Draw(rt, "late") == 0
			return s
		}), 1, 12).Draw(rt, "posts")
		run := func(again bool) ([]record.Case, []string) {
			// Each run has a brand of its own: brands know nothing of each other.
			runs++
			own := acme()
			own.Name = fmt.Sprintf("acme%04d", runs)
			b.use(rulesOf(t, own))
			batch := make([]record.Scored, len(posts))
			for i, s := range posts {
				s.Brand, s.BrandHash = own.Name, own.Hash()
				batch[i] = s
			}
			for i := 0; i < len(batch); i += 3 {
				part := batch[i:min(i+3, len(batch))]
				_, err := b.desk.Scored(t.Context(), part)
				require.NoError(rt, err)
				if again {
					_, err = b.desk.Scored(t.Context(), part[len(part)/2:])
					require.NoError(rt, err)
					_, err = b.desk.Scored(t.Context(), batch[:i+1])
					require.NoError(rt, err)
				}
			}
			cs, err := b.store.Cases(t.Context(), store.CaseFilter{States: record.States(), Brand: own.Name, Limit: 500})
			require.NoError(rt, err)
			names := []string{own.Name, "brand"}
			for i := range cs {
				require.NoError(rt, casework.Check(cs[i]))
				names = append(names, cs[i].ID, "case of "+cs[i].Root)
				cs[i].ID, cs[i].Brand = "", ""
				for k, id := range cs[i].Linked {
					linked, err := b.store.Case(t.Context(), id)
					require.NoError(rt, err)
					cs[i].Linked[k] = linked.Root
				}
			}
			slices.SortFunc(cs, func(a, b record.Case) int { return strings.Compare(a.Root, b.Root) })
			var keys []string
			for _, n := range b.sent() {
				keys = append(keys, strings.NewReplacer(names...).Replace(n.Key))
			}
			slices.Sort(keys)
			return cs, keys
		}
		once, keysOnce := run(false)
		twice, keysTwice := run(true)
		require.Equal(rt, once, twice)
		require.Equal(rt, keysOnce, keysTwice)
	})
}

func BenchmarkScored(b *testing.B) {
	for _, c := range []struct {
		name  string
		calm  bool
		batch int
	}{{"complaints/1", false, 1}, {"complaints/50", false, 50}, {"calm/1", true, 1}, {"calm/50", true, 50}, {"calm/256", true, 256}} {
		b.Run(c.name, func(b *testing.B) {
			bn := newBench(b)
			brandHash, n := acme().Hash(), 0
			for b.Loop() {
				batch := make([]record.Scored, c.batch)
				for i := range batch {
					n++
					batch[i] = complaint(fmt.Sprint(n), from(fmt.Sprint("a", n)))
					batch[i].BrandHash = brandHash
					if c.calm {
						saying(fmt.Sprint("flying acme today ", n))(&batch[i])
					}
				}
				if _, err := bn.desk.Scored(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mentions/s")
		})
	}
}
