package score

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// patience is how long a batch waits for the second opinion, hurry how long one
	// does that is so large that others wait behind it.
	patience = 2 * time.Second
	hurry    = 250 * time.Millisecond
	// crowd is how many records make a batch a large one.
	crowd = 64
	// queuePerReader is how many texts wait for each that is read; beyond them the first
	// opinion stands at once.
	queuePerReader = 64
)

// The outcomes of asking the second opinion.
const (
	outcomeAgreed   = "agreed"
	outcomeChanged  = "changed"
	outcomeDeadline = "deadline"
	outcomeBusy     = "busy"
	outcomeFailed   = "failed"
)

// seconds is the pool in which the second opinion reads, shared by all partitions.
type seconds struct {
	// slots holds one entry for each text that is being read.
	slots chan struct{}
	// queued counts texts that wait or are read.
	queued atomic.Int64
	log    *zap.Logger
	met    *metrics
}

func newSeconds(log *zap.Logger, met *metrics) *seconds {
	return &seconds{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)), log: log, met: met}
}

// question is a record that the first opinion was unsure about.
type question struct {
	in     vent.Input
	layer  *vent.Layer
	scored *record.Scored
}

// ask lets the second opinion read, in any order, and returns when all is read or
// given up: where the deadline passes or too many wait, the first opinion stands.
func (p *seconds) ask(ctx context.Context, s Scorer, qs []question, batch int) {
	wait := patience
	if batch >= crowd {
		wait = hurry
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	qs = p.admit(qs)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(cap(p.slots), len(qs)) {
		wg.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= len(qs) {
					return
				}
				p.met.second(p.one(ctx, s, qs[k]))
				p.queued.Add(-1)
			}
		})
	}
	wg.Wait()
}

// admit is the questions that there is room for.
func (p *seconds) admit(qs []question) []question {
	room := int64(cap(p.slots) * queuePerReader)
	for k := range qs {
		if p.queued.Add(1) > room {
			p.queued.Add(-1)
			for range qs[k:] {
				p.met.second(outcomeBusy)
			}
			return qs[:k]
		}
	}
	return qs
}

// one reads one text and tells what came of it.
func (p *seconds) one(ctx context.Context, s Scorer, q question) (outcome string) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return outcomeDeadline
	}
	sc, err := read(ctx, s, q)
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return outcomeDeadline
	case err != nil || !sane(sc):
		p.log.Error("second opinion failed", zap.String("mention", q.scored.Mention.ID), zap.Error(err))
		return outcomeFailed
	}
	before := q.scored.Score.Venting >= 0.5
	q.scored.Score = sc
	if before != (sc.Venting >= 0.5) {
		return outcomeChanged
	}
	return outcomeAgreed
}

// read asks the scorer. A panic is an error: the first opinion stands.
func read(ctx context.Context, s Scorer, q question) (sc vent.Score, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("scorer panicked: %v", v)
		}
	}()
	return s.Second(ctx, q.in, vent.Options{Explain: true, Layer: q.layer})
}
