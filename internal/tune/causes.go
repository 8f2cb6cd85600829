package tune

import (
	"cmp"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
)

// earlierPosts is the cause of a difference that no edit makes by itself: another number
// of cards, or other cases, since earlier posts became something else.
const earlierPosts = "what earlier posts became"

// EditReport is the part that an edit of the candidate caused.
type EditReport struct {
	// Edits names the edit, or those that only together make the difference; it is empty
	// for what only follows from what earlier posts became.
	Edits []string `json:"edits"`
	// NewlyAlerting, Lost and Changed count posts. A post that each of several edits
	// changes alone counts for each.
	NewlyAlerting int `json:"newly_alerting"`
	Lost          int `json:"lost"`
	Changed       int `json:"changed"`
}

// Cause is what made a post's difference.
func (e EditReport) Cause() string {
	if len(e.Edits) == 0 {
		return earlierPosts
	}
	if len(e.Edits) == 1 {
		return e.Edits[0]
	}
	return "together: " + strings.Join(e.Edits, " + ")
}

// causes finds out which edit of a brand made which difference. Of each post it asks
// what the whole candidate would make of it where all that came before is as it was
// live; only where that is something else it asks about the edits, each alone, then each
// left out.
type causes struct {
	edits          []edit
	whole, running *desk.Peek
	candidate      Side
	alone, without []ask
	// counts are by the edits, and opened which edits opened or lost a case.
	counts map[string]*EditReport
	opened map[string][][]string
}

// ask is a side that is asked about single posts.
type ask struct {
	side Side
	peek *desk.Peek
}

// finding is what the edits make of a post, all that came before being as it was.
type finding struct {
	was, will record.Decision
	by        [][]string
}

// causesOf prepares to look for the causes of a brand's differences, nil where nothing
// is to be found out.
func (b *backtest) causesOf(name string, t *desk.Trial) (*causes, error) {
	was, had := b.running.Rules.Brands[name]
	will, has := b.candidate.Rules.Brands[name]
	if !had || !has || b.opt.Build == nil {
		return nil, nil //nolint:nilnil // none is an answer.
	}
	k := &causes{edits: editsOf(was, will), candidate: b.candidate, counts: map[string]*EditReport{}, opened: map[string][][]string{}}
	if b.opt.Routes {
		k.edits = append(k.edits, edit{name: "routes", routes: true})
	}
	if b.opt.Model {
		k.edits = append(k.edits, edit{name: "scoring", model: true})
	}
	if len(k.edits) < 2 {
		return k, nil
	}
	k.whole, k.running = t.Peek(b.candidate.Rules), t.Peek(b.running.Rules)
	for i := range k.edits {
		alone, err := b.asking(t, was, k.edits[i:i+1])
		if err != nil {
			return nil, err
		}
		without, err := b.asking(t, was, slices.Delete(slices.Clone(k.edits), i, i+1))
		if err != nil {
			return nil, err
		}
		k.alone, k.without = append(k.alone, alone), append(k.without, without)
	}
	return k, nil
}

// asking builds the running side with some edits.
func (b *backtest) asking(t *desk.Trial, was brand.Brand, edits []edit) (ask, error) {
	routes, model := false, false
	for _, e := range edits {
		if e.apply != nil {
			e.apply(&was)
		}
		routes, model = routes || e.routes, model || e.model
	}
	s, err := b.opt.Build(was, routes, model)
	if err != nil {
		return ask{}, err
	}
	s = quiet(s)
	return ask{side: s, peek: t.Peek(s.Rules)}, nil
}

// alikeFrom reports whether two decisions part in the same way from a third.
func alikeFrom(was, a, b record.Decision) bool {
	kind := KindOf(was, a)
	if kind != KindOf(was, b) {
		return false
	}
	if kind == "newly_alerting" || kind == "lost" {
		return true
	}
	return a.Outcome == b.Outcome && a.Severity == b.Severity && a.Route == b.Route
}

// look finds out what the edits make of a post that the running rules have not decided
// upon again yet; nil where they make nothing of it.
func (k *causes) look(s *step, exact bool) (*finding, error) {
	if k == nil || len(k.edits) < 2 || s.unkept {
		return nil, nil //nolint:nilnil // none is an answer.
	}
	given := s.past
	if s.will != nil {
		given = *s.will
	}
	given.Recall = true
	will, err := k.whole.Decide(given)
	if err != nil {
		return nil, err
	}
	was := s.row.Decision
	if !exact {
		given := s.past
		given.Recall = true
		if was, err = k.running.Decide(given); err != nil {
			return nil, err
		}
	}
	if same(was, will) {
		return nil, nil //nolint:nilnil // none is an answer.
	}
	f := &finding{was: was, will: will}
	for i := range k.alone {
		d, err := k.alone[i].decide(s)
		if err != nil {
			return nil, err
		}
		if !same(was, d) && alikeFrom(was, will, d) {
			f.by = append(f.by, []string{k.edits[i].name})
		}
	}
	if len(f.by) > 0 {
		return f, nil
	}
	var needed, all []string
	for i := range k.without {
		d, err := k.without[i].decide(s)
		if err != nil {
			return nil, err
		}
		all = append(all, k.edits[i].name)
		if !alikeFrom(was, will, d) || same(was, d) {
			needed = append(needed, k.edits[i].name)
		}
	}
	if len(needed) == 0 {
		needed = all // any of them can be left out, and none does it alone
	}
	f.by = [][]string{needed}
	return f, nil
}

func (a *ask) decide(s *step) (record.Decision, error) {
	p := a.side.take(s.past)
	p.Recall = true
	return a.peek.Decide(p)
}

func same(a, b record.Decision) bool {
	return a.Outcome == b.Outcome && a.Severity == b.Severity && a.Route == b.Route
}

// of says what caused a difference, and counts it.
func (k *causes) of(f *finding, was, will record.Decision) []string {
	if k == nil || len(k.edits) == 0 {
		return nil
	}
	var by [][]string
	switch {
	case len(k.edits) == 1:
		by = [][]string{{k.edits[0].name}}
	case f != nil && alikeFrom(was, will, f.will):
		by = f.by
	case k.opened[will.Case] != nil:
		by = k.opened[will.Case]
	case k.opened[was.Case] != nil:
		by = k.opened[was.Case]
	default:
		by = [][]string{nil}
	}
	gained, lost := will.Outcome == record.OutcomeAlert, was.Outcome == record.OutcomeAlert
	if gained && !lost && will.Case != "" {
		k.opened[will.Case] = by
	}
	if lost && !gained && was.Case != "" {
		k.opened[was.Case] = by
	}
	var out []string
	for _, edits := range by {
		key := strings.Join(edits, "\n")
		e := k.counts[key]
		if e == nil {
			e = &EditReport{Edits: edits}
			k.counts[key] = e
		}
		switch {
		case gained && !lost:
			e.NewlyAlerting++
		case lost && !gained:
			e.Lost++
		default:
			e.Changed++
		}
		out = append(out, e.Cause())
	}
	return out
}

// report is the part of each edit: single ones in their order, those that did nothing
// too, then several together, then what followed.
func (k *causes) report() []EditReport {
	if k == nil {
		return nil
	}
	var out []EditReport
	for _, e := range k.edits {
		r := EditReport{Edits: []string{e.name}}
		if c := k.counts[e.name]; c != nil {
			r = *c
		}
		delete(k.counts, e.name)
		out = append(out, r)
	}
	var rest []EditReport
	for _, c := range k.counts {
		rest = append(rest, *c)
	}
	slices.SortFunc(rest, func(a, b EditReport) int {
		return cmp.Or(cmp.Compare(len(b.Edits), len(a.Edits)), strings.Compare(a.Cause(), b.Cause()))
	})
	return append(out, rest...)
}
