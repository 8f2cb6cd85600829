package triage_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

func planDay() time.Time { return time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC) }

// even is a stream of some days before planDay with n complaints a day, spread evenly
// over the day, whose probabilities rise from 0.60 towards 1.
func even(days, n int) []record.StreamPost {
	var out []record.StreamPost
	for d := range days {
		for i := range n {
			at := planDay().AddDate(0, 0, d-days).Add(24 * time.Hour / time.Duration(n) * time.Duration(i))
			out = append(out, record.StreamPost{At: at, Venting: 0.6 + 0.4*float64(i)/float64(n)})
		}
	}
	return out
}

func planning(stream []record.StreamPost, budget, spent int, at time.Time) triage.Planning {
	in := triage.Planning{Brand: "acme", Budget: budget, Floor: 0.6, Day: time.UTC, At: at, Stream: stream, Spent: spent, Since: at}
	if len(stream) > 0 {
		in.Since = stream[0].At
	}
	return in
}

func TestPlanBudget(t *testing.T) {
	critical := even(10, 100)
	for i := range critical {
		critical[i].Critical = i%5 == 0
	}
	for _, c := range []struct {
		name     string
		in       triage.Planning
		low      float64
		high     float64
		deferred float64
	}{
		{"no stream", planning(nil, 20, 0, planDay()), 0.6, 0.6, 0},
		{"a day is too little to plan by", planning(even(1, 100), 20, 0, planDay()), 0.6, 0.6, 0},
		{"no budget", planning(even(10, 100), 0, 0, planDay()), 0.6, 0.6, 0},
		{"a budget that is never reached", planning(even(10, 100), 101, 0, planDay()), 0.6, 0.6, 0},
		// The fifth of the day with the highest probabilities fits.
		{"a fifth fits", planning(even(10, 100), 20, 0, planDay()), 0.91, 0.93, 0.76},
		{"half fits", planning(even(10, 100), 50, 0, planDay()), 0.78, 0.81, 0.42},
		{"at noon with all of it left", planning(even(10, 100), 50, 0, planDay().Add(12*time.Hour)), 0.6, 0.6, 0},
		{"at noon with half of it left", planning(even(10, 100), 50, 25, planDay().Add(12*time.Hour)), 0.78, 0.81, 0.42},
		{"at noon with little left", planning(even(10, 100), 50, 45, planDay().Add(12*time.Hour)), 0.95, 0.97, 0.87},
		{"spent", planning(even(10, 100), 20, 20, planDay().Add(12*time.Hour)), 1, 1, 1},
		// Twenty critical ones a day are expected and pass anyway: ten others fit.
		{"critical ones come first", planning(critical, 30, 0, planDay()), 0.94, 0.96, 0.69},
		{"nothing but critical ones", planning(critical, 20, 0, planDay()), 1, 1, 0.8},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := triage.PlanBudget(c.in)
			require.GreaterOrEqual(t, p.Threshold, c.low)
			require.LessOrEqual(t, p.Threshold, c.high)
			require.InDelta(t, c.deferred, p.Deferred, 0.02)
			require.Equal(t, p.Threshold > 0.6, p.Raised())
			require.Equal(t, p.Raised(), triage.PlanWords(p) != "")
			require.True(t, p.Holds(c.in.Budget, 0.6, ""))
			require.False(t, p.Holds(c.in.Budget+1, 0.6, ""))
		})
	}
	require.Equal(t, "about 76 % of real complaints wait for the digest", triage.PlanWords(triage.PlanBudget(planning(even(10, 100), 20, 0, planDay()))))
}

// The plan follows the hours of the brand's day: where complaints come in the evening
// the morning leaves room for them.
func TestPlanKnowsTheHours(t *testing.T) {
	tokyo := triage.Zone("Asia/Tokyo")
	var evening []record.StreamPost
	for d := range 10 {
		for i := range 100 {
			at := time.Date(2026, 3, 10+d, 20, i/2, 0, 0, tokyo)
			evening = append(evening, record.StreamPost{At: at.UTC(), Venting: 0.6 + float64(i)/300})
		}
	}
	at := func(hour int) record.Plan {
		in := planning(evening, 50, 25, time.Date(2026, 3, 20, hour, 0, 0, 0, tokyo))
		in.Day = tokyo
		return triage.PlanBudget(in)
	}
	require.Greater(t, at(9).Rest, 0.95)
	require.Greater(t, at(20).Rest, 0.95)
	require.Less(t, at(22).Rest, 0.05)
	require.True(t, at(20).Raised())
	require.False(t, at(22).Raised(), "the day is over but for a few")
}

func TestPlanOnlyRaises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		stream := even(rapid.IntRange(0, 14).Draw(t, "days"), rapid.IntRange(1, 60).Draw(t, "posts"))
		for i := range stream {
			stream[i].Venting, stream[i].Critical = r.Float64(), r.IntN(10) == 0
		}
		budget, spent := rapid.IntRange(0, 100).Draw(t, "budget"), rapid.IntRange(0, 120).Draw(t, "spent")
		in := planning(stream, budget, spent, planDay().Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour"))*time.Hour))
		p := triage.PlanBudget(in)
		require.GreaterOrEqual(t, p.Threshold, in.Floor)
		require.LessOrEqual(t, p.Threshold, 1.0)
		require.True(t, p.Deferred >= 0 && p.Deferred <= 1)
		require.True(t, p.Rest > 0 && p.Rest <= 1)
		r.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
		require.Equal(t, p, triage.PlanBudget(in), "the order of the stream means nothing")
		in.Spent++
		require.GreaterOrEqual(t, triage.PlanBudget(in).Threshold, p.Threshold, "less left never lets more through")
	})
}

// Over invented days the plan spends the budget on the likelier complaints and keeps
// some for the evening, where a mere count spends it on whoever comes first.
func TestPlanAgainstMereCount(t *testing.T) {
	const days, perDay, budget = 40, 120, 20
	r := rand.New(rand.NewPCG(3, 4))
	var planned, counted spent
	var stream []record.StreamPost
	start := planDay().AddDate(0, 0, -days)
	b := brandWithBudget(budget)
	for d := range days {
		day := start.AddDate(0, 0, d)
		cards := 0
		first := 0
		for hour := range 24 {
			at := day.Add(time.Duration(hour) * time.Hour)
			in := planning(stream, budget, cards, at)
			in.Since = at.AddDate(0, 0, -triage.StreamDays)
			if in.Since.Before(start) {
				in.Since = start
			}
			in.Stream = nil
			for _, p := range stream {
				if !p.At.Before(in.Since) && p.At.Before(at) {
					in.Stream = append(in.Stream, p)
				}
			}
			plan := triage.PlanBudget(in)
			for range perDay / 24 {
				v := 0.6 + 0.4*r.Float64()
				post := record.StreamPost{At: at.Add(time.Minute), Venting: v}
				stream = append(stream, post)
				if d < 3 {
					continue
				}
				dec := triage.Decide(triage.Input{
					Scored: scoredAs(v), Brand: b, Now: post.At, History: triage.History{CardsToday: cards, Plan: plan},
				})
				if dec.Outcome == record.OutcomeAlert {
					cards++
					planned.card(v, hour)
				}
				if first < budget {
					first++
					counted.card(v, hour)
				}
			}
		}
		require.LessOrEqual(t, cards, budget)
	}
	t.Logf("planned: %d cards, mean %.3f, %d after noon; first come: %d cards, mean %.3f, %d after noon",
		planned.n, planned.sum/float64(planned.n), planned.evening, counted.n, counted.sum/float64(counted.n), counted.evening)
	require.Greater(t, planned.n, counted.n*85/100, "the budget is used")
	require.Greater(t, planned.sum/float64(planned.n), counted.sum/float64(counted.n)+0.1)
	require.Greater(t, planned.evening, planned.n*35/100)
	require.Zero(t, counted.evening)
}

type spent struct {
	n, evening int
	sum        float64
}

func (s *spent) card(v float64, hour int) {
	s.n++
	s.sum += v
	if hour >= 12 {
		s.evening++
	}
}

func TestBudgetWithAPlan(t *testing.T) {
	plan := record.Plan{At: planDay(), Budget: 20, Floor: 0.6, Threshold: 0.8, Deferred: 0.06}
	b := brandWithBudget(20)
	decide := func(v float64, sev vent.Severity, cards int) record.Decision {
		s := scoredAs(v)
		s.Score.Severity = sev
		return triage.Decide(triage.Input{Scored: s, Brand: b, Now: planDay(), History: triage.History{CardsToday: cards, Plan: plan}})
	}
	d := decide(0.7, vent.SeverityHigh, 3)
	require.Equal(t, record.OutcomeOverBudget, d.Outcome)
	require.Contains(t, d.Why, "over budget: venting 0.70 < 0.80, the bar that keeps this day to 20 cards; it goes into a digest; about 6 % of real complaints wait for the digest")
	d = decide(0.9, vent.SeverityHigh, 3)
	require.Equal(t, record.OutcomeAlert, d.Outcome)
	require.Contains(t, d.Why, "budget: card 4 of 20 today; venting 0.90 >= 0.80, the bar of this hour; about 6 % of real complaints wait for the digest")
	require.Equal(t, record.OutcomeAlert, decide(0.7, vent.SeverityCritical, 3).Outcome)
	require.Equal(t, record.OutcomeAlert, decide(0.7, vent.SeverityCritical, 20).Outcome)
	require.Equal(t, record.OutcomeOverBudget, decide(0.9, vent.SeverityHigh, 20).Outcome)
	require.Equal(t, record.OutcomeBelowThreshold, decide(0.5, vent.SeverityHigh, 0).Outcome)
}

func brandWithBudget(n int) brand.Brand {
	b := acme()
	b.Alert.Threshold, b.Alert.Budget = 0.6, brand.Budget(n)
	return b
}

func scoredAs(v float64) record.Scored {
	return complaint(func(s *record.Scored) { s.Score.Venting = v })
}
