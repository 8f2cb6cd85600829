package alerttest

import (
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Now is the time of every message.
var Now = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

// CaseID is the case of every message.
const CaseID = "01JDCASE0000000000000000AB"

// Dossier is a case in state s as tests know it.
func Dossier(s record.State) *record.Dossier {
	posted := Now.Add(-12 * time.Minute)
	d := &record.Dossier{
		Case: record.Case{
			ID: CaseID, Brand: "acme", State: s, Severity: vent.SeverityHigh, Priority: 71, About: "lost parcel, support line",
			Topics: []string{"support"}, Signals: []string{"waiting", "churn"}, Root: "bluesky:did:plc:jo/3m6abc", Platform: "bluesky",
			Venting: 0.93, Mentions: 1, Authors: 1, Episode: 1, Version: 1, OpenedAt: posted, UpdatedAt: posted, Followers: 12400, Route: "support",
			Reasons: []vent.Reason{{Text: "3 hours on hold", Weight: 1.8}},
		},
		Root: mention.Mention{
			ID: "bluesky:did:plc:jo/3m6abc", Platform: "bluesky", URL: "https://bsky.example/profile/did:plc:jo/post/3m6abc?a=1&b=2", Lang: "en",
			Author: mention.Author{ID: "did:plc:jo", Handle: "jo.example", Name: "Jo", Followers: 12400},
			Text:   "3 hours on hold with @acme, third time this week.\nNever again <3 & goodbye", CreatedAt: posted, ObservedAt: posted,
		},
		Why: []string{"matched: @acme", "venting 0.93 >= 0.62"},
	}
	switch s {
	case record.StateClaimed:
		d.Case.Owner, d.Case.ClaimedAt = "sam", Now.Add(-2*time.Minute)
	case record.StateAnswered:
		d.Case.Owner, d.Case.AnsweredAt = "sam", Now.Add(-time.Minute)
	case record.StateResolved:
		d.Case.ResolvedAt, d.Case.Fate = Now.Add(-time.Minute), record.FateRecovered
	case record.StateSnoozed:
		d.Case.SnoozedUntil = Now.Add(time.Hour)
	case record.StateOpen, record.StateDismissed:
	}
	return d
}

// Message is a message of kind k about the case in state s.
func Message(k record.NoticeKind, s record.State) alert.Message {
	d := Dossier(s)
	m := alert.Message{Now: Now, Dossier: d, Notice: record.Notice{
		ID: 7, Key: CaseID + "/1/" + string(k) + "/support", Kind: k, Receiver: "support", Brand: "acme", Case: CaseID, CreatedAt: Now, ObservedAt: Now,
	}}
	if k == record.NoticeReply {
		later := mention.Mention{ID: "bluesky:2", Platform: "bluesky", URL: "https://bsky.example/2", Text: "still waiting", Author: mention.Author{Handle: "jo.example"}, CreatedAt: Now}
		d.Later = append(d.Later, later)
		m.Notice.Mention = later.ID
		m.Notice.Body = record.NoticeBody{Title: "The customer wrote again", Items: []record.NoticeItem{{Mention: later.ID, URL: later.URL, Text: later.Text}}}
	}
	return m
}

// Note is a message of kind k about no case.
func Note(k record.NoticeKind) alert.Message {
	m := alert.Message{Now: Now, Notice: record.Notice{ID: 8, Key: "note/" + string(k) + "/support", Kind: k, Receiver: "support", CreatedAt: Now}}
	if k == record.NoticeDigest {
		m.Notice.Brand = "acme"
		m.Notice.Body = record.NoticeBody{
			Title: "2 older posts found while catching up", Lines: []string{"They are older than a day and got no card."},
			Items: []record.NoticeItem{
				{Mention: "rss:1", URL: "https://forum.example/1", Author: "Kim", Text: "my refund is gone", Severity: "high"},
				{Mention: "rss:2", URL: "https://forum.example/2", Author: "Lee", Text: "no answer for a week", Severity: "low"},
			},
		}
		return m
	}
	m.Notice.Body = record.NoticeBody{Title: "Source forum is silent", Lines: []string{"Nothing came for 10 minutes."}}
	return m
}

// Evil is text that wants to be a mention of everybody, markup, a template, a
// header, a line of ours and the other way round.
const Evil = "<!channel> <script>alert(1)</script> @everyone {{ .Labels }} ${HOME} <https://evil.example|acme>\r\nBcc: all@evil.example\r\n\r\n.\r\nALERT critical acme\u202e\x00\x1b[31m ]]> \" ' & [x](javascript:alert(1)) *b* `c`"

// Hostile are messages in which everything that strangers write is Evil.
func Hostile() []alert.Message {
	card, reply, digest := Message(record.NoticeCard, record.StateOpen), Message(record.NoticeReply, record.StateOpen), Note(record.NoticeDigest)
	for _, d := range []*record.Dossier{card.Dossier, reply.Dossier} {
		d.Case.About, d.Case.Text, d.Case.AuthorName = Evil, Evil, Evil
		d.Case.Reasons = []vent.Reason{{Text: Evil, Weight: 1}}
		d.Root.Text, d.Root.Title, d.Root.Author.Name, d.Root.Author.Handle, d.Root.Platform = Evil, Evil, Evil, Evil, Evil
		d.Root.URL = "javascript:alert(1)//" + Evil
		for i := range d.Later {
			d.Later[i].Text, d.Later[i].Author.Handle, d.Later[i].URL = Evil, Evil, "https://ok.example/\"><script>alert(2)</script>"
		}
	}
	for i := range digest.Notice.Body.Items {
		it := &digest.Notice.Body.Items[i]
		it.Author, it.Text, it.URL = Evil, Evil, "https://ok.example/\"><script>alert(2)</script>"
	}
	return []alert.Message{card, reply, digest}
}

// Root is where the case's root message stands.
func Root() record.Receipt {
	return record.Receipt{Channel: "C0STANDIN", TS: "1.000001", Key: CaseID + "/1/card/support"}
}
