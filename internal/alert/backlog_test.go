package alert_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/pkg/vent"
)

// named counts in how many messages each post of the cases up to n stands.
func (w *world) named(n int) map[string]int {
	out := map[string]int{}
	for _, m := range w.slack.Messages(channel) {
		for i := 1; i <= n; i++ {
			if url := fmt.Sprintf("https://forum.example/%d", i); bytes.Contains(m.Blocks, []byte(url+`"`)) {
				out[url]++
			}
		}
	}
	return out
}

func TestMoreThanCanBePostedGoesIntoDigests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		const all = 200
		for range all {
			w.owe(record.NoticeCard)
		}
		bad := w.owe(record.NoticeCard)
		w.change(bad, func(c *record.Case) { c.Severity = vent.SeverityCritical })
		w.owe(record.NoticeCard, record.NoticeUpdate, record.NoticeReply)
		w.slack.Fail("chat.postMessage", 1, standin.RateLimited("3"))
		opt := w.options()
		opt.Backlog, opt.Memory = w.store, w.store
		begun := time.Now()
		stop := w.drain(opt)
		w.settled(5 * time.Minute)
		require.Less(t, time.Since(begun), 2*time.Minute, "two hundred cards, one a second, would take longer")
		roots, digests := 0, 0
		for _, m := range w.slack.Roots(channel) {
			if bytes.HasPrefix([]byte(m.Key()), []byte("backlog/")) {
				digests++
			} else {
				roots++
			}
		}
		require.Equal(t, alert.MaxWaiting+1+1, roots, "those that fit, the critical one, and the reply that lost its card")
		require.Equal(t, 7, digests, "171 posts, 25 in each")
		told := w.named(all + 2)
		for i := 1; i <= all+1; i++ {
			require.Equal(t, 1, told[fmt.Sprintf("https://forum.example/%d", i)], "post %d is told once", i)
		}
		require.InDelta(t, all-alert.MaxWaiting+1, w.metric("leakytap_alerts_deferred_total"), 0)
		require.Zero(t, w.slack.Early())
		<-time.After(time.Minute)
		for range 10 {
			w.owe(record.NoticeCard)
		}
		before := len(w.slack.Roots(channel))
		w.settled(time.Minute)
		stop()
		require.Len(t, w.slack.Roots(channel), before+10, "it recovers by itself: cards again")
		require.InDelta(t, all-alert.MaxWaiting+1, w.metric("leakytap_alerts_deferred_total"), 0)
	})
}

func TestABurstThatIsTakenIsNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		for range 100 {
			w.owe(record.NoticeCard)
		}
		opt := w.options()
		opt.Backlog = w.store
		stop := w.drain(opt)
		w.settled(time.Minute)
		stop()
		require.Len(t, w.slack.Roots(channel), 100, "Slack takes them: each has its card")
	})
}

func TestRetryAfterOutlivesTheProcess(t *testing.T) {
	for _, tc := range []struct {
		name   string
		keeps  bool
		missed bool
	}{{"kept in the store", true, false}, {"not kept", false, true}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				opt := w.options()
				if tc.keeps {
					opt.Memory = w.store
				}
				w.slack.Fail("chat.postMessage", 1, standin.RateLimited("60"))
				begun := time.Now()
				w.owe(record.NoticeCard)
				w.owe(record.NoticeCard)
				stop := w.drain(opt)
				<-time.After(5 * time.Second)
				stop()
				stop = w.drain(opt)
				w.settled(10 * time.Minute)
				stop()
				require.Len(t, w.slack.Roots(channel), 2)
				require.Equal(t, tc.missed, w.slack.Early() > 0, "calls inside the window: %d", w.slack.Early())
				require.GreaterOrEqual(t, time.Since(begun), time.Minute)
				// A note of long ago, or one that is no time, closes nothing.
				for _, v := range []string{"soon", time.Now().Add(-time.Hour).Format(time.RFC3339Nano)} {
					require.NoError(t, w.store.SetMeta(t.Context(), "receiver/support/closed_until", v))
					w.owe(record.NoticeCard)
					stop = w.drain(opt)
					w.settled(30 * time.Second)
					stop()
				}
			})
		})
	}
}
