package casework_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestHear(t *testing.T) {
	t.Parallel()
	const (
		open, snoozed, claimed        = record.StateOpen, record.StateSnoozed, record.StateClaimed
		answered, resolved, dismissed = record.StateAnswered, record.StateResolved, record.StateDismissed
	)
	for _, c := range []struct {
		name      string
		from      record.State
		tone      record.Tone
		bystander bool
		elsewhere bool
		want      record.State
		what      string
		fate      record.Fate
	}{
		{name: "still venting", from: open, tone: record.ToneVenting, want: open, what: "joined"},
		{name: "still venting at its owner", from: claimed, tone: record.ToneVenting, want: claimed, what: "joined"},
		{name: "venting wakes", from: snoozed, tone: record.ToneVenting, want: open, what: "woken"},
		{name: "venting after an answer reopens", from: answered, tone: record.ToneVenting, want: open, what: "reopened"},
		{name: "venting after the end reopens", from: resolved, tone: record.ToneVenting, want: open, what: "reopened"},
		{name: "venting elsewhere reopens", from: resolved, tone: record.ToneVenting, elsewhere: true, want: open, what: "reopened"},
		{name: "venting after a dismissal reopens", from: dismissed, tone: record.ToneVenting, want: open, what: "reopened"},
		{name: "a bystander reopens nothing", from: answered, tone: record.ToneVenting, bystander: true, want: answered, what: "joined"},
		{name: "thanks, sorted, to an answer", from: answered, tone: record.ToneResolved, want: resolved, what: "recovered", fate: record.FateRecovered},
		{name: "thanks, sorted, before anyone came", from: open, tone: record.ToneResolved, want: resolved, what: "recovered", fate: record.FateRecovered},
		{name: "thanks, sorted, in its sleep", from: snoozed, tone: record.ToneResolved, want: resolved, what: "recovered", fate: record.FateRecovered},
		{name: "thanks, sorted, after the end", from: resolved, tone: record.ToneResolved, want: resolved, what: "recovered", fate: record.FateRecovered},
		{name: "thanks to an answer", from: answered, tone: record.ToneThanks, want: resolved, what: "recovered", fate: record.FateRecovered},
		{name: "thanks for a promise", from: claimed, tone: record.ToneThanks, want: claimed, what: "joined"},
		{name: "sorted, says a bystander", from: answered, tone: record.ToneResolved, bystander: true, want: answered, what: "joined"},
		{name: "sorted, though no complaint", from: dismissed, tone: record.ToneResolved, want: dismissed, what: "joined"},
		{name: "a neutral word", from: claimed, tone: record.ToneNeutral, want: claimed, what: "joined"},
		{name: "a neutral word after the end", from: resolved, tone: record.ToneNeutral, want: open, what: "reopened"},
		{name: "a neutral word elsewhere after the end", from: resolved, tone: record.ToneNeutral, elsewhere: true, want: resolved, what: "joined"},
		{name: "a neutral word after a dismissal", from: dismissed, tone: record.ToneNeutral, want: dismissed, what: "joined"},
		{name: "pleased after the end", from: resolved, tone: record.TonePleased, want: resolved, what: "joined"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := in(t, c.from)
			after, e := casework.Hear(before, casework.Word{
				Mention: post("2", "jo", "so"), Tone: c.tone, Customer: !c.bystander, Thread: !c.elsewhere,
				NewAuthor: c.bystander, Severity: vent.SeverityHigh, Priority: 70, Reason: "same conversation",
				Score: vent.Score{Topics: []string{"refund"}},
			}, noon().Add(time.Minute))
			require.NoError(t, casework.Check(after))
			require.Equal(t, c.want, after.State)
			require.Equal(t, c.what, e.What)
			require.Equal(t, c.fate, after.Fate)
			require.Equal(t, 2, after.Mentions)
			if c.bystander {
				require.Equal(t, 2, after.Authors)
			}
			if c.what == "reopened" {
				require.Equal(t, before.Episode+1, after.Episode)
				require.Empty(t, after.Owner)
			} else {
				require.Equal(t, before.Episode, after.Episode)
			}
			if c.tone == record.ToneVenting {
				require.Equal(t, vent.SeverityHigh, after.Severity)
				require.Equal(t, []string{"delivery", "refund"}, after.Topics)
			} else {
				require.Equal(t, before.Severity, after.Severity)
			}
		})
	}
}

func TestBrandReplied(t *testing.T) {
	t.Parallel()
	reply := post("9", "acmeair", "we are on it")
	for _, s := range record.States() {
		c, e := casework.BrandReplied(in(t, s), reply, noon())
		require.NoError(t, casework.Check(c))
		require.Equal(t, "brand_replied", e.What)
		require.Equal(t, reply.URL, e.URL)
		if s.Live() {
			require.Equal(t, record.StateAnswered, c.State)
		} else {
			require.Equal(t, s, c.State)
		}
	}
}

func TestEditAndRetract(t *testing.T) {
	t.Parallel()
	c := in(t, record.StateClaimed)
	edited := post("1", "jo", "day 7 and the parcel came broken")
	edited.Revision = 3
	w := casework.Word{Mention: edited, Tone: record.ToneVenting, Severity: vent.SeverityHigh, Priority: 66, Score: vent.Score{Venting: 0.95}}
	c, e := casework.Edit(c, w, casework.PrintOf(edited), "broken parcel", noon())
	require.NoError(t, casework.Check(c))
	require.Equal(t, []any{"edited", edited.Text, "broken parcel", vent.SeverityHigh, 0.95, 1}, []any{e.What, c.Text, c.About, c.Severity, c.Venting, c.Mentions})

	w.Tone, w.Customer, w.Mention.Text = record.ToneResolved, true, "EDIT: sorted"
	settled, e := casework.Edit(c, w, casework.Print{}, "", noon())
	require.Equal(t, "recovered", e.What)
	require.Equal(t, record.StateResolved, settled.State)
	require.Equal(t, "broken parcel", settled.About, "an edit without a subject keeps the old one")

	other := w
	other.Mention.ID, other.Tone, other.Customer = "bluesky:2", record.ToneNeutral, false
	kept, _ := casework.Edit(c, other, casework.Print{}, "", noon())
	require.Equal(t, c.Text, kept.Text, "an edit of another post leaves the first one's text")

	kept, _ = casework.Retract(c, "bluesky:2", "delivery", noon())
	require.Equal(t, c.Text, kept.Text)
	require.Empty(t, kept.Fate)
	gone, e := casework.Retract(c, c.Root, "delivery", noon())
	require.NoError(t, casework.Check(gone))
	require.Equal(t, []any{"", "", "delivery", record.FateDeleted, record.StateClaimed}, []any{gone.Text, gone.AuthorName, gone.About, gone.Fate, gone.State})
	require.Empty(t, gone.Reasons)
	require.Zero(t, gone.Simhash)
	require.Equal(t, c.URL, gone.URL)
	require.Equal(t, c.URL, e.URL)
}
