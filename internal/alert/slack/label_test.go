package slack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

// shelf takes labels; what was taken back cannot be taken back again.
type shelf struct {
	mu     sync.Mutex
	said   []LabelClick
	undone []int64
}

func (s *shelf) Label(_ context.Context, l LabelClick) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.said {
		if e.Key == l.Key {
			return "Noted.", nil
		}
	}
	s.said = append(s.said, l)
	return "Noted.", nil
}

func (s *shelf) UndoLabel(_ context.Context, id int64, _ string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.undone) > 0 {
		return "", refusal{}
	}
	s.undone = append(s.undone, id)
	return "The label is taken back.", nil
}

// A digest of a sample has two buttons for each post, and what a label taught has Undo:
// signed or over a socket, each click has one effect and an answer for who clicked.
func TestLabelButtons(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"signed", "socket"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var g *rig
			if way == "socket" {
				sg := socketed(t, Config{})
				sg.stands(1)
				g = sg.rig
			} else {
				g = newRig(t, Config{}, record.StateOpen)
			}
			labels := &shelf{}
			g.h.opt.Labels = labels
			ask, err := g.r.Post(t.Context(), examples()["sample"])
			require.NoError(t, err)
			taught, err := g.r.Post(t.Context(), examples()["taught"])
			require.NoError(t, err)
			blocks := ""
			for _, m := range g.s.Messages("") {
				if m.TS == ask.TS {
					blocks = string(m.Blocks)
				}
			}
			require.Equal(t, 2, strings.Count(blocks, actComplaint), "the third has an id that fits no button")
			require.NotContains(t, blocks, "<!channel>\",\"emoji", "no stranger's text in a button")
			click := func(ts, action string) {
				t.Helper()
				c := standin.Click{Channel: standin.DefaultChannel, TS: ts, ActionID: action, User: "U0JO123456"}
				before := len(g.s.Ephemerals())
				if way == "socket" {
					_, err = g.s.ClickSocket(c)
				} else {
					_, err = g.s.Click(t.Context(), g.url, c)
				}
				require.NoError(t, err)
				require.Eventually(t, func() bool { return len(g.s.Ephemerals()) > before }, 10*time.Second, 5*time.Millisecond)
			}
			click(ask.TS, actComplaint)
			click(ask.TS, actNone)
			require.Len(t, labels.said, 2)
			require.Equal(t, "acme", labels.said[0].Brand)
			require.Equal(t, "rss:https://forum.example/1?a:b", labels.said[0].Mention)
			require.True(t, labels.said[0].Complaint)
			require.False(t, labels.said[1].Complaint, "a change of mind")
			require.NotEqual(t, labels.said[0].Key, labels.said[1].Key)
			click(taught.TS, actUndo)
			click(taught.TS, actUndo)
			require.Equal(t, []int64{17}, labels.undone)
			last := g.s.Ephemerals()[3]
			require.Contains(t, last.Text, "resolved already", "the second click is refused in words: %s", last.Text)
			require.Empty(t, g.d.done(), "no case was touched")
		})
	}
}

// The same signed request again is the same click; one that is old, forged, by a stranger or
// about nothing has no effect.
func TestLabelClicksThatDoNothing(t *testing.T) {
	t.Parallel()
	g := newRig(t, Config{AllowedUsers: []string{"U0JO123456"}}, record.StateOpen)
	labels := &shelf{}
	g.h.opt.Labels = labels
	ask, err := g.r.Post(t.Context(), examples()["sample"])
	require.NoError(t, err)
	payload := func(user string) []byte {
		raw, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: ask.TS, ActionID: actComplaint, User: user})
		require.NoError(t, err)
		return raw
	}
	send := func(raw []byte, at time.Time, spoil string) int {
		req, err := g.s.SignedRequest(t.Context(), g.url, raw, at)
		require.NoError(t, err)
		if spoil != "" {
			req.Header.Set("X-Slack-Signature", spoil)
		}
		resp, err := (&http.Client{}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	mine := payload("U0JO123456")
	require.Equal(t, http.StatusUnauthorized, send(mine, time.Now().Add(-6*time.Minute), ""))
	require.Equal(t, http.StatusUnauthorized, send(mine, time.Now(), "v0=00"))
	require.Equal(t, http.StatusOK, send(payload("U0STRANGER"), time.Now(), ""))
	for from, to := range map[string]string{
		`"value":"acme:rss:https://forum.example/1?a:b"`: `"value":"acme"`, "lt_complaint": "lt_undo_label", `"value":"acme:rss`: `"value":"a/c:rss`,
	} {
		spoiled := strings.ReplaceAll(string(mine), from, to)
		require.NotEqual(t, string(mine), spoiled)
		require.Equal(t, http.StatusOK, send([]byte(spoiled), time.Now(), ""))
	}
	require.Empty(t, labels.said)
	require.Contains(t, g.ephemeral(), "U0STRANGER: You are not on the list")
	for range 3 {
		require.Equal(t, http.StatusOK, send(mine, time.Now(), ""))
	}
	require.Len(t, labels.said, 1)

	g.h.opt.Labels = nil
	w := httptest.NewRecorder()
	req, err := g.s.SignedRequest(t.Context(), g.url, payload("U0JO123456"), time.Now())
	require.NoError(t, err)
	g.h.ServeHTTP(w, req)
	require.Equal(t, http.StatusOK, w.Code, "a handler without labels says that it did not work")
}
