package cue

import (
	"strings"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Lang is a language that the scorer reads.
type Lang uint8

// The languages. Unknown is any other, and a text too short to tell.
const (
	Unknown Lang = iota
	English
	Spanish
	French
	German
	Portuguese
	langs
)

// Languages is how many there are, Unknown included.
const Languages = int(langs)

// String is the code of l: en, es, fr, de, pt or und.
func (l Lang) String() string {
	return [Languages]string{"und", "en", "es", "fr", "de", "pt"}[l]
}

func parseLang(code string) (Lang, bool) {
	for l := range langs {
		if l.String() == code {
			return l, true
		}
	}
	return Unknown, false
}

// Detector tells languages apart by their small words.
type Detector struct {
	slots []langSlot
	mask  uint64
}

// langSlot is a small word: for which languages it speaks, and how strongly, in lanes
// of langLane bits, so that all are added up at once.
type langSlot struct {
	hash  uint64
	langs uint8
	votes uint64
}

const (
	langLane = 12
	// langFull is how many words fit into the lanes before one overflows.
	langFull = 1<<langLane/2 - 1
)

// NewDetector builds the table of small words.
func NewDetector() *Detector {
	d := &Detector{slots: make([]langSlot, 2048), mask: 2047}
	for l, words := range smallWords() {
		for w := range strings.FieldsSeq(words) {
			var doc text.Doc
			doc.Parse(w)
			if len(doc.Tokens) == 1 {
				d.add(doc.Tokens[0].Hash, 1<<l)
			}
		}
	}
	return d
}

func (d *Detector) add(hash uint64, bit uint8) {
	i := hash & d.mask
	for d.slots[i].hash != 0 && d.slots[i].hash != hash {
		i = (i + 1) & d.mask
	}
	d.slots[i].hash = hash
	s := &d.slots[i]
	s.langs |= bit
	s.votes = 0
	vote := uint64(1)
	if s.langs&(s.langs-1) == 0 {
		vote = 2
	}
	for l := English; l < langs; l++ {
		if s.langs&(1<<l) != 0 {
			s.votes |= vote << (langLane * (l - English))
		}
	}
}

// votes is for which languages a word speaks, 0 for most words.
func (d *Detector) votes(hash uint64) uint64 {
	for i := hash & d.mask; d.slots[i].hash != 0; i = (i + 1) & d.mask {
		if d.slots[i].hash == hash {
			return d.slots[i].votes
		}
	}
	return 0
}

// tally adds the votes in the lanes to score.
func tally(score *[Languages]int, lanes uint64) {
	for l := English; l < langs; l++ {
		score[l] += int(lanes >> (langLane * (l - English)) & (1<<langLane - 1))
	}
}

// Detect names the language of doc. The declared one decides where the words do
// not: it is a code such as pt or pt-BR, or empty.
func (d *Detector) Detect(doc *text.Doc, declared string) Lang {
	var score [Languages]int
	words, lanes := 0, uint64(0)
	for i := range doc.Tokens {
		t := &doc.Tokens[i]
		if t.Kind != text.Word || t.Flags&(text.Tag|text.Brand) != 0 {
			continue
		}
		words++
		lanes += d.votes(t.Hash)
		if words%langFull == 0 {
			tally(&score, lanes)
			lanes = 0
		}
	}
	tally(&score, lanes)
	declaredLang := declaredCode(declared)
	if 2*doc.Foreign > doc.Letters && doc.Foreign > 2 {
		return Unknown
	}
	best, second := Unknown, 0
	for l := English; l < langs; l++ {
		switch {
		case score[l] > score[best]:
			second, best = score[best], l
		case score[l] > second:
			second = score[l]
		}
	}
	return pick(best, score, second, words, declaredLang, declared)
}

func pick(best Lang, score [Languages]int, second, words int, declaredLang Lang, declared string) Lang {
	top := score[best]
	if top == 0 || top == second {
		switch {
		case declaredLang != Unknown && score[declaredLang] == top:
			return declaredLang
		case declared != "" && declaredLang == Unknown:
			return Unknown
		case top == 0 && words > 7:
			return Unknown
		case words == 0:
			return declaredLang
		}
		if top > 0 && score[English] < top {
			return best
		}
		return English
	}
	if declaredLang != Unknown && score[declaredLang]+2 >= top {
		return declaredLang
	}
	if declared != "" && declaredLang == Unknown && top < 6 {
		return Unknown
	}
	if words > 8 && top*5 < words {
		return Unknown
	}
	return best
}

func declaredCode(declared string) Lang {
	code, _, _ := strings.Cut(declared, "-")
	code, _, _ = strings.Cut(code, "_")
	for l := English; l < langs; l++ {
		if strings.EqualFold(code, l.String()) {
			return l
		}
	}
	return Unknown
}

func smallWords() map[Lang]string {
	return map[Lang]string{
		English: `the a an and or but if is are was were be been am i you he she it we they me him her us them my your his its our their
			this that these those of in on at to for with from by about into over after before not no don't can't won't isn't didn't
			do does did have has had will would can could should may might must what when where who why how which there here just so
			than then too very all any some more most other only own same up down out off again i'm i've it's you're that's there's
			get got go going want need know like good bad new now time day one two still never back thanks please help service
			customer order phone app work working hours days week waiting your really love great worst`,
		Spanish: `el la los las un una unos unas y o pero si es son era fue ser estar esta estoy estan yo tu usted ella nosotros
			me te se nos le les mi mis su sus nuestro de del en con por para sin sobre desde hasta no ni que quien cuando donde como
			porque muy mas menos todo toda todos nada algo ya aun todavia siempre nunca hay tengo tiene llevo llevan hace hacer puedo
			puede quiero esto eso este esa ese aqui ahora hoy ayer dias horas semanas mes gracias servicio cliente pedido atencion
			malo mala bueno buena mejor peor pesimo pesima verguenza dinero telefono llamar funciona increible buenos hola`,
		French: `le la les un une des et ou mais si est sont etait suis etre ai as avons avez ont je tu il elle nous vous ils elles
			me te se mon ma mes ton ta tes son sa ses notre votre vos leur de du au aux en dans sur avec pour par sans chez depuis ne
			pas plus rien jamais que qui quand comment pourquoi ce cette ces cet c'est j'ai n'est d'une qu'on tres trop tout tous toute
			encore toujours deja aussi bien mal fait faire peut veux ici maintenant jour jours heures semaine semaines mois merci
			client colis commande livraison remboursement honte nul nulle marche probleme bonjour aucun aucune reponse`,
		German: `der die das den dem des ein eine einen einem einer und oder aber wenn ist sind war waren bin bist sein habe hat haben
			ich du er sie es wir ihr mich mir dich uns euch mein meine meinen meiner dein euer eure ihre von vom im in mit auf fur zu
			zum zur bei aus nach seit uber unter nicht kein keine keinen nie nichts was wer wann wo wie warum dass sehr mehr alles
			noch immer schon auch nur mal wieder jetzt heute gestern tage tagen stunden wochen monate kann konnen will wird werden
			geht funktioniert danke bitte kunde kunden kundenservice bestellung paket lieferung schlecht gut leider endlich hallo`,
		Portuguese: `o a os as um uma uns umas e ou mas se e sao era foi ser estar esta estou estao eu voce ele ela nos voces eles me te
			lhe meu minha meus minhas seu sua seus suas nosso de do da dos das em no na nos nas com por para pra sem sobre desde ate
			nao nem que quem quando onde como porque muito mais menos tudo nada algo ja ainda sempre nunca tem tenho ha faz fazer
			posso pode quero isso isto este esta esse essa aqui agora hoje ontem dias horas semanas mes obrigado obrigada servico
			cliente pedido entrega atendimento ruim bom boa melhor pior pessimo pessima vergonha dinheiro telefone funciona oi ola`,
	}
}
