package crowd_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
)

// people are n complaints about a topic, a minute apart, that end at a time.
func people(n int, topic, caseID string, end time.Time) []record.Complaint {
	out := make([]record.Complaint, n)
	for i := range out {
		out[i] = record.Complaint{
			Mention: fmt.Sprint(topic, i), At: end.Add(-time.Duration(n-i) * time.Minute), Author: uint64(1000 + i), Topics: []string{topic}, Case: caseID,
		}
	}
	return out
}

func TestSpike(t *testing.T) {
	t.Parallel()
	rule := crowd.Rule{Window: time.Hour, MinAuthors: 10, MinDays: 3}
	now := morning()
	mine := record.Complaint{Mention: "mine", At: now, Author: 1, Topics: []string{"billing"}}
	quiet := func(counts ...int) func() ([][]record.Complaint, error) {
		return func() ([][]record.Complaint, error) {
			var out [][]record.Complaint
			for i, n := range counts {
				out = append(out, people(n, "billing", "", now.Add(-time.Duration(i+1)*24*time.Hour)))
			}
			return out, nil
		}
	}
	copies := people(30, "billing", "", now)
	for i := range copies {
		copies[i].Copy = true
	}
	one := people(30, "billing", "", now)
	for i := range one {
		one[i].Author = 7
	}
	for _, c := range []struct {
		name  string
		rows  []record.Complaint
		days  func() ([][]record.Complaint, error)
		skip  []string
		spike bool
	}{
		{"many more than usual", people(20, "billing", "", now), quiet(2, 3, 2, 4), nil, true},
		{"as many as usual", people(20, "billing", "", now), quiet(18, 20, 22), nil, false},
		{"one wild day changes little", people(20, "billing", "", now), quiet(2, 3, 2, 300), nil, true},
		{"too few days", people(20, "billing", "", now), quiet(2, 2), nil, false},
		{"too few people", people(8, "billing", "", now), quiet(0, 0, 0), nil, false},
		{"another topic", people(20, "app", "", now), quiet(2, 2, 2), nil, false},
		{"an incident of it is there", people(20, "billing", "", now), quiet(2, 2, 2), []string{"billing"}, false},
		{"copies", copies, quiet(0, 0, 0), nil, false},
		{"one person", one, quiet(0, 0, 0), nil, false},
		{"two hours ago", people(20, "billing", "", now.Add(-2*time.Hour)), quiet(0, 0, 0), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sp, ok, err := rule.Find(c.rows, mine, c.skip, c.days, now)
			require.NoError(t, err)
			require.Equal(t, c.spike, ok)
			if ok {
				require.Equal(t, 21, sp.Authors)
				require.Len(t, sp.Members, 21)
				require.Equal(t, c.rows[0].At, sp.Since)
				require.Empty(t, sp.Case)
				require.LessOrEqual(t, sp.Usual, 5.0)
			}
		})
	}
	sp, ok, err := rule.Find(people(20, "billing", "one", now), mine, nil, quiet(1, 1, 1), now)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "one", sp.Case, "the case that took most of it")
	_, _, err = rule.Find(people(20, "billing", "", now), mine, nil, func() ([][]record.Complaint, error) { return nil, errors.New("no disk") }, now)
	require.Error(t, err)
}

func TestNeedsGrowsWithWhatIsUsual(t *testing.T) {
	t.Parallel()
	rule := crowd.Rule{Window: time.Hour, MinAuthors: 5, MinDays: 3}
	last := 0
	for _, usual := range []float64{0.25, 1, 3, 10, 40, 200} {
		n := rule.Needs(usual)
		require.GreaterOrEqual(t, n, last)
		require.GreaterOrEqual(t, float64(n), 2.5*usual)
		last = n
	}
	require.Equal(t, 5, rule.Needs(0.25))
}

func TestASpikeGoesOnUntilItEbbs(t *testing.T) {
	t.Parallel()
	rule := crowd.Rule{Window: time.Hour, MinAuthors: 10, MinDays: 3}
	now := morning()
	i := record.Incident{Topic: "billing", Usual: 1}
	require.True(t, rule.On(people(6, "billing", "", now), i, now))
	require.False(t, rule.On(people(4, "billing", "", now), i, now))

	// Not in a flood, a member shares what the others say.
	rows := people(8, "billing", "", now)
	for k := range rows {
		rows[k].Words = []string{"double", "statement"}
	}
	for k := range 20 {
		rows = append(rows, record.Complaint{At: now.Add(-90 * time.Minute), Author: uint64(k), Topics: []string{"app"}, Words: []string{"screen"}})
	}
	i.Usual = 3
	told := func(words ...string) bool {
		return crowd.Told(rows, i, record.Complaint{Topics: []string{"billing"}, Words: words}, time.Hour, now)
	}
	require.True(t, told("double", "aunt"))
	require.False(t, told("contract", "ended"))
	require.False(t, crowd.Told(rows, i, record.Complaint{Topics: []string{"app"}, Words: []string{"double"}}, time.Hour, now))
	i.Usual = 1
	require.True(t, told("contract"), "in a flood the topic says it")
}

func TestEarlierDays(t *testing.T) {
	t.Parallel()
	now := morning()
	var asked []time.Time
	read := func(from, to time.Time) ([]record.Complaint, error) {
		require.Equal(t, time.Hour, to.Sub(from))
		asked = append(asked, to)
		return nil, nil
	}
	days, err := crowd.Earlier(now.Add(-3*24*time.Hour-2*time.Hour), now, time.Hour, read)
	require.NoError(t, err)
	require.Len(t, days, 3)
	require.Equal(t, []time.Time{now.Add(-24 * time.Hour), now.Add(-48 * time.Hour), now.Add(-72 * time.Hour)}, asked)
	days, err = crowd.Earlier(now.Add(-100*24*time.Hour), now, time.Hour, read)
	require.NoError(t, err)
	require.Len(t, days, crowd.EarlierDays)
	days, err = crowd.Earlier(time.Time{}, now, time.Hour, read)
	require.NoError(t, err)
	require.Empty(t, days)
}

func TestAboutASpike(t *testing.T) {
	t.Parallel()
	said := func(about string, authors ...uint64) []record.Complaint {
		var out []record.Complaint
		for _, a := range authors {
			out = append(out, record.Complaint{Author: a, About: about})
		}
		return out
	}
	members := append(said("double charge, bank statement", 1, 2, 3, 4), said("phone support", 5, 6, 7)...)
	others := said("phone support", 8, 9, 10, 11, 12, 13)
	require.Equal(t, "bank statement, double charge", crowd.About(members, others))
	require.Empty(t, crowd.About(said("my secret", 1, 1, 1), nil), "what one person says is not shown for many")
	require.Empty(t, crowd.About(nil, nil))
}
