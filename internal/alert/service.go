package alert

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/record/asks"
	"github.com/leakytap/leakytap/pkg/mention"
)

// earlierShown is how many earlier cases a card names.
const earlierShown = 2

// serviceLines say by when what is due, and what was promised.
func serviceLines(c *record.Case, now time.Time) [][]Span {
	var out [][]Span
	if duty, at := c.Due(); duty != record.DutyNone {
		l := []Span{{Text: dutyWords(duty) + " due "}, {At: at}}
		if !at.After(now) {
			l = []Span{{Text: "⏰ Overdue", Bold: true}, {Text: ": " + dutyWords(duty) + " was due "}, {At: at, Ago: true}}
		}
		out = append(out, l)
	}
	if p := c.Service.Promise; p != nil && (p.Open() || c.State.Live()) {
		out = append(out, promiseLine(p, now))
	}
	return out
}

func dutyWords(d record.Duty) string {
	switch d {
	case record.DutyAck:
		return "Somebody to claim it"
	case record.DutyAnswer:
		return "An answer"
	case record.DutyResolve:
		return "A resolution"
	case record.DutyNone:
	}
	return ""
}

// promiseLine says who promised what by when, and what became of it.
func promiseLine(p *record.Promise, now time.Time) []Span {
	out := []Span{{Text: "Promised by "}, {User: p.Actor}, {Text: ", for "}, {At: p.By}, {Text: ": “" + OneLine(p.What, 300) + "”"}}
	switch {
	case !p.Open() && p.Kept:
		out = append(out, Span{Text: " · kept"})
	case !p.Open():
		out = append(out, Span{Text: " · not kept", Bold: true})
	case p.Overdue(now):
		out = append(out, Span{Text: " · overdue", Bold: true})
	}
	return out
}

// needLines say what the customer asks for and says they were told, each in their
// own words, and how it went before.
func needLines(d *record.Dossier, deleted bool) [][]Span {
	var out [][]Span
	if !deleted {
		out = askLines(d)
	}
	for i, e := range d.Earlier {
		if i == earlierShown {
			break
		}
		out = append(out, earlierLine(e))
	}
	return out
}

func askLines(d *record.Dossier) [][]Span {
	found := asks.In(ofCustomer(d))
	var out [][]Span
	if len(found.Wants) > 0 {
		l := []Span{{Text: "Asks for "}}
		for i, q := range found.Wants {
			if i > 0 {
				l = append(l, Span{Text: ", "})
			}
			l = append(l, Span{Text: WantWords(q.Kind), Bold: true}, Span{Text: ": “" + OneLine(q.Words, 150) + "”"})
		}
		out = append(out, l)
	}
	if len(found.Told) > 0 {
		l := []Span{{Text: "Was told before"}, {Text: ": "}}
		for i, q := range found.Told {
			if i > 0 {
				l = append(l, Span{Text: ", "})
			}
			l = append(l, Span{Text: "“" + OneLine(q.Words, 150) + "”"})
		}
		out = append(out, l)
	}
	return out
}

// WantWords says in our words what a customer asks for.
func WantWords(k asks.Kind) string {
	switch k {
	case asks.Acknowledge:
		return "a word that it was heard"
	case asks.Own:
		return "somebody who takes it"
	case asks.Next:
		return "what happens next"
	case asks.When:
		return "a time"
	}
	return string(k)
}

// ofCustomer are the case's posts by who wrote the first one.
func ofCustomer(d *record.Dossier) []mention.Mention {
	root := rootOf(d)
	posts := []mention.Mention{root}
	for _, m := range d.Later {
		if m.AuthorKey() != "" && m.AuthorKey() == root.AuthorKey() {
			posts = append(posts, m)
		}
	}
	return posts
}

// earlierLine says when an earlier case of the same customer was, and how it ended.
func earlierLine(e record.Earlier) []Span {
	text := "Earlier case"
	if about := OneLine(e.About, 60); about != "" {
		text += " (" + about + ")"
	}
	out := []Span{{Text: text + ", "}, {At: e.OpenedAt, Ago: true}, {Text: ": " + endWords(e)}}
	if e.URL != "" {
		out = append(out, Span{Text: " · "}, linkTo(e.URL, ""))
	}
	return out
}

// endWords says how a case ended.
func endWords(e record.Earlier) string {
	switch {
	case e.Fate == record.FateRecovered:
		return "the customer was all right"
	case e.Fate == record.FateLost:
		return "the customer had left"
	case e.Fate == record.FateSilent:
		return "the customer said nothing more"
	case e.State == record.StateResolved:
		return "resolved"
	case e.State == record.StateDismissed:
		return "not a complaint"
	}
	return "still " + string(e.State)
}
