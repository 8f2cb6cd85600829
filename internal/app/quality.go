package app

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/internal/tune/recall"
)

const (
	leaseQuality = "measuring"
	qualityEvery = time.Minute
	qualityTTL   = 3 * time.Minute
	// sampleItems is how many posts a digest of a sample names.
	sampleItems = recall.PerDraw
)

// configured are the brands of the generation.
func (g *Generation) configured() []brand.Brand { return g.cfg.Brands }

// measure draws each brand's sample when its day is over, tells sample_receiver what
// waits for a label, and exports how well complaints are caught, while this process
// holds the lease.
func (d *Daemon) measure(ctx context.Context) error {
	tick := time.NewTicker(qualityEvery)
	defer tick.Stop()
	failing := false
	for {
		held, err := d.store.Lease(ctx, leaseQuality, d.holder, qualityTTL)
		if err == nil && held {
			err = d.measureAll(ctx, time.Now().UTC())
		} else {
			d.met.quality.drop()
		}
		if err != nil && ctx.Err() == nil && !failing {
			d.log.Warn("measuring how well complaints are caught failed, trying again", zap.Error(err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// measureAll goes through the brands; the lease is kept while it does.
func (d *Daemon) measureAll(ctx context.Context, now time.Time) error {
	gen := d.gen.Load()
	brands := gen.configured()
	d.met.quality.only(brands)
	for i := range brands {
		b := &brands[i]
		if held, err := d.store.Lease(ctx, leaseQuality, d.holder, qualityTTL); err != nil || !held {
			return err
		}
		if err := d.drawDay(ctx, gen, b, now); err != nil {
			return fmt.Errorf("drawing a sample of brand %s: %w", b.Name, err)
		}
		e, err := recall.Of(ctx, d.store, b.Name, now)
		if err != nil {
			return fmt.Errorf("measuring the recall of brand %s: %w", b.Name, err)
		}
		spent, err := recall.Spent(ctx, d.store, b, now)
		if err != nil {
			return fmt.Errorf("measuring the budget of brand %s: %w", b.Name, err)
		}
		d.met.quality.set(b.Name, &e, &spent)
	}
	return nil
}

// drawDay draws the sample of the brand's day that is over, once, and tells of it.
func (d *Daemon) drawDay(ctx context.Context, gen *Generation, b *brand.Brand, now time.Time) error {
	day := triage.DayStart(now, triage.Zone(b.Timezone)).UTC()
	until, err := d.store.DrawnUntil(ctx, b.Name)
	if err != nil || !until.Before(day) {
		return err
	}
	n, err := recall.Draw(ctx, d.store, b.Name, day)
	if err != nil || n == 0 {
		return err
	}
	d.log.Info("sample was drawn", zap.String("brand", b.Name), zap.Int("posts", n))
	return d.tellSample(ctx, gen, b, day, now)
}

// tellSample owes sample_receiver a digest of the posts that wait for a label.
func (d *Daemon) tellSample(ctx context.Context, gen *Generation, b *brand.Brand, day, now time.Time) error {
	receiver := gen.cfg.SampleReceiver
	if receiver == "" {
		return nil
	}
	posts, err := recall.ToLabel(ctx, d.store, b.Name, now, sampleItems)
	if err != nil || len(posts) == 0 {
		return err
	}
	n := record.Notice{
		Key: fmt.Sprintf("sample/%s/%s/%s", b.Name, day.Format(time.DateOnly), receiver), Receiver: receiver, Kind: record.NoticeDigest,
		State: record.NoticePending, Brand: b.Name, CreatedAt: now, DueAt: now,
		Body: record.NoticeBody{
			Title: fmt.Sprintf("%s: are these complaints? %d posts drawn at random, one click each", b.Name, len(posts)),
			Ask:   true,
			Lines: []string{"Label them at " + d.web.URL() + "/tune/sample?brand=" + b.Name},
		},
	}
	for i := range posts {
		p := &posts[i]
		n.Body.Items = append(n.Body.Items, record.NoticeItem{Mention: p.Mention, URL: p.URL, Author: p.Author, Text: cutText(p.Text)})
	}
	if err := d.store.PutNotices(ctx, []record.Notice{n}); err != nil {
		return fmt.Errorf("writing a digest for sample_receiver: %w", err)
	}
	return nil
}

// sampleRunes is how much of a text a digest of a sample repeats.
const sampleRunes = 300

func cutText(s string) string {
	n := 0
	for i := range s {
		if n == sampleRunes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// qualityGauges say how well complaints are caught and budgets are kept. As the other
// gauges that come from the store only the process that holds the lease exports them.
type qualityGauges struct {
	vecs []*prometheus.GaugeVec
	mu   sync.Mutex
	held bool
	have map[string]bool
}

// qualityNames are the gauges in the order of set's values.
func qualityNames() [][2]string {
	return [][2]string{
		{"leakytap_recall_estimate", "Estimated part of the real complaints among matched mentions that had a card or joined a case, by labelled random samples; NaN while it is not known."},
		{"leakytap_recall_estimate_low", "Lower end of the interval of 95 of 100 of leakytap_recall_estimate; 0 while nothing is known."},
		{"leakytap_recall_estimate_high", "Upper end of the interval of 95 of 100 of leakytap_recall_estimate; 1 while nothing is known."},
		{"leakytap_precision_estimate", "Estimated part of real complaints among the mentions that had a card or joined a case, by labelled random samples; NaN while it is not known."},
		{"leakytap_precision_estimate_low", "Lower end of the interval of 95 of 100 of leakytap_precision_estimate; 0 while nothing is known."},
		{"leakytap_precision_estimate_high", "Upper end of the interval of 95 of 100 of leakytap_precision_estimate; 1 while nothing is known."},
		{"leakytap_budget_threshold", "The venting probability that is asked for now: the brand's threshold, or more where its budget asks for more."},
		{"leakytap_budget_deferred_ratio", "Part of the real complaints of the last seven days that waited for a digest because of the budget, by their probabilities."},
		{"leakytap_budget_days_within_ratio", "Part of the whole days of the last thirty that kept the budget; 1 without a budget or a whole day."},
	}
}

func newQualityGauges() *qualityGauges {
	q := &qualityGauges{have: map[string]bool{}}
	for _, n := range qualityNames() {
		name, help := n[0], n[1]
		q.vecs = append(q.vecs, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"brand"}))
	}
	return q
}

// Describe sends what Collect may send.
func (q *qualityGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, v := range q.vecs {
		v.Describe(ch)
	}
}

// Collect sends the gauges while this process holds the lease.
func (q *qualityGauges) Collect(ch chan<- prometheus.Metric) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.held {
		return
	}
	for _, v := range q.vecs {
		v.Collect(ch)
	}
}

func (q *qualityGauges) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = false
}

// only begins the export for these brands: what is not known yet is said to be so.
func (q *qualityGauges) only(brands []brand.Brand) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = true
	now := map[string]bool{}
	for i := range brands {
		now[brands[i].Name] = true
		if !q.have[brands[i].Name] {
			q.put(brands[i].Name, math.NaN(), 0, 1, math.NaN(), 0, 1, brands[i].Alert.Threshold, 0, 1)
		}
	}
	for name := range q.have {
		if !now[name] {
			for _, v := range q.vecs {
				v.DeleteLabelValues(name)
			}
		}
	}
	q.have = now
}

func (q *qualityGauges) set(name string, e *recall.Estimate, b *recall.Budget) {
	value, precision := math.NaN(), math.NaN()
	if e.Known {
		value = e.Recall.Value
	}
	if e.Precision.Low > 0 || e.Precision.High < 1 {
		precision = e.Precision.Value
	}
	within := 1.0
	if b.Days > 0 {
		within = float64(b.Within) / float64(b.Days)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(name, value, e.Recall.Low, e.Recall.High, precision, e.Precision.Low, e.Precision.High, b.Threshold, b.Deferred, within)
}

func (q *qualityGauges) put(name string, values ...float64) {
	for i, v := range values {
		q.vecs[i].WithLabelValues(name).Set(v)
	}
}
