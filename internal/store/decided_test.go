package store

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestScoreWithoutItsReasons(t *testing.T) {
	whole := vent.Score{
		Venting: 0.93, Negative: 0.9, Neutral: 0.08, Positive: 0.02, Severity: vent.SeverityHigh, Topics: []string{`,"reasons":[`},
		Signals: []string{"waiting"}, Lang: "en", Model: "2026-12-01", Opinion: "second", Learned: -0.25,
		Reasons: []vent.Reason{{Start: 3, End: 9, Text: `a "reasons":[`, Weight: 1.5}},
	}
	packed, err := packScore(whole)
	require.NoError(t, err)
	got, err := unpackScore(packed)
	require.NoError(t, err)
	whole.Reasons = nil
	require.Equal(t, whole, got)
	got, err = unpackScore("")
	require.NoError(t, err)
	require.Zero(t, got)
	_, err = unpackScore(`{"venting":`)
	require.Error(t, err)
}

// The history of a case of many thousand posts is read to its end.
func TestReaderReadsLongHistories(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenScratch(t.Context(), Config{}, dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	const lines = 6000
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *Tx) error {
		for i := range lines {
			e := record.Event{Case: "c1", At: at.Add(time.Duration(i) * time.Second), Actor: "author", What: "joined", Mention: "p" + strconv.Itoa(i)}
			switch i % 1000 {
			case 999:
				e.Via, e.Mention, e.What = "web", "", "claimed"
			case 998:
				e.Via, e.Mention, e.What = "web", "", "refused"
			}
			if err := tx.AddEvent(e); err != nil {
				return err
			}
		}
		return tx.AddEvent(record.Event{Case: "c2", At: at, Via: "clock", What: "woken"})
	}))
	r, err := OpenReader(t.Context(), dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()

	actions, err := r.Actions(t.Context(), []string{"c1", "c2", "none"}, at)
	require.NoError(t, err)
	require.Len(t, actions, lines/1000+1)
	require.Equal(t, "c2", actions[len(actions)-1].Case)
	actions, err = r.Actions(t.Context(), []string{"c1"}, at.Add((lines-1)*time.Second))
	require.NoError(t, err)
	require.Len(t, actions, 1)

	heard, err := r.Heard(t.Context(), "c1", "p5990", at.Add(5990*time.Second))
	require.NoError(t, err)
	require.Len(t, heard, 1)
	require.Equal(t, "joined", heard[0].What)
	heard, err = r.Heard(t.Context(), "c1", "p5990", at)
	require.NoError(t, err)
	require.Empty(t, heard)

	read := 0
	for after := int64(0); ; {
		page, err := r.Events(t.Context(), "c1", at.Add(5500*time.Second), after, 1000)
		require.NoError(t, err)
		read += len(page)
		if len(page) < 1000 {
			break
		}
		after = page[len(page)-1].Seq
	}
	require.Equal(t, 5500, read)
}
