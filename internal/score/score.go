// Package score is the stage around pkg/vent: it reads what matched from the
// bus, asks the scorer about each mention and brand, and passes the answer on.
//
// It promises to keep nothing, to hand a partition's records on in their order,
// and to put a record that it cannot read or score into the dead letters
// rather than stop: the records behind it go on.
//
//	score.go    the stage
//	second.go   the pool in which the second opinion reads
//	input.go    what the scorer is told about a mention and a brand
//	config.go   the config section
//	metrics.go  what is counted
package score

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Scorer answers for one text.
type Scorer interface {
	Score(in vent.Input, opt vent.Options) vent.Score
	// Second asks the second opinion, no longer than ctx.
	Second(ctx context.Context, in vent.Input, opt vent.Options) (vent.Score, error)
	// Unsure tells whether the second opinion is to be asked about a text with this score.
	Unsure(sc vent.Score) bool
}

// Subject is a brand with the names that its query asks for.
type Subject struct {
	Brand brand.Brand
	// Names are the phrases, handles and tags of the query, without @ and #.
	Names []string
}

// DeadLetters takes the records that cannot be handled.
type DeadLetters interface {
	Send(ctx context.Context, stage, reason string, m bus.Message, cause error) error
}

// Options are what a Stage needs; all but Log and Reg are required.
type Options struct {
	Bus  bus.Publisher
	Dead DeadLetters
	// Scorer gives the scorer in use; it may change between two calls.
	Scorer func() Scorer
	// Subject finds a brand of the generation in use. A brand that is not known,
	// because this process has not reloaded yet or no longer has it, is scored by
	// its name alone: the desk decides with its own generation.
	Subject func(name string) (Subject, bool)
	// Layer gives what a brand's labels taught, nil for nothing; a nil func is of no brand.
	Layer func(name string) *vent.Layer
	Log   *zap.Logger
	Reg   prometheus.Registerer
}

// Stage scores what matched. Its methods are safe for use by many goroutines.
type Stage struct {
	opt     Options
	met     *metrics
	seconds *seconds
}

// New makes a stage and starts nothing.
func New(opt Options) *Stage {
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	met := newMetrics(opt.Reg)
	return &Stage{opt: opt, met: met, seconds: newSeconds(opt.Log, met)}
}

// Prepare makes the samples of the named brands exist at 0.
func (s *Stage) Prepare(brands []string) { s.met.prepare(brands) }

// Handle scores one batch of a partition and returns nil only once every answer
// is durable on the bus. It is a bus.Handler.
func (s *Stage) Handle(ctx context.Context, batch []bus.Message) error {
	scorer := s.opt.Scorer()
	all := make([]record.Scored, 0, len(batch))
	keys := make([]string, 0, len(batch))
	var unsure []question
	for _, m := range batch {
		scored, q, reason, err := s.one(scorer, m)
		if err != nil {
			if dead := s.opt.Dead.Send(ctx, "score", reason, m, err); dead != nil {
				return dead
			}
			continue
		}
		all = append(all, scored)
		keys = append(keys, m.Key)
		if scored.Match != record.MatchCanary && scorer.Unsure(scored.Score) {
			q.scored = &all[len(all)-1]
			unsure = append(unsure, q)
		}
	}
	s.seconds.ask(ctx, scorer, unsure, len(batch))
	return s.publish(ctx, all, keys)
}

func (s *Stage) publish(ctx context.Context, all []record.Scored, keys []string) error {
	out := make([]bus.Message, 0, len(all))
	brands := make([]string, 0, len(all))
	for i := range all {
		scored := &all[i]
		value, err := json.Marshal(scored)
		if err != nil {
			return fmt.Errorf("encoding score of %s: %w", scored.Mention.ID, err)
		}
		out = append(out, bus.Message{Key: keys[i], Value: value})
		if scored.Match != record.MatchCanary {
			brands = append(brands, scored.Brand)
		}
	}
	if len(out) == 0 {
		return nil
	}
	if err := s.opt.Bus.Publish(ctx, bus.TopicScored, out...); err != nil {
		return fmt.Errorf("publishing %d scores: %w", len(out), err)
	}
	s.met.count(brands)
	return nil
}

// The reasons for a dead letter, as record.Dead names them.
const (
	reasonBadRecord    = "bad_record"
	reasonNewerVersion = "newer_version"
	reasonPanic        = "panic"
	reasonFailed       = "failed"
)

// one asks the first opinion about one record. A panic of the scorer is that record's
// fault alone.
func (s *Stage) one(scorer Scorer, m bus.Message) (scored record.Scored, q question, reason string, err error) {
	var in record.Matched
	if err := json.Unmarshal(m.Value, &in); err != nil {
		return scored, q, reasonBadRecord, fmt.Errorf("reading matched mention: %w", err)
	}
	switch {
	case in.V > record.Version:
		return scored, q, reasonNewerVersion, fmt.Errorf("record has version %d, this release reads %d; upgrade it and retry the dead letter", in.V, record.Version)
	case in.Brand == "" || in.Mention.ID == "":
		return scored, q, reasonBadRecord, errors.New("record has no brand or no mention id")
	}
	defer func() {
		if p := recover(); p != nil {
			s.opt.Log.Error("scorer panicked", zap.String("mention", in.Mention.ID), zap.Any("panic", p), zap.Stack("stack"))
			reason, err = reasonPanic, fmt.Errorf("scorer panicked: %v", p)
		}
	}()
	subject, ok := s.opt.Subject(in.Brand)
	if !ok {
		subject = Subject{Brand: brand.Brand{Name: in.Brand}}
	}
	q = question{in: Input(subject, in.Mention), layer: s.layer(in.Brand)}
	sc := scorer.Score(q.in, vent.Options{Explain: true, Fast: true, Layer: q.layer})
	if !sane(sc) {
		return scored, q, reasonFailed, fmt.Errorf("scorer gave %v", sc.Venting)
	}
	scored = record.Scored{Matched: in, Score: sc}
	if q.layer != nil {
		scored.Layer = q.layer.Version
	}
	return scored, q, "", nil
}

// layer is what the labels of a brand taught.
func (s *Stage) layer(name string) *vent.Layer {
	if s.opt.Layer == nil {
		return nil
	}
	return s.opt.Layer(name)
}

// sane tells whether a score is a number.
func sane(sc vent.Score) bool { return !math.IsNaN(sc.Venting) && !math.IsInf(sc.Venting, 0) }
