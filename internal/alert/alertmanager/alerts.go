package alertmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// What alerts are called.
const (
	nameCase   = "LeakyTapCase"
	nameDigest = "LeakyTapDigest"
	nameOps    = "LeakyTapOps"
	nameTest   = "LeakyTapTest"
)

const (
	// far is how long an alert fires without being posted again: longer than anybody
	// lets the daemon be down.
	far = 30 * 24 * time.Hour
	// noteFor is how long a note fires, testFor a test.
	noteFor = time.Hour
	testFor = 2 * time.Minute
	// maxEpisodes is how many earlier episodes of a case are ended with each message.
	maxEpisodes = 10
	// maxURLs is how many posts an annotation names.
	maxURLs = 50
)

// posted is an alert as API v2 takes it.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// plain is a value that may be a label: ours, or a platform's name.
var plain = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)

func (r *Receiver) labels(name, brand string) map[string]string {
	l := maps.Clone(r.cfg.Labels)
	if l == nil {
		l = map[string]string{}
	}
	l["alertname"], l["receiver"] = name, r.name
	if brand != "" {
		l["brand"] = brand
	}
	return l
}

// ofCase are the alerts that bring Alertmanager to where the case is: the case's
// own, and the end of every other that it may have had.
func (r *Receiver) ofCase(m alert.Message, now time.Time) []posted {
	c := m.Dossier.Case
	now = now.UTC()
	main := r.one(m, c.Severity, c.Episode)
	main.StartsAt, main.EndsAt = c.OpenedAt.UTC(), now.Add(far)
	if c.Episode > 1 {
		// When it reopened is not kept: from its last change on it is certain.
		main.StartsAt = c.UpdatedAt.UTC()
	}
	if main.StartsAt.After(now) {
		main.StartsAt = now
	}
	if !c.State.Live() {
		main.EndsAt = now
	}
	out := []posted{main}
	for _, s := range vent.Severities() {
		if s == vent.SeverityNone {
			continue
		}
		if s != c.Severity {
			out = append(out, r.ended(m, s, c.Episode, now))
		}
		// While nothing came through, a case can end and reopen more than once.
		for e := max(c.Episode-maxEpisodes, 1); e < c.Episode; e++ {
			out = append(out, r.ended(m, s, e, now))
		}
	}
	return out
}

// ended is an alert of the case that does not fire any more. Where it never did,
// Alertmanager tells nobody.
func (r *Receiver) ended(m alert.Message, s vent.Severity, episode int, now time.Time) posted {
	a := r.one(m, s, episode)
	a.StartsAt, a.EndsAt = m.Dossier.Case.OpenedAt.UTC(), now
	if a.StartsAt.After(now) {
		a.StartsAt = now
	}
	return a
}

func (r *Receiver) one(m alert.Message, s vent.Severity, episode int) posted {
	c, k := m.Dossier.Case, alert.NewCard(m)
	a := posted{Labels: r.labels(nameCase, c.Brand)}
	a.Labels["severity"], a.Labels["case"], a.Labels["episode"] = string(s), c.ID, strconv.Itoa(episode)
	if plain.MatchString(c.Platform) {
		a.Labels["platform"] = c.Platform
	}
	urls := []string{k.URL}
	for _, later := range m.Dossier.Later {
		urls = append(urls, later.URL)
	}
	summary := c.Brand + ": " + string(c.Severity) + " complaint"
	switch {
	case k.Deleted:
		summary = c.Brand + ": a complaint that its author deleted"
	case c.About != "":
		summary += ": " + alert.OneLine(c.About, 200)
	}
	a.Annotations = map[string]string{
		"summary": summary, "description": alert.Text(m), "state": string(c.State), "topics": strings.Join(c.Topics, ", "),
		"signals": strings.Join(c.Signals, ", "), "posts": strconv.Itoa(c.Mentions), "people": strconv.Itoa(c.Authors), "urls": named(urls),
	}
	a.GeneratorURL = alert.Link(k.URL)
	return a
}

// ofNote is a message that is no case: it ends by itself.
func (r *Receiver) ofNote(m alert.Message, now time.Time) posted {
	n := alert.NewNote(m)
	name, severity, lasts := nameDigest, "info", noteFor
	switch m.Notice.Kind {
	case record.NoticeOps:
		name, severity = nameOps, "warning"
	case record.NoticeTest:
		name, lasts = nameTest, testFor
	case record.NoticeCard, record.NoticeUpdate, record.NoticeReply, record.NoticeRewrite, record.NoticeDigest, record.NoticeCanary:
	}
	sum := sha256.Sum256([]byte(m.Notice.Key))
	a := posted{Labels: r.labels(name, m.Notice.Brand), StartsAt: now.UTC(), EndsAt: now.UTC().Add(lasts)}
	a.Labels["severity"], a.Labels["digest"] = severity, hex.EncodeToString(sum[:8])
	var urls []string
	for _, it := range m.Notice.Body.Items {
		urls = append(urls, it.URL)
	}
	a.Annotations = map[string]string{"summary": n.Title, "description": alert.Text(m), "urls": named(urls)}
	return a
}

// named are addresses, one a line.
func named(urls []string) string {
	var out []string
	for _, u := range urls {
		if alert.Link(u) == "" {
			u = alert.OneLine(u, 500)
		}
		if u != "" && len(out) < maxURLs {
			out = append(out, u)
		}
	}
	return strings.Join(out, "\n")
}
