package scenario

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Generate makes n posts about brand of which complaints are clear complaints,
// in a shuffled order that a seed decides. No two texts are near-copies of each
// other and no two posts have one author, so that each complaint is a case of its own.
func Generate(n, complaints int, brand string, seed uint64) []Post {
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a repeatable stream, no secret
	posts := make([]Post, n)
	for i := range posts {
		p := Post{
			Key: fmt.Sprintf("p%05d", i), Act: Write, Handle: fmt.Sprintf("person%05d.example", i),
			Name: fmt.Sprintf("Person %d", i), Followers: int64(r.IntN(5000)), Alerts: i < complaints,
		}
		if p.Alerts {
			p.Text = complaint(r, brand, i)
		} else {
			p.Text = chatter(r, brand, i)
		}
		posts[i] = p
	}
	r.Shuffle(n, func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
	return posts
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// filler keeps two texts of one pattern apart: words that say nothing of the matter.
func filler(r *rand.Rand, i int) string {
	return fmt.Sprintf("%s %s, %s, ref %s%d",
		pick(r, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
		pick(r, "morning", "noon", "afternoon", "evening", "night"),
		pick(r, "rivermouth", "oldbridge", "northgate", "saltmarsh", "pinehill", "lakeview", "stonefield", "eastwick", "harbour end", "millbrook"),
		strings.ToUpper(pick(r, "qk", "zt", "vb", "mx", "lw", "hn", "pd", "rf")), 10_000+i*7)
}

func complaint(r *rand.Rand, brand string, i int) string {
	what := pick(r,
		"my %[2]s is lost and %[1]s support will not answer, this is a disgrace",
		"%[3]d hours on hold with %[1]s about my %[2]s and then they hung up on me. terrible service",
		"%[1]s charged me twice for a %[2]s and refuses the refund. i am furious",
		"third time this month that %[1]s broke my %[2]s. worst company ever, never again",
		"day %[3]d without my %[2]s. %[1]s ignores every email. i want my money back",
		"%[1]s sent me a damaged %[2]s and the agent was rude about it. absolutely awful",
		"still no %[2]s from %[1]s after %[3]d weeks of broken promises. unacceptable",
		"cancelling my %[1]s account, the %[2]s never works and nobody helps. so angry")
	thing := pick(r, "parcel", "replacement", "router", "suitcase", "sofa", "ticket", "heater", "bicycle", "washing machine", "camera", "mattress", "coffee maker")
	return fmt.Sprintf(what, brand, thing, 2+r.IntN(9)) + ". " + filler(r, i)
}

func chatter(r *rand.Rand, brand string, i int) string {
	what := pick(r,
		"walked past the new %s shop today, nice window",
		"%s is hiring a driver, apply on their site",
		"does anyone know the opening hours of %s?",
		"love how quick %s was today, thank you so much",
		"%s announced its quarterly figures this week",
		"listening to a podcast about how %s began",
		"shout-out to %s, everything arrived early and in great shape",
		"my cousin starts at %s next week, so happy for her")
	return fmt.Sprintf(what, brand) + ". " + filler(r, i)
}
