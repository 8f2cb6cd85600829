package teach

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/leakytap/leakytap/internal/record"
)

type metrics struct{ refusals *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{refusals: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "leakytap_layer_refits_refused_total",
		Help: "Refits of what labels teach that were refused, by what they would have broken.",
	}, []string{"reason"})}
	for _, r := range record.RefusedReasons() {
		m.refusals.WithLabelValues(r)
	}
	return m
}

func (m *metrics) refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }
