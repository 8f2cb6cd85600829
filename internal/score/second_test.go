package score_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// reader is unsure about texts that are to be asked about, and answers as they say.
type reader struct {
	reading, most atomic.Int64
}

func (*reader) Score(in vent.Input, opt vent.Options) vent.Score {
	if !opt.Fast {
		panic("the stage waits for nobody")
	}
	return vent.Score{Venting: 0.6, Model: in.Text, Opinion: vent.OpinionFirst}
}

func (*reader) Unsure(sc vent.Score) bool { return sc.Model != "sure" }

func (r *reader) Second(ctx context.Context, in vent.Input, _ vent.Options) (vent.Score, error) {
	n := r.reading.Add(1)
	defer r.reading.Add(-1)
	r.most.Store(max(r.most.Load(), n))
	switch in.Text {
	case "slow":
		<-ctx.Done()
		return vent.Score{}, ctx.Err()
	case "panic":
		panic("a text that the encoder cannot bear")
	case "broken":
		return vent.Score{}, errors.New("no weights")
	case "no":
		return vent.Score{Venting: 0.2, Opinion: vent.OpinionSecond}, nil
	}
	return vent.Score{Venting: 0.8, Opinion: vent.OpinionSecond}, nil
}

func askedStage(r *reader, pub *published, reg prometheus.Registerer) *score.Stage {
	return score.New(score.Options{
		Bus: pub, Dead: &dead{}, Reg: reg,
		Scorer:  func() score.Scorer { return r },
		Subject: func(string) (score.Subject, bool) { return score.Subject{}, false },
	})
}

func texts(t *testing.T, words ...string) []bus.Message {
	t.Helper()
	out := make([]bus.Message, 0, len(words))
	for i, w := range words {
		out = append(out, message(t, record.Matched{V: record.Version, Brand: "acme", Mention: mention.Mention{ID: strconv.Itoa(i), Text: w}}))
	}
	return out
}

func opinions(t *testing.T, pub *published) []string {
	t.Helper()
	var out []string
	for i, m := range pub.msgs {
		var s record.Scored
		require.NoError(t, json.Unmarshal(m.Value, &s))
		require.Equal(t, strconv.Itoa(i), s.Mention.ID, "in their order")
		out = append(out, s.Score.Opinion)
	}
	return out
}

func outcomes(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	fams, err := reg.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range fams {
		if f.GetName() == "leakytap_second_opinion_total" {
			for _, m := range f.GetMetric() {
				out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return out
}

func TestSecondOpinion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, pub, reg := &reader{}, &published{}, prometheus.NewRegistry()
		stage := askedStage(r, pub, reg)
		require.Equal(t, map[string]float64{"agreed": 0, "changed": 0, "deadline": 0, "busy": 0, "failed": 0}, outcomes(t, reg))
		require.NoError(t, stage.Handle(t.Context(), texts(t, "yes", "sure", "no", "panic", "broken", "slow")))
		first, second := vent.OpinionFirst, vent.OpinionSecond
		require.Equal(t, []string{second, first, second, first, first, first}, opinions(t, pub))
		require.Equal(t, map[string]float64{"agreed": 1, "changed": 1, "deadline": 1, "busy": 0, "failed": 2}, outcomes(t, reg))
	})
}

// However many are unsure, no more are read at once than there are readers, and those
// for whom there is no room keep the first opinion without a wait.
func TestSecondOpinionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, pub, reg := &reader{}, &published{}, prometheus.NewRegistry()
		words := make([]string, 5000)
		for i := range words {
			words[i] = "slow"
		}
		require.NoError(t, askedStage(r, pub, reg).Handle(t.Context(), texts(t, words...)))
		got := outcomes(t, reg)
		require.Positive(t, got["busy"])
		require.InDelta(t, float64(len(words)), got["busy"]+got["deadline"], 0)
		require.LessOrEqual(t, float64(r.most.Load()), got["deadline"]/64)
		require.Len(t, pub.msgs, len(words))
		require.NoError(t, askedStage(r, pub, nil).Handle(t.Context(), nil))
	})
}

// A canary is no post: nobody needs two opinions of it.
func TestCanaryIsNotAsked(t *testing.T) {
	r, pub, reg := &reader{}, &published{}, prometheus.NewRegistry()
	m := message(t, record.Matched{V: record.Version, Brand: "acme", Match: record.MatchCanary, Mention: mention.Mention{ID: "0", Text: "yes"}})
	require.NoError(t, askedStage(r, pub, reg).Handle(t.Context(), []bus.Message{m}))
	require.Equal(t, []string{vent.OpinionFirst}, opinions(t, pub))
	require.Equal(t, 5, testutil.CollectAndCount(reg, "leakytap_second_opinion_total"))
}
