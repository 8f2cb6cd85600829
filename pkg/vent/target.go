package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// target lowers complaints about somebody else: competitors, and things that
// happen to have the brand's name.
func (w *work) target(t *tally) {
	if w.names == nil || !w.names.Given {
		return
	}
	if t.weight[cue.Switch] >= 2 {
		w.atMost(-1, t.from[cue.Switch], t.to[cue.Switch])
	}
	w.homonym(t)
}

// homonym lowers a text in which the brand's name is an everyday word: it stands
// behind an article, or in small letters where the author takes care of capitals,
// and nothing speaks of a customer.
func (w *work) homonym(t *tally) {
	if w.r.Seen.Context > 0 || w.r.Seen.Brand == 0 {
		return
	}
	customer := t.has(cue.Customer) && t.wrong() >= 3 || t.wrong() >= 5
	if t.weight[cue.Everyday] >= 3 && !customer {
		w.atMost(-1.2, t.from[cue.Everyday], t.to[cue.Everyday])
		return
	}
	if !w.names.Everyday {
		return
	}
	at := int32(w.r.Seen.First)
	named, small := w.spelled()
	switch {
	case named, t.weight[cue.Customer] >= 3, t.you:
	case small && w.careful() && t.weight[cue.Everyday]+t.weight[cue.Homonym] > 0:
		w.atMost(-1.2, at, at+1)
	case small && !customer && w.article():
		w.atMost(-0.7, at, at+1)
	case small && w.careful() && t.wrong() < 5:
		w.atMost(-0.7, at, at+1)
	case !customer && t.wrong() < 3 && w.sum < 1.2 && t.served() < 2:
		w.atMost(-0.3, at, at+1)
	}
}

// spelled tells whether some mention of the brand is surely a name, a handle, a
// hashtag or a capital inside a sentence, and whether all are in small letters.
func (w *work) spelled() (named, small bool) {
	d := &w.r.Doc
	small = true
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if !t.Has(text.Brand) {
			continue
		}
		capital := t.Has(text.Title) || t.Has(text.Caps)
		if t.Kind == text.User || t.Has(text.Tag) || capital && i > 0 && d.Tokens[i-1].Kind == text.Word {
			named = true
		}
		if capital {
			small = false
		}
	}
	return named, small
}

// careful tells whether the author begins sentences with capitals.
func (w *work) careful() bool {
	for i := range w.r.Doc.Tokens {
		t := &w.r.Doc.Tokens[i]
		if t.Kind == text.Word {
			return t.Has(text.Title) || t.Has(text.Caps) || string(w.r.Doc.Src[t.Start]) == "I" || string(w.r.Doc.Src[t.Start]) == "A"
		}
	}
	return false
}

// article tells whether the brand's name stands behind an article, as everyday
// words do, and before no word for what a firm has.
func (w *work) article() bool {
	d := &w.r.Doc
	at := w.r.Seen.First
	if at+1 < len(d.Tokens) && d.Tokens[at+1].Kind == text.Word && trade(d.Form(at+1)) {
		return false
	}
	for i := at - 1; i >= max(0, at-2); i-- {
		if d.Tokens[i].Kind != text.Word {
			return false
		}
		switch string(d.Form(i)) {
		case "a", "an", "the", "this", "that", "these", "those", "one", "two", "three", "some", "every", "each", "another", "no":
			return true
		}
	}
	return false
}

// trade tells whether a word behind a name says that a firm's thing is meant.
func trade(form []byte) bool {
	switch string(form) {
	case "app", "apps", "store", "shop", "site", "website", "service", "support", "account", "order", "driver", "drivers", "team", "staff",
		"customer", "customers", "card", "bill", "phone", "people", "guys", "update", "subscription", "membership", "delivery", "branch",
		"office", "helpline", "chat", "server", "servers", "router", "plan", "flight", "crew", "guy", "lady", "rep", "agent":
		return true
	}
	return false
}

// served is how strongly the text speaks of what firms do for customers.
func (t *tally) served() int {
	return t.weight[cue.TopicBilling] + t.weight[cue.TopicAccount] + t.weight[cue.TopicSupport] + t.weight[cue.TopicRefund] +
		t.weight[cue.TopicDelivery] + t.weight[cue.TopicApp]
}
