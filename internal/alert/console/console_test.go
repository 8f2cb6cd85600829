package console

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

var now = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

func card() alert.Message {
	at := now.Add(-3 * time.Minute)
	return alert.Message{
		Now:    now,
		Notice: record.Notice{Key: "k", Kind: record.NoticeCard, Case: "01J", Brand: "acme"},
		Dossier: &record.Dossier{
			Case: record.Case{
				ID: "01J", Brand: "acme", State: record.StateOpen, Severity: vent.SeverityCritical, About: "smoke in the oven",
				Signals: []string{"safety"}, Venting: 0.97, Mentions: 1, Authors: 1, Episode: 1, OpenedAt: at,
			},
			Root: mention.Mention{
				ID: "rss:1", Platform: "rss", URL: "https://forum.example/1", Author: mention.Author{Name: "Max \x1b[2J"}, CreatedAt: at,
				Text: "It smoked.\nALERT low other\n\x1b[31mred", Rating: 1,
			},
		},
	}
}

// counted counts writes.
type counted struct {
	bytes.Buffer
	writes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}

func TestCardIsOneWriteAsAPersonReadsIt(t *testing.T) {
	var w counted
	r := New(&w, false)
	rc, err := r.Post(t.Context(), card())
	require.NoError(t, err)
	require.Equal(t, "k", rc.TS)
	require.Equal(t, 1, w.writes)
	path := filepath.Join("testdata", "card.golden")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, w.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), w.String())
	require.True(t, strings.HasPrefix(w.String(), "ALERT critical acme\n"))
	require.Equal(t, 1, strings.Count("\n"+w.String(), "\nALERT "), "a post cannot look like an alert")
	require.NotContains(t, w.String(), "\x1b")
}

func TestColourOnlyWhereAsked(t *testing.T) {
	var w bytes.Buffer
	_, err := New(&w, true).Post(t.Context(), card())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(w.String(), "\x1b[1;31mALERT critical acme\x1b[0m\n"))
	require.Equal(t, 2, strings.Count(w.String(), "\x1b"))
}

func TestUpdatesAndRepliesSayWhatTheyAre(t *testing.T) {
	var w bytes.Buffer
	r := New(&w, false)
	m := card()
	m.Notice.Kind = record.NoticeUpdate
	require.NoError(t, r.Update(t.Context(), record.Receipt{}, m))
	m.Notice.Kind, m.Notice.Mention = record.NoticeReply, "rss:1"
	m.Notice.Body.Title = "The customer wrote again"
	_, err := r.Reply(t.Context(), record.Receipt{}, m)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(w.String(), "UPDATE critical acme\n"))
	require.Contains(t, w.String(), "\nREPLY acme\n  The customer wrote again\n")
	_, found, err := r.Find(t.Context(), "k", now, nil)
	require.NoError(t, err)
	require.False(t, found)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestBrokenPipeIsTriedAgain(t *testing.T) {
	_, err := New(broken{}, false).Post(t.Context(), card())
	var e *alert.SendError
	require.ErrorAs(t, err, &e)
	require.Equal(t, alert.FailRetry, e.Kind)
	require.Equal(t, alert.ReasonWrite, e.Reason)
}
