package scenario

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Rewrite is what one account of a brigade posts that was asked to change the words: each
// word that has others is one of them, a sentence may be left out, the order may differ,
// and there is something of its own at the end.
func Rewrite(r *rand.Rand, brand string) string {
	say := func(words ...string) string { return pick(r, words...) }
	parts := []string{
		brand + " " + say("robs", "cheats", "swindles", "rips off") + " " + say("pensioners", "elderly people", "old folks") + " with " + say("fake", "false", "bogus") + " contracts",
		"their " + say("sales staff", "sales people", "agents") + " " + say("lie", "cheat", "lie and cheat") + " on the phone and " + say("laugh", "hang up", "shout") + " when anybody " + say("complains", "asks for a refund", "wants money back"),
		say("deposits", "savings") + " " + say("stolen", "gone", "never returned") + ", refunds " + say("refused", "denied", "ignored") + " for months",
	}
	if r.IntN(5) == 0 {
		parts = slices.Delete(parts, 2, 3)
	}
	if r.IntN(3) == 0 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	end := say("worst", "most disgusting", "most dishonest") + " scam company " + say("ever", "around", "in the country") + ", " + say("boycott", "avoid", "stay away from") + " " + brand + say("", " now", " and tell everyone", " and share this")
	return strings.Join(parts, say(". ", ", ", "! ")) + say(". ", "! ", " - ") + end + say("", "!", "!!!", " #boycott"+brand, " 😡")
}
