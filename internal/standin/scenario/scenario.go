// Package scenario is a life-like stream of invented posts about invented
// companies, for the demo and for tests: complaints among praise, questions, news,
// homonyms and noise, with replies, an edit, a deletion and a thank-you.
//
//	scenario.go  what a post is, and the stream as a whole
//	posts.go     the posts
//	generate.go  many posts by a pattern
//	day.go       a whole day: chatter, complaints, an outage and a brigade
//	incidents.go hand-written posts of many about one fault (incidents.txt), and their like
package scenario

import "time"

// Feed says on which stand-in a post appears.
type Feed string

// The feeds of the demo.
const (
	Bluesky    Feed = "bluesky"
	HackerNews Feed = "hackernews"
	Forum      Feed = "rss"
	Webhook    Feed = "webhook"
)

// Act is what happens to a post.
type Act string

// The acts. Edit and Delete name the Key of an earlier post.
const (
	Write  Act = "write"
	Edit   Act = "edit"
	Delete Act = "delete"
)

// Post is one event of the stream.
type Post struct {
	// Key names the post within the scenario; replies, edits and deletions refer to it.
	Key string
	Act Act
	// Feed is where it appears, After how long after the event before it.
	Feed  Feed
	After time.Duration
	// Handle, Name and Followers are the author's.
	Handle    string
	Name      string
	Followers int64
	Title     string
	Text      string
	// ReplyTo is the Key of the post it answers, empty for none.
	ReplyTo string
	// Rating is a star rating, 0 for none.
	Rating int
	// Alerts says that a person would want to hear of it: what tests hold the daemon to.
	Alerts bool
}

// Brand is one of the invented companies.
type Brand struct {
	Name        string
	Query       string
	OwnAccounts []string
	Competitors []string
	Context     []string
}

// Brands are the companies that the posts speak of.
func Brands() []Brand {
	return []Brand{
		{
			Name:        "zephyrine",
			Query:       `("zephyrine air" OR zephyrine OR @zephyrineair OR #zephyrine) NOT "zephyrine county"`,
			OwnAccounts: []string{"@zephyrineair.example"},
			Competitors: []string{"Coastal Wings"},
			Context:     []string{"flight", "gate", "luggage", "crew", "booking", "seat"},
		},
		{
			Name:        "pakketto",
			Query:       `pakketto OR @pakketto OR #pakketto`,
			OwnAccounts: []string{"@pakketto.example"},
			Context:     []string{"parcel", "delivery", "courier", "tracking"},
		},
		{
			Name:        "lumora",
			Query:       `(lumora OR @lumora OR #lumora) NOT "lumora festival"`,
			OwnAccounts: []string{"@lumora.example"},
			Context:     []string{"app", "phone", "update", "subscription", "login"},
		},
	}
}
