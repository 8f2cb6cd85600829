package app

import (
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// metrics are those that belong to no stage.
type metrics struct {
	reloadOK     prometheus.Gauge
	reloadAt     prometheus.Gauge
	stale        *prometheus.GaugeVec
	storeBytes   prometheus.Gauge
	outboxOldest prometheus.Gauge
	canary       prometheus.Gauge
	labels       *prometheus.GaugeVec
	layers       *prometheus.GaugeVec
	gauges       *heldGauges
	quality      *qualityGauges
	parts        *partCounts
}

func newMetrics(reg prometheus.Registerer, version string) *metrics {
	f := promauto.With(reg)
	f.NewGaugeVec(prometheus.GaugeOpts{
		Name: "leakytap_build_info", Help: "Always 1; the labels say what runs.",
	}, []string{"version", "goversion"}).WithLabelValues(version, runtime.Version()).Set(1)
	m := &metrics{
		reloadOK: f.NewGauge(prometheus.GaugeOpts{
			Name: "leakytap_config_last_reload_successful",
			Help: "1 while the config on disk is the one that runs, 0 after a reload that was refused.",
		}),
		reloadAt: f.NewGauge(prometheus.GaugeOpts{
			Name: "leakytap_config_last_reload_success_timestamp_seconds",
			Help: "When a config was last taken.",
		}),
		stale: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_brand_config_stale",
			Help: "1 while a brand runs on an earlier version because its file is broken, or on none.",
		}, []string{"brand"}),
		storeBytes: f.NewGauge(prometheus.GaugeOpts{
			Name: "leakytap_store_bytes",
			Help: "Size of the store's files.",
		}),
		outboxOldest: f.NewGauge(prometheus.GaugeOpts{
			Name: "leakytap_outbox_oldest_seconds",
			Help: "Age of the oldest message that is owed to a receiver; 0 when none is. Growing means that a receiver takes nothing.",
		}),
		canary: f.NewGauge(prometheus.GaugeOpts{
			Name: "leakytap_canary_last_success_timestamp_seconds",
			Help: "When a marked post last crossed bus, score, decision and outbox. Older than three minutes means that something in between stands still.",
		}),
		labels: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_labels",
			Help: "Labels that teach, by brand and what they say.",
		}, []string{"brand", "value"}),
		layers: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_layer_version",
			Help: "Version of what the brand's labels taught that is in use, 0 for nothing.",
		}, []string{"brand"}),
		gauges: newHeldGauges(),
	}
	m.quality, m.parts = newQualityGauges(), newPartCounts(reg)
	reg.MustRegister(m.gauges, m.quality)
	return m
}

// prepare makes the samples of the named brands exist at 0.
func (m *metrics) prepare(brands []string) {
	for _, b := range brands {
		m.layers.WithLabelValues(b).Add(0)
		for _, v := range []string{"complaint", "not_a_complaint"} {
			m.labels.WithLabelValues(b, v).Add(0)
		}
	}
}

// labelCounts sets how many labels of a brand teach.
func (m *metrics) labelCounts(brand string, complaints, others int) {
	m.labels.WithLabelValues(brand, "complaint").Set(float64(complaints))
	m.labels.WithLabelValues(brand, "not_a_complaint").Set(float64(others))
}

// layerVersions sets which layers are in use.
func (m *metrics) layerVersions(rows []record.Layer) {
	for i := range rows {
		v := 0.0
		if len(rows[i].Weights) > 0 {
			v = float64(rows[i].Version)
		}
		m.layers.WithLabelValues(rows[i].Brand).Set(v)
	}
}

// heldGauges are the gauges that come from the store. Only the process that
// holds the housekeeping lease exports them: with several processes on one store
// a dead one must not freeze its last value, nor each export one of its own.
type heldGauges struct {
	casesOpen, blind, lag *prometheus.GaugeVec

	mu   sync.Mutex
	held bool
}

func newHeldGauges() *heldGauges {
	return &heldGauges{
		casesOpen: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_cases_open",
			Help: "Cases in which someone still has to do something, by brand and severity.",
		}, []string{"brand", "severity"}),
		blind: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_source_blind",
			Help: "1 while a source is silent for longer than it should be: complaints there are not heard.",
		}, []string{"source"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "leakytap_bus_lag",
			Help: "Messages that a consumer group has still to do.",
		}, []string{"group"}),
	}
}

// Describe sends what Collect may send.
func (h *heldGauges) Describe(ch chan<- *prometheus.Desc) {
	h.casesOpen.Describe(ch)
	h.blind.Describe(ch)
	h.lag.Describe(ch)
}

// Collect sends the last values, or nothing while another process holds the lease.
func (h *heldGauges) Collect(ch chan<- prometheus.Metric) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.held {
		return
	}
	h.casesOpen.Collect(ch)
	h.blind.Collect(ch)
	h.lag.Collect(ch)
}

// set replaces the values; a nil map is not exported.
func (h *heldGauges) set(cases map[string]map[vent.Severity]int, sources map[string]bool, lags map[string]int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = true
	h.casesOpen.Reset()
	h.blind.Reset()
	h.lag.Reset()
	for brand, counts := range cases {
		for _, sev := range vent.Severities()[1:] {
			h.casesOpen.WithLabelValues(brand, string(sev)).Set(float64(counts[sev]))
		}
	}
	for source, blind := range sources {
		v := 0.0
		if blind {
			v = 1
		}
		h.blind.WithLabelValues(source).Set(v)
	}
	for group, n := range lags {
		h.lag.WithLabelValues(group).Set(float64(n))
	}
}

// drop ends the export when the lease is lost.
func (h *heldGauges) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = false
}
