// Package alertmanager is the receiver that hands cases to Prometheus Alertmanager
// over its API v2: a case is an alert that fires while the case is live.
//
// It promises that an alert sent twice is the same alert: its labels are brand,
// severity, case and episode, and what a stranger wrote stands in annotations
// alone. An alert does not end by itself while its case is live: it names an end
// far away, and is posted again from time to time, since Alertmanager forgets its
// alerts when it restarts. A severity that changes is another alert; the old one
// is ended in the same call. Digests and news of the daemon are alerts that end
// by themselves.
//
//	alertmanager.go Receiver: which alerts a message is
//	alerts.go       the alerts themselves
package alertmanager

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/record"
)

// Config is what the operator writes.
type Config = alert.AlertmanagerConfig

// Receiver posts to one Alertmanager. It is safe for any goroutines.
type Receiver struct {
	name   string
	cfg    Config
	base   string
	header http.Header
	call   *call.Client
}

// New makes a Receiver called name. The client makes every call; it must not
// retry by itself.
func New(name string, cfg Config, client *http.Client) (*Receiver, error) {
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the alertmanager receiver %s: %w", name, ps[0])
	}
	cfg = cfg.WithDefaults()
	c, err := call.New(call.Options{HTTP: client, Timeout: cfg.Timeout.D()})
	if err != nil {
		return nil, fmt.Errorf("making the alertmanager receiver %s: %w", name, err)
	}
	r := &Receiver{name: name, cfg: cfg, base: strings.TrimSuffix(cfg.URL, "/") + "/api/v2/", call: c, header: http.Header{}}
	switch {
	case cfg.Token != "":
		r.header.Set("Authorization", "Bearer "+cfg.Token.Reveal())
	case cfg.Username != "":
		r.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(cfg.Username+":"+cfg.Password.Reveal())))
	}
	return r, nil
}

// channel is what receipts call the place.
const channel = "alertmanager"

// Post fires the alert of a case, or that of a note.
func (r *Receiver) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	rc := record.Receipt{Channel: channel, Key: m.Notice.Key}
	if m.Dossier != nil {
		rc.TS = m.Dossier.Case.ID
		return kept(rc, r.send(ctx, r.ofCase(m, time.Now())))
	}
	if m.Notice.Kind == record.NoticeCard {
		rc.TS = m.Notice.Key
	}
	return kept(rc, r.send(ctx, []posted{r.ofNote(m, time.Now())}))
}

func kept(rc record.Receipt, err error) (record.Receipt, error) {
	if err != nil {
		return record.Receipt{}, err
	}
	return rc, nil
}

var errNoRewrite = errors.New("a note that was posted ends by itself")

// Update brings the alert to where the case is.
func (r *Receiver) Update(ctx context.Context, _ record.Receipt, m alert.Message) error {
	if m.Dossier == nil || m.Rewritten {
		return &alert.SendError{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage, Err: errNoRewrite}
	}
	return r.send(ctx, r.ofCase(m, time.Now()))
}

// Reply brings the alert's annotations up to date: news of a case is the case as
// it is now. What it answers with names nothing that could be drawn anew.
func (r *Receiver) Reply(ctx context.Context, _ record.Receipt, m alert.Message) (record.Receipt, error) {
	rc := record.Receipt{Channel: channel, Key: m.Notice.Key}
	if m.Dossier == nil {
		return kept(rc, r.send(ctx, []posted{r.ofNote(m, time.Now())}))
	}
	return kept(rc, r.send(ctx, r.ofCase(m, time.Now())))
}

// Find needs not know: an alert that is posted again is the same alert.
func (*Receiver) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, nil
}

// RefreshEvery is how often the alerts of live cases are posted again.
func (r *Receiver) RefreshEvery() time.Duration { return r.cfg.Repost.D() }

func (r *Receiver) send(ctx context.Context, alerts []posted) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: errors.New("the alerts cannot be written as JSON")}
	}
	h := r.header.Clone()
	h.Set("Content-Type", "application/json")
	_, err = r.call.Post(ctx, r.base+"alerts", h, body)
	return err
}

// Check asks for the status, fires one marked alert, finds it and ends it.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	m := alert.TestMessage(r.name, now)
	fire := r.ofNote(m, now)
	return alert.RunChecks(ctx, r.name, []alert.Try{
		{Name: "status", Do: func(ctx context.Context) (string, error) {
			a, err := r.call.Get(ctx, r.base+"status", r.header)
			if err != nil {
				return "", err
			}
			var s struct {
				Version struct {
					Version string `json:"version"`
				} `json:"versionInfo"`
			}
			if err := json.Unmarshal(a.Body, &s); err != nil && len(a.Body) < 32<<10 {
				return "", errors.New("what answers is no Alertmanager: its status is no JSON; url is its base, without /api")
			}
			return "Alertmanager " + alert.OneLine(s.Version.Version, 40) + " answers", nil
		}},
		{Name: "fire", Do: func(ctx context.Context) (string, error) {
			return "it took an alert called " + nameTest, r.send(ctx, []posted{fire})
		}},
		{Name: "find", Do: func(ctx context.Context) (string, error) {
			a, err := r.call.Get(ctx, r.base+"alerts?filter="+url.QueryEscape(fmt.Sprintf("digest=%q", fire.Labels["digest"])), r.header)
			if err == nil && !strings.Contains(string(a.Body), fire.Labels["digest"]) {
				err = errors.New("it took the alert and does not list it: is url a proxy that spreads calls over several instances?")
			}
			return "it lists the alert", err
		}},
		{Name: "end", Do: func(ctx context.Context) (string, error) {
			fire.EndsAt = time.Now()
			return "and that it ended", r.send(ctx, []posted{fire})
		}},
	})
}
