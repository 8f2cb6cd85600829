package score

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct{ scored *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	return &metrics{scored: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "leakytap_mentions_scored_total",
		Help: "Mentions that the scorer answered for, by brand.",
	}, []string{"brand"})}
}

func (m *metrics) prepare(brands []string) {
	if m == nil {
		return
	}
	for _, b := range brands {
		m.scored.WithLabelValues(b)
	}
}

func (m *metrics) count(brands []string) {
	if m == nil {
		return
	}
	for _, b := range brands {
		m.scored.WithLabelValues(b).Inc()
	}
}
