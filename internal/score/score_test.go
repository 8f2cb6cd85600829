package score_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

type published struct {
	msgs []bus.Message
	err  error
}

func (p *published) Publish(_ context.Context, topic string, msgs ...bus.Message) error {
	if p.err != nil {
		return p.err
	}
	if topic != bus.TopicScored {
		return errors.New("wrong topic " + topic)
	}
	p.msgs = append(p.msgs, msgs...)
	return nil
}

type dead struct{ reasons []string }

func (d *dead) Send(_ context.Context, stage, reason string, _ bus.Message, _ error) error {
	d.reasons = append(d.reasons, stage+"/"+reason)
	return nil
}

// by answers as the text of the mention asks for.
type by struct{}

func (by) Score(in vent.Input, _ vent.Options) vent.Score {
	switch in.Text {
	case "panic":
		panic("a text that the scorer cannot bear")
	case "nan":
		return vent.Score{Venting: math.NaN()}
	}
	return vent.Score{Venting: 0.9, Model: in.Brand}
}

func (by) Second(context.Context, vent.Input, vent.Options) (vent.Score, error) {
	return vent.Score{}, errors.New("nobody is unsure")
}

func (by) Unsure(vent.Score) bool { return false }

func message(t *testing.T, m record.Matched) bus.Message {
	t.Helper()
	b, err := json.Marshal(m)
	require.NoError(t, err)
	return bus.Message{Key: m.Key(), Value: b}
}

func newStage(pub *published, d *dead, reg prometheus.Registerer) *score.Stage {
	return score.New(score.Options{
		Bus: pub, Dead: d, Reg: reg,
		Scorer: func() score.Scorer { return by{} },
		Subject: func(name string) (score.Subject, bool) {
			return score.Subject{Brand: brand.Brand{Name: name}}, name == "acme"
		},
	})
}

func TestHandleKeepsOrderAndPassesBadRecordsBy(t *testing.T) {
	pub, d, reg := &published{}, &dead{}, prometheus.NewRegistry()
	stage := newStage(pub, d, reg)
	stage.Prepare([]string{"acme"})
	mk := func(id, text string) record.Matched {
		return record.Matched{V: record.Version, Brand: "acme", Mention: mention.Mention{ID: id, Text: text}}
	}
	newer := mk("x:5", "ok")
	newer.V = record.Version + 1
	err := stage.Handle(t.Context(), []bus.Message{
		message(t, mk("x:1", "ok")),
		{Key: "k", Value: []byte("{")},
		message(t, mk("x:2", "panic")),
		message(t, mk("x:3", "nan")),
		message(t, newer),
		message(t, record.Matched{V: 1, Brand: "", Mention: mention.Mention{ID: "x:6"}}),
		message(t, mk("x:4", "ok")),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"score/bad_record", "score/panic", "score/failed", "score/newer_version", "score/bad_record"}, d.reasons)
	require.Len(t, pub.msgs, 2)
	var got record.Scored
	require.NoError(t, json.Unmarshal(pub.msgs[1].Value, &got))
	require.Equal(t, "x:4", got.Mention.ID)
	require.InDelta(t, 0.9, got.Score.Venting, 0)
	require.Equal(t, "acme/x:4", pub.msgs[1].Key)
	require.InDelta(t, 2, testutil.ToFloat64(counter(t, reg)), 0)
}

func counter(t *testing.T, reg *prometheus.Registry) prometheus.Collector {
	t.Helper()
	fams, err := reg.Gather()
	require.NoError(t, err)
	require.Equal(t, "leakytap_mentions_scored_total", fams[0].GetName())
	require.Len(t, fams[0].GetMetric(), 1)
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "copy", Help: "The counter's value."})
	g.Set(fams[0].GetMetric()[0].GetCounter().GetValue())
	return g
}

func TestHandleAsksAgainWhenTheBusIsDown(t *testing.T) {
	down := errors.New("bus is down")
	pub := &published{err: down}
	err := newStage(pub, &dead{}, nil).Handle(t.Context(), []bus.Message{
		message(t, record.Matched{V: 1, Brand: "acme", Mention: mention.Mention{ID: "x:1"}}),
	})
	require.ErrorIs(t, err, down)
}

func TestCanaryIsCountedNowhere(t *testing.T) {
	reg := prometheus.NewRegistry()
	pub := &published{}
	stage := newStage(pub, &dead{}, reg)
	require.NoError(t, stage.Handle(t.Context(), []bus.Message{
		message(t, record.Matched{V: 1, Brand: "_canary", Match: record.MatchCanary, Mention: mention.Mention{ID: "canary:1"}}),
	}))
	require.Len(t, pub.msgs, 1)
	n, err := testutil.GatherAndCount(reg, "leakytap_mentions_scored_total")
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestInputNamesTheBrandInEveryWay(t *testing.T) {
	in := score.Input(score.Subject{
		Brand: brand.Brand{Name: "acme", OwnAccounts: []string{"@acmeair"}, Aliases: []string{"acme air"}},
		Names: []string{"acme air", "acmeair"},
	}, mention.Mention{Text: "late again", Rating: 1, Author: mention.Author{Handle: "jo"}})
	require.Equal(t, []string{"acme air", "acmeair"}, in.Aliases)
	require.Equal(t, "acme", in.Brand)
	require.Equal(t, "jo", in.Handle)
	require.Equal(t, 1, in.Rating)
}
