package desk_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

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
		batch = append(batch, complaint(strconv.Itoa(100+i), from(fmt.Sprint("a", i)), under("0")))
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
