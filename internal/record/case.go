package record

import (
	"time"

	"github.com/leakytap/leakytap/pkg/vent"
)

// State is where a case stands.
type State string

// The states of a case.
const (
	StateOpen      State = "open"
	StateSnoozed   State = "snoozed"
	StateClaimed   State = "claimed"
	StateAnswered  State = "answered"
	StateResolved  State = "resolved"
	StateDismissed State = "dismissed"
)

// States lists every state of a case.
func States() []State {
	return []State{StateOpen, StateSnoozed, StateClaimed, StateAnswered, StateResolved, StateDismissed}
}

// Live reports whether someone still has to do something: open, snoozed, claimed or answered.
func (s State) Live() bool {
	return s == StateOpen || s == StateSnoozed || s == StateClaimed || s == StateAnswered
}

// Fate is what became of the customer.
type Fate string

// The fates of a customer. The empty one is not known yet.
const (
	FateUnknown   Fate = ""
	FateRecovered Fate = "recovered"
	FateLost      Fate = "lost"
	FateDeleted   Fate = "deleted"
	FateSilent    Fate = "silent"
)

// Fates lists those that a case can have once it is known.
func Fates() []Fate { return []Fate{FateRecovered, FateLost, FateSilent, FateDeleted} }

// Case is one customer's grievance with one brand, from the first post to the
// point where the customer is all right or gone.
type Case struct {
	// ID is a ULID.
	ID    string `json:"id"`
	Brand string `json:"brand"`
	State State  `json:"state"`
	Fate  Fate   `json:"fate,omitempty"`
	// Severity and Priority are the worst of the case's mentions.
	Severity vent.Severity `json:"severity"`
	Priority int           `json:"priority"`
	// Owner is the Slack user id or the login of who claimed it, or empty.
	Owner string `json:"owner"`
	// About is what the complaint is about, in a few words.
	About string `json:"about"`
	// Topics and Signals are those of the mentions that made it.
	Topics  []string `json:"topics,omitempty"`
	Signals []string `json:"signals,omitempty"`
	// Root is the id of the mention that opened it; Conversation and AuthorKey are that mention's.
	Root         string `json:"root"`
	Conversation string `json:"conversation"`
	AuthorKey    string `json:"author_key,omitempty"`
	Platform     string `json:"platform"`
	// URL, Text and AuthorName are those of the root mention as it is now; erased when it is retracted.
	URL        string `json:"url"`
	Text       string `json:"text"`
	AuthorName string `json:"author_name,omitempty"`
	Followers  int64  `json:"followers,omitempty"`
	// Venting is the root mention's probability.
	Venting float64       `json:"venting"`
	Reasons []vent.Reason `json:"reasons,omitempty"`
	// Mentions and Authors count the posts of the case and their distinct authors.
	Mentions int `json:"mentions"`
	Authors  int `json:"authors"`
	// Route is the receiver of the case's messages; Silent says that no card was posted yet.
	Route  string `json:"route"`
	Silent bool   `json:"silent,omitempty"`
	// Episode starts at 1 and grows each time the case reopens: an alert's key is
	// (case, episode, kind, receiver).
	Episode int `json:"episode"`
	// Version grows with each change of the row.
	Version int64 `json:"version"`
	// Simhash is the fingerprint of the root text, 0 where it is too short.
	Simhash uint64 `json:"-"`

	OpenedAt     time.Time `json:"opened_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	LastPostAt   time.Time `json:"last_post_at"`
	ClaimedAt    time.Time `json:"claimed_at,omitzero"`
	AnsweredAt   time.Time `json:"answered_at,omitzero"`
	ResolvedAt   time.Time `json:"resolved_at,omitzero"`
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"`
	// Linked are ids of earlier cases that belong to this one.
	Linked []string `json:"linked,omitempty"`
	// Service is what is due by when, and what was promised.
	Service Service `json:"service,omitzero"`
	// Crowd is what is known about the many who tell of it.
	Crowd Crowd `json:"crowd,omitzero"`
}

// Verb is what a person does to a case.
type Verb string

// The verbs, as the CLI, the inbox and the card know them.
const (
	VerbClaim   Verb = "claim"
	VerbAnswer  Verb = "answer"
	VerbSnooze  Verb = "snooze"
	VerbResolve Verb = "resolve"
	VerbDismiss Verb = "dismiss"
	VerbReopen  Verb = "reopen"
	VerbAssign  Verb = "assign"
	// VerbReason adds a reason to a dismissal that was already made.
	VerbReason Verb = "reason"
	// VerbPromise notes a follow-up that was promised to the customer, VerbKept and
	// VerbBroken what became of it.
	VerbPromise Verb = "promise"
	VerbKept    Verb = "kept"
	VerbBroken  Verb = "broken"
	// VerbLost says that the customer has left, and ends the case.
	VerbLost Verb = "lost"
)

// Verbs lists every verb.
func Verbs() []Verb {
	return []Verb{
		VerbClaim, VerbAnswer, VerbSnooze, VerbResolve, VerbDismiss, VerbReopen, VerbAssign, VerbReason,
		VerbPromise, VerbKept, VerbBroken, VerbLost,
	}
}

// Reasons for a dismissal.
const (
	ReasonWrongCompany   = "wrong_company"
	ReasonNotCustomer    = "not_a_customer"
	ReasonAlreadyHandled = "already_handled"
	ReasonSpam           = "spam"
)

// DismissReasons lists the reasons that a dismissal may name.
func DismissReasons() []string {
	return []string{ReasonWrongCompany, ReasonNotCustomer, ReasonAlreadyHandled, ReasonSpam}
}

// Action is what a person, the customer or a clock wants to do to a case.
type Action struct {
	// Key makes the action idempotent: a second action with the same key has no
	// second effect and answers as the first did. Empty asks for a fresh one.
	Key  string `json:"key,omitempty"`
	Case string `json:"case"`
	Verb Verb   `json:"verb"`
	// Actor is the Slack user id or the login; Via is slack, web, cli or clock.
	Actor string `json:"actor"`
	Via   string `json:"via"`
	// Until ends a snooze, and is by when a promise is to be kept; To is whom an
	// assignment names; Reason explains a dismissal; Note is a word for the history, and
	// of a promise what was promised.
	Until  time.Time `json:"until,omitzero"`
	To     string    `json:"to,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// Event is one line of a case's history.
type Event struct {
	Case string    `json:"case"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	// Actor is who did it: a user, "customer", "brand" or "clock".
	Actor string `json:"actor"`
	Via   string `json:"via,omitempty"`
	// What is opened, joined, edited, retracted, claimed, answered, snoozed, woken,
	// resolved, dismissed, reason, reopened, assigned, recovered, brand_replied, refused, sent,
	// nudged, promised, promise_kept, promise_broken, promise_due, lost, silent.
	What string `json:"what"`
	// From and To are the states before and after.
	From State `json:"from,omitempty"`
	To   State `json:"to,omitempty"`
	// Mention is the post that caused it, and URL where it stands.
	Mention string `json:"mention,omitempty"`
	URL     string `json:"url,omitempty"`
	// Detail says it in words.
	Detail string `json:"detail,omitempty"`
}
