package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
)

// state is what people who look at the inbox should know of the daemon itself.
type state struct {
	mu sync.Mutex
	// config is why the config on disk does not run, empty when it does.
	config string
	// stopped are the receivers that take nothing.
	stopped map[string]alert.Status
}

// refused notes why the config on disk was refused; empty says that it runs.
func (s *state) refused(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = why
}

// receiver notes that a receiver stopped or takes messages again.
func (s *state) receiver(st alert.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped == nil {
		s.stopped = map[string]alert.Status{}
	}
	if st.Stopped {
		s.stopped[st.Receiver] = st
	} else {
		delete(s.stopped, st.Receiver)
	}
}

// troubles are sentences for the top of the inbox.
func (d *Daemon) troubles(context.Context) []string {
	d.state.mu.Lock()
	defer d.state.mu.Unlock()
	var out []string
	for name, st := range d.state.stopped {
		out = append(out, fmt.Sprintf("Receiver %s takes nothing since %s: %s. %s", name, st.Since.UTC().Format(time.TimeOnly), st.Reason, st.Hint))
	}
	if d.sockets != nil {
		out = append(out, d.sockets.Troubles()...)
	}
	slices.Sort(out)
	if d.state.config != "" {
		first, _, more := strings.Cut(d.state.config, "\n")
		if more {
			first += " (and more)"
		}
		out = append(out, "The config on disk was refused and an older one runs: "+first)
	}
	return out
}
