package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	sessionLife = 12 * time.Hour
	maxSessions = 4096
)

// sessions remembers who logged in, by the hash of a random cookie: a dump of
// the process's memory holds nothing to log in with. A restart ends all of them.
type sessions struct {
	mu   sync.Mutex
	rows map[[sha256.Size]byte]session
}

type session struct {
	token token
	until time.Time
}

// open makes a session and gives the cookie's value.
func (s *sessions) open(tok token, now time.Time) string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails: crypto/rand ends the process instead
	value := base64.RawURLEncoding.EncodeToString(secret)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = make(map[[sha256.Size]byte]session)
	}
	if len(s.rows) >= maxSessions {
		s.evict(now)
	}
	s.rows[sha256.Sum256([]byte(value))] = session{token: tok, until: now.Add(sessionLife)}
	return value
}

// evict drops what has ended, and the one that ends first where nothing has.
func (s *sessions) evict(now time.Time) {
	var first [sha256.Size]byte
	var until time.Time
	for k, v := range s.rows {
		if !v.until.After(now) {
			delete(s.rows, k)
			continue
		}
		if until.IsZero() || v.until.Before(until) {
			first, until = k, v.until
		}
	}
	if len(s.rows) >= maxSessions {
		delete(s.rows, first)
	}
}

func (s *sessions) find(value string, now time.Time) (token, bool) {
	key := sha256.Sum256([]byte(value))
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[key]
	if !ok {
		return token{}, false
	}
	if !row.until.After(now) {
		delete(s.rows, key)
		return token{}, false
	}
	return row.token, true
}

func (s *sessions) end(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, sha256.Sum256([]byte(value)))
}
