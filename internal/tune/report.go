package tune

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Report is what a backtest found.
type Report struct {
	// From and To bound the stored decisions, Days is what lies between them, 1 at least.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Days float64   `json:"days"`
	// Mentions counts the decisions that were made again, Differences those in which
	// outcome, severity or route differ.
	Mentions    int `json:"mentions"`
	Differences int `json:"differences"`
	// Reproduced says how many decisions of this very configuration come out again as
	// they were made live, and Otherwise names some that do not.
	Reproduced Rate          `json:"reproduced"`
	Otherwise  []Post        `json:"otherwise"`
	Brands     []BrandReport `json:"brands"`
}

// BrandReport is the part of one brand.
type BrandReport struct {
	Brand string `json:"brand"`
	// Changed says that its rules differ; Added and Removed that one side has it alone.
	Changed bool `json:"changed"`
	Added   bool `json:"added,omitempty"`
	Removed bool `json:"removed,omitempty"`

	Mentions    int `json:"mentions"`
	Differences int `json:"differences"`
	// NewlyAlerting, Lost, SeverityChanged, RouteChanged and OtherChanged count the
	// differences by what they are.
	NewlyAlerting   int `json:"newly_alerting"`
	Lost            int `json:"lost"`
	SeverityChanged int `json:"severity_changed"`
	RouteChanged    int `json:"route_changed"`
	OtherChanged    int `json:"other_changed"`

	Running   SideReport `json:"running"`
	Candidate SideReport `json:"candidate"`
	// ByDay are the cards of each day of the brand's own, days without any left out.
	ByDay []Day `json:"by_day"`

	// Edits are the candidate's edits of the brand with the differences that each caused.
	Edits []EditReport `json:"edits,omitempty"`

	Posts Posts `json:"posts"`
	// Altered counts posts that were edited or taken away since: they keep the match
	// they had. Unkept counts posts whose words were never kept.
	Altered int `json:"altered"`
	Unkept  int `json:"unkept"`
	// Unmatched estimates what the candidate would match that nothing matched so far;
	// nil where its query is the running one's.
	Unmatched *Unmatched `json:"unmatched,omitempty"`
}

// SideReport is what one configuration makes of the mentions.
type SideReport struct {
	Outcomes    map[record.Outcome]int `json:"outcomes"`
	Cards       int                    `json:"cards"`
	CardsPerDay float64                `json:"cards_per_day"`
	// Budget is how many cards a day are welcome, 0 for no limit, and OverBudget on how
	// many days there were more.
	Budget     int `json:"budget"`
	OverBudget int `json:"days_over_budget"`
	// Precision is the part of complaints among the labelled posts that reached people,
	// Recall the part that reached people among the posts labelled as complaints.
	Precision Rate `json:"precision"`
	Recall    Rate `json:"recall"`
}

// Day is one day's cards.
type Day struct {
	Date      string `json:"date"`
	Running   int    `json:"running"`
	Candidate int    `json:"candidate"`
}

// Posts are the posts themselves, worst first.
type Posts struct {
	NewlyAlerting []Post `json:"newly_alerting"`
	Lost          []Post `json:"lost"`
	Changed       []Post `json:"changed"`
}

// Post is one post and what becomes of it.
type Post struct {
	ID       string         `json:"id"`
	Brand    string         `json:"brand"`
	URL      string         `json:"url"`
	Text     string         `json:"text"`
	At       time.Time      `json:"at"`
	Was      record.Outcome `json:"was"`
	Now      record.Outcome `json:"now"`
	Severity vent.Severity  `json:"severity"`
	Venting  float64        `json:"venting"`
	Route    string         `json:"route,omitempty"`
	// Before are severity and route where they were others.
	SeverityBefore vent.Severity `json:"severity_before,omitempty"`
	RouteBefore    string        `json:"route_before,omitempty"`
	// Why is the step that decided.
	Why string `json:"why"`
	// Causes are the edits of the candidate that made the difference.
	Causes   []string `json:"causes,omitempty"`
	priority int
}

// maxPostText bounds how much of a text the report repeats.
const maxPostText = 280

func postOf(row *store.Decided, was, will record.Decision) Post {
	m := row.Post.Mention
	p := Post{
		ID: was.ID, Brand: was.Brand, URL: m.URL, Text: clipTo(strings.TrimSpace(m.Title+" "+m.Text), maxPostText), At: row.Decision.Now,
		Was: was.Outcome, Now: will.Outcome, Severity: will.Severity, Venting: max(was.Venting, will.Venting),
		Route: will.Route, Why: deciding(will), priority: max(was.Priority, will.Priority),
	}
	if was.Severity != will.Severity {
		p.SeverityBefore = was.Severity
	}
	if was.Route != will.Route {
		p.RouteBefore = was.Route
	}
	return p
}

// deciding is the line of a decision that says why it came out as it did.
func deciding(d record.Decision) string {
	begins := strings.ReplaceAll(string(d.Outcome), "_", " ")
	switch d.Outcome { //nolint:exhaustive // the others begin with their own name
	case record.OutcomeExcluded:
		begins = "excluded by"
	case record.OutcomeAlert:
		begins = "matched"
	}
	for _, line := range d.Why {
		if strings.HasPrefix(line, begins) {
			return line
		}
		if d.Outcome == record.OutcomeBelowThreshold && strings.Contains(line, " < ") {
			return line
		}
	}
	if len(d.Why) == 0 {
		return ""
	}
	return d.Why[len(d.Why)-1]
}

func clipTo(s string, runes int) string {
	for i := range s {
		if runes == 0 {
			return s[:i] + "…"
		}
		runes--
	}
	return s
}

// worse orders posts, the worst first.
func worse(a, b Post) int {
	rank := func(p Post) int { return max(p.Severity.Rank(), p.SeverityBefore.Rank()) }
	return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(b.Venting, a.Venting), cmp.Compare(b.priority, a.priority), cmp.Compare(a.ID, b.ID))
}

// keep adds a post to a list of the worst.
func keep(list []Post, p Post, most int) []Post {
	i, _ := slices.BinarySearchFunc(list, p, worse)
	if i >= most {
		return list
	}
	list = slices.Insert(list, i, p)
	return list[:min(len(list), most)]
}

// tally counts one brand while it runs.
type tally struct {
	out             BrandReport
	most            int
	zone            [2]*time.Location
	days            map[string]*Day
	altered, unkept int
}

func newTally(name string, running, candidate *desk.Rules, most int) tally {
	was, had := running.Brands[name]
	will, has := candidate.Brands[name]
	return tally{
		most: most, zone: [2]*time.Location{triage.Zone(was.Timezone), triage.Zone(will.Timezone)}, days: map[string]*Day{},
		out: BrandReport{
			Brand: name, Changed: running.Hashes[name] != candidate.Hashes[name], Added: has && !had, Removed: had && !has,
			Running:   SideReport{Outcomes: map[record.Outcome]int{}, Budget: int(was.Alert.Budget)},
			Candidate: SideReport{Outcomes: map[record.Outcome]int{}, Budget: int(will.Alert.Budget)},
		},
	}
}

// add counts one mention in both worlds.
func (t *tally) add(row *store.Decided, was, will record.Decision, causes []string) {
	o := &t.out
	o.Mentions++
	o.Running.Outcomes[was.Outcome]++
	o.Candidate.Outcomes[will.Outcome]++
	if was.Outcome == record.OutcomeAlert {
		o.Running.Cards++
		t.day(row.Decision.Now, t.zone[0]).Running++
	}
	if will.Outcome == record.OutcomeAlert {
		o.Candidate.Cards++
		t.day(row.Decision.Now, t.zone[1]).Candidate++
	}
	if was.Outcome == will.Outcome && was.Severity == will.Severity && was.Route == will.Route {
		return
	}
	o.Differences++
	p := postOf(row, was, will)
	p.Causes = causes
	switch {
	case was.Outcome != record.OutcomeAlert && will.Outcome == record.OutcomeAlert:
		o.NewlyAlerting++
		o.Posts.NewlyAlerting = keep(o.Posts.NewlyAlerting, p, t.most)
		return
	case was.Outcome == record.OutcomeAlert && will.Outcome != record.OutcomeAlert:
		o.Lost++
		o.Posts.Lost = keep(o.Posts.Lost, p, t.most)
		return
	case was.Outcome != will.Outcome:
		o.OtherChanged++
	case was.Severity != will.Severity:
		o.SeverityChanged++
	default:
		o.RouteChanged++
	}
	o.Posts.Changed = keep(o.Posts.Changed, p, t.most)
}

func (t *tally) day(at time.Time, zone *time.Location) *Day {
	date := triage.DayStart(at, zone).Format(time.DateOnly)
	d := t.days[date]
	if d == nil {
		d = &Day{Date: date}
		t.days[date] = d
	}
	return d
}

// report sums up.
func (b *backtest) report() Report {
	out := Report{From: b.opt.Since, To: b.until()}
	var first time.Time
	same, compared := 0, 0
	for _, name := range slices.Sorted(maps.Keys(b.brands)) {
		r := b.brands[name]
		if first.IsZero() || !r.first.IsZero() && r.first.Before(first) {
			first = r.first
		}
		same, compared = same+r.same, compared+r.compared
		out.Otherwise = append(out.Otherwise, r.otherwise[:min(len(r.otherwise), b.opt.Posts-len(out.Otherwise))]...)
	}
	out.Reproduced = rate(same, compared)
	if !first.IsZero() {
		out.From = first
	}
	out.Days = max(out.To.Sub(out.From).Hours()/24, 1)
	for _, r := range b.brands {
		o := r.finish(out.Days)
		out.Mentions += o.Mentions
		out.Differences += o.Differences
		out.Brands = append(out.Brands, o)
	}
	slices.SortFunc(out.Brands, func(x, y BrandReport) int { return strings.Compare(x.Brand, y.Brand) })
	return out
}

func (r *brandRun) finish(days float64) BrandReport {
	o := r.tally.out
	o.Edits = r.causes.report()
	o.Altered, o.Unkept = r.tally.altered, r.tally.unkept
	o.Running.CardsPerDay = float64(o.Running.Cards) / days
	o.Candidate.CardsPerDay = float64(o.Candidate.Cards) / days
	for _, d := range r.tally.days {
		o.ByDay = append(o.ByDay, *d)
		if o.Running.Budget > 0 && d.Running > o.Running.Budget {
			o.Running.OverBudget++
		}
		if o.Candidate.Budget > 0 && d.Candidate > o.Candidate.Budget {
			o.Candidate.OverBudget++
		}
	}
	slices.SortFunc(o.ByDay, func(x, y Day) int { return strings.Compare(x.Date, y.Date) })
	o.Running.Precision, o.Running.Recall = quality(r.labels, func(l *labelled) bool { return l.running })
	o.Candidate.Precision, o.Candidate.Recall = quality(r.labels, func(l *labelled) bool { return l.candidate })
	return o
}

// quality is precision and recall over the labelled posts of the time.
func quality(labels map[string]*labelled, reached func(*labelled) bool) (precision, recall Rate) {
	var hits, shown, complaints int
	for _, l := range labels {
		if !l.seen {
			continue
		}
		if l.venting {
			complaints++
		}
		if reached(l) {
			shown++
			if l.venting {
				hits++
			}
		}
	}
	return rate(hits, shown), rate(hits, complaints)
}
