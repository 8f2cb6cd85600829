package score

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct{ scored, seconds *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		scored: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_mentions_scored_total",
			Help: "Mentions that the scorer answered for, by brand.",
		}, []string{"brand"}),
		seconds: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_second_opinion_total",
			Help: "Mentions on which the first opinion was unsure, by what came of asking the second: agreed or changed (it decided, on the same side of a half or the other), deadline, busy or failed (the first stood).",
		}, []string{"outcome"}),
	}
	for _, o := range []string{outcomeAgreed, outcomeChanged, outcomeDeadline, outcomeBusy, outcomeFailed} {
		m.seconds.WithLabelValues(o)
	}
	return m
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

func (m *metrics) second(outcome string) {
	if m == nil {
		return
	}
	m.seconds.WithLabelValues(outcome).Inc()
}
