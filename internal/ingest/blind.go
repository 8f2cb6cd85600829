package ingest

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// The first-day rule of the contract.
const (
	firstDay   = 24 * time.Hour
	blindPolls = 3
	blindLeast = 10 * time.Second
)

// Blind reports whether a source is silent for longer than it should be, and
// since when it has been. In its first day that is when no fetch has succeeded
// for three polls (a stream: no frame) and at least ten seconds; after that its
// own rhythm speaks as well: see quiet. Nothing from before started is held
// against a source: it is when the daemon began to listen, so that a restart
// after a night off is no news. A webhook is never blind: its silence may be peace.
func Blind(st record.SourceStat, started, now time.Time) (bool, time.Time) {
	if st.Type == TypeWebhook || st.FirstAt.IsZero() {
		return false, time.Time{}
	}
	if since := latest(st.FirstAt, st.LastOK, started); now.Sub(since) >= max(blindPolls*st.Poll, blindLeast) {
		return true, since
	}
	if now.Sub(st.FirstAt) < firstDay || st.LastItem.IsZero() || st.Type == TypeFile {
		return false, time.Time{}
	}
	if since := latest(st.LastItem, started); now.Sub(since) >= quiet(st, now) {
		return true, since
	}
	return false, time.Time{}
}

// quiet is how long a source with more than a day of history may go without a
// post while its fetches succeed: twenty times its mean distance between posts.
// With posts that come by chance, such a silence happens once in five hundred
// million. A source with a post a minute or more has no nights off; any other
// gets at least three days, which a weekend fits in.
func quiet(st record.SourceStat, now time.Time) time.Duration {
	const forever = time.Duration(1<<63 - 1)
	if st.Read < 1 {
		return forever
	}
	mean := now.Sub(st.FirstAt) / time.Duration(st.Read)
	switch {
	case mean <= time.Minute:
		return max(20*mean, 15*time.Minute)
	case mean > forever/20:
		return forever
	default:
		return max(20*mean, 72*time.Hour)
	}
}

func latest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}
