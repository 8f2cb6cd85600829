package pagerduty

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// What an event does to its incident.
const (
	actionTrigger     = "trigger"
	actionAcknowledge = "acknowledge"
	actionResolve     = "resolve"
)

// maxSummary is how much of a summary PagerDuty takes, maxLinks how many posts
// are linked.
const (
	maxSummary = 1000
	maxLinks   = 50
)

// event is what the Events API takes; a change event has no action and no key.
type event struct {
	RoutingKey string   `json:"routing_key"`
	Action     string   `json:"event_action,omitempty"`
	Dedup      string   `json:"dedup_key,omitempty"`
	Client     string   `json:"client,omitempty"`
	Payload    *payload `json:"payload,omitempty"`
	Links      []link   `json:"links,omitempty"`
}

type payload struct {
	Summary   string    `json:"summary"`
	Source    string    `json:"source"`
	Severity  string    `json:"severity,omitempty"`
	Timestamp time.Time `json:"timestamp"`
	Component string    `json:"component,omitempty"`
	Group     string    `json:"group,omitempty"`
	Class     string    `json:"class,omitempty"`
	Details   details   `json:"custom_details"`
}

type details struct {
	Key      string   `json:"key"`
	Case     string   `json:"case,omitempty"`
	Brand    string   `json:"brand,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Topics   []string `json:"topics,omitempty"`
	Posts    int      `json:"posts,omitempty"`
	People   int      `json:"people,omitempty"`
	URLs     []string `json:"urls,omitempty"`
	Text     string   `json:"text"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// dedup is what PagerDuty knows the case's incident by.
func dedup(c record.Case) string { return "leakytap/" + c.ID + "/" + strconv.Itoa(c.Episode) }

// severityOf is the case's severity in PagerDuty's words.
func severityOf(s vent.Severity) string {
	switch s {
	case vent.SeverityCritical:
		return "critical"
	case vent.SeverityHigh:
		return "error"
	case vent.SeverityMedium:
		return "warning"
	case vent.SeverityLow, vent.SeverityNone:
	}
	return "info"
}

// page is the incident of a case.
func page(m alert.Message) event {
	c, k := m.Dossier.Case, alert.NewCard(m)
	summary := c.Brand + ": " + string(c.Severity) + " complaint"
	switch {
	case k.Deleted:
		summary = c.Brand + ": a complaint that its author deleted"
	case c.About != "":
		summary += ": " + alert.OneLine(c.About, 200)
	}
	e := event{
		Action: actionTrigger, Dedup: dedup(c), Client: "LeakyTap",
		Payload: &payload{
			Summary: alert.OneLine(summary, maxSummary), Source: source(c.Platform), Severity: severityOf(c.Severity), Timestamp: c.OpenedAt.UTC(),
			Component: c.Brand, Group: c.Brand, Class: "complaint",
			Details: details{
				Key: m.Notice.Key, Case: c.ID, Brand: c.Brand, Severity: string(c.Severity), Topics: c.Topics,
				Posts: c.Mentions, People: c.Authors, Text: alert.Text(m),
			},
		},
	}
	e.name(k.URL)
	for _, later := range m.Dossier.Later {
		e.name(later.URL)
	}
	return e
}

// noteEvent is a message beside a case's state as an event of its own.
func noteEvent(m alert.Message, severity string) event {
	e := change(m)
	sum := sha256.Sum256([]byte(m.Notice.Key))
	e.Action, e.Client, e.Payload.Severity = actionTrigger, "LeakyTap", severity
	e.Dedup = "leakytap/" + string(m.Notice.Kind) + "/" + hex.EncodeToString(sum[:16])
	return e
}

// change is a message as a line of the timeline.
func change(m alert.Message) event {
	n := alert.NewNote(m)
	summary := n.Title
	if summary == "" {
		summary = "LeakyTap: " + string(m.Notice.Kind)
	}
	if m.Notice.Brand != "" {
		summary = m.Notice.Brand + ": " + summary
	}
	e := event{Payload: &payload{
		Summary: alert.OneLine(summary, maxSummary), Source: "leakytap", Timestamp: m.Notice.CreatedAt.UTC(),
		Details: details{Key: m.Notice.Key, Case: m.Notice.Case, Brand: m.Notice.Brand, Text: alert.Text(m)},
	}}
	for _, it := range m.Notice.Body.Items {
		e.name(it.URL)
	}
	return e
}

// name names a post: by a link where it can be one.
func (e *event) name(u string) {
	if u == "" {
		return
	}
	if alert.Link(u) == "" {
		e.Payload.Details.URLs = append(e.Payload.Details.URLs, alert.OneLine(u, 500))
		return
	}
	e.Payload.Details.URLs = append(e.Payload.Details.URLs, u)
	if len(e.Links) < maxLinks {
		e.Links = append(e.Links, link{Href: u, Text: "The post"})
	}
}

func source(platform string) string {
	if p := alert.OneLine(platform, 100); p != "" {
		return p
	}
	return "leakytap"
}

func encode(e event) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding the event: %w", err)
	}
	return body, nil
}
