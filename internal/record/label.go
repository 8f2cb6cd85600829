package record

import "time"

// Reasons of labels that are no dismissals.
const (
	// ReasonResolved is a case that was resolved: it was a complaint.
	ReasonResolved = "resolved"
	// ReasonComplaint is a post that somebody called a complaint.
	ReasonComplaint = "complaint"
	// ReasonNotComplaint is one that somebody called none without saying more.
	ReasonNotComplaint = "not_a_complaint"
)

// LabelReasons lists the reasons that a label may name.
func LabelReasons() []string {
	return []string{ReasonResolved, ReasonComplaint, ReasonNotComplaint, ReasonWrongCompany, ReasonNotCustomer, ReasonSpam}
}

// Sources of labels: how they came to be.
const (
	LabelFromCase   = "case"
	LabelFromPerson = "person"
	LabelFromImport = "import"
	LabelFromSample = "sample"
)

// LabelSources lists them.
func LabelSources() []string {
	return []string{LabelFromCase, LabelFromPerson, LabelFromImport, LabelFromSample}
}

// Label is what a person taught about one mention.
type Label struct {
	ID      int64  `json:"id"`
	Brand   string `json:"brand"`
	Mention string `json:"mention"`
	// Text is title and text. It is kept so that a refit does not depend on the
	// mention's retention; it is erased with the mention.
	Text string `json:"text"`
	Lang string `json:"lang,omitempty"`
	URL  string `json:"url,omitempty"`
	// Venting says that it is a complaint.
	Venting bool `json:"venting"`
	// Reason is one of LabelReasons.
	Reason string `json:"reason"`
	// Actor gave it, Via what (slack, web, cli, api); Source is one of LabelSources,
	// and Case the case whose end it was.
	Actor  string    `json:"actor"`
	Via    string    `json:"via,omitempty"`
	Source string    `json:"source,omitempty"`
	Case   string    `json:"case,omitempty"`
	At     time.Time `json:"at"`
	// Base is the post's log-odds of venting before any label, by Model; Model is
	// empty where nobody had scored the post. Alerted says that it had reached people.
	Base    float64 `json:"base,omitempty"`
	Model   string  `json:"model,omitempty"`
	Alerted bool    `json:"alerted,omitempty"`
	// Undone says that it teaches nothing any more: taken back by UndoneBy, or
	// Replaced by a later word on the same case.
	Undone   bool      `json:"undone,omitempty"`
	Replaced bool      `json:"replaced,omitempty"`
	UndoneBy string    `json:"undone_by,omitempty"`
	UndoneAt time.Time `json:"undone_at,omitzero"`
	// Layer is the version of the refit that used it first, 0 while none did.
	Layer int64 `json:"layer,omitempty"`
}

// Disagreement is a mention about which the last words of several people differ.
type Disagreement struct {
	Brand   string `json:"brand"`
	Mention string `json:"mention"`
	URL     string `json:"url,omitempty"`
	Text    string `json:"text"`
	// Labels are each person's last word, oldest first.
	Labels []Label `json:"labels"`
}

// LayerState is where a refit stands.
type LayerState string

// The states of a refit. One that is active is in use; a proposed one waits for a
// person; a refused one would have broken something; a replaced one had its time.
const (
	LayerActive   LayerState = "active"
	LayerProposed LayerState = "proposed"
	LayerRefused  LayerState = "refused"
	LayerReplaced LayerState = "replaced"
)

// Why a refit was refused.
const (
	RefusedPin       = "pin"
	RefusedComplaint = "lost_complaint"
)

// RefusedReasons lists why a refit may be refused.
func RefusedReasons() []string { return []string{RefusedPin, RefusedComplaint} }

// Layer is one refit of what a brand's labels teach.
type Layer struct {
	Brand string `json:"brand"`
	// Version grows with each refit of the brand, refused ones included.
	Version int64      `json:"version"`
	At      time.Time  `json:"at"`
	State   LayerState `json:"state"`
	// Weights is the layer itself as package learn writes it, empty for one that does
	// nothing or is not in use any more.
	Weights []byte `json:"-"`
	// Labels are the numbers of the labels that it was fitted on, Shared how many of
	// other brands took part.
	Labels []int64 `json:"labels,omitempty"`
	Shared int     `json:"shared,omitempty"`
	// Seen and SeenAll are the counts of changes of the brand's and of all labels that
	// it knows of.
	Seen    int64 `json:"-"`
	SeenAll int64 `json:"-"`
	// Model and BrandHash are those that it was fitted for.
	Model     string `json:"model"`
	BrandHash string `json:"brand_hash,omitempty"`
	Effect    Effect `json:"effect"`
	// RefusedFor is one of RefusedReasons, Refused says it in words.
	RefusedFor string `json:"refused_for,omitempty"`
	Refused    string `json:"refused,omitempty"`
}

// Effect is what a refit changes for the posts of the last days.
type Effect struct {
	// Since bounds the time looked at and Posts how many posts were; More says that
	// there are older ones.
	Since time.Time `json:"since,omitzero"`
	Posts int       `json:"posts"`
	More  bool      `json:"more,omitempty"`
	// Lost counts posts that alert by the layer in use and would no longer, Gained those
	// that would now.
	Lost   int `json:"lost"`
	Gained int `json:"gained"`
	// LostPosts and GainedPosts are some of them, the widest change first.
	LostPosts   []EffectPost `json:"lost_posts,omitempty"`
	GainedPosts []EffectPost `json:"gained_posts,omitempty"`
}

// EffectPost is a post that a refit moves over the threshold.
type EffectPost struct {
	Mention string  `json:"mention"`
	URL     string  `json:"url,omitempty"`
	Before  float64 `json:"before"`
	After   float64 `json:"after"`
}
