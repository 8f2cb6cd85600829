package main_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// delays are how long each complaint took from being said to standing in Slack.
func (a *arena) delays() []time.Duration {
	var out []time.Duration
	msgs := a.slack.Messages(slack.DefaultChannel)
	a.mu.Lock()
	defer a.mu.Unlock()
	for url, complaint := range a.said {
		if !complaint {
			continue
		}
		for _, m := range msgs {
			if bytes.Contains(m.Blocks, []byte(url+`"`)) {
				out = append(out, m.At.Sub(a.at[url]))
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestFourSources says a thousand posts on four kinds of sources at once, 200 of
// them complaints, as fast as they go out: each complaint is told once, and soon.
func TestFourSources(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	for i, p := range scenario.Generate(1000, 200, arenaBrand, 21) {
		a.say(ctx, i, p)
	}
	last := time.Now()
	require.Eventually(t, func() bool { return len(a.judge().lost) == 0 }, 2*time.Minute, 100*time.Millisecond, "complaints are missing")
	all := time.Since(last)
	pause(ctx, 2*time.Second)
	v := a.judge()
	require.Empty(t, v.lost)
	require.Empty(t, v.doubled)
	d := a.delays()
	require.Greater(t, len(d), 150, "too few of the posts are complaints: the test proves nothing")
	t.Logf("%d complaints, delay median %v, worst %v; all %v after the last was said; %d messages, %d roots",
		len(d), d[len(d)/2], d[len(d)-1], all, v.messages, len(a.slack.Roots(slack.DefaultChannel)))
}
