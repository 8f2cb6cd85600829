package email

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// The headers that are ours, and standard ones that the library has no name for.
const (
	headerKey    gomail.Header = "X-LeakyTap-Key"
	headerCase   gomail.Header = "X-LeakyTap-Case"
	headerRepeat gomail.Header = "X-LeakyTap-Possible-Repeat"
	headerAuto   gomail.Header = "Auto-Submitted"
	headerList   gomail.Header = "List-Id"
)

// maxSubject is how much of a subject is shown by most mailboxes.
const maxSubject = 120

// plainKey is a key that can stand in a header as it is.
var plainKey = regexp.MustCompile(`^[0-9A-Za-z_./:@+-]{1,200}$`)

// headerSafe is a key as a header holds it: itself, or its hash where it holds
// what no header may.
func headerSafe(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return "sha256_" + hash(key)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// messageID is the id of the mail with that key: the same key is the same mail.
func messageID(key, domain string) string {
	return "leakytap." + hash(key)[:24] + "@" + domain
}

// compose makes the mail of a message; root is the mail that it answers.
func (r *Receiver) compose(m alert.Message, root *record.Receipt) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(r.from)
	msg.ToMailAddress(r.to...)
	msg.SetDateWithValue(time.Now())
	msg.SetUserAgent("LeakyTap")
	msg.SetMessageIDWithValue(messageID(m.Notice.Key, r.domain))
	msg.SetGenHeader(headerKey, headerSafe(m.Notice.Key))
	// Nobody's holiday may answer a daemon.
	msg.SetGenHeader(headerAuto, "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetGenHeader(headerList, "<"+listName(m.Notice.Brand)+r.domain+">")
	if m.Notice.Case != "" {
		msg.SetGenHeader(headerCase, headerSafe(m.Notice.Case))
	}
	if m.PossibleRepeat {
		msg.SetGenHeader(headerRepeat, "true")
	}
	subj := subject(m)
	if root != nil && root.Key != "" {
		id := "<" + messageID(root.Key, r.domain) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, id)
		msg.SetGenHeader(gomail.HeaderReferences, id)
		subj = "Re: " + subj
	}
	msg.Subject(subj)
	if m.Notice.Kind == record.NoticeCard && m.Dossier != nil && m.Dossier.Case.Severity == vent.SeverityCritical {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	html, err := r.page(m)
	if err != nil {
		return nil, fmt.Errorf("drawing the mail: %w", err)
	}
	msg.SetBodyString(gomail.TypeTextPlain, alert.Text(m))
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}

// notLabel is what a List-Id cannot hold.
var notLabel = regexp.MustCompile(`[^a-z0-9-]+`)

// listName is the brand as the first part of a List-Id.
func listName(brand string) string {
	s := strings.Trim(notLabel.ReplaceAllString(strings.ToLower(brand), "-"), "-")
	if s == "" {
		return "leakytap."
	}
	return s + ".leakytap."
}

// subject says in one line what a tired person must know: whose brand, how bad,
// what about. All mails of a case have the same one.
func subject(m alert.Message) string {
	if m.Dossier != nil {
		return caseSubject(m)
	}
	n := alert.NewNote(m)
	who := m.Notice.Brand
	if who == "" {
		who = "leakytap"
	}
	title := n.Title
	for _, said := range []string{"LeakyTap: ", "LeakyTap ", who + ": "} { // the brackets say it
		title = strings.TrimPrefix(title, said)
	}
	if title == "" {
		title = string(m.Notice.Kind)
	}
	return alert.OneLine("["+who+"] "+title, maxSubject)
}

func caseSubject(m alert.Message) string {
	c, k := m.Dossier.Case, alert.NewCard(m)
	s := "[" + c.Brand + "] " + string(c.Severity) + ": "
	if k.Deleted {
		return alert.OneLine(s+"a post that its author deleted", maxSubject)
	}
	about := alert.OneLine(c.About, 60)
	if about == "" {
		about = strings.Join(c.Topics, ", ")
	}
	if about != "" {
		s += about + ": "
	}
	if m.Size == alert.SizeMinimal {
		return alert.OneLine(s+"a complaint", maxSubject)
	}
	return alert.OneLine(s+k.Quote, maxSubject)
}
