package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	collected *prometheus.CounterVec
	matched   *prometheus.CounterVec
	lastItem  *prometheus.GaugeVec
	errors    *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		collected: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_mentions_collected_total", Help: "Posts read from a source, each counted once.",
		}, []string{"source"}),
		matched: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_mentions_matched_total", Help: "Posts that satisfied the query of a brand and were put on the log for it.",
		}, []string{"source", "brand"}),
		lastItem: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_source_last_item_timestamp_seconds", Help: "When the newest post read from a source was written; 0 before the first.",
		}, []string{"source"}),
		errors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_source_errors_total", Help: "Failures of a source by reason; a source goes on after each.",
		}, []string{"source", "reason"}),
	}
}

// prepare gives every sample that can come its zero.
func (m *metrics) prepare(sources, brands []string) {
	reasons := Reasons()
	for _, s := range sources {
		m.collected.WithLabelValues(s)
		m.lastItem.WithLabelValues(s)
		for _, r := range reasons {
			m.errors.WithLabelValues(s, string(r))
		}
		for _, b := range brands {
			m.matched.WithLabelValues(s, b)
		}
	}
}
