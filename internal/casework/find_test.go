package casework_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
)

func TestFind(t *testing.T) {
	t.Parallel()
	mk := func(id string, s record.State, age time.Duration, author, conversation string) record.Case {
		at := noon().Add(-age)
		return record.Case{
			ID: id, State: s, AuthorKey: "bluesky:" + author, Conversation: "bluesky:" + conversation,
			OpenedAt: at, UpdatedAt: at, LastPostAt: at,
		}
	}
	const day = 24 * time.Hour
	m := post("5", "jo", "and again")
	m.RootID = "bluesky:1"
	near := mk("near", record.StateOpen, time.Hour, "sam", "7")
	for _, c := range []struct {
		name     string
		c        casework.Candidates
		want     string
		customer bool
		thread   bool
		also     string
	}{
		{name: "nothing"},
		{name: "the conversation's", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateOpen, day, "sam", "1")}}, want: "a", thread: true},
		{name: "the customer's own", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateOpen, day, "jo", "1")}}, want: "a", thread: true, customer: true},
		{name: "however old while it lives", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateOpen, 60*day, "jo", "1")}}, want: "a", thread: true, customer: true},
		{name: "ended, another's", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateResolved, day, "sam", "1")}}},
		{name: "ended, the customer's", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateResolved, day, "jo", "1")}}, want: "a", thread: true, customer: true},
		{name: "ended long ago", c: casework.Candidates{Thread: []record.Case{mk("a", record.StateResolved, 8*day, "jo", "1")}}},
		{name: "the author's", c: casework.Candidates{Author: []record.Case{mk("b", record.StateClaimed, 6*day, "jo", "3")}}, want: "b", customer: true},
		{name: "a case that the author joined", c: casework.Candidates{Author: []record.Case{mk("b", record.StateClaimed, day, "sam", "3")}}, want: "b"},
		{name: "a case that the author joined and that ended", c: casework.Candidates{Author: []record.Case{mk("b", record.StateResolved, day, "sam", "3")}}},
		{name: "the author's, silent for too long", c: casework.Candidates{Author: []record.Case{mk("b", record.StateClaimed, 8*day, "jo", "3")}}},
		{
			name: "conversation before author, and both are linked", want: "a", thread: true, also: "b",
			c: casework.Candidates{
				Thread: []record.Case{mk("a", record.StateOpen, day, "sam", "1")},
				Author: []record.Case{mk("b", record.StateOpen, time.Hour, "jo", "3")},
			},
		},
		{
			name: "living before ended", want: "b", customer: true,
			c: casework.Candidates{
				Thread: []record.Case{mk("a", record.StateResolved, day, "jo", "1")},
				Author: []record.Case{mk("b", record.StateOpen, 2*day, "jo", "3")},
			},
		},
		{
			name: "the newest", want: "b", customer: true, also: "c",
			c: casework.Candidates{Author: []record.Case{mk("c", record.StateOpen, 2*day, "jo", "3"), mk("b", record.StateOpen, day, "jo", "4")}},
		},
		{name: "a near-copy", c: casework.Candidates{Near: &near}, want: "near"},
		{
			name: "the author's own ended case before another's near-copy", want: "b", customer: true, also: "near",
			c: casework.Candidates{Near: &near, Author: []record.Case{mk("b", record.StateResolved, day, "jo", "3")}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, ok := casework.Find(c.c, m, noon())
			require.Equal(t, c.want != "", ok)
			require.Equal(t, []any{c.want, c.customer, c.thread, c.also}, []any{f.Case.ID, f.Customer, f.Thread, f.Also})
		})
	}
}

func TestNearCopies(t *testing.T) {
	t.Parallel()
	const long = "ordered a kettle from acme three weeks ago and it still has not come, support says wait two more weeks"
	for _, c := range []struct {
		name, a, b string
		near       bool
	}{
		{"the same", long, long, true},
		{"another link, name and case", "@acme " + long, strings.ToUpper(long) + " @globex https://t.example/x", true},
		{"another punctuation", long, strings.ReplaceAll(long, ",", " -"), true},
		{"another fault", long, "ordered a toaster from acme two days ago and it came broken, support says send it back at my own cost", false},
		{"short and the same", "acme never picks up!", "@acme acme never picks up", true},
		{"short and not the same", "acme never picks up", "acme never calls back", false},
		{"too short to tell", "acme sucks", "acme sucks", false},
		{"nothing to compare", "", "", false},
		{"only signs", "!!! ???", "!!! ???", false},
		{"accents composed or not", "el café de acme llegó frío", "el café de acme llegó frío", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := casework.PrintOf(post("1", "jo", c.a)), casework.PrintOf(post("2", "sam", c.b))
			require.Equal(t, c.near, a.Near(b))
			require.Equal(t, c.near, b.Near(a))
			kept := record.Case{Text: c.a, Simhash: a.Simhash}
			require.Equal(t, c.near, casework.PrintOfCase(kept).Near(b), "by the case's row")
		})
	}
}

// Texts that share no words are never near-copies.
func TestStrangersAreNotNear(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{4,9}`), 24, 24, rapid.ID[string]).Draw(t, "words")
		a, b := strings.Join(words[:12], " "), strings.Join(words[12:], " ")
		require.False(t, casework.PrintOf(post("1", "jo", a)).Near(casework.PrintOf(post("2", "sam", b))))
	})
}

func FuzzPrint(f *testing.F) {
	f.Add("ordered a kettle", "and a toaster")
	f.Add("\x00\xff@@@://", strings.Repeat("a ", 5000))
	f.Fuzz(func(t *testing.T, title, text string) {
		m := post("1", "jo", text)
		m.Title = title
		p := casework.PrintOf(m)
		if p != (casework.Print{}) {
			require.True(t, p.Near(p))
		}
		require.False(t, p.Simhash != 0 && p.Exact != 0)
	})
}

func BenchmarkPrint(b *testing.B) {
	m := post("1", "jo", "ordered a kettle from acme three weeks ago and it still has not come, support says wait two more weeks")
	for b.Loop() {
		casework.PrintOf(m)
	}
}

func TestCopied(t *testing.T) {
	t.Parallel()
	text := "ordered a kettle from acme three weeks ago and it still has not come"
	p := casework.PrintOf(post("9", "sam", text))
	for _, c := range []struct {
		name string
		edit func(*record.Case)
		want bool
	}{
		{"a copy", func(*record.Case) {}, true},
		{"of one that ended", func(c *record.Case) { c.State = record.StateResolved }, false},
		{"of one that is silent since yesterday", func(c *record.Case) { c.LastPostAt = noon().Add(-25 * time.Hour) }, false},
		{"of another text", func(c *record.Case) { c.Simhash = 12345 }, false},
		{"of one whose text is gone", func(c *record.Case) { c.Simhash, c.Text = 0, "" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := record.Case{ID: "a", State: record.StateOpen, Text: text, Simhash: p.Simhash, LastPostAt: noon().Add(-time.Hour)}
			c.edit(&k)
			require.Equal(t, c.want, casework.Copied(k, p, noon()))
			require.False(t, casework.Copied(k, casework.Print{}, noon()))
		})
	}
}
