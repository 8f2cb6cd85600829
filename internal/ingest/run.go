package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/httpx"
)

// leaseTTL is how long a source stays with a process that says nothing more.
const leaseTTL = 15 * time.Second

// stopWithin is how long a source may take to end once it is told to.
const stopWithin = 20 * time.Second

// Spec is one source that is to run.
type Spec struct {
	Name string
	Type string
	// Poll is the interval between fetches, 0 for a stream and for a webhook.
	Poll time.Duration
	// MaxAge is the age from which a post of a first fetch or after a gap is late; 0 is never.
	MaxAge time.Duration
	// Fingerprint tells whether the source has to be built anew: Apply leaves a
	// running source of the same fingerprint alone.
	Fingerprint string
	// Source is what runs.
	Source Source
}

// Options are what New needs.
type Options struct {
	Store Store
	Bus   bus.Publisher
	// Dead may be nil: then bad records are only counted.
	Dead DeadLetters
	// Rules gives the current generation; it is asked once for each batch.
	Rules func() Rules
	// Sampler may be nil: then posts that matched nothing are forgotten.
	Sampler Sampler
	// Leases may be nil where no other process runs the same sources; Holder names this one.
	Leases Leases
	Holder string
	Log    *zap.Logger
	Reg    prometheus.Registerer
}

// Ingest runs sources side by side.
type Ingest struct {
	opt     Options
	log     *zap.Logger
	metrics *metrics
	mirror  *mirror

	mu      sync.Mutex
	wanted  map[string]Spec
	running map[string]*worker
	changed chan struct{}
}

// worker is one source that is running.
type worker struct {
	spec    Spec
	session *Session
	cancel  context.CancelFunc
	done    chan struct{}
}

// New makes an Ingest without sources; it starts nothing.
func New(opt Options) (*Ingest, error) {
	if opt.Store == nil || opt.Bus == nil || opt.Rules == nil || opt.Reg == nil {
		return nil, errors.New("making ingest: store, bus, rules and registerer are needed")
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	log := opt.Log.Named("ingest")
	return &Ingest{
		opt: opt, log: log, metrics: newMetrics(opt.Reg),
		mirror: &mirror{store: opt.Store, log: log},
		wanted: map[string]Spec{}, running: map[string]*worker{}, changed: make(chan struct{}, 1),
	}, nil
}

// Prepare gives every metric of these sources and brands its zero.
func (in *Ingest) Prepare(sources, brands []string) { in.metrics.prepare(sources, brands) }

// Apply replaces the sources: new ones start, those that are gone or whose
// fingerprint changed stop, the others go on undisturbed. It returns at once.
func (in *Ingest) Apply(specs []Spec) {
	in.mu.Lock()
	in.wanted = make(map[string]Spec, len(specs))
	for _, s := range specs {
		in.wanted[s.Name] = s
	}
	in.mu.Unlock()
	select {
	case in.changed <- struct{}{}:
	default:
	}
}

// Run runs the sources until ctx ends; it returns once they have all stopped.
func (in *Ingest) Run(ctx context.Context) error {
	in.mirror.refresh(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { in.mirror.run(ctx, in.recheck) })
	helpers.Go(func() { in.keepSample(ctx) })
	for {
		in.reconcile(ctx)
		select {
		case <-in.changed:
			continue
		case <-ctx.Done():
		}
		break
	}
	in.stop(slices.Collect(maps.Values(in.running)))
	helpers.Wait()
	return nil
}

// reconcile makes what runs equal to what is wanted.
func (in *Ingest) reconcile(ctx context.Context) {
	in.mu.Lock()
	wanted := maps.Clone(in.wanted)
	var old []*worker
	for name, w := range in.running {
		if spec, ok := wanted[name]; !ok || spec.Fingerprint != w.spec.Fingerprint {
			old = append(old, w)
		}
	}
	in.mu.Unlock()
	// A replaced source has saved its cursor before its successor loads it.
	in.stop(old)
	in.mu.Lock()
	defer in.mu.Unlock()
	for name, spec := range wanted {
		if _, ok := in.running[name]; ok || ctx.Err() != nil {
			continue
		}
		wctx, cancel := context.WithCancel(ctx)
		w := &worker{spec: spec, cancel: cancel, done: make(chan struct{})}
		w.session = &Session{in: in, spec: spec, locks: newIDLocks(), log: in.log.With(zap.String("source", name))}
		in.running[name] = w
		go func() {
			defer close(w.done)
			in.supervise(wctx, w)
		}()
	}
}

func (in *Ingest) stop(list []*worker) {
	for _, w := range list {
		w.cancel()
	}
	for _, w := range list {
		t := time.NewTimer(stopWithin)
		select {
		case <-w.done:
		case <-t.C:
			w.session.log.Error("source does not stop, going on without it")
		}
		t.Stop()
		in.mu.Lock()
		delete(in.running, w.spec.Name)
		in.mu.Unlock()
	}
}

func (in *Ingest) sessions() []*Session {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make([]*Session, 0, len(in.running))
	for _, w := range in.running {
		out = append(out, w.session)
	}
	return out
}

// supervise runs one source until ctx ends, again after each end.
func (in *Ingest) supervise(ctx context.Context, w *worker) {
	failures := 0
	for ctx.Err() == nil {
		start := time.Now()
		err := in.once(ctx, w)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the source ended by itself")
		}
		if time.Since(start) > time.Minute {
			failures = 0
		}
		failures++
		w.session.Fail(ctx, err)
		if !httpx.Wait(ctx, backoff().Delay(failures, askedToWait(err))) {
			return
		}
	}
}

// once is one run of a source: under its lease, with a fresh cursor. A panic
// comes back as an error.
func (in *Ingest) once(ctx context.Context, w *worker) (err error) {
	s := w.session
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("source panicked", zap.Any("panic", v), zap.ByteString("stack", debug.Stack()))
			err = Fault(ReasonPanic, "the source panicked; the log has the stack")
		}
	}()
	ctx, release, err := in.lease(ctx, w.spec.Name)
	if err != nil {
		return err
	}
	defer release()
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.saveState(context.WithoutCancel(ctx), true)
	return w.spec.Source.Run(ctx, s)
}

// lease waits until this process may run the source and gives a context that
// ends when it no longer may.
func (in *Ingest) lease(ctx context.Context, name string) (context.Context, func(), error) {
	if in.opt.Leases == nil {
		return ctx, func() {}, nil
	}
	key := "source/" + name
	for {
		ok, err := in.opt.Leases.Lease(ctx, key, in.opt.Holder, leaseTTL)
		if err != nil {
			return ctx, nil, &Error{Reason: ReasonStore, Err: fmt.Errorf("taking the lease: %w", err)}
		}
		if ok {
			break
		}
		if !httpx.Wait(ctx, leaseTTL/3) {
			return ctx, nil, ctx.Err()
		}
	}
	held, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		last := time.Now()
		for httpx.Wait(held, leaseTTL/5) {
			ok, err := in.opt.Leases.Lease(held, key, in.opt.Holder, leaseTTL)
			switch {
			case err == nil && ok:
				last = time.Now()
			case err == nil, time.Since(last) > leaseTTL*2/3:
				return
			}
		}
	}()
	return held, func() {
		cancel()
		<-done
		if err := in.opt.Leases.ReleaseLease(context.WithoutCancel(ctx), key, in.opt.Holder); err != nil {
			in.log.Debug("giving back a lease failed", zap.String("source", name), zap.Error(err))
		}
	}, nil
}
