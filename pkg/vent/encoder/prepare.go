package encoder

import (
	"strings"

	"github.com/leakytap/leakytap/pkg/vent/internal/target"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Prepare is a text and its brand as the training script is given them: their
// words with a space between, and the first handle of the text.
func Prepare(src, brand string) (words, name, handle string) {
	var d text.Doc
	d.Parse(src)
	if brand != "" {
		target.Compile(brand, nil, nil, nil).Mark(&d)
	}
	for i := range d.Tokens {
		if d.Tokens[i].Kind == text.User {
			handle = string(d.Form(i))
			break
		}
	}
	return join(Words(&d, nil)), join(Name(brand)), handle
}

// Name is the words of a brand's name.
func Name(brand string) []Word {
	var d text.Doc
	d.Parse(strings.TrimLeft(brand, "@#"))
	return Words(&d, nil)
}

func join(ws []Word) string {
	var b strings.Builder
	for i, w := range ws {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	return b.String()
}
