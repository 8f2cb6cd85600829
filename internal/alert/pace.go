package alert

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// slowGap is the pace after a receiver has said that it is too much, slowFor
	// how long it is kept.
	slowGap = time.Second
	slowFor = 10 * time.Second
	// minAfter and maxAfter clamp what a receiver asks for.
	minAfter = time.Second
	maxAfter = 5 * time.Minute
	// backoffAfter is how many failures in a row are met without a pause.
	backoffAfter = 3
	backoffFirst = 250 * time.Millisecond
	backoffMost  = time.Minute
	probeLeast   = 30 * time.Second
	probeMost    = 60 * time.Second
)

// pace says when the next call to a receiver may begin. It sends as fast as the
// receiver takes it until the receiver says that it is too much.
type pace struct {
	mu       sync.Mutex
	closed   time.Time // no call before
	slow     time.Time // one call a second before
	next     time.Time // the next call while slow
	failures int       // in a row
}

// wait is how long until a call may begin, 0 for now. It books nothing.
func (p *pace) wait(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left(now)
}

func (p *pace) left(now time.Time) time.Duration {
	d := p.closed.Sub(now)
	if now.Before(p.slow) {
		d = max(d, p.next.Sub(now))
	}
	return max(d, 0)
}

// take books a call that begins now and reports false where none may.
func (p *pace) take(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left(now) > 0 {
		return false
	}
	p.next = now.Add(slowGap)
	return true
}

// limited closes the gate for as long as the receiver asked and goes slowly for
// slowFor after that. It answers until when.
func (p *pace) limited(now time.Time, after time.Duration) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := now.Add(min(max(after, minAfter), maxAfter))
	if until.After(p.closed) {
		p.closed = until
	}
	p.slow = p.closed.Add(slowFor)
	return p.closed
}

// recall closes the gate as it was closed before a restart.
func (p *pace) recall(now, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !until.After(now) {
		return
	}
	if most := now.Add(maxAfter); until.After(most) {
		until = most
	}
	p.closed, p.slow = until, until.Add(slowFor)
}

// isSlow reports whether the receiver has said lately that it is too much.
func (p *pace) isSlow(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.slow)
}

// failed counts a failure and pauses once there are several in a row.
func (p *pace) failed(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures++
	if p.failures < backoffAfter {
		return
	}
	if until := now.Add(backoff(p.failures - backoffAfter)); until.After(p.closed) {
		p.closed = until
	}
}

// worked ends a run of failures.
func (p *pace) worked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = 0
}

// stopped closes the gate until the next probe.
func (p *pace) stopped(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(probeLeast + jitter(probeMost-probeLeast)); until.After(p.closed) {
		p.closed = until
	}
}

// backoff is the pause after n failures more than one, between half of an
// exponential value and all of it.
func backoff(n int) time.Duration {
	d := backoffFirst
	for range n {
		if d *= 2; d >= backoffMost {
			d = backoffMost
			break
		}
	}
	return d/2 + jitter(d/2)
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // jitter spreads load; it guards no secret
}
