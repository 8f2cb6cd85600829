package desk

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/leakytap/leakytap/internal/record"
)

// metrics are counted after the transaction is on the disk, never inside it.
type metrics struct {
	spikes    *prometheus.CounterVec
	decisions *prometheus.CounterVec
	ack       prometheus.Histogram
	answer    prometheus.Histogram
	resolve   prometheus.Histogram
	ended     *prometheus.CounterVec
	nudges    *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	// From half a minute to two weeks: people's times.
	buckets := []float64{30, 60, 180, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 345600, 604800, 1209600}
	return &metrics{
		spikes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_spikes_total",
			Help: "Times that more people complained than usual, by brand: incident cases that began.",
		}, []string{"brand"}),
		decisions: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_decisions_total",
			Help: "Mentions decided upon, by brand and outcome.",
		}, []string{"brand", "outcome"}),
		ack: f.NewHistogram(prometheus.HistogramOpts{
			Name: "leakytap_case_ack_seconds", Buckets: buckets,
			Help: "Seconds from a case's opening to the first person who claimed, answered or ended it.",
		}),
		answer: f.NewHistogram(prometheus.HistogramOpts{
			Name: "leakytap_case_answer_seconds", Buckets: buckets,
			Help: "Seconds from a case's opening to its first answer.",
		}),
		ended: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_case_ended_total",
			Help: "Cases whose customer's fate became known, by brand and fate: recovered, lost, silent or deleted.",
		}, []string{"brand", "fate"}),
		nudges: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_case_nudges_total",
			Help: "Cases that nobody had claimed in time.",
		}, []string{"brand"}),
		resolve: f.NewHistogram(prometheus.HistogramOpts{
			Name: "leakytap_case_resolve_seconds", Buckets: buckets,
			Help: "Seconds from a case's opening to its first resolution.",
		}),
	}
}

func (m *metrics) prepare(brands []string) {
	for _, b := range brands {
		m.spikes.WithLabelValues(b)
		for _, o := range record.Outcomes() {
			m.decisions.WithLabelValues(b, string(o))
		}
		for _, f := range record.Fates() {
			m.ended.WithLabelValues(b, string(f))
		}
		m.nudges.WithLabelValues(b)
	}
}

func (m *metrics) decided(d record.Decision) {
	if d.Outcome != "" {
		m.decisions.WithLabelValues(d.Brand, string(d.Outcome)).Inc()
	}
}

// moved observes the clocks of a case's first episode that a change stopped.
func (m *metrics) moved(before, after record.Case, now time.Time) {
	if before.Fate != after.Fate && after.Fate != record.FateUnknown {
		m.ended.WithLabelValues(after.Brand, string(after.Fate)).Inc()
	}
	if before.Episode != 1 || after.Episode != 1 {
		return
	}
	took := max(now.Sub(after.OpenedAt), 0).Seconds()
	acked := func(c record.Case) bool {
		return !c.ClaimedAt.IsZero() || !c.AnsweredAt.IsZero() || !c.State.Live()
	}
	if !acked(before) && acked(after) {
		m.ack.Observe(took)
	}
	if before.AnsweredAt.IsZero() && !after.AnsweredAt.IsZero() {
		m.answer.Observe(took)
	}
	if before.State != record.StateResolved && after.State == record.StateResolved {
		m.resolve.Observe(took)
	}
}
