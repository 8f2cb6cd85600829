package record

import "time"

// Complaint is what is kept of a post that asked for a card, so that the same fault
// told by many, and more complaints than usual, can be seen. It is erased with the post.
type Complaint struct {
	Brand   string    `json:"brand"`
	Mention string    `json:"mention"`
	At      time.Time `json:"at"`
	// Author tells authors apart; it is a hash of the author's key, or of the post's
	// id where a platform names no authors.
	Author uint64 `json:"author"`
	// Topics are the score's.
	Topics []string `json:"topics,omitempty"`
	// Outage says that it reports a fault that others would have too, Words what it
	// says of it: names of things such as #login, and its own rarer words.
	Outage bool     `json:"outage,omitempty"`
	Words  []string `json:"words,omitempty"`
	// About is what the post is about, in a phrase or two.
	About string `json:"about,omitempty"`
	// Copy says that its text is nearly that of another post: it is counted on its
	// case, and is no sign of more complaints than usual.
	Copy bool `json:"copy,omitempty"`
	// Reach is the author's followers.
	Reach int64 `json:"reach,omitempty"`
	// Case is the case that took it, or empty.
	Case string `json:"case,omitempty"`
}

// Crowd is what a case knows about the many who tell of it. It holds no words of theirs.
type Crowd struct {
	// Fault names what the posts share, in our words: login, app.
	Fault []string `json:"fault,omitempty"`
	// Steps are when the number of authors reached 1, 2, 4, 8 and so on.
	Steps []time.Time `json:"steps,omitempty"`
	// Recent counts the authors of the quarter of an hour before RecentAt.
	Recent   int       `json:"recent,omitempty"`
	RecentAt time.Time `json:"recent_at,omitzero"`
	// Copies counts the posts whose text is nearly the first one's, Reach the followers
	// of all authors together.
	Copies int   `json:"copies,omitempty"`
	Reach  int64 `json:"reach,omitempty"`
	// Examples are the posts that say it best.
	Examples []Example `json:"examples,omitempty"`
	// Told is the number of authors that people were last told about.
	Told int `json:"told,omitempty"`
	// Incident is set once more complaints came than usual.
	Incident *Incident `json:"incident,omitempty"`
}

// Example is a post that stands for many.
type Example struct {
	Mention string `json:"mention"`
	URL     string `json:"url"`
	Author  uint64 `json:"author"`
	Weight  int    `json:"weight"`
}

// Incident is a spike: more people complain about a topic than they do at this hour.
type Incident struct {
	Topic string `json:"topic"`
	// Since is the first complaint of the spike, At when it was noticed.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
	// Authors counts the people who had complained within Window by then; Usual is
	// what the same hours of earlier days make one expect, and Days how many they were.
	Authors int           `json:"authors"`
	Window  time.Duration `json:"window"`
	Usual   float64       `json:"usual"`
	Days    int           `json:"days"`
	// Reach is the followers of these people together.
	Reach int64 `json:"reach,omitempty"`
	// Inhibited counts the posts that got no card of their own because of it.
	Inhibited int `json:"inhibited,omitempty"`
}

// SpikeStatus says of a brand whether more complaints than usual would be noticed.
type SpikeStatus struct {
	Brand   string `json:"brand"`
	Enabled bool   `json:"enabled"`
	// Days is how many earlier days are known, Needed how many it takes. Ready is
	// false while there are too few: no spike is told then.
	Days   int  `json:"days"`
	Needed int  `json:"needed"`
	Ready  bool `json:"ready"`
	// Topics are those that somebody complained about in the window.
	Topics []SpikeTopic `json:"topics,omitempty"`
	// Cases are the live incident cases.
	Cases []string `json:"cases,omitempty"`
}

// SpikeTopic is how a topic stands against its usual hours.
type SpikeTopic struct {
	Topic   string `json:"topic"`
	Authors int    `json:"authors"`
	// Usual is what is expected, Needs the number of authors that makes a spike; both
	// are 0 while there are too few days.
	Usual float64 `json:"usual"`
	Needs int     `json:"needs"`
}
