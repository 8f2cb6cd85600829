// Package score is the stage around pkg/vent: it reads what matched from the
// bus, asks the scorer about each mention and brand, and passes the answer on.
//
// It promises to keep nothing, to hand a partition's records on in their order,
// and to put a record that it cannot read or score into the dead letters
// rather than stop: the records behind it go on.
//
//	score.go    the stage
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

// Scorer answers for one text. *vent.Scorer is one.
type Scorer interface {
	Score(in vent.Input, opt vent.Options) vent.Score
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
	Log     *zap.Logger
	Reg     prometheus.Registerer
}

// Stage scores what matched. Its methods are safe for use by many goroutines.
type Stage struct {
	opt Options
	met *metrics
}

// New makes a stage and starts nothing.
func New(opt Options) *Stage {
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	return &Stage{opt: opt, met: newMetrics(opt.Reg)}
}

// Prepare makes the samples of the named brands exist at 0.
func (s *Stage) Prepare(brands []string) { s.met.prepare(brands) }

// Handle scores one batch of a partition and returns nil only once every answer
// is durable on the bus. It is a bus.Handler.
func (s *Stage) Handle(ctx context.Context, batch []bus.Message) error {
	out := make([]bus.Message, 0, len(batch))
	brands := make([]string, 0, len(batch))
	for _, m := range batch {
		scored, reason, err := s.one(m)
		if err != nil {
			if dead := s.opt.Dead.Send(ctx, "score", reason, m, err); dead != nil {
				return dead
			}
			continue
		}
		value, err := json.Marshal(scored)
		if err != nil {
			return fmt.Errorf("encoding score of %s: %w", scored.Mention.ID, err)
		}
		out = append(out, bus.Message{Key: m.Key, Value: value})
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

// one scores one record. A panic of the scorer is that record's fault alone.
func (s *Stage) one(m bus.Message) (scored record.Scored, reason string, err error) {
	var in record.Matched
	if err := json.Unmarshal(m.Value, &in); err != nil {
		return scored, reasonBadRecord, fmt.Errorf("reading matched mention: %w", err)
	}
	switch {
	case in.V > record.Version:
		return scored, reasonNewerVersion, fmt.Errorf("record has version %d, this release reads %d; upgrade it and retry the dead letter", in.V, record.Version)
	case in.Brand == "" || in.Mention.ID == "":
		return scored, reasonBadRecord, errors.New("record has no brand or no mention id")
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
	sc := s.opt.Scorer().Score(Input(subject, in.Mention), vent.Options{Explain: true})
	if math.IsNaN(sc.Venting) || math.IsInf(sc.Venting, 0) {
		return scored, reasonFailed, fmt.Errorf("scorer gave %v", sc.Venting)
	}
	return record.Scored{Matched: in, Score: sc}, "", nil
}
