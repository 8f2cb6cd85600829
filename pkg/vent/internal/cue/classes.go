package cue

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// classBits is a set of classes.
type classBits uint16

// wordClasses knows the classes of single words: numbers, units of time, money.
type wordClasses struct {
	slots []wordClass
	mask  uint64
	// known has a bit for each of them: most words are of no class.
	known [classFilter / 64]uint64
}

const classFilter = 4096

type wordClass struct {
	hash  uint64
	class class
}

const classSlots = 512

func newWordClasses() wordClasses {
	w := wordClasses{slots: make([]wordClass, classSlots), mask: classSlots - 1}
	for c, words := range map[class][]string{anyNumber: numberWords(), anyTime: timeWords(), anyMoney: moneyWords()} {
		for _, s := range words {
			h := text.HashString(s)
			i := h & w.mask
			for w.slots[i].hash != 0 {
				i = (i + 1) & w.mask
			}
			w.slots[i] = wordClass{h, c}
			w.known[h>>40%classFilter/64] |= 1 << (h >> 40 % 64)
		}
	}
	return w
}

func (w *wordClasses) of(hash uint64) (class, bool) {
	if w.known[hash>>40%classFilter/64]>>(hash>>40%64)&1 == 0 {
		return 0, false
	}
	for i := hash & w.mask; w.slots[i].hash != 0; i = (i + 1) & w.mask {
		if w.slots[i].hash == hash {
			return w.slots[i].class, true
		}
	}
	return 0, false
}

// classify notes for each token of d which classes it is of.
func (s *Set) classify(d *text.Doc) {
	fresh := true
	for i := range d.Tokens {
		t := &d.Tokens[i]
		bits := uint16(1<<anyWord | 1<<aGap | 1<<sentenceEnd)
		fresh = fresh || t.Has(text.Line)
		if fresh {
			bits |= 1 << sentenceStart
		}
		switch t.Kind {
		case text.Word:
			if c, ok := s.kinds.of(t.Hash); ok && c != anyMoney {
				bits |= 1 << c
			}
			fresh = false
		case text.Number:
			bits |= 1 << anyNumber
			fresh = false
		case text.User:
			bits |= 1 << anyUser
		case text.URL:
			bits |= 1 << anyURL
		case text.Punct:
			bits &^= 1 << anyWord
			fresh = stops(d, i)
		case text.Emoji, text.Emoticon:
		}
		if t.Has(text.Brand) {
			bits |= 1 << theBrand
		}
		if t.Has(text.Rival) {
			bits |= 1 << aRival
		}
		t.Class = bits
		if i > 0 && s.money(d, i-1, i) {
			d.Tokens[i-1].Class |= 1 << anyMoney
		}
	}
}

// money tells whether tokens i and j are a sum: $40, 40 euros.
func (s *Set) money(d *text.Doc, i, j int) bool {
	a, b := &d.Tokens[i], &d.Tokens[j]
	if (a.Kind == text.Number) == (b.Kind == text.Number) {
		return false
	}
	if a.Kind == text.Number {
		a = b
	}
	c, ok := s.kinds.of(a.Hash)
	return ok && c == anyMoney
}

func moneyWords() []string {
	return []string{
		"$", "£", "€", "¥", "₹", "usd", "eur", "gbp", "dollars", "euros", "pounds", "bucks", "quid", "euro", "dollar", "dolares", "reais",
	}
}

func numberWords() []string {
	return []string{
		"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty",
		"thirty", "forty", "fifty", "sixty", "ninety", "hundred", "several", "many", "few", "couple", "dos", "tres", "cuatro",
		"cinco", "seis", "siete", "ocho", "nueve", "diez", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf",
		"dix", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn", "dois", "duas", "quatro",
		"sete", "oito", "nove", "dez", "mehreren", "mehrere", "varias", "varios", "plusieurs",
	}
}

func timeWords() []string {
	return []string{
		"second", "seconds", "sec", "secs", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs", "h", "day", "days",
		"week", "weeks", "wk", "wks", "month", "months", "mth", "mths", "year", "years", "yr", "yrs", "night", "nights", "weekend",
		"hora", "horas", "dia", "dias", "semana", "semanas", "mes", "meses", "ano", "anos", "minuto", "minutos",
		"heure", "heures", "jour", "jours", "semaine", "semaines", "mois", "an", "ans", "minuten", "stunde", "stunden",
		"tag", "tage", "tagen", "woche", "wochen", "monat", "monate", "monaten", "jahr", "jahre", "jahren",
	}
}
