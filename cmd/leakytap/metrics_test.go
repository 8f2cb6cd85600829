package main_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

// promised are the metrics of the contract with their labels in order, and those
// values that have to be there from the start.
func promised() map[string][]map[string]string {
	sources := each("source", "sky", "forum", "hook", "disk")
	brands := each("brand", "acme", "borealis")
	receivers := each("receiver", "support", "ops")
	return map[string][]map[string]string{
		"leakytap_mentions_collected_total":              sources,
		"leakytap_mentions_matched_total":                cross(sources, brands),
		"leakytap_mentions_scored_total":                 brands,
		"leakytap_decisions_total":                       cross(brands, each("outcome", "alert", "joined", "digest", "silenced", "inhibited", "below_threshold", "over_budget", "excluded", "not_matched", "own_account", "already_handled", "duplicate", "retracted")),
		"leakytap_alerts_sent_total":                     cross(brands, receivers),
		"leakytap_alerts_failed_total":                   cross(receivers, each("reason", "rate_limited", "timeout", "channel_not_found")),
		"leakytap_alert_delay_seconds":                   {{}},
		"leakytap_case_ack_seconds":                      {{}},
		"leakytap_case_resolve_seconds":                  {{}},
		"leakytap_cases_open":                            cross(brands, each("severity", "low", "medium", "high", "critical")),
		"leakytap_source_last_item_timestamp_seconds":    sources,
		"leakytap_source_errors_total":                   cross(sources, each("reason", "blocked_address", "timeout")),
		"leakytap_source_blind":                          sources,
		"leakytap_bus_lag":                               each("group", "score", "alert"),
		"leakytap_dead_letters_total":                    each("stage", "ingest", "score", "alert"),
		"leakytap_config_last_reload_successful":         {{}},
		"leakytap_canary_last_success_timestamp_seconds": {{}},
	}
}

func each(label string, values ...string) []map[string]string {
	out := make([]map[string]string, len(values))
	for i, v := range values {
		out[i] = map[string]string{label: v}
	}
	return out
}

func cross(a, b []map[string]string) []map[string]string {
	var out []map[string]string
	for _, x := range a {
		for _, y := range b {
			m := maps.Clone(x)
			maps.Copy(m, y)
			out = append(out, m)
		}
	}
	return out
}

// scrape reads an exposition: name, then each sample's labels and value.
func scrape(t *testing.T, body string) map[string][]map[string]string {
	t.Helper()
	line := regexp.MustCompile(`^([a-z_:A-Z0-9]+)(?:\{(.*)\})? (\S+)$`)
	pair := regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
	out := map[string][]map[string]string{}
	for l := range strings.SplitSeq(strings.TrimSpace(body), "\n") {
		if strings.HasPrefix(l, "#") {
			continue
		}
		m := line.FindStringSubmatch(l)
		require.NotNil(t, m, l)
		labels := map[string]string{"": m[3]}
		for _, p := range pair.FindAllStringSubmatch(m[2], -1) {
			labels[p[1]] = p[2]
		}
		out[m[1]] = append(out[m[1]], labels)
	}
	return out
}

// TestMetrics scrapes before anything happened and after one complaint: all that
// the contract names is there, at zero, with those labels and no others.
func TestMetrics(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.slack.SetChannel(slack.Channel{ID: "C0OPS"})
	a.write("ops_receiver: ops\n" + a.sourcesYAML() + `brands:
  - {name: acme, query: "acme"}
  - {name: borealis, query: "borealis"}
route: {receiver: support}
receivers:
` + a.slackYAML("support", slack.DefaultChannel, signed) + a.slackYAML("ops", "C0OPS", ""))
	begun := time.Now()
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	_, body := a.page(ctx, "/metrics")
	got := scrape(t, body)
	for name, want := range promised() {
		have := got[name]
		if strings.HasSuffix(name, "_delay_seconds") || strings.HasSuffix(name, "_ack_seconds") || strings.HasSuffix(name, "_resolve_seconds") {
			have = got[name+"_count"]
			require.NotEmpty(t, got[name+"_bucket"], name)
			require.Contains(t, body, "# TYPE "+name+" histogram")
		}
		require.NotEmpty(t, have, name)
		keys := slices.Sorted(maps.Keys(want[0]))
		for _, h := range have {
			own := slices.DeleteFunc(slices.Sorted(maps.Keys(h)), func(k string) bool { return k == "" })
			require.ElementsMatch(t, keys, own, name)
			if !strings.Contains(name, "timestamp") && name != "leakytap_config_last_reload_successful" && name != "leakytap_bus_lag" {
				require.Equal(t, "0", h[""], "%s %v", name, h)
			}
		}
		for _, w := range want {
			require.True(t, slices.ContainsFunc(have, func(h map[string]string) bool {
				for k, v := range w {
					if h[k] != v {
						return false
					}
				}
				return true
			}), "%s has no %v", name, w)
		}
	}
	require.Len(t, got["leakytap_build_info"], 1)
	a.metric(ctx, "leakytap_config_last_reload_successful", "1")
	a.until("the canary has crossed", func() bool {
		_, body := a.page(ctx, "/metrics")
		v, _ := sample(body, "leakytap_canary_last_success_timestamp_seconds")
		at, err := strconv.ParseFloat(v, 64)
		return err == nil && at >= float64(begun.Unix())
	})
	t.Logf("the canary crossed %v after the start", time.Since(begun).Round(100*time.Millisecond))

	a.post(ctx, shopPost("one", "ada", "acme charged me twice for a heater and refuses the refund. i am furious", nil))
	m := a.card("https://shop.example.test/r/one")
	a.click(ctx, m, "U0ANN", "lt_claim", "")
	a.click(ctx, m, "U0ANN", "lt_resolve", "")
	for line, want := range map[string]string{
		`leakytap_mentions_collected_total{source="hook"}`:              "1",
		`leakytap_mentions_matched_total{brand="acme",source="hook"}`:   "1",
		`leakytap_mentions_scored_total{brand="acme"}`:                  "1",
		`leakytap_decisions_total{brand="acme",outcome="alert"}`:        "1",
		`leakytap_alerts_sent_total{brand="acme",receiver="support"}`:   "1",
		`leakytap_alert_delay_seconds_count`:                            "1",
		`leakytap_case_ack_seconds_count`:                               "1",
		`leakytap_case_resolve_seconds_count`:                           "1",
		`leakytap_bus_lag{group="score"}`:                               "0",
		`leakytap_bus_lag{group="alert"}`:                               "0",
		`leakytap_decisions_total{brand="borealis",outcome="alert"}`:    "0",
		`leakytap_mentions_matched_total{brand="acme",source="forum"}`:  "0",
		`leakytap_alerts_sent_total{brand="borealis",receiver="ops"}`:   "0",
		`leakytap_source_errors_total{reason="timeout",source="forum"}`: "0",
	} {
		a.metric(ctx, line, want)
	}
}
