package web

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures wrong tokens are free for each address, then one for each failureGap.
	maxFailures = 10
	failureGap  = 6 * time.Second
	// maxAddresses bounds the memory that guessing from many addresses can take.
	maxAddresses = 10000
)

// limiter counts wrong tokens by address. While an address is over its limit no
// token from there is looked at, right or wrong, so that guessing learns nothing.
type limiter struct {
	mu   sync.Mutex
	rows map[netip.Prefix]failures
}

type failures struct {
	n    int
	last time.Time
}

// left is f after the time since its last failure has paid some back.
func (f failures) left(now time.Time) failures {
	paid := int(now.Sub(f.last) / failureGap)
	if paid <= 0 {
		return f
	}
	f.n = max(0, f.n-paid)
	f.last = f.last.Add(time.Duration(paid) * failureGap)
	return f
}

// blocked gives how long the address must wait, 0 when it need not.
func (l *limiter) blocked(addr string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.rows[network(addr)]
	if !ok {
		return 0
	}
	f = f.left(now)
	if f.n < maxFailures {
		return 0
	}
	return failureGap - now.Sub(f.last)
}

func (l *limiter) fail(addr string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows == nil {
		l.rows = make(map[netip.Prefix]failures)
	}
	key := network(addr)
	f, ok := l.rows[key]
	if !ok && len(l.rows) >= maxAddresses {
		l.evict(now)
	}
	if f = f.left(now); f.n == 0 {
		f.last = now
	}
	f.n = min(f.n+1, maxFailures)
	l.rows[key] = f
}

// evict drops what is paid back, and any one where nothing is.
func (l *limiter) evict(now time.Time) {
	var last netip.Prefix
	for k, f := range l.rows {
		last = k
		if f.left(now).n == 0 {
			delete(l.rows, k)
		}
	}
	if len(l.rows) >= maxAddresses {
		delete(l.rows, last)
	}
}

// network is the address without its port; of IPv6 the /64, which one person has whole.
func network(addr string) netip.Prefix {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
