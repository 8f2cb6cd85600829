package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// routing gives the bench the routes and receivers that are written.
func (b *bench) routing(text string) {
	b.t.Helper()
	var in struct {
		Route     alert.Route            `yaml:"route"`
		Receivers []alert.ReceiverConfig `yaml:"receivers"`
		Intervals []alert.TimeInterval   `yaml:"time_intervals"`
		Inhibit   []alert.InhibitRule    `yaml:"inhibit_rules"`
	}
	require.NoError(b.t, yaml.Unmarshal([]byte(text), &in))
	for _, n := range []string{"support", "oncall"} {
		if !strings.Contains(text, "name: "+n) {
			in.Receivers = append(in.Receivers, alert.ReceiverConfig{Name: n})
		}
	}
	router, err := alert.NewRouting(alert.Routing{Route: in.Route, Receivers: in.Receivers, Intervals: in.Intervals, Inhibit: in.Inhibit})
	require.NoError(b.t, err)
	r := rulesOf(b.t, acme(), globex())
	r.Router = router
	b.use(r)
}

func as(severity vent.Severity) func(*record.Scored) {
	return func(s *record.Scored) { s.Score.Severity = severity }
}

const both = `route: {receiver: support, routes: [{match: {severity: [high, critical]}, receiver: oncall, continue: true}, {receiver: support}]}`

func TestACaseReachesSeveralReceivers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(both)
	d := b.scored(complaint("1", as(vent.SeverityHigh)))
	require.Equal(t, "oncall,support", d.Route)
	why := strings.Join(d.Why, "\n")
	require.Contains(t, why, "route: severity high -> oncall")
	require.Contains(t, why, "route: everything -> support")
	require.Equal(t, "card", kinds(b.sent("support")))
	require.Equal(t, "card", kinds(b.sent("oncall")))
	for _, r := range []string{"support", "oncall"} {
		root, ok, err := b.store.RootReceipt(t.Context(), d.Case, r)
		require.NoError(t, err)
		require.True(t, ok, "each receiver has a root of its own")
		require.Equal(t, d.Case+"/1/card/"+r, root.Key)
	}
	b.scored(complaint("2", under("1")))
	b.scored(complaint("3", from("kim"), under("1")))
	b.act(d.Case, record.VerbClaim)
	for _, r := range []string{"support", "oncall"} {
		ns := b.sent(r)
		require.Equal(t, "update; reply (The customer is still unhappy); reply (Another post joined: same conversation)", kinds(ns), r)
		for i, n := range ns {
			require.Contains(t, n.Key, "/"+r+"/")
			require.Equal(t, r, n.Receiver)
			require.True(t, i == 0 || ns[i-1].ID < n.ID)
		}
	}
	low := b.scored(complaint("9", from("lee"), as(vent.SeverityLow)))
	require.Equal(t, "support", low.Route)
}

func TestAWorseCaseReachesWhereTheWorseGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(both)
	d := b.scored(complaint("1", as(vent.SeverityLow)))
	require.Equal(t, "card", kinds(b.sent("support")))
	b.scored(complaint("2", under("1"), as(vent.SeverityCritical)))
	require.Equal(t, "support;oncall", b.dossier(d.Case).Case.Route)
	require.Equal(t, "card; reply (The customer is still unhappy)", kinds(b.sent("oncall")))
	require.Equal(t, "update; reply (The customer is still unhappy)", kinds(b.sent("support")), "it has its card already")
	b.act(d.Case, record.VerbResolve)
	b.scored(complaint("3", under("1"), as(vent.SeverityCritical)))
	require.NotContains(t, kinds(b.sent("oncall"))+kinds(b.sent("support")), "card", "a case that reopens has its root message")
	require.Equal(t, "support", b.scored(complaint("2b", under("1"), as(vent.SeverityLow))).Route, "a decision names where the case was opened")
}

const nights = `
time_intervals: [{name: nights, time_intervals: [{times: [{start_time: "12:00", end_time: "20:00"}]}]}]
route: {receiver: support, mute_time_intervals: [nights], pass: [critical]}
`

func TestAMuteHoldsAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(strings.Replace(nights, "12:00", "13:00", 1))
	before := b.scored(complaint("1"))
	require.Equal(t, "card", kinds(b.sent("support")))
	b.pass(time.Hour) // one o'clock: the mute begins
	during := b.scored(complaint("2", from("kim")))
	require.Equal(t, record.OutcomeAlert, during.Outcome, "the case opens as ever")
	require.Contains(t, strings.Join(during.Why, "\n"), "mute: support is muted in nights; held until 2026-03-14 20:00 UTC")
	b.scored(complaint("3", under("1")))
	b.act(before.Case, record.VerbClaim)
	require.Equal(t, "update", kinds(b.sent("support")), "a card that stands is kept up to date, and nothing else is said")
	b.act(during.Case, record.VerbClaim)
	critical := b.scored(complaint("4", from("lee"), as(vent.SeverityCritical)))
	require.Contains(t, strings.Join(critical.Why, "\n"), "mute: support is muted in nights, and critical passes")
	ns := b.sent("support")
	require.Equal(t, "update; card", kinds(ns))
	b.pass(7 * time.Hour)
	ns = b.sent("support")
	require.Equal(t, "digest (acme: 2 posts came while support was muted)", kinds(ns))
	require.Equal(t, []string{"https://social.example/2", "https://social.example/3"}, urls(ns))
	require.Len(t, b.cases(), 3)
	b.scored(complaint("5", under("2"), from("kim")))
	require.Contains(t, kinds(b.sent("support")), "reply (The customer is still unhappy)")
}

func TestAHeldCaseThatGetsWorsePasses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(nights)
	b.scored(complaint("1", as(vent.SeverityLow)))
	require.Empty(t, b.sent("support"))
	b.scored(complaint("2", under("1"), as(vent.SeverityCritical)))
	require.Equal(t, "card; reply (The customer is still unhappy)", kinds(b.sent("support")))
}

func TestDigestsWaitForTheEndOfAMuteToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(nights)
	require.Equal(t, record.OutcomeDigest, b.scored(complaint("1", func(s *record.Scored) { s.Late = true })).Outcome)
	b.pass(time.Hour)
	require.Empty(t, b.sent("support"))
	b.pass(7 * time.Hour)
	require.Contains(t, kinds(b.sent("support")), "old when they were collected")
}

func urls(ns []record.Notice) []string {
	var out []string
	for _, n := range ns {
		for _, it := range n.Body.Items {
			out = append(out, it.URL)
		}
	}
	return out
}

func TestGroupsAreOneMessage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(`route: {receiver: support, group_by: [topic], group_wait: 30s, group_interval: 5m}`)
	about := func(topic string) func(*record.Scored) {
		return func(s *record.Scored) { s.Score.Topics = []string{topic} }
	}
	b.scored(complaint("1", from("a")))
	b.pass(10 * time.Second)
	b.scored(complaint("2", from("b")))
	b.scored(complaint("3", from("c"), about("billing")))
	require.Empty(t, b.sent("support"))
	b.pass(20 * time.Second)
	ns := b.sent("support")
	require.Equal(t, "digest (acme: 2 posts gathered of topic delivery)", kinds(ns))
	require.Equal(t, []string{"https://social.example/1", "https://social.example/2"}, urls(ns))
	b.pass(10 * time.Second)
	require.Equal(t, "digest (acme: 1 post gathered of topic billing)", kinds(b.sent("support")))
	b.pass(time.Minute)
	b.scored(complaint("4", from("d")))
	b.pass(time.Minute)
	require.Empty(t, b.sent("support"), "the next message of a group waits for group_interval")
	b.pass(4 * time.Minute)
	require.Equal(t, "digest (acme: 1 post gathered of topic delivery)", kinds(b.sent("support")))
	b.pass(time.Hour)
	b.scored(complaint("5", from("e")))
	b.pass(30 * time.Second)
	require.Equal(t, []string{"https://social.example/5"}, urls(b.sent("support")))
	require.Len(t, b.cases(), 5)
}

func TestAReceiversBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(`
receivers: [{name: support, budget: 2/day, console: {}}]
route: {receiver: support}`)
	b.scored(complaint("1", from("a")))
	b.scored(complaint("2", from("b"), func(s *record.Scored) { s.Brand, s.BrandHash = "globex", globex().Hash() }))
	over := b.scored(complaint("3", from("c")))
	require.Equal(t, record.OutcomeAlert, over.Outcome, "it has a case in the inbox")
	require.Contains(t, strings.Join(over.Why, "\n"), "budget of support: 2 of 2 cards in 24 hours; it goes into a digest there")
	b.scored(complaint("4", from("d")))
	critical := b.scored(complaint("5", from("e"), as(vent.SeverityCritical)))
	require.Contains(t, strings.Join(critical.Why, "\n"), "critical ones are never held back")
	require.Equal(t, "card; card; card", kinds(b.sent("support")))
	b.pass(time.Hour)
	ns := b.sent("support")
	require.Equal(t, "digest (acme: 2 posts beyond the budget of support, 2 cards in 24 hours; each has a case in the inbox)", kinds(ns))
	require.Equal(t, []string{"https://social.example/3", "https://social.example/4"}, urls(ns))
	require.Len(t, b.cases(), 5)
	b.pass(24 * time.Hour)
	b.scored(complaint("6", from("f")))
	require.Equal(t, "card", kinds(b.sent("support")))
}

func TestAnOpenCaseIsToldAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(`route: {receiver: support, repeat_interval: 2h}`)
	again := func() string {
		b.pass(2 * time.Hour)
		require.NoError(t, b.desk.Tick(t.Context()))
		return kinds(b.sent("support"))
	}
	d := b.scored(complaint("1"))
	require.Equal(t, "card", kinds(b.sent("support")))
	require.Contains(t, again(), "reply (Still open, nobody has it yet)")
	require.Contains(t, again(), "reply (Still open, nobody has it yet)")
	b.act(d.Case, record.VerbClaim)
	require.NotContains(t, again(), "Still open")
	require.NotContains(t, again(), "Still open")
	b.act(d.Case, record.VerbResolve)
	b.act(d.Case, record.VerbReopen)
	require.Contains(t, again(), "Still open", "once it is open again")
}

func TestARuleHoldsBackWhatIsToldAlready(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(`
route: {receiver: support}
inhibit_rules: [{source_match: {signal: outage, severity: [high, critical]}, target_match: {severity: [low, medium]}, equal: [topic]}]`)
	about := func(topic string, signals ...string) func(*record.Scored) {
		return func(s *record.Scored) { s.Score.Topics, s.Score.Signals = []string{topic}, signals }
	}
	require.Equal(t, record.OutcomeAlert, b.scored(complaint("0", from("z"), about("app"))).Outcome, "nothing is down yet")
	down := b.scored(complaint("1", from("a"), about("app", "outage"), as(vent.SeverityHigh)))
	held := b.scored(complaint("2", from("b"), about("app")))
	require.Equal(t, record.OutcomeInhibited, held.Outcome)
	require.Equal(t, down.Case, held.Case)
	require.Contains(t, strings.Join(held.Why, "\n"), "inhibited: rule 1, severity high, signal outage, held back by case "+down.Case)
	for name, s := range map[string]record.Scored{
		"another topic": complaint("3", from("c"), about("billing")), "too bad to hold back": complaint("4", from("d"), about("app"), as(vent.SeverityHigh)),
		"speaks of the law": complaint("5", from("e"), about("app", "legal")),
		"another brand":     complaint("6", from("f"), about("app"), func(s *record.Scored) { s.Brand, s.BrandHash = "globex", globex().Hash() }),
	} {
		require.Equal(t, record.OutcomeAlert, b.scored(s).Outcome, name)
	}
	said := kinds(b.sent("support"))
	require.Contains(t, said, "Another post joined: held back by a rule")
	b.act(down.Case, record.VerbResolve)
	b.act(b.scored(complaint("4b", from("d"), under("4"))).Case, record.VerbResolve)
	require.Equal(t, record.OutcomeAlert, b.scored(complaint("7", from("g"), about("app"))).Outcome, "once it has ended")
}

func TestPreviewNamesEveryNode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.routing(nights)
	d := b.desk.Preview(t.Context(), complaint("1"))
	require.Contains(t, strings.Join(d.Why, "\n"), "route: default -> support\nmute: support is muted in nights")
}
