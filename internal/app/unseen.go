package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest/markup"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
)

// heard is what tells how sources have been: a store, or a reader of one.
type heard interface {
	SourceStats(ctx context.Context) ([]record.SourceStat, error)
	Journal(ctx context.Context, kind, key string, limit int) ([]record.JournalEntry, error)
}

// Unseen says why a post was never collected: which sources should have seen it, when
// they heard nothing, and what the brands' queries make of its words. at and text may be
// empty, and from nil where there is no store.
func Unseen(ctx context.Context, cfg *config.Config, from heard, asked string, at time.Time, text string) (tune.Unseen, error) {
	now := time.Now().UTC()
	sources, err := listening(ctx, cfg, from)
	if err != nil {
		return tune.Unseen{}, err
	}
	out := tune.Hearing(asked, at, sources, now)
	if strings.TrimSpace(text) == "" {
		return out, nil
	}
	gen, err := NewGeneration(cfg)
	if err != nil {
		return out, err
	}
	out.Text = text
	out.Brands = gen.verdicts(text, out.Platform, now)
	return out, nil
}

// verdicts is what each brand makes of a text, those that match first.
func (g *Generation) verdicts(text, platform string, now time.Time) []tune.UnseenBrand {
	if platform == "" {
		platform = "web"
	}
	m, _ := mention.Clean(mention.Mention{Platform: platform, NativeID: "text", Source: platform, Kind: mention.KindPost, Text: text, CreatedAt: now, ObservedAt: now})
	var hit, missed []tune.UnseenBrand
	for _, name := range g.brands {
		d := g.Judge(name, m, now)
		b := tune.UnseenBrand{Brand: name, Outcome: d.Outcome, Severity: d.Severity, Venting: d.Venting, Route: d.Route, Why: d.Why}
		if d.Outcome == record.OutcomeNotMatched {
			missed = append(missed, b)
		} else {
			hit = append(hit, b)
		}
	}
	return append(hit, missed...)
}

func listening(ctx context.Context, cfg *config.Config, from heard) ([]tune.Listening, error) {
	out := make([]tune.Listening, 0, len(cfg.Sources))
	stats := map[string]record.SourceStat{}
	if from != nil {
		all, err := from.SourceStats(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the sources: %w", err)
		}
		for i := range all {
			stats[all[i].Source] = all[i]
		}
	}
	for i := range cfg.Sources {
		c := &cfg.Sources[i]
		l := tune.Listening{Name: c.Name, Type: c.Type, URL: c.URL, MaxAge: c.MaxAge.D(), Stat: stats[c.Name]}
		if from != nil {
			rows, err := from.Journal(ctx, record.JournalBlind, c.Name, blindWindowsKept)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				var w record.BlindWindow
				if json.Unmarshal(r.Body, &w) == nil {
					l.Windows = append(l.Windows, w)
				}
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// maxPage is how much of a page is read for its words.
const maxPage = 4 << 20

var (
	pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	pageAbout = regexp.MustCompile(`(?is)<meta\s[^>]*(?:property|name)=["'](?:og:description|description)["'][^>]*content=["']([^"']*)["']`)
	pageNoise = regexp.MustCompile(`(?is)<(script|style|noscript|nav|header|footer)\b.*?</(?:script|style|noscript|nav|header|footer)>`)
)

// FetchWords fetches a public page and gives its words: its title, what it says of
// itself, and its text.
func FetchWords(ctx context.Context, cfg *config.Config, version, url string, log *zap.Logger) (string, error) {
	f, err := httpx.New(cfg.HTTP, httpx.Options{UserAgent: userAgent(version), Log: log})
	if err != nil {
		return "", err
	}
	client := f.Client(httpx.Policy{MaxBody: maxPage, Timeout: 20 * time.Second})
	defer client.Close()
	resp, err := client.Get(ctx, url, "Accept", "text/html, text/plain;q=0.9, */*;q=0.1")
	if err != nil {
		return "", fmt.Errorf("fetching the page: %w", err)
	}
	if err := resp.Err(); err != nil {
		return "", fmt.Errorf("fetching the page: %w", err)
	}
	if !utf8.Valid(resp.Body) {
		return "", errors.New("fetching the page: it is no UTF-8 text; give its words with --text")
	}
	return pageWords(string(resp.Body)), nil
}

func pageWords(html string) string {
	var parts []string
	for _, re := range []*regexp.Regexp{pageTitle, pageAbout} {
		if m := re.FindStringSubmatch(html); m != nil {
			parts = append(parts, markup.Text(m[1]))
		}
	}
	parts = append(parts, markup.Text(pageTitle.ReplaceAllString(pageNoise.ReplaceAllString(html, " "), " ")))
	return strings.TrimSpace(strings.Join(parts, "\n"))
}
