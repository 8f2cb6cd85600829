package webhook

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// keepRecent is how many acknowledged deliveries are remembered.
	keepRecent = 4096
	// recentFor is for how long: longer than a signature holds both ways, so that a
	// delivery that someone else plays back does not undo a later edit.
	recentFor = 15 * time.Minute
)

// recent remembers what was acknowledged lately, by webhook-id and body. It saves
// work and is no promise: after a restart the posts' ids still tell.
type recent struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]delivery
	order [][sha256.Size]byte
}

type delivery struct {
	res result
	at  time.Time
}

func newRecent() *recent { return &recent{known: map[[sha256.Size]byte]delivery{}} }

// deliveryKey identifies a delivery: the body counts, so that a sender that uses
// one webhook-id for everything loses nothing. It is zero where there is no id.
func deliveryKey(id string, body []byte) [sha256.Size]byte {
	if id == "" {
		return [sha256.Size]byte{}
	}
	h := sha256.New()
	_, _ = h.Write([]byte(id))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

func (r *recent) find(key [sha256.Size]byte, now time.Time) (result, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ok := r.known[key]
	if !ok || now.Sub(d.at) > recentFor {
		return result{}, false
	}
	return d.res, true
}

func (r *recent) add(key [sha256.Size]byte, res result, now time.Time) {
	if key == ([sha256.Size]byte{}) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[key]; !ok {
		r.order = append(r.order, key)
	}
	r.known[key] = delivery{res: res, at: now}
	for len(r.order) > keepRecent {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
}
