package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/store"
)

// A button of a sample's digest labels the post once however often Slack sends the click,
// another click changes it, and Undo takes back what teaches.
func TestLabelClicks(t *testing.T) {
	d, _ := opened(t, "{name: crumblet, query: crumblet}")
	ctx := t.Context()
	dec := hear(t, d, 1, scenario.BakingToCome)
	x := labelClicks{d}
	labels := func() (out []record.Label) {
		rows, err := d.store.RecentLabels(ctx, store.LabelFilter{Brand: "crumblet", Limit: 10})
		require.NoError(t, err)
		return rows
	}
	click := slack.LabelClick{Brand: "crumblet", Mention: dec.ID, Complaint: true, By: "U1", Key: "slack/1"}
	for range 3 {
		said, err := x.Label(ctx, click)
		require.NoError(t, err)
		require.Contains(t, said, "it is a complaint")
	}
	require.Len(t, labels(), 1)
	require.Equal(t, record.LabelFromSample, labels()[0].Source)
	require.Equal(t, "slack", labels()[0].Via)

	other := click
	other.Complaint, other.Key = false, "slack/2"
	_, err := x.Label(ctx, other)
	require.NoError(t, err)
	_, err = x.Label(ctx, click) // Slack sends the first one again
	require.NoError(t, err)
	require.Len(t, labels(), 1)
	require.False(t, labels()[0].Venting, "the last word stands")

	id := labels()[0].ID
	said, err := x.UndoLabel(ctx, id, "U2")
	require.NoError(t, err)
	require.Contains(t, said, "taken back")
	require.Empty(t, labels())
	var human interface{ Human() string }
	_, err = x.UndoLabel(ctx, id, "U2")
	require.ErrorAs(t, err, &human)
	_, err = x.UndoLabel(ctx, 9999, "U2")
	require.ErrorAs(t, err, &human)
	for _, gone := range []slack.LabelClick{{Brand: "crumblet", Mention: "x:gone", Key: "slack/3"}, {Brand: "nobody", Mention: dec.ID, Key: "slack/4"}} {
		_, err = x.Label(ctx, gone)
		require.ErrorAs(t, err, &human)
	}
}

// The digest of a sample asks about each post, for the receivers that have buttons.
func TestTheSampleAsks(t *testing.T) {
	d, _ := opened(t, "{name: crumblet, query: crumblet}")
	ctx := t.Context()
	for n, text := range scenario.Baking() {
		hear(t, d, n, text)
	}
	gen := d.gen.Load()
	gen.cfg.SampleReceiver = "console"
	now := time.Now().UTC()
	b := &gen.configured()[0]
	n, err := d.Backend().DrawSample(ctx, b.Name)
	require.NoError(t, err)
	require.Positive(t, n)
	require.NoError(t, d.tellSample(ctx, gen, b, now, now))
	notices, err := d.store.UnsentNotices(ctx, "console", 0, 500)
	require.NoError(t, err)
	for i := range notices {
		if notices[i].Kind == record.NoticeDigest && notices[i].Body.Ask {
			require.Len(t, notices[i].Body.Items, n)
			require.NotEmpty(t, notices[i].Body.Items[0].Mention)
			return
		}
	}
	t.Fatal("no digest asks")
}
