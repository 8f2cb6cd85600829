package record

import "time"

// Duty is what a case waits for next.
type Duty string

// The duties, in their order.
const (
	DutyNone    Duty = ""
	DutyAck     Duty = "ack"
	DutyAnswer  Duty = "answer"
	DutyResolve Duty = "resolve"
)

// Service is what a case owes its customer by when, and what was promised. Its
// clocks count from the beginning of the case's episode.
type Service struct {
	// Since is when the episode began, zero in cases from before there were clocks.
	Since time.Time `json:"since,omitzero"`
	// AckDue is by when somebody should have claimed it, AnswerDue by when the
	// customer should have an answer, ResolveDue by when it should be put right; zero
	// where the brand sets no such time.
	AckDue     time.Time `json:"ack_due,omitzero"`
	AnswerDue  time.Time `json:"answer_due,omitzero"`
	ResolveDue time.Time `json:"resolve_due,omitzero"`
	// NudgedAt is when somebody was told that nobody had claimed it.
	NudgedAt time.Time `json:"nudged_at,omitzero"`
	// HeardAt is when the customer last spoke in the case.
	HeardAt time.Time `json:"heard_at,omitzero"`
	// Promise is the follow-up that was promised last, nil where there was none.
	Promise *Promise `json:"promise,omitempty"`
}

// Promise is a follow-up that somebody promised to the customer.
type Promise struct {
	// What was promised, in the words of who promised it, and By when.
	What string    `json:"what"`
	By   time.Time `json:"by"`
	// Actor promised it, through Via, At a time.
	Actor string    `json:"actor"`
	Via   string    `json:"via,omitempty"`
	At    time.Time `json:"at"`
	// Ended is when it was marked as kept or broken, and Kept which; it stands open
	// while Ended is zero.
	Ended time.Time `json:"ended,omitzero"`
	Kept  bool      `json:"kept,omitempty"`
}

// Open reports whether the promise still waits to be kept.
func (p *Promise) Open() bool { return p != nil && p.Ended.IsZero() }

// Overdue reports whether the promise is open past its time.
func (p *Promise) Overdue(now time.Time) bool { return p.Open() && !p.By.After(now) }

// Due is what the case waits for next and by when: somebody to claim it, an answer,
// a resolution. It waits for nothing while it is snoozed and once it has ended.
func (c *Case) Due() (Duty, time.Time) {
	var d Duty
	var at time.Time
	switch c.State {
	case StateOpen:
		d, at = DutyAck, c.Service.AckDue
	case StateClaimed:
		d, at = DutyAnswer, c.Service.AnswerDue
	case StateAnswered:
		d, at = DutyResolve, c.Service.ResolveDue
	case StateSnoozed, StateResolved, StateDismissed:
	}
	if at.IsZero() {
		return DutyNone, at
	}
	return d, at
}

// Overdue reports whether what the case waits for is late.
func (c *Case) Overdue(now time.Time) bool {
	d, at := c.Due()
	return d != DutyNone && !at.After(now)
}

// Began is when the case's episode began.
func (c *Case) Began() time.Time {
	if c.Service.Since.IsZero() {
		return c.OpenedAt
	}
	return c.Service.Since
}

// Earlier is a case of the same customer, as a later one of theirs shows it.
type Earlier struct {
	ID       string    `json:"id"`
	State    State     `json:"state"`
	Fate     Fate      `json:"fate,omitempty"`
	About    string    `json:"about,omitempty"`
	URL      string    `json:"url,omitempty"`
	OpenedAt time.Time `json:"opened_at"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
}
