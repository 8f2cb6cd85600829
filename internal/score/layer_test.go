package score_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// layered scores with the real scorer, and has the second opinion read what acme says.
type layered struct{ *vent.Scorer }

func (l layered) Second(_ context.Context, in vent.Input, opt vent.Options) (vent.Score, error) {
	opt.Fast = true
	sc := l.Score(in, opt)
	sc.Opinion = "second"
	return sc, nil
}

func (layered) Unsure(vent.Score) bool { return true }

// What a brand's labels taught is in its score, by either opinion, and in no other brand's.
func TestLayersOfBrands(t *testing.T) {
	s, err := vent.Default()
	require.NoError(t, err)
	text := "still waiting for my refund from acme, third week"
	l := &vent.Layer{Version: 7, Cap: 1, Weights: make([]float32, vent.LayerDims)}
	for _, tr := range s.Traits(vent.Input{Text: text, Brand: "acme"}, nil) {
		l.Weights[tr.Dim] = -tr.Value
	}
	pub := &published{}
	stage := score.New(score.Options{
		Bus: pub, Dead: &dead{}, Scorer: func() score.Scorer { return layered{s} },
		Subject: func(name string) (score.Subject, bool) { return score.Subject{Brand: brand.Brand{Name: name}}, true },
		Layer: func(name string) *vent.Layer {
			if name == "acme" {
				return l
			}
			return nil
		},
	})
	var batch []bus.Message
	for _, name := range []string{"acme", "globex"} {
		batch = append(batch, message(t, record.Matched{V: record.Version, Brand: name, Mention: mention.Mention{ID: "x:1", Text: text}, Match: record.MatchQuery}))
	}
	require.NoError(t, stage.Handle(t.Context(), batch))
	require.Len(t, pub.msgs, 2)
	var with, without record.Scored
	require.NoError(t, json.Unmarshal(pub.msgs[0].Value, &with))
	require.NoError(t, json.Unmarshal(pub.msgs[1].Value, &without))
	require.EqualValues(t, 7, with.Layer)
	require.Less(t, with.Score.Learned, -0.3)
	require.Equal(t, "second", with.Score.Opinion)
	require.Zero(t, without.Layer)
	require.Zero(t, without.Score.Learned)
}
