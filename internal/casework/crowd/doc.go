// Package crowd knows when many people speak of one thing: the same fault told by
// many in their own words, and more complaints about a topic than usual. It is
// pure: rows and the time go in, findings come out, each with what it was found by.
//
// It promises that the same rows and time give the same finding, and that what it
// names to people are the lexicon's own words, never a stranger's. It refuses to
// see more than usual where too few earlier days are known.
//
//	lexicon.go   the phrases of lexicon.txt, compiled
//	report.go    what one post says of a fault
//	match.go     which case's fault it is, by a bar that follows the rate
//	spike.go     more complaints about a topic than usual
//	stat.go      how unlikely a count is
package crowd
