package scenario

import (
	_ "embed" // the invented posts
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed incidents.txt
var incidents string

// Incidents are the names of the incidents that Told has posts of.
func Incidents() []string { return []string{"login", "network", "payment"} }

// Told are the hand-written posts of one section of incidents.txt, about brand: an
// incident, or apart and apart2, which tell of one person's own trouble.
func Told(section, brand string) []string {
	_, rest, _ := strings.Cut(incidents, "\n["+section+"]\n")
	rest, _, _ = strings.Cut(rest, "\n[")
	var out []string
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			out = append(out, strings.ReplaceAll(line, "{b}", brand))
		}
	}
	return out
}

// Vary says a post once more in somewhat other words: how people begin and end one.
func Vary(r *rand.Rand, text string) string {
	before := pick(r, "", "", "", "ugh. ", "so ", "right, ", "ok ", "seriously: ", "hi, ", "not again. ", "happy tuesday i guess. ", "for the record, ",
		"in the middle of work: ", "good morning. ", "sitting here in "+place(r)+" and ", "asking from "+place(r)+": ")
	after := pick(r, "", "", "", " not amused", " 😡", " what a joke", " any news?", " third coffee already", " greetings from "+place(r),
		fmt.Sprintf(" (%d:%02d)", 7+r.IntN(14), r.IntN(60)), " #fail", " hello?", " please fix this", " i have had it", " my boss is not pleased")
	if r.IntN(6) == 0 {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return before + text + after
}

func place(r *rand.Rand) string {
	return pick(r, "rivermouth", "oldbridge", "northgate", "saltmarsh", "pinehill", "lakeview", "stonefield", "eastwick", "millbrook")
}
