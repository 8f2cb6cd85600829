package alert_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

func TestDrainSendsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		id := w.owe(record.NoticeCard, record.NoticeReply, record.NoticeUpdate)
		w.owe(record.NoticeCard)
		stop := w.drain(w.options())
		defer stop()
		w.settled(10 * time.Second)
		roots := w.slack.Roots(channel)
		require.Len(t, roots, 2)
		all := w.slack.Messages(channel)
		require.Len(t, all, 3)
		require.Equal(t, roots[0].TS, all[1].ThreadTS)
		require.Equal(t, 1, roots[0].Edits)
		require.True(t, strings.HasPrefix(roots[0].Key(), id+"/1/card"), "an update keeps the key of the card")
		require.InDelta(t, 2, w.metric("leakytap_alerts_sent_total"), 0)
		require.InDelta(t, 2, w.metric("leakytap_alert_delay_seconds"), 0)
		require.InDelta(t, 0, w.metric("leakytap_alerts_failed_total"), 0)
	})
}

func TestDrainRendersTheCaseAsItIsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		id := w.owe(record.NoticeCard)
		w.change(id, func(c *record.Case) { c.State, c.Owner, c.ClaimedAt = record.StateClaimed, "U0JO1234", time.Now() })
		stop := w.drain(w.options())
		defer stop()
		w.settled(10 * time.Second)
		blocks := string(w.slack.Roots(channel)[0].Blocks)
		require.Contains(t, blocks, `"user_id":"U0JO1234"`)
		require.Contains(t, blocks, "lt_answer")
		require.NotContains(t, blocks, "lt_claim")
	})
}

func TestCanaryIsSentNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.notice(record.Notice{Key: "canary/1", Kind: record.NoticeCanary})
		stop := w.drain(w.options())
		defer stop()
		w.settled(5 * time.Second)
		require.Zero(t, w.slack.Calls("chat.postMessage"))
		require.InDelta(t, 0, w.metric("leakytap_alerts_sent_total"), 0)
	})
}

func TestFaultsNeitherLoseNorDouble(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault standin.Fault
		// most is how long it may take until it is there.
		most time.Duration
	}{
		{"429 in seconds", standin.RateLimited("7"), 10 * time.Second},
		{"500 before storing", standin.ErrorBefore(), settle + 10*time.Second},
		{"500 after storing", standin.ErrorAfter(), settle + 10*time.Second},
		{"hang after storing", standin.HangAfter(), timeout + settle + 10*time.Second},
		{"stored after the caller was gone", standin.LateArrival(3 * time.Second), timeout + settle + 10*time.Second},
		{"reset after storing", standin.ResetAfter(), settle + 10*time.Second},
		{"truncated after storing", standin.TruncatedAfter(), settle + 10*time.Second},
		{"fatal_error", standin.Refuse("fatal_error"), settle + 10*time.Second},
		{"fatal_error after storing", standin.Fault{Name: "x", Code: "fatal_error", Store: true}, settle + 10*time.Second},
		{"unknown error after storing", standin.Fault{Name: "x", Code: "new_in_2027", Store: true}, settle + 10*time.Second},
		{"an answer that says nothing", standin.Fault{Name: "x", Status: 200, Store: true}, settle + 10*time.Second},
		{"ratelimited in the body", standin.Fault{Name: "x", Code: "ratelimited", RetryAfter: "4"}, 10 * time.Second},
		{"a proxy that refuses", standin.Fault{Name: "x", Status: 407}, 10 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				stop := w.drain(w.options())
				defer stop()
				id := ""
				for i, kind := range []record.NoticeKind{record.NoticeCard, record.NoticeReply, record.NoticeUpdate} {
					method := "chat.postMessage"
					if kind == record.NoticeUpdate {
						method = "chat.update"
					}
					w.slack.Fail(method, 1, tc.fault)
					if kind == record.NoticeCard {
						id = w.owe(kind)
					} else {
						w.notice(record.Notice{Key: string(kind), Kind: kind, Case: id, Brand: "acme", Body: body(kind, caseOf(1))})
					}
					w.settled(tc.most)
					require.Equal(t, i+1, w.slack.Fired()[tc.fault.Name], "the fault happened")
				}
				// What comes late has come by now.
				<-time.After(30 * time.Second)
				require.Positive(t, w.slack.Roots(channel)[0].Edits)
				require.Len(t, w.slack.Messages(channel), 2)
				for k, n := range w.copies() {
					require.Equal(t, 1, n, k)
				}
				require.Zero(t, w.slack.Early(), "nothing inside a Retry-After window")
			})
		})
	}
}

func TestRetryAfterIsObeyedAndClamped(t *testing.T) {
	for _, tc := range []struct {
		name, after string
		least, most time.Duration
	}{
		{"thirty seconds", "30", 30 * time.Second, 32 * time.Second},
		{"none", "", time.Second, 3 * time.Second},
		{"zero", "0", time.Second, 3 * time.Second},
		{"negative", "-1", time.Second, 3 * time.Second},
		{"absurd", "99999999", 5 * time.Minute, 5*time.Minute + 2*time.Second},
		{"a date", "date+20s", 19 * time.Second, 23 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				after := tc.after
				if after == "date+20s" {
					after = time.Now().Add(20*time.Second + 500*time.Millisecond).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
				}
				w.slack.Fail("chat.postMessage", 1, standin.RateLimited(after))
				w.owe(record.NoticeCard)
				begun := time.Now()
				stop := w.drain(w.options())
				defer stop()
				w.settled(10 * time.Minute)
				took := time.Since(begun)
				require.GreaterOrEqual(t, took, tc.least)
				require.LessOrEqual(t, took, tc.most)
				require.Zero(t, w.slack.Early())
			})
		})
	}
}

func TestPaceAfterTheFirst429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		for range 20 {
			w.owe(record.NoticeCard)
		}
		stop := w.drain(w.options())
		w.settled(5 * time.Second)
		require.Len(t, w.slack.Roots(channel), 20, "as fast as Slack accepts")
		w.slack.Fail("chat.postMessage", 1, standin.RateLimited("2"))
		for range 10 {
			w.owe(record.NoticeCard)
		}
		begun := time.Now()
		w.settled(time.Minute)
		stop()
		require.GreaterOrEqual(t, time.Since(begun), 11*time.Second)
		ms := w.slack.Roots(channel)[20:]
		require.Len(t, ms, 10)
		for i := 1; i < len(ms); i++ {
			require.GreaterOrEqual(t, ms[i].At.Sub(ms[i-1].At), time.Second)
		}
		require.Zero(t, w.slack.Early())
	})
}

func TestOthersGoOnWhileOneSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.slack.Fail("chat.postMessage", 1, standin.HangAfter())
		for range 10 {
			w.owe(record.NoticeCard)
		}
		begun := time.Now()
		stop := w.drain(w.options())
		defer stop()
		for len(w.slack.Roots(channel)) < 10 {
			require.Less(t, time.Since(begun), 3*time.Second, "a hang of one is no hang of all")
			<-time.After(50 * time.Millisecond)
		}
		w.settled(time.Minute)
		require.Len(t, w.slack.Roots(channel), 10)
	})
}

func TestLongOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		f := standin.ErrorBefore()
		w.slack.FailBy(func(string) *standin.Fault { return &f })
		for range 5 {
			w.owe(record.NoticeCard)
		}
		stop := w.drain(w.options())
		defer stop()
		<-time.After(9 * time.Minute)
		require.Less(t, w.slack.Calls("chat.postMessage")+w.slack.Calls("conversations.history"), 200, "no storm of calls")
		w.slack.Heal()
		w.settled(3 * time.Minute)
		require.Len(t, w.slack.Roots(channel), 5)
		require.InDelta(t, 0, w.metric("leakytap_alerts_ambiguous_resent_total"), 0)
	})
}

func TestSentAgainOnceWhenItCannotBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.slack.Fail("chat.postMessage", 1, standin.HangAfter())
		broken := standin.ErrorBefore()
		w.slack.FailBy(func(method string) *standin.Fault {
			if method == "conversations.history" {
				return &broken
			}
			return nil
		})
		w.owe(record.NoticeCard)
		stop := w.drain(w.options())
		defer stop()
		<-time.After(9 * time.Minute)
		require.Len(t, w.slack.Roots(channel), 1)
		w.settled(5 * time.Minute)
		roots := w.slack.Roots(channel)
		require.Len(t, roots, 2)
		require.Contains(t, roots[1].Text, "(possible repeat)")
		require.NotContains(t, roots[0].Text, "repeat")
		require.InDelta(t, 1, w.metric("leakytap_alerts_ambiguous_resent_total"), 0)
	})
}

func TestSentAgainOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		hang := standin.HangAfter()
		broken := standin.ErrorBefore()
		w.slack.FailBy(func(method string) *standin.Fault {
			if method == "conversations.history" {
				return &broken
			}
			return &hang
		})
		w.owe(record.NoticeCard)
		stop := w.drain(w.options())
		defer stop()
		<-time.After(time.Hour)
		require.Len(t, w.slack.Roots(channel), 2)
		require.InDelta(t, 1, w.metric("leakytap_alerts_ambiguous_resent_total"), 0)
		w.slack.Heal()
		w.settled(3 * time.Minute)
		require.Len(t, w.slack.Roots(channel), 2)
	})
}

func TestPermanentErrorsStopTheQueue(t *testing.T) {
	for _, tc := range []struct{ code, hint string }{
		{"not_in_channel", "/invite"},
		{"invalid_auth", "token"},
	} {
		t.Run(tc.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				f := standin.Refuse(tc.code)
				w.slack.FailBy(func(string) *standin.Fault { return &f })
				for range 5 {
					w.owe(record.NoticeCard)
				}
				stop := w.drain(w.options())
				defer stop()
				<-time.After(150 * time.Second)
				calls := w.slack.Calls("chat.postMessage")
				require.GreaterOrEqual(t, calls, 3, "it is tried again and again")
				require.LessOrEqual(t, calls, 6, "not more often than each 30 s")
				require.Equal(t, 5, w.owed())
				require.Len(t, w.states, 1, "told once")
				require.True(t, w.states[0].Stopped)
				require.Contains(t, w.states[0].Hint, tc.hint)
				require.InDelta(t, 1, w.metric("leakytap_receiver_stopped"), 0)
				w.slack.Heal()
				w.settled(70 * time.Second)
				require.Len(t, w.slack.Roots(channel), 5)
				require.Len(t, w.states, 2)
				require.False(t, w.states[1].Stopped)
				require.InDelta(t, 0, w.metric("leakytap_receiver_stopped"), 0)
			})
		})
	}
}

func TestTooBigIsSentSmallerThenDropped(t *testing.T) {
	for _, tc := range []struct {
		name  string
		times int
		calls int
		sent  int
	}{
		{"shorter", 1, 2, 1},
		{"minimal", 2, 3, 1},
		{"never", 3, 3, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				w.slack.Fail("chat.postMessage", tc.times, standin.Refuse("invalid_blocks"))
				id := w.owe(record.NoticeCard)
				stop := w.drain(w.options())
				defer stop()
				w.settled(10 * time.Second)
				require.Len(t, w.slack.Roots(channel), tc.sent)
				require.Equal(t, tc.calls, w.slack.Calls("chat.postMessage"))
				if tc.sent == 0 {
					require.InDelta(t, 1, w.metric("leakytap_alerts_failed_total"), 0)
					// What follows has nothing to update, and the customer's news is a message of its own.
					w.notice(record.Notice{Key: "u", Kind: record.NoticeUpdate, Case: id, Brand: "acme"})
					w.notice(record.Notice{Key: "r", Kind: record.NoticeReply, Case: id, Brand: "acme", Body: body(record.NoticeReply, caseOf(1))})
					w.settled(10 * time.Second)
					require.Len(t, w.slack.Roots(channel), 1)
				}
			})
		})
	}
}

func TestDeletedCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		id := w.owe(record.NoticeCard)
		stop := w.drain(w.options())
		defer stop()
		w.settled(10 * time.Second)
		require.True(t, w.slack.Delete(channel, w.slack.Roots(channel)[0].TS))
		w.notice(record.Notice{Key: "u", Kind: record.NoticeUpdate, Case: id, Brand: "acme"})
		w.notice(record.Notice{Key: "r", Kind: record.NoticeReply, Case: id, Brand: "acme", Body: body(record.NoticeReply, caseOf(1))})
		w.settled(10 * time.Second)
		ms := w.slack.Messages(channel)
		require.Len(t, ms, 1, "what the customer said is heard although someone deleted the card")
		require.Equal(t, "r", ms[0].Key())
		require.Empty(t, w.states, "it is no fault of the receiver")
	})
}

func TestUnknownCaseIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.notice(record.Notice{Key: "x", Kind: record.NoticeCard, Case: "01NONE", Brand: "acme"})
		stop := w.drain(w.options())
		defer stop()
		w.settled(10 * time.Second)
		require.Empty(t, w.slack.Messages(channel))
		require.InDelta(t, 1, w.metric("leakytap_alerts_failed_total"), 0)
	})
}

func TestOnlyTheHolderOfTheLeaseSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		a, b := w.options(), w.options()
		a.Leases, a.Holder = w.store, "a"
		b.Leases, b.Holder = w.store, "b"
		stopA := w.drain(a)
		<-time.After(time.Second)
		stopB := w.drain(b)
		for range 20 {
			w.owe(record.NoticeCard, record.NoticeReply)
		}
		w.settled(time.Minute)
		stopA()
		w.owe(record.NoticeCard)
		begun := time.Now()
		w.settled(time.Minute)
		require.Less(t, time.Since(begun), 30*time.Second, "the other takes over")
		stopB()
		for k, n := range w.copies() {
			require.Equal(t, 1, n, k)
		}
		require.Len(t, w.slack.Messages(channel), 41)
	})
}

func TestRewriteTakesWordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		id := w.owe(record.NoticeCard, record.NoticeReply)
		w.notice(record.Notice{Key: "d", Kind: record.NoticeDigest, Brand: "acme", Body: record.NoticeBody{
			Title: "2 older posts", Items: []record.NoticeItem{
				{Mention: "rss:1/2", URL: "https://forum.example/1/2", Author: "Jo", Text: "still waiting"},
				{Mention: "rss:9", URL: "https://forum.example/9", Author: "Max", Text: "late again"},
			},
		}})
		stop := w.drain(w.options())
		defer stop()
		w.settled(10 * time.Second)
		require.Equal(t, 2, countIn(w, "still waiting"))
		require.NoError(t, w.store.EraseEverywhere(t.Context(), "rss:1/2"))
		w.slack.Fail("chat.update", 1, standin.ErrorAfter())
		for row := int64(2); row <= 3; row++ {
			n, err := w.store.Notice(t.Context(), row)
			require.NoError(t, err)
			w.notice(record.Notice{Key: alert.RewriteKey(row, "erased"), Kind: record.NoticeRewrite, Case: n.Case, Brand: "acme"})
		}
		w.notice(record.Notice{Key: alert.RewriteKey(999, "x"), Kind: record.NoticeRewrite, Case: id, Brand: "acme"})
		w.notice(record.Notice{Key: "rewrite/x", Kind: record.NoticeRewrite, Brand: "acme"})
		w.settled(30 * time.Second)
		require.Zero(t, countIn(w, "still waiting"))
		require.Equal(t, 2, countIn(w, "The author deleted this post"))
		require.Equal(t, 1, countIn(w, "late again"))
		require.Equal(t, 2, countIn(w, "https://forum.example/1/2"))
		ms := w.slack.Messages(channel)
		require.Len(t, ms, 3)
		for k, n := range w.copies() {
			require.Equal(t, 1, n, k)
			require.False(t, strings.HasPrefix(k, "rewrite/"), "a message keeps its key")
		}
	})
}

func countIn(w *world, words string) int {
	n := 0
	for _, m := range w.slack.Messages(channel) {
		if strings.Contains(string(m.Blocks), words) {
			n++
		}
	}
	return n
}
