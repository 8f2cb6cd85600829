package webhook

import "time"

// SetWait shortens how long a request waits for the log and for memory.
func SetWait(s *Source, d time.Duration) { s.wait = d }

// Budget is how many bytes of bodies are held at a time.
const Budget = budget

// Hold takes bytes from the budget.
func Hold(s *Source, n int64) bool { return s.bytes.TryAcquire(n) }

// Give gives bytes back to the budget.
func Give(s *Source, n int64) { s.bytes.Release(n) }

// Running reports whether the source has a session.
func (s *Source) Running() bool { return s.running() }
