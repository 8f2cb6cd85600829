package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Moment is a post of an invented day.
type Moment struct {
	At        time.Time
	Key       string
	Author    string
	Followers int64
	Text      string
	// Part is chatter, own, outage or brigade: whose post it is.
	Part string
}

// DaySize is how much of each part a day has.
type DaySize struct {
	// Mentions counts all posts. Own are complaints of one person each, Outage tell of
	// one fault in their own words, Brigade copy one text.
	Mentions, Own, Outage, Brigade int
	// Rewritten are a brigade that was asked to post one text and to change its words.
	Rewritten int
}

// The parts of a day.
const (
	PartChatter = "chatter"
	PartOwn     = "own"
	PartOutage  = "outage"
	PartBrigade = "brigade"
	// PartRewritten are posts of one text in words that each account has changed.
	PartRewritten = "rewritten"
)

// Day is an invented day of a brand, in order of time: chatter and complaints by the
// hours of people, an outage of login that begins at 10:00 and ebbs within two hours,
// a brigade that copies one text from 15:00 on for forty minutes, one that changes its
// words from 19:00 on for as long. A seed decides all of it.
func Day(size DaySize, brand string, from time.Time, seed uint64) []Moment {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a repeatable stream, no secret
	var out []Moment
	add := func(part string, i int, at time.Time, text string) {
		out = append(out, Moment{
			At: at, Part: part, Key: fmt.Sprintf("%s-%d-%d", part, from.Unix(), i), Author: fmt.Sprintf("did:%s:%d:%d", part, from.Unix(), i),
			Followers: int64(math.Pow(10, r.Float64()*4)), Text: text,
		})
	}
	for i := range size.Own {
		add(PartOwn, i, awake(r, from), complaint(r, brand, i+int(seed%1000)*100_000)+" "+aside(r))
	}
	told := Told("login", brand)
	r.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
	for i := range size.Outage {
		text := told[i%len(told)]
		if i >= len(told) {
			text = Vary(r, text)
		}
		// Few at first, most within the first half hour, the last after two hours.
		x := r.Float64() * r.Float64()
		if r.IntN(4) == 0 {
			x = r.Float64()
		}
		add(PartOutage, i, from.Add(10*time.Hour+time.Duration(math.Pow(x, 0.7)*float64(2*time.Hour))), text)
	}
	for i := range size.Brigade {
		text := "never give " + brand + " your money, they lie to old people, steal their savings and laugh about it. worst company alive, share this before they delete it"
		text = pick(r, "", "@everyone ", "RT ", "!! ") + text + pick(r, "", "!", "!!!", " 😡", " https://lies.example/"+brand, " @press")
		add(PartBrigade, i, from.Add(15*time.Hour+time.Duration(r.Float64()*float64(40*time.Minute))), text)
	}
	for i := range size.Rewritten {
		add(PartRewritten, i, from.Add(19*time.Hour+time.Duration(r.Float64()*float64(40*time.Minute))), Rewrite(r, brand))
	}
	for i := range size.Mentions - len(out) {
		add(PartChatter, i, awake(r, from), chatter(r, brand, i))
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return a.At.Compare(b.At) })
	return out
}

// awake is a time of the day when people write: rarely at night, most in the evening.
func awake(r *rand.Rand, from time.Time) time.Time {
	for {
		h := r.Float64() * 24
		if r.Float64() < 0.15+0.85*math.Max(0, math.Sin((h-6)/18*math.Pi)) {
			return from.Add(time.Duration(h * float64(time.Hour)))
		}
	}
}

// aside is what people add to a complaint, so that two of one pattern are not one text.
func aside(r *rand.Rand) string {
	return pick(r, "my neighbour", "my sister", "the postman", "our landlord", "my boss", "a colleague", "my gran", "the dog") + " " +
		pick(r, "said i should write here", "cannot believe it either", "has the photos", "told me so", "laughed out loud", "suggested a review", "was there too") + " " +
		pick(r, "after breakfast", "over lunch", "on the stairs", "in the rain", "at the station", "by the harbour", "during a film", "before bed")
}
