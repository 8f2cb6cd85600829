package desk_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/pkg/vent"
)

// telling gives the post these words and topics.
func telling(text string, topics ...string) func(*record.Scored) {
	return func(s *record.Scored) {
		s.Mention.Text = text
		s.Score.Topics, s.Score.Signals = topics, nil
	}
}

// at is the post's time.
func (b *bench) at(s *record.Scored) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Mention.CreatedAt, s.Mention.ObservedAt = b.now, b.now
}

func broadcasts(ns []record.Notice) []string {
	var out []string
	for _, n := range ns {
		if n.Body.Broadcast {
			out = append(out, n.Body.Title)
		}
	}
	return out
}

func TestOneFaultToldByMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := rand.New(rand.NewPCG(3, 1))
	told := scenario.Told("login", "acme")
	r.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
	own := scenario.Told("apart2", "acme")
	var root string
	cards := 0
	for i, text := range told {
		b.pass(20 * time.Second)
		d := b.scored(complaint(fmt.Sprint("told", i), from(fmt.Sprint("teller", i)), telling(text, "app"), b.at))
		if d.Outcome == record.OutcomeAlert {
			require.Empty(t, root, "%s: %v", text, d.Why)
			cards++
			root = d.Case
			continue
		}
		require.Equal(t, record.OutcomeJoined, d.Outcome)
		require.Equal(t, root, d.Case)
		require.Contains(t, strings.Join(d.Why, "\n"), "joined: the same fault (")
		require.NotContains(t, strings.Join(d.Why, "\n"), text)
		if i < len(own) {
			d = b.scored(complaint(fmt.Sprint("own", i), from(fmt.Sprint("owner", i)), telling(own[i], "support"), b.at))
			require.Equal(t, record.OutcomeAlert, d.Outcome, "%s: %v", own[i], d.Why)
		}
	}
	require.Equal(t, 1, cards)
	d := b.dossier(root)
	require.Equal(t, len(told), d.Case.Authors)
	k := d.Case.Crowd
	require.Contains(t, k.Fault, "login")
	require.Len(t, k.Steps, 6, "1, 2, 4, 8, 16 and 32 people")
	require.Len(t, k.Examples, 3)
	require.Greater(t, k.Recent, 20)
	require.Zero(t, k.Incident, "without earlier days nobody knows what is usual")
	doubled, ok := casework.Doubling(d.Case)
	require.True(t, ok)
	require.Equal(t, 16*20*time.Second, doubled)
	ns := b.sent()
	require.Equal(t, []string{
		"Worse: 10 people by now, doubled within 1 min", "Worse: 20 people by now, doubled within 2 min", "Worse: 40 people by now, doubled within 5 min",
	}, broadcasts(ns))

	// What one of them says does not end it for the others, and a word that is taken
	// away is no example any more.
	thanks := b.scored(complaint("thanks", from("teller0"), under("told0"), watched, saying("thanks, sorted!", "thanks", "resolved")))
	require.Equal(t, record.OutcomeJoined, thanks.Outcome)
	require.Equal(t, record.StateOpen, b.dossier(root).Case.State)
	gone := k.Examples[0]
	b.scored(complaint(strings.TrimPrefix(gone.Mention, "bluesky:"), retracted, revised(2, "")))
	for _, e := range b.dossier(root).Case.Crowd.Examples {
		require.NotEqual(t, gone.Mention, e.Mention)
	}

	// Hours later one of them has another matter.
	b.pass(3 * time.Hour)
	later := b.scored(complaint("later", from("teller5"), telling("acme lost the parcel that i sent to my aunt", "delivery"), b.at))
	require.Equal(t, record.OutcomeAlert, later.Outcome, later.Why)
}

func TestHarmGetsItsOwnCardInAnOutage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1", from("a"), telling("acme login is down, anyone else?", "app")))
	d := b.scored(complaint("2", from("b"), telling("acme login is down for me too", "app")))
	require.Equal(t, root.Case, d.Case)
	d = b.scored(complaint("3", from("c"), telling("acme login is down and my alarm button with it, i live alone", "app"), func(s *record.Scored) {
		s.Score.Signals = []string{"safety"}
	}))
	require.Equal(t, record.OutcomeAlert, d.Outcome)
}

func TestManyCopiesAreCountedAndAlertNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.history(7, 2, "billing")
	var root string
	for i := range 150 {
		b.pass(2 * time.Second)
		d := b.scored(complaint(fmt.Sprint("copy", i), from(fmt.Sprint("troll", i)), b.at,
			telling("never buy from acme, they steal from children and laugh about it, share this "+[]string{"", "!", "@everyone", "😡 https://lies.example/acme"}[i%4], "billing")))
		if i == 0 {
			root = d.Case
			continue
		}
		require.Equal(t, record.OutcomeJoined, d.Outcome, d.Why)
		require.Equal(t, root, d.Case)
	}
	c := b.dossier(root).Case
	require.Equal(t, 149, c.Crowd.Copies)
	require.Equal(t, 150, c.Authors)
	require.Empty(t, c.Crowd.Examples)
	require.Empty(t, broadcasts(b.sent()))
}

// history gives the brand days in which n people an hour complained about a topic.
func (b *bench) history(days, n int, topic string) {
	b.t.Helper()
	b.pass(-time.Duration(days)*24*time.Hour - 90*time.Minute)
	for d := range days {
		for i := range 3 * n {
			b.pass(60 * time.Minute / time.Duration(n))
			b.scored(complaint(fmt.Sprintf("old%d-%d", d, i), from(fmt.Sprintf("past%d-%d", d, i)), b.at,
				telling(fmt.Sprintf("acme %s and %s are a mess, number %s", word(d*31+i), word(i*7+d), word(i*13+d*5)), topic)))
		}
		b.pass(24*time.Hour - 3*time.Hour)
	}
	b.pass(90 * time.Minute)
}

// word is an invented word that no other number has.
func word(n int) string {
	var out strings.Builder
	for range 4 {
		out.WriteString([]string{"ba", "de", "fi", "go", "lu", "ma", "ne", "po", "ri", "su"}[n%10])
		n = n/10 + 3
	}
	return out.String()
}

func twice(i int) string {
	return fmt.Sprintf(
		[]string{
			"acme charged me twice for the %s order, i want it undone", "two charges from acme on my statement for one %s, what is this",
			"why did acme take the money for my %s twice", "double charge by acme on the %s i bought",
		}[i%4], word(i))
}

func TestASpikeBecomesOneIncident(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		days  int
		edit  func(*brand.Brand)
		spike bool
	}{
		{"enough days", 4, nil, true},
		{"too few days", 2, nil, false},
		{"turned off", 4, func(b *brand.Brand) { b.Spikes.Enabled = false }, false},
		{"a higher bar", 4, func(b *brand.Brand) { b.Spikes.MinAuthors = 1000 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *desk.Options) {
				o.About = func(text string, _ []string) string {
					if strings.Contains(text, "twice") || strings.Contains(text, "double") {
						return "double charge"
					}
					return "mess"
				}
			})
			if c.edit != nil {
				a := acme()
				c.edit(&a)
				b.use(rulesOf(t, a, globex()))
			}
			b.history(c.days, 2, "billing")
			b.sent()
			st, err := b.desk.Spikes(t.Context(), b.store)
			require.NoError(t, err)
			require.Equal(t, "acme", st[0].Brand)
			require.Equal(t, c.days, st[0].Days)
			require.Equal(t, 3, st[0].Needed)
			require.Equal(t, c.days >= 3 && st[0].Enabled, st[0].Ready)
			require.Equal(t, "globex", st[1].Brand)
			require.False(t, st[1].Ready)
			outcomes := map[record.Outcome]int{}
			var incident string
			for i := range 30 {
				b.pass(time.Minute)
				d := b.scored(complaint(fmt.Sprint("twice", i), from(fmt.Sprint("payer", i)), telling(twice(i), "billing"), b.at))
				outcomes[d.Outcome]++
				if d.Outcome == record.OutcomeInhibited {
					incident = d.Case
					require.Contains(t, strings.Join(d.Why, "\n"), "inhibited: one more of the spike of complaints about billing, incident case "+incident)
				}
			}
			if !c.spike {
				require.Equal(t, map[record.Outcome]int{record.OutcomeAlert: 30}, outcomes)
				return
			}
			k := b.dossier(incident)
			i := k.Case.Crowd.Incident
			require.NotNil(t, i)
			st, err = b.desk.Spikes(t.Context(), b.store)
			require.NoError(t, err)
			require.Equal(t, []string{incident}, st[0].Cases)
			require.Equal(t, "billing", st[0].Topics[0].Topic)
			require.Equal(t, 30, st[0].Topics[0].Authors)
			require.LessOrEqual(t, st[0].Topics[0].Needs, 30)
			require.Equal(t, map[record.Outcome]int{record.OutcomeAlert: i.Authors, record.OutcomeInhibited: 30 - i.Authors}, outcomes)
			require.Equal(t, "double charge", k.Case.About)
			require.Equal(t, "billing", i.Topic)
			require.Equal(t, c.days, i.Days)
			require.InDelta(t, 2, i.Usual, 1.1)
			require.Less(t, i.Authors, 16)
			require.Equal(t, 30-i.Authors, i.Inhibited)
			require.Contains(t, strings.Join(k.Why, "\n"), fmt.Sprintf("spike: %d people complained about billing within the last hour", i.Authors))
			require.NoError(t, testutil.GatherAndCompare(b.reg, strings.NewReader(
				"# HELP leakytap_spikes_total Times that more people complained than usual, by brand: incident cases that began.\n"+
					"# TYPE leakytap_spikes_total counter\nleakytap_spikes_total{brand=\"acme\"} 1\n"), "leakytap_spikes_total"))

			// Every post of it is named by its address: those before it, and those after.
			b.pass(time.Minute)
			urls := map[string]bool{}
			for _, n := range b.sent() {
				for _, it := range n.Body.Items {
					if n.Case == incident {
						urls[it.URL] = true
					}
				}
			}
			for i := range 30 {
				url := fmt.Sprintf("https://social.example/twice%d", i)
				if url != k.Case.URL {
					require.True(t, urls[url], url)
				}
			}

			// What has nothing to do with it has its own card, and so has what is dangerous.
			b.pass(time.Minute)
			d := b.scored(complaint("other", from("other"), telling("my acme parcel is wet", "delivery"), b.at))
			require.Equal(t, record.OutcomeAlert, d.Outcome)
			d = b.scored(complaint("law", from("law"), telling(twice(77), "billing"), b.at, func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical }))
			require.Equal(t, record.OutcomeAlert, d.Outcome)

			// Once it is resolved its topic is left alone for a while.
			b.act(incident, record.VerbResolve)
			d = b.scored(complaint("after", from("after"), telling(twice(78), "billing"), b.at))
			require.Equal(t, record.OutcomeAlert, d.Outcome)
			require.Nil(t, b.dossier(d.Case).Case.Crowd.Incident)
		})
	}
}

// A fault whose case took most of a spike makes no second card: its case is the incident.
func TestAFaultThatSpreadsIsTheIncident(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.history(3, 2, "app")
	b.sent()
	cards := map[string]bool{}
	told := scenario.Told("login", "acme")
	for i, text := range told[:40] {
		b.pass(10 * time.Second)
		d := b.scored(complaint(fmt.Sprint("told", i), from(fmt.Sprint("teller", i)), telling(text, "app"), b.at))
		cards[d.Case] = true
	}
	require.Len(t, cards, 1)
	for id := range cards {
		i := b.dossier(id).Case.Crowd.Incident
		require.NotNil(t, i)
		require.Equal(t, "app", i.Topic)
		require.Contains(t, strings.Join(broadcasts(b.sent()), "\n"), "More complaints than usual: ")
		require.Contains(t, history(b.dossier(id)), "incident")
		d := b.scored(complaint("mine", from("mine"), telling("acme lost my parcel and the app shows nothing of it", "app"), b.at))
		require.Equal(t, record.OutcomeAlert, d.Outcome, "a matter of one's own is none of an outage's")
	}
}
