package text

const negationReach = 4

// scope marks what negations and quotation marks reach.
func (d *Doc) scope() {
	left := 0
	quote := -1
	for i := range d.Tokens {
		t := &d.Tokens[i]
		switch t.Kind {
		case Punct:
			switch d.Norm[t.NStart] {
			case '.', ',', ';', ':', '!', '?', '(', ')':
				left = 0
			case '"':
				left = 0
				quote = d.quote(quote, i)
			}
		case Word:
			form := d.Form(i)
			if left > 0 {
				if string(form) == "but" {
					left = 0
					continue
				}
				t.Flags |= Negated
				left--
			}
			if negator(form) {
				left = negationReach
			}
		case Emoji, Emoticon:
			left = 0
		case Number, User, URL:
		}
	}
}

// quote opens a quotation at i, or closes the one that was opened.
func (d *Doc) quote(open, i int) int {
	if open < 0 {
		return i
	}
	for j := open + 1; j < i; j++ {
		d.Tokens[j].Flags |= Quoted
	}
	return -1
}

// Letters is a set of letters from a to z.
type Letters uint32

// LettersOf is the letters of s.
func LettersOf(s string) (l Letters) {
	for i := range len(s) {
		l |= 1 << (s[i] - 'a')
	}
	return l
}

// Open tells whether a word begins with one of the letters: by that most words are
// told apart from those of a list.
func (l Letters) Open(w []byte) bool { return len(w) > 0 && w[0]-'a' < 26 && l>>(w[0]-'a')&1 != 0 }

// negations is the letters that the negations of negator begin with.
var negations = LettersOf("acdhijknopsw")

// negator tells whether the word turns what follows it round.
func negator(w []byte) bool {
	n := len(w)
	if n > 3 && w[n-1] == 't' && w[n-2] == '\'' && w[n-3] == 'n' {
		return true
	}
	if !negations.Open(w) {
		return false
	}
	switch string(w) {
	case "not", "no", "never", "cannot", "without", "neither", "nor", "none", "nobody", "nothing", "hardly",
		"cant", "dont", "wont", "isnt", "wasnt", "doesnt", "didnt", "couldnt", "wouldnt", "aint", "havent", "hasnt",
		"arent", "werent", "shouldnt", "sin", "nunca", "jamas", "pas", "jamais", "sans", "nicht", "kein", "keine",
		"keinen", "nie", "ohne", "nao", "nem", "sem":
		return true
	}
	return false
}
