package crowd

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// FaultFor is how long after a case's last report another one may join it.
	FaultFor = 2 * time.Hour
	// RateFor is the time in which reports are counted.
	RateFor = 15 * time.Minute
	// FloorUsual is how many reports in RateFor are taken as usual where no more are known,
	// and usualShare which part of all complaints is, where no earlier days are known.
	FloorUsual = 0.25
	usualShare = 0.08
	// common is which share of a case's authors must name a thing for it to be the
	// case's, once there are few authors or more.
	common = 0.2
	few    = 5
)

// The bars: how much a report must share with a case. A few reports are no wonder,
// more of them are unusual, a surge leaves little doubt that there is one fault.
const (
	barUsual   = 3.0
	barUnusual = 1.0
	barSurge   = 0.5
	// unusual and surge are the probabilities below which a number of reports is one.
	unusual = 0.05
	surge   = 0.002
)

// Match is a case whose fault a report tells of.
type Match struct {
	Case string
	// Others are the distinct authors of the reports that the case took in RateFor.
	Others int
	// Fault names the things that it shares with the case, or those of the case.
	Fault []string
	// Score is how much it shares, and Bar what was asked for.
	Score, Bar float64
	// Usual is how many reports in RateFor are usual.
	Usual float64
}

// profile is what the reports of a case say.
type profile struct {
	id      string
	authors map[uint64]bool
	recent  map[uint64]bool
	words   map[string]int
	last    time.Time
}

// Find lists the cases whose fault the report tells of, the likeliest first. rows
// are the brand's complaints of FaultFor, oldest first; usual is how many reports in
// RateFor are usual.
func Find(rows []record.Complaint, r record.Complaint, usual float64, now time.Time) []Match {
	profiles, rate := profilesOf(rows, r, now)
	bar := Bar(rate+1, usual)
	if !r.Outage && (bar > barSurge || slices.Contains(r.Words, ownMark)) {
		return nil
	}
	var out []Match
	for _, p := range profiles {
		score, fault := p.compare(r)
		if score < bar || !r.Outage && !p.swamps(rows, r, now) {
			continue
		}
		out = append(out, Match{Case: p.id, Others: len(p.recent), Fault: fault, Score: score, Bar: bar, Usual: usual})
	}
	slices.SortStableFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Others, a.Others), strings.Compare(a.Case, b.Case))
	})
	return out
}

// Bar is how much a report must share with a case where n people reported a fault
// within RateFor and usual is what is expected.
func Bar(n int, usual float64) float64 {
	switch p := tail(n, usual); {
	case p < surge:
		return barSurge
	case p < unusual:
		return barUnusual
	default:
		return barUsual
	}
}

// Reports counts the distinct authors who reported a fault within RateFor, and all
// who complained.
func Reports(rows []record.Complaint, now time.Time) (reports, all int) {
	seen, told := map[uint64]bool{}, map[uint64]bool{}
	for _, c := range rows {
		if c.Copy || now.Sub(c.At) > RateFor {
			continue
		}
		seen[c.Author] = true
		if c.Outage {
			told[c.Author] = true
		}
	}
	return len(told), len(seen)
}

// GuessUsual is how many reports within RateFor are taken as usual where too few
// earlier days are known: a part of all complaints that are no reports.
func GuessUsual(rows []record.Complaint, now time.Time) float64 {
	reports, all := Reports(rows, now)
	return max(FloorUsual, usualShare*float64(all-reports))
}

// profilesOf gathers the reports by their cases, in the order of their ids, and
// counts how many people but the report's author reported within RateFor.
func profilesOf(rows []record.Complaint, r record.Complaint, now time.Time) ([]*profile, int) {
	byCase := map[string]*profile{}
	rate := map[uint64]bool{}
	for _, c := range rows {
		age := now.Sub(c.At)
		if !c.Outage || c.Copy || age > FaultFor || age < 0 || c.Author == r.Author {
			continue
		}
		if age <= RateFor {
			rate[c.Author] = true
		}
		if c.Case == "" {
			continue
		}
		p := byCase[c.Case]
		if p == nil {
			p = &profile{id: c.Case, authors: map[uint64]bool{}, recent: map[uint64]bool{}, words: map[string]int{}}
			byCase[c.Case] = p
		}
		p.authors[c.Author] = true
		if age <= RateFor {
			p.recent[c.Author] = true
		}
		for _, w := range c.Words {
			p.words[w]++
		}
		p.last = c.At
	}
	out := make([]*profile, 0, len(byCase))
	for _, id := range slices.Sorted(maps.Keys(byCase)) {
		out = append(out, byCase[id])
	}
	return out, len(rate)
}

// OfFault reports whether a complaint may be one of those that tell of a fault: it
// reports one, or names the same thing and no matter of its author's own.
func OfFault(fault []string, r record.Complaint) bool {
	if r.Outage || len(fault) == 0 {
		return true
	}
	return !slices.Contains(r.Words, ownMark) && slices.ContainsFunc(fault, func(f string) bool { return slices.Contains(r.Words, "#"+f) })
}

// swamped is how many times more often the authors of a case name a thing than all
// others do, for any complaint about it to be taken for the case's.
const swamped = 8

// swamps reports whether complaints about a thing that r names are by now nearly all
// of this case, so that one which only hints at the fault is most likely of it too.
func (p *profile) swamps(rows []record.Complaint, r record.Complaint, now time.Time) bool {
	for _, t := range p.things() {
		if theLexicon().holders[t[1:]] || !slices.Contains(r.Words, t) {
			continue
		}
		ours, theirs := map[uint64]bool{}, map[uint64]bool{}
		for _, c := range rows {
			if c.Copy || !slices.Contains(c.Words, t) {
				continue
			}
			if c.Case != p.id {
				theirs[c.Author] = true
			} else if now.Sub(c.At) <= RateFor {
				ours[c.Author] = true
			}
		}
		// Theirs are of a time eight times as long.
		usual := float64(len(theirs))*float64(RateFor)/float64(FaultFor) + FloorUsual
		if float64(len(ours)) >= swamped*usual {
			return true
		}
	}
	return false
}

// has reports whether a word belongs to the case, not only to some of many posts.
func (p *profile) has(w string) bool {
	n := p.words[w]
	return n > 0 && (len(p.authors) < few || float64(n) >= common*float64(len(p.authors)))
}

// things are those of the case, what most name first.
func (p *profile) things() []string {
	var out []string
	for w := range p.words {
		if w[0] == '#' && p.has(w) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(p.words[b]-p.words[a], strings.Compare(a, b)) })
	return out
}

// compare says how much a report shares with the case, and which things.
func (p *profile) compare(r record.Complaint) (score float64, fault []string) {
	lex := theLexicon()
	mine := p.things()
	var things, shared []string
	own := 0
	others := false
	for _, w := range r.Words {
		switch {
		case w == othersMark:
			others = true
		case w[0] == '#':
			things = append(things, w)
			if slices.Contains(mine, w) {
				shared = append(shared, w)
			}
		case p.words[w] > 1 || p.words[w] == 1 && len(p.authors) <= 2:
			own++
		}
	}
	score = lex.agreement(things, mine, shared) + min(float64(own), 2)*0.5
	if others {
		score += 0.5
	}
	if len(shared) == 0 {
		shared = mine
	}
	for _, t := range shared {
		fault = append(fault, t[1:])
	}
	return score, fault[:min(len(fault), maxFault)]
}

// maxFault is how many things are named to people.
const maxFault = 3

// agreement is how well the things of a report fit those of a case.
func (l *lexicon) agreement(things, mine, shared []string) float64 {
	if len(things) == 0 || len(mine) == 0 {
		return 0.5
	}
	a, b := l.specific(things), l.specific(mine)
	if len(a) > 0 && len(b) > 0 && len(l.specific(shared)) == 0 {
		// Each names something that the other does not.
		if l.related(a, b) {
			return 0.75
		}
		return -3
	}
	if len(shared) > 0 {
		score := 0.0
		for i, t := range shared {
			switch {
			case i > 0:
				score++
			case l.holders[t[1:]]:
				score += 1.5
			default:
				score += 2
			}
		}
		return score
	}
	if l.related(things, mine) {
		return 1
	}
	// One names an app or a system alone, the other what fails.
	if len(a) == 0 || len(b) == 0 {
		return 0.5
	}
	return -3
}

// specific are the things that are no mere holders of others.
func (l *lexicon) specific(things []string) []string {
	var out []string
	for _, t := range things {
		if !l.holders[t[1:]] {
			out = append(out, t)
		}
	}
	return out
}

// related reports whether two lists have things of one family.
func (l *lexicon) related(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return l.families[x[1:]] == l.families[y[1:]] })
	})
}
