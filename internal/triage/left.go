package triage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/pkg/vent"
)

var (
	// leftWords are what customers say who have left, notLeft what takes it back: a threat,
	// a plan, a question, or somebody else who cancelled.
	leftWords = regexp.MustCompile(`\b(i|we|i've|we've|ive|weve|i have|we have|i just|we just|just|already|finally|and|so)? ?` +
		`(cancell?ed|closed|terminated|ended|deleted|left) (it all|everything|(my|our|the|both|all)( \w+){0,2} (accounts?|subscriptions?|contracts?|memberships?|plans?|polic(y|ies)|lines?))\b` +
		`|\bcancell?ed\b[^.!?]{0,20}\b(moved|switched|gone|went|moving|joined|signed up)\b` +
		`|\b(i|we|i've|we've|ive|have|just|already|finally) (just |already |finally |now |have )*(switched|gone over|ported|changed providers?|taken (my|our) (business|money|custom))\b` +
		`|\b(moved|switched|changed|gone|went) (over |away |on )?to (another|a different|a new|a competitor|the competition|someone else|somebody else|a rival)\b` +
		`|\b(no longer|not) (a|your|their) customer\b|\b(ex|former)-? ?customer (now|here)\b|\btook (my|our) (business|money|custom) elsewhere\b` +
		`|\b(me he|nos hemos) (cambiado|dado de baja)\b|\bhe cancelado mi\b|\bj'ai (resilie|change d'operateur)\b|\bhabe (gekundigt|gewechselt)\b|\bcancelei (a|o|minha|meu)\b|\bmudei para\b`)
	notLeft = regexp.MustCompile(`\b(will|'ll|would|could|might|may|should|shall|going to|gonna|about to|thinking|considering|tempted|ready to|plan(ning)? to|want(ed)? to|wanna|if|unless|until|before|never|can't|cannot|couldn't|won't|didn't|haven't|hasn't|tried|trying|how do|you|they|them) [^.!?]{0,25}$`)
)

// Left reports whether an author says that they have left the brand: not that they
// will, would or might, nor that somebody cancelled on them. Moving to one of the
// competitors by name is leaving too.
func Left(text string, competitors []string) bool {
	for s := range strings.FieldsFuncSeq(foldText(text), func(r rune) bool { return r == '.' || r == '!' || r == '?' || r == '\n' }) {
		s = " " + strings.Join(strings.Fields(strings.ReplaceAll(s, "’", "'")), " ")
		if at := leftWords.FindStringIndex(s); at != nil && !notLeft.MatchString(s[:at[0]]+" ") {
			return true
		}
		for _, c := range competitors {
			at := movedTo(s, foldText(c))
			if at >= 0 && !notLeft.MatchString(s[:at]) {
				return true
			}
		}
	}
	return false
}

// movedTo is where a sentence says that its author moved to that name, -1 for nowhere.
func movedTo(s, name string) int {
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	if name == "" {
		return -1
	}
	for _, verb := range []string{"moved to ", "switched to ", "moved over to ", "switched over to ", "went to ", "gone to ", "gone with ", "went with ", "changed to ", "signed up with ", "joined "} {
		for _, sign := range []string{"", "@"} {
			if at := strings.Index(s, verb+sign+name); at >= 0 {
				return at
			}
		}
	}
	return -1
}

// kindWords is how sure the scorer must be of kind words.
const kindWords = 0.75

// Praise reports whether a post says something kind about the brand: surely positive,
// and far from a complaint.
func Praise(s vent.Score, threshold float64) bool {
	return s.Positive >= kindWords && s.Venting < threshold/2 && !slices.Contains(s.Signals, signalSarcasm)
}
