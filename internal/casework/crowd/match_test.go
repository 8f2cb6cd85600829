package crowd_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
)

// told is a post of a section, at a time.
type told struct {
	section, text string
	at            time.Time
}

func morning() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// outage is n posts of a section that come ever faster and then ebb away, within an hour.
func outage(r *rand.Rand, section string, n int, from time.Time) []told {
	all := scenario.Told(section, "halvorn")
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	out := make([]told, n)
	for i := range out {
		text := all[i%len(all)]
		if i >= len(all) {
			text = scenario.Vary(r, text)
		}
		x := (r.Float64() + r.Float64()*0.7 + 0.1) / 1.8
		out[i] = told{section, text, from.Add(time.Duration(x * float64(time.Hour)))}
	}
	return out
}

// scattered is each post of a section once, anywhere in a time.
func scattered(r *rand.Rand, section string, from time.Time, within time.Duration) []told {
	var out []told
	for _, p := range scenario.Told(section, "halvorn") {
		out = append(out, told{section, p, from.Add(time.Duration(r.Float64() * float64(within)))})
	}
	return out
}

// tally is what became of the posts.
type tally struct {
	// cards counts the cases that posts of a section opened.
	cards map[string]int
	// right counts the joins into a case most of whose posts are of their section,
	// wrong are the others.
	right int
	wrong []string
}

// play lets posts come, each by an author of its own, and joins them as Find says.
func play(posts []told) tally {
	slices.SortStableFunc(posts, func(a, b told) int { return a.at.Compare(b.at) })
	out := tally{cards: map[string]int{}}
	var rows []record.Complaint
	members := map[string]map[string]int{}
	for i, p := range posts {
		rep := crowd.Read(p.text, []string{"halvorn"}, nil, nil)
		c := record.Complaint{At: p.at, Author: uint64(i), Outage: rep.Outage, Words: rep.Words}
		ms := crowd.Find(rows, c, crowd.GuessUsual(rows, p.at), p.at)
		if len(ms) > 0 {
			c.Case = ms[0].Case
		} else {
			c.Case = fmt.Sprintf("case%04d", i)
			members[c.Case] = map[string]int{}
			out.cards[p.section]++
		}
		members[c.Case][p.section]++
		rows = append(rows, c)
	}
	for i, c := range rows {
		if c.Case == fmt.Sprintf("case%04d", i) {
			continue
		}
		most := slices.MaxFunc(slices.Sorted(maps.Keys(members[c.Case])), func(a, b string) int { return members[c.Case][a] - members[c.Case][b] })
		if most == posts[i].section {
			out.right++
		} else {
			out.wrong = append(out.wrong, most+" <- "+posts[i].section+": "+posts[i].text)
		}
	}
	return out
}

// Three outages of one company at once, 500 posts, among complaints of other kinds: by
// its own words each is told apart, and each is one card, or hardly more.
func TestOneCardForEachIncident(t *testing.T) {
	t.Parallel()
	const seeds = 8
	cards, right, wrong := 0, 0, 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 1))
		var posts []told
		for i, s := range scenario.Incidents() {
			posts = append(posts, outage(r, s, []int{200, 150, 150}[i], morning().Add(time.Duration(i)*20*time.Minute))...)
		}
		for _, s := range []string{"apart", "apart2"} {
			posts = append(posts, scattered(r, s, morning(), 2*time.Hour)...)
		}
		got := play(posts)
		for _, s := range scenario.Incidents() {
			cards += got.cards[s]
		}
		right, wrong = right+got.right, wrong+len(got.wrong)
		require.Equal(t, 16, got.cards["apart"], "another fault of one's own has its own card")
		require.Equal(t, 30, got.cards["apart2"])
	}
	each := float64(cards) / (seeds * 3)
	precision := float64(right) / float64(right+wrong)
	t.Logf("%.2f cards for each incident, %.1f%% of %d joins to the case of their own fault", each, 100*precision, right+wrong)
	require.LessOrEqual(t, each, 1.2)
	require.GreaterOrEqual(t, precision, 0.95)
}

// Of tellings that the lexicon was not made from, those that come when the fault is
// known to be widespread are read more generously.
func TestOtherVoices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sections string
		least    float64
	}{{"2", 0.6}, {"3", 0.4}} {
		joined, all := 0, 0
		for _, s := range scenario.Incidents() {
			r := rand.New(rand.NewPCG(5, 2))
			posts := outage(r, s, 120, morning())
			late := scattered(r, s+c.sections, morning().Add(30*time.Minute), 15*time.Minute)
			for i := range late {
				late[i].section = "late"
			}
			got := play(append(posts, late...))
			all += len(late)
			joined += len(late) - got.cards["late"]
		}
		t.Logf("telling %s: %d of %d join in the middle of their outage", c.sections, joined, all)
		require.GreaterOrEqual(t, float64(joined)/float64(all), c.least)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		outage     bool
		words      []string
	}{
		{"a thing that fails", "can't log in to acme, error 503", true, []string{"#login"}},
		{"the company itself", "acme is down", true, nil},
		{"with others", "acme app down in rivermouth, anyone else?", true, []string{"#app", "+others", "rivermouth"}},
		{"another language", "la app de acme no funciona", true, []string{"#app"}},
		{"for long", "acme app has been down for weeks", false, []string{"#app", "+own"}},
		{"of one's own", "acme lost my parcel and support never answered", false, []string{"+own", "answer"}},
		{"a phrase that only looks like it", "can't believe acme put the price up", false, []string{"+own"}},
		{"nothing", "", false, nil},
		{"the fine one is not what fails", "acme app is dead but my wifi is fine", true, []string{"#app"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := crowd.Read(c.text, []string{"@acme"}, nil, nil)
			require.Equal(t, c.outage, got.Outage)
			require.Equal(t, c.words, got.Words)
		})
	}
	require.True(t, crowd.Read("acme down. again", []string{"acme"}, []string{"outage"}, nil).Outage)
}

func TestBarFollowsTheRate(t *testing.T) {
	t.Parallel()
	last := crowd.Bar(1, crowd.FloorUsual)
	for n := 2; n < 50; n++ {
		bar := crowd.Bar(n, crowd.FloorUsual)
		require.LessOrEqual(t, bar, last)
		last = bar
	}
	require.Less(t, crowd.Bar(4, 0.25), crowd.Bar(4, 3), "where more are usual more is asked for")
	require.Equal(t, crowd.Bar(1, 0.25), crowd.Bar(3, 3))
}

// Any text is read soon, and what it says is bounded.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"acme is down", "((((", "\xff\xfe", "no internet no internet", "ſtörung 503"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := crowd.Read(text, []string{"acme"}, nil, nil)
		require.LessOrEqual(t, len(r.Words), 60)
		for _, w := range r.Words {
			require.NotEmpty(t, w)
			require.NotContains(t, w, " ")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := "is it just me or is halvorn completely offline since lunch, can't log in from rivermouth"
	for b.Loop() {
		crowd.Read(text, []string{"halvorn"}, nil, nil)
	}
}

func BenchmarkFind(b *testing.B) {
	var rows []record.Complaint
	for i, p := range outage(rand.New(rand.NewPCG(1, 1)), "login", 500, morning()) {
		r := crowd.Read(p.text, []string{"halvorn"}, nil, nil)
		rows = append(rows, record.Complaint{At: p.at, Author: uint64(i), Outage: r.Outage, Words: r.Words, Case: "one"})
	}
	for b.Loop() {
		crowd.Find(rows, record.Complaint{Author: 1 << 40, Outage: true, Words: []string{"#login"}}, 0.25, morning().Add(time.Hour))
	}
}
