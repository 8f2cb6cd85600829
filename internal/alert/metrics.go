package alert

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what all drains do. A nil *Metrics counts nothing.
type Metrics struct {
	sent     *prometheus.CounterVec
	failed   *prometheus.CounterVec
	repeated *prometheus.CounterVec
	stopped  *prometheus.GaugeVec
	deferred *prometheus.CounterVec
	delay    prometheus.Histogram
}

// NewMetrics registers the metrics of alerting. Call Ensure once brands and
// receivers are known, and again after a reload.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	return &Metrics{
		sent: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_alerts_sent_total",
			Help: "Cards that a receiver accepted.",
		}, []string{"brand", "receiver"}),
		failed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_alerts_failed_total",
			Help: "Attempts to send a message that failed; most are tried again.",
		}, []string{"receiver", "reason"}),
		repeated: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_alerts_ambiguous_resent_total",
			Help: "Messages sent again, marked as a possible repeat, because it could not be looked up whether they had arrived.",
		}, []string{"receiver"}),
		deferred: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_alerts_deferred_total",
			Help: "Cards that became lines of a digest because more waited than the receiver takes.",
		}, []string{"receiver"}),
		stopped: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_receiver_stopped",
			Help: "1 while a receiver takes nothing until a person acts.",
		}, []string{"receiver"}),
		delay: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "leakytap_alert_delay_seconds",
			Help:    "From the time a post was observed to the time its card was accepted by the receiver.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600},
		}),
	}
}

// Ensure gives every combination of the names its samples, 0 where nothing happened yet.
func (m *Metrics) Ensure(brands, receivers []string) {
	if m == nil {
		return
	}
	for _, r := range receivers {
		for _, b := range brands {
			m.sent.WithLabelValues(b, r)
		}
		for _, reason := range Reasons() {
			m.failed.WithLabelValues(r, reason)
		}
		m.repeated.WithLabelValues(r)
		m.deferred.WithLabelValues(r)
		m.stopped.WithLabelValues(r)
	}
}

func (m *Metrics) cardSent(brand, receiver string, delay time.Duration) {
	if m == nil {
		return
	}
	m.sent.WithLabelValues(brand, receiver).Inc()
	if delay >= 0 {
		m.delay.Observe(delay.Seconds())
	}
}

func (m *Metrics) attemptFailed(receiver, reason string) {
	if m != nil {
		m.failed.WithLabelValues(receiver, reason).Inc()
	}
}

func (m *Metrics) repeat(receiver string) {
	if m != nil {
		m.repeated.WithLabelValues(receiver).Inc()
	}
}

func (m *Metrics) deferredCards(receiver string, n int) {
	if m != nil {
		m.deferred.WithLabelValues(receiver).Add(float64(n))
	}
}

func (m *Metrics) setStopped(receiver string, stopped bool) {
	if m == nil {
		return
	}
	v := 0.0
	if stopped {
		v = 1
	}
	m.stopped.WithLabelValues(receiver).Set(v)
}
