package triage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func acme() brand.Brand {
	b := brand.Default()
	b.Name = "acme"
	b.OwnAccounts = []string{"@AcmeAir"}
	b.Alert.Threshold = 0.62
	return b
}

// complaint is a matched post that is worth a card.
func complaint(edit func(*record.Scored)) record.Scored {
	s := record.Scored{
		Matched: record.Matched{
			V: record.Version, Brand: "acme", Match: record.MatchQuery, Terms: []string{"@acmeair"},
			Mention: mention.Mention{
				ID: "bluesky:1", Platform: "bluesky", NativeID: "1", URL: "https://social.example/1",
				Author:    mention.Author{ID: "did:plc:jo", Handle: "jo.example", Followers: 1200},
				Text:      "3 hours on hold with @acmeair",
				CreatedAt: noon(), ObservedAt: noon(),
			},
		},
		Score: vent.Score{
			Venting: 0.93, Negative: 0.9, Neutral: 0.08, Positive: 0.02, Severity: vent.SeverityHigh,
			Topics: []string{"support"}, Signals: []string{"waiting"},
		},
	}
	if edit != nil {
		edit(&s)
	}
	return s
}

func TestDecideOutcome(t *testing.T) {
	t.Parallel()
	joinOf := func(j triage.Join) triage.History {
		j.Case = "01C"
		j.Reason = "same conversation"
		return triage.History{Join: &j}
	}
	calm := func(s *record.Scored) { s.Score.Venting, s.Score.Severity = 0.2, vent.SeverityNone }
	for _, c := range []struct {
		name    string
		scored  func(*record.Scored)
		history triage.History
		brand   func(*brand.Brand)
		want    record.Outcome
		inCase  bool
		why     string
	}{
		{name: "a clear complaint alerts", want: record.OutcomeAlert, why: "venting 0.93 >= 0.62"},
		{name: "names the terms", want: record.OutcomeAlert, why: "matched: @acmeair"},
		{name: "below the threshold", scored: calm, want: record.OutcomeBelowThreshold, why: "venting 0.20 < 0.62"},
		{
			name: "below the severity", brand: func(b *brand.Brand) { b.Alert.MinSeverity = vent.SeverityCritical },
			want: record.OutcomeBelowThreshold, why: "severity high < critical",
		},
		{
			name: "a hair below reads as below", scored: func(s *record.Scored) { s.Score.Venting = 0.61999 },
			want: record.OutcomeBelowThreshold, why: "venting 0.61999 < 0.62000",
		},
		{
			name: "a complaint without severity is at least low", scored: func(s *record.Scored) { s.Score.Severity = vent.SeverityNone },
			want: record.OutcomeAlert, why: "severity low >= low",
		},
		{
			name: "excluded", scored: func(s *record.Scored) { s.ExcludedBy = `"acme air force"` },
			want: record.OutcomeExcluded, why: `excluded by: "acme air force"`,
		},
		{
			name: "own account", scored: func(s *record.Scored) { s.Mention.Author.Handle = "ácmeAIR" },
			want: record.OutcomeOwnAccount, why: "own account: @AcmeAir",
		},
		{
			name: "own account in a case", scored: func(s *record.Scored) { s.Mention.Author.Handle = "acmeair"; s.Match = record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Thread: true}), want: record.OutcomeOwnAccount, inCase: true,
		},
		{
			name: "no longer matches", scored: func(s *record.Scored) { s.Match = record.MatchSeen; s.Terms = nil },
			want: record.OutcomeNotMatched, why: "not matched",
		},
		{
			name: "an edit of a case's post stays with it", scored: func(s *record.Scored) { s.Match = record.MatchSeen },
			history: joinOf(triage.Join{Live: true, Edit: true}), want: record.OutcomeJoined, inCase: true,
		},
		{
			name: "retracted", scored: func(s *record.Scored) { s.Mention.Retracted = true },
			want: record.OutcomeRetracted, why: "retracted",
		},
		{
			name: "silenced", history: triage.History{Silence: &record.Silence{ID: "S1", By: "kim", Reason: "storm", Until: noon().Add(time.Hour)}},
			want: record.OutcomeSilenced, why: "silenced by S1 until 2026-03-14 13:00 UTC, set by kim: storm",
		},
		{
			name: "a silence holds back no word of a case's customer",
			history: triage.History{
				Silence: &record.Silence{ID: "S1", Until: noon().Add(time.Hour)},
				Join:    &triage.Join{Case: "01C", Live: true, Customer: true, Reason: "same author"},
			},
			want: record.OutcomeJoined, inCase: true,
		},
		{name: "joins a live case", history: joinOf(triage.Join{Live: true, Thread: true}), want: record.OutcomeJoined, inCase: true, why: "joined: same conversation as case 01C"},
		{name: "says what it linked", history: joinOf(triage.Join{Live: true, Also: "01D"}), want: record.OutcomeJoined, inCase: true, why: "linked: it would have joined case 01D too"},
		{
			name: "a late one goes into a digest", scored: func(s *record.Scored) { s.Late = true },
			history: triage.History{Route: "support"}, want: record.OutcomeDigest, why: "route: support",
		},
		{
			name: "over the budget", brand: func(b *brand.Brand) { b.Alert.Budget = 2 },
			history: triage.History{CardsToday: 2}, want: record.OutcomeOverBudget, why: "over budget: 2 of 2 cards today; it goes into a digest",
		},
		{
			name: "within the budget", brand: func(b *brand.Brand) { b.Alert.Budget = 2 },
			history: triage.History{CardsToday: 1}, want: record.OutcomeAlert, why: "budget: card 2 of 2 today",
		},
		{
			name: "a budget holds back nothing critical", brand: func(b *brand.Brand) { b.Alert.Budget = 2 },
			scored:  func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical },
			history: triage.History{CardsToday: 2}, want: record.OutcomeAlert, why: "never held back",
		},
		{
			name: "a watched post opens nothing", scored: func(s *record.Scored) { s.Match = record.MatchWatched },
			want: record.OutcomeNotMatched, why: "no case is waiting",
		},
		{
			name: "the customer's calm word in the thread", scored: func(s *record.Scored) { calm(s); s.Match = record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Customer: true, Thread: true}), want: record.OutcomeJoined, inCase: true,
		},
		{
			name: "the customer's calm word elsewhere", scored: func(s *record.Scored) { calm(s); s.Match = record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Customer: true}), want: record.OutcomeBelowThreshold, why: "by its customer, elsewhere",
		},
		{
			name: "a bystander's calm word in the thread", scored: func(s *record.Scored) { calm(s); s.Match = record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Thread: true}), want: record.OutcomeBelowThreshold, why: "by someone else, in its conversation, names no brand, venting 0.20 < 0.81",
		},
		{
			name: "a bystander's harsh word in the thread", scored: func(s *record.Scored) { s.Score.Venting, s.Match = 0.7, record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Thread: true}), want: record.OutcomeBelowThreshold, why: "venting 0.70 < 0.81",
		},
		{
			name: "a bystander's complaint in the thread", scored: func(s *record.Scored) { s.Match = record.MatchWatched },
			history: joinOf(triage.Join{Live: true, Thread: true}), want: record.OutcomeJoined, inCase: true,
		},
		{
			name: "the customer of an ended case", history: joinOf(triage.Join{Customer: true, Thread: true}),
			want: record.OutcomeJoined, inCase: true, why: "which had ended",
		},
		{
			name: "the customer names the brand and thanks", scored: func(s *record.Scored) { calm(s); s.Score.Signals = []string{"resolved"} },
			history: joinOf(triage.Join{Live: true, Customer: true}), want: record.OutcomeJoined, inCase: true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := acme()
			if c.brand != nil {
				c.brand(&b)
			}
			d := triage.Decide(triage.Input{Scored: complaint(c.scored), Brand: b, History: c.history, Now: noon()})
			require.Equal(t, c.want, d.Outcome, d.Why)
			require.Equal(t, c.inCase, d.Case != "", "case %q", d.Case)
			require.Contains(t, strings.Join(d.Why, "\n"), c.why)
			require.Equal(t, noon(), d.Now)
		})
	}
}

// A watched post never alerts, a decision always says why, and its priority stays in its range.
func TestDecideAlways(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := acme()
		b.Alert.Budget = brand.Budget(rapid.IntRange(0, 3).Draw(t, "budget"))
		h := triage.History{CardsToday: rapid.IntRange(0, 5).Draw(t, "today"), EarlierCases: rapid.IntRange(-1, 9).Draw(t, "earlier")}
		if rapid.Bool().Draw(t, "join") {
			h.Join = &triage.Join{
				Case: "01C", Live: rapid.Bool().Draw(t, "live"), Customer: rapid.Bool().Draw(t, "customer"),
				Thread: rapid.Bool().Draw(t, "thread"), Edit: rapid.Bool().Draw(t, "edit"),
			}
		}
		s := complaint(func(s *record.Scored) {
			s.Match = rapid.SampledFrom([]string{record.MatchQuery, record.MatchWatched, record.MatchSeen}).Draw(t, "match")
			s.Score.Venting = rapid.Float64Range(0, 1).Draw(t, "venting")
			s.Score.Severity = rapid.SampledFrom(vent.Severities()).Draw(t, "severity")
			s.Late = rapid.Bool().Draw(t, "late")
			s.Mention.Retracted = rapid.Bool().Draw(t, "retracted")
			s.Mention.Author.Followers = rapid.Int64().Draw(t, "followers")
			s.Mention.Engagement.Likes = rapid.Int64().Draw(t, "likes")
			s.Mention.CreatedAt = noon().Add(time.Duration(rapid.Int64().Draw(t, "age")))
		})
		d := triage.Decide(triage.Input{Scored: s, Brand: b, History: h, Now: noon()})
		require.Contains(t, record.Outcomes(), d.Outcome)
		require.NotEmpty(t, d.Why)
		require.NotContains(t, strings.Join(d.Why, "\n"), s.Mention.Text, "a line of why holds the post's text")
		require.GreaterOrEqual(t, d.Priority, 0)
		require.LessOrEqual(t, d.Priority, 100)
		if d.Outcome == record.OutcomeAlert {
			require.Equal(t, record.MatchQuery, s.Match)
			require.False(t, s.Late)
			require.GreaterOrEqual(t, d.Severity.Rank(), vent.SeverityLow.Rank())
			require.GreaterOrEqual(t, d.Venting, b.Alert.Threshold)
		}
		if d.Outcome == record.OutcomeOverBudget {
			require.NotEqual(t, vent.SeverityCritical, d.Severity)
		}
	})
}

func TestPriorityGrows(t *testing.T) {
	t.Parallel()
	at := func(edit func(*record.Scored), earlier int) int {
		return triage.Decide(triage.Input{
			Scored: complaint(edit), Brand: acme(), Now: noon(), History: triage.History{EarlierCases: earlier},
		}).Priority
	}
	base := at(nil, 0)
	require.Equal(t, 61, base, "severity 45, reach 6.2, age 10")
	require.Greater(t, at(func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical }, 0), base)
	require.Greater(t, at(func(s *record.Scored) { s.Mention.Author.Followers = 1_000_000 }, 0), base)
	require.Greater(t, at(func(s *record.Scored) { s.Mention.Engagement.Reposts = 500 }, 0), base)
	require.Less(t, at(func(s *record.Scored) { s.Mention.CreatedAt = noon().Add(-20 * time.Hour) }, 0), base)
	require.Greater(t, at(nil, 2), base)
}

// The parts and their shares are said, and the weights are the brand's.
func TestPriorityShowsItsParts(t *testing.T) {
	t.Parallel()
	one := func(w brand.Priority) record.Decision {
		b := acme()
		b.Priority = w
		return triage.Decide(triage.Input{
			Brand: b, Now: noon(), History: triage.History{EarlierCases: 1},
			Scored: complaint(func(s *record.Scored) {
				s.Mention.Author.Followers, s.Mention.Author.Verified = 1000, true
				s.Mention.Engagement = mention.Engagement{Likes: 40, Reposts: 20}
				s.Mention.CreatedAt = noon().Add(-12 * time.Hour)
			}),
		})
	}
	d := one(brand.Priority{})
	require.Equal(t, 100, brand.DefaultPriority().Sum())
	require.Equal(t, d, one(brand.DefaultPriority()), "no weights are the usual ones")
	require.Contains(t, d.Why, "priority 65: severity 45 of 60 (high), reach 7.2 of 12 (1000 followers, verified), "+
		"engagement 4 of 8 (40 likes, 20 reposts), age 5 of 10 (12 h), history 3.3 of 10 (1 earlier case)")
	d = one(brand.Priority{Reach: 3, History: 1})
	require.Contains(t, d.Why, "priority 53: severity 0 of 0 (high), reach 45 of 75 (1000 followers, verified), "+
		"engagement 0 of 0 (40 likes, 20 reposts), age 0 of 0 (12 h), history 8.3 of 25 (1 earlier case)")
}

func TestAnIncidentStandsForItsMembers(t *testing.T) {
	t.Parallel()
	inhibit := &triage.Inhibit{Case: "c1", Reason: "one more of the spike of complaints about app"}
	for _, c := range []struct {
		name    string
		edit    func(*record.Scored)
		history triage.History
		want    record.Outcome
		why     string
	}{
		{"a member", nil, triage.History{Inhibit: inhibit}, record.OutcomeInhibited, "inhibited: one more of the spike of complaints about app, incident case c1"},
		{"a critical one", func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical }, triage.History{Inhibit: inhibit}, record.OutcomeAlert, "venting"},
		{"one that goes to law", func(s *record.Scored) { s.Score.Signals = []string{"legal"} }, triage.History{Inhibit: inhibit}, record.OutcomeAlert, "venting"},
		{"no complaint", func(s *record.Scored) { s.Score.Venting = 0.1 }, triage.History{Inhibit: inhibit}, record.OutcomeBelowThreshold, "venting"},
		{"in its thread", nil, triage.History{Inhibit: inhibit, Join: &triage.Join{Case: "c2", Live: true, Reason: "same conversation"}}, record.OutcomeJoined, "joined"},
		{"the one that makes the spike", nil, triage.History{Spike: "12 people", CardsToday: 1000}, record.OutcomeAlert, "spike: 12 people"},
		{"a late one", func(s *record.Scored) { s.Late = true }, triage.History{Spike: "12 people"}, record.OutcomeDigest, "digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := triage.Decide(triage.Input{Scored: complaint(c.edit), Brand: acme(), Now: noon(), History: c.history})
			require.Equal(t, c.want, d.Outcome)
			require.Contains(t, strings.Join(d.Why, "\n"), c.why)
		})
	}
}

func TestToneOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		text  string
		score vent.Score
		want  record.Tone
	}{
		{"a complaint", "thanks, all sorted", vent.Score{Venting: 0.9, Signals: []string{"thanks"}}, record.ToneVenting},
		{"resolved by its signals", "", vent.Score{Positive: 0.9, Signals: []string{"thanks", "resolved"}}, record.ToneResolved},
		{"resolved, but when", "", vent.Score{Signals: []string{"resolved", "question"}}, record.ToneNeutral},
		{"thanks", "thank you", vent.Score{Positive: 0.6, Neutral: 0.4, Signals: []string{"thanks"}}, record.ToneThanks},
		{"thanks, sorted", "Thanks, sorted!", vent.Score{Positive: 0.7, Signals: []string{"thanks"}}, record.ToneResolved},
		{"thanks, in German", "Danke, hat geklappt", vent.Score{Positive: 0.7, Signals: []string{"thanks"}}, record.ToneResolved},
		{"thanks, in French", "merci, c'est réglé", vent.Score{Positive: 0.7, Signals: []string{"thanks"}}, record.ToneResolved},
		{"thanks, not sorted", "thanks but it isn't sorted", vent.Score{Positive: 0.7, Signals: []string{"thanks"}}, record.ToneThanks},
		{"thanks in advance", "thanks, when it is fixed", vent.Score{Positive: 0.7, Signals: []string{"thanks"}}, record.ToneThanks},
		{"sorted without thanks is for the scorer to say", "sorted", vent.Score{Neutral: 1}, record.ToneNeutral},
		{"thanks, sourly", "thanks", vent.Score{Negative: 0.6, Neutral: 0.4, Signals: []string{"thanks"}}, record.ToneNeutral},
		{"thanks for nothing", "thanks for nothing", vent.Score{Venting: 0.4, Positive: 0.6, Signals: []string{"thanks", "sarcasm"}}, record.ToneNeutral},
		{"pleased", "lovely", vent.Score{Positive: 0.8, Neutral: 0.2}, record.TonePleased},
		{"neither", "hm", vent.Score{Neutral: 1}, record.ToneNeutral},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, triage.ToneOf(mention.Mention{Text: c.text}, c.score, acme().Alert))
		})
	}
}

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	b := acme()
	b.OwnAccounts = []string{"@Café_Acme", "did:plc:acme", "", "@"}
	for _, c := range []struct {
		author mention.Author
		own    bool
	}{
		{mention.Author{Handle: "cafe_acme"}, true},
		{mention.Author{Handle: "@CAFÉ_ACME"}, true},
		{mention.Author{ID: "did:plc:acme", Handle: "renamed.example"}, true},
		{mention.Author{Handle: "cafe_acme_fan"}, false},
		{mention.Author{Name: "Café_Acme"}, false},
		{mention.Author{}, false},
	} {
		t.Run(fmt.Sprintf("%+v", c.author), func(t *testing.T) {
			t.Parallel()
			_, own := triage.OwnAccount(b, c.author)
			require.Equal(t, c.own, own)
		})
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	in := complaint(nil)
	open := record.Silence{From: noon().Add(-time.Hour), Until: noon().Add(time.Hour)}
	with := func(edit func(*record.Silence)) record.Silence { s := open; edit(&s); return s }
	for _, c := range []struct {
		name string
		s    record.Silence
		want bool
	}{
		{"all", open, true},
		{"its brand", with(func(s *record.Silence) { s.Brand = "acme" }), true},
		{"another brand", with(func(s *record.Silence) { s.Brand = "globex" }), false},
		{"its topic", with(func(s *record.Silence) { s.Topic = "support" }), true},
		{"another topic", with(func(s *record.Silence) { s.Topic = "refund" }), false},
		{"its author by handle", with(func(s *record.Silence) { s.Author = "@Jo.Example" }), true},
		{"its author by key", with(func(s *record.Silence) { s.Author = "bluesky:did:plc:jo" }), true},
		{"another author", with(func(s *record.Silence) { s.Author = "@sam.example" }), false},
		{"an author that is only a sign", with(func(s *record.Silence) { s.Author = "@" }), false},
		{"not yet", with(func(s *record.Silence) { s.From = noon().Add(time.Minute) }), false},
		{"no more", with(func(s *record.Silence) { s.Until = noon() }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, triage.Covers(c.s, in, noon()))
		})
	}
}

func TestDayStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, want string }{
		{"", "2026-03-14T12:00:00Z", "2026-03-14T00:00:00Z"},
		{"No/Where", "2026-03-14T12:00:00Z", "2026-03-14T00:00:00Z"},
		{"America/New_York", "2026-03-14T03:00:00Z", "2026-03-13T00:00:00-04:00"},
		{"Asia/Kolkata", "2026-03-14T20:00:00Z", "2026-03-15T00:00:00+05:30"},
		// Chile moves its clocks at midnight: the day begins at one.
		{"America/Santiago", "2024-09-08T15:00:00Z", "2024-09-08T01:00:00-03:00"},
	} {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			require.NoError(t, err)
			want, err := time.Parse(time.RFC3339, c.want)
			require.NoError(t, err)
			require.True(t, triage.DayStart(now, triage.Zone(c.zone)).Equal(want), triage.DayStart(now, triage.Zone(c.zone)).String())
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	in := triage.Input{Scored: complaint(nil), Brand: acme(), Now: noon(), History: triage.History{Route: "support", Path: []string{"root"}}}
	for b.Loop() {
		triage.Decide(in)
	}
}
