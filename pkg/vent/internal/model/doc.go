// Package model is the linear part of the scorer: what a text's features are, and
// the table of weights that a training run wrote for them.
//
// Every feature is a 64-bit hash with a value of its group. One pass over a
// text's features adds up all heads: three of polarity and those of venting.
//
//	doc.go       the heads
//	feature.go   features of words, n-grams and characters, one by one
//	dense.go     features of the text as a whole and of its cues
//	facts.go     those features as small numbers
//	sum.go       the weights of all features of a text
//	grams.go     what is remembered about single words
//	adder.go     weights added up, eight at a time
//	table.go     weights by feature
//	places.go    a row for each feature
//	grade.go     how severe a complaint is
//	file.go      the file format, its checksum and its limits
//	second.go    how the second opinion counts
package model

// Head is one of the questions that the model answers.
type Head int

// The heads. Negative, Neutral and Positive are log-odds of the polarity of the
// text; Complaint is that its author complains as a customer; Target is that it
// is negative towards the brand; Case is that its author complains about the brand
// named, learned from posts in which a person judged just that; Kin is that the text
// is like those posts, and tells how far Case is to be believed.
const (
	Negative Head = iota
	Neutral
	Positive
	Complaint
	Target
	Case
	Kin
	heads
)

// Heads is how many there are.
const Heads = int(heads)

// Group is a family of features that share a value.
type Group uint8

// The groups. Words are n-grams of words, Chars n-grams of characters inside words,
// Facts the cues and everything about the text as a whole: few, and heavy.
const (
	Words Group = iota
	Chars
	Facts
	Groups int = iota
)

// Value is what a feature of group g counts.
func (g Group) Value() float64 {
	if g == Chars {
		return 0.4
	}
	return 1
}
