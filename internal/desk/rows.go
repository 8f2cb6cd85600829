package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// rows are what one transaction reads and writes. *store.Tx has the live ones; a
// Trial keeps its own in memory, so that both run the same code.
type rows interface {
	caseRows
	crowdRows
	noticeRows

	NextSeq(brand string) (int64, error)
	LatestDecision(brand, id string) (record.Decision, bool, error)
	PutDecision(d record.Decision) error
	PutMention(v record.Stored) error
	RepliesIn(brand, conversation string) ([]record.Stored, error)
	EraseMention(brand, id string) error
	CountAlerts(brand string, since time.Time) (int, error)
	Stream(brand string, since, before time.Time) ([]record.StreamPost, error)
	FirstDecided(brand string) (time.Time, bool, error)
	Plan(brand string, at time.Time) (record.Plan, bool, error)
	PutPlan(p record.Plan) error
	Silences(now time.Time) ([]record.Silence, error)
	ReplaceLabels(brand, mentionID string, at time.Time) (int, error)
	PutLabel(v record.Label) (int64, error)
}

// caseRows are cases, how they are found, and what hangs on them.
type caseRows interface {
	Case(id string) (record.Case, bool, error)
	PutCase(v record.Case) error
	CaseByMention(brand, mentionID string) (record.Case, bool, error)
	CasesByConversation(brand, conversation string, since time.Time) ([]record.Case, error)
	CasesByAuthor(brand, authorKey string, since time.Time) ([]record.Case, error)
	RecentPrints(brand string, since time.Time) ([]store.CasePrint, error)
	AddEvent(e record.Event) error
	ActionDone(key string) (caseID string, done bool, err error)
	MarkAction(key, caseID string, at time.Time) error
	LiveCases(brand string, limit int) ([]record.Case, error)
	PutWatch(w record.Watch) error
	PutClock(v record.Clock) error
	DropClock(caseID, kind string) error
}

// crowdRows are what many complain about.
type crowdRows interface {
	PutComplaint(v record.Complaint) error
	Complaints(brand string, from, to time.Time, limit int) ([]record.Complaint, error)
	FirstComplaint(brand string) (time.Time, error)
	Incidents(brand string, since time.Time) ([]record.Case, error)
	Mention(brand, id string) (record.Stored, bool, error)
}

// noticeRows are the outbox.
type noticeRows interface {
	PutNotice(n record.Notice) (bool, error)
	PendingUpdate(caseID, receiver string) (bool, error)
	PendingNotice(receiver, prefix string) (record.Notice, bool, error)
	SetNoticeBody(id int64, b record.NoticeBody) (bool, error)
	LatestNotice(receiver, prefix string) (record.Notice, bool, error)
	CountCards(receiver string, since time.Time) (int, error)
	NoticesByMention(mentionID string) ([]record.Notice, error)
}

var _ rows = (*store.Tx)(nil)
