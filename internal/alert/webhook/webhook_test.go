package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	signing = "invented-signing-key-of-32-bytes"
	hidden  = "a-secret-in-the-path"
)

func secret() setting.Secret {
	return setting.Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte(signing)))
}

// verify checks a call as a receiver of Standard Webhooks does.
func verify(t *testing.T, h http.Header, body []byte) {
	t.Helper()
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	require.NotEmpty(t, id)
	require.NotContains(t, id, ".")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	require.NoError(t, err)
	require.Less(t, time.Since(time.Unix(sec, 0)).Abs(), 5*time.Minute)
	mac := hmac.New(sha256.New, []byte(signing))
	mac.Write([]byte(id + "." + stamp + "." + string(body)))
	require.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), h.Get("webhook-signature"))
	require.Equal(t, "application/json", h.Get("Content-Type"))
}

func TestConformance(t *testing.T) {
	alerttest.Run(t, alerttest.Place{
		New: func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver {
			t.Helper()
			r, err := New("support", Config{URL: setting.Secret(base + "/" + hidden + "?k=" + hidden), Secret: secret(), Timeout: setting.Duration(timeout)}, client)
			require.NoError(t, err)
			return r
		},
		Taken: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		Key: func(t *testing.T, h http.Header, body []byte) string {
			t.Helper()
			verify(t, h, body)
			return h.Get("webhook-id")
		},
		Inert: func(t *testing.T, body []byte) {
			t.Helper()
			require.False(t, bytes.ContainsAny(body, "<>&\u202e\x00\x1b"))
			var e event
			require.NoError(t, json.Unmarshal(body, &e))
			for l := range strings.SplitSeq(e.Data.Text, "\n") {
				require.False(t, strings.HasPrefix(l, "Bcc:"))
				require.NotEqual(t, "ALERT critical acme", l)
			}
		},
		LookUp:  alerttest.Repeats,
		Secrets: []string{hidden, signing, secret().Reveal()},
	})
}

func TestBusyIsNotBroken(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(srv.Close)
	r, err := New("support", Config{URL: setting.Secret(srv.URL), Secret: secret()}, srv.Client())
	require.NoError(t, err)
	_, err = r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
	e := alerttest.Check(t, err, alerttest.Want{Reason: alert.ReasonRateLimited, Kind: alert.FailRetry, Limited: true})
	require.Equal(t, 9*time.Second, e.After)
}

// ear takes every call and remembers the last.
type ear struct {
	header http.Header
	body   []byte
}

func listen(t *testing.T) (*ear, *Receiver) {
	t.Helper()
	e := &ear{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err == nil {
			e.header, e.body = req.Header.Clone(), body
		}
	}))
	t.Cleanup(srv.Close)
	r, err := New("support", Config{URL: setting.Secret(srv.URL), Secret: secret()}, srv.Client())
	require.NoError(t, err)
	return e, r
}

func TestBodies(t *testing.T) {
	e, r := listen(t)
	deleted := alerttest.Message(record.NoticeUpdate, record.StateOpen)
	deleted.Dossier.Root.Text, deleted.Dossier.Root.Retracted = "", true
	repeat := alerttest.Message(record.NoticeCard, record.StateOpen)
	repeat.PossibleRepeat = true
	rewrite := alerttest.Note(record.NoticeDigest)
	rewrite.Rewritten, rewrite.Rewrite = true, "rewrite/8/1"
	rewrite.Notice.Body.Items[0].Text, rewrite.Notice.Body.Items[0].Author = "", ""
	for name, send := range map[string]func() error{
		"card": func() error {
			_, err := r.Post(t.Context(), alerttest.Message(record.NoticeCard, record.StateOpen))
			return err
		},
		"possible_repeat": func() error { _, err := r.Post(t.Context(), repeat); return err },
		"digest":          func() error { _, err := r.Post(t.Context(), alerttest.Note(record.NoticeDigest)); return err },
		"ops":             func() error { _, err := r.Post(t.Context(), alerttest.Note(record.NoticeOps)); return err },
		"reply": func() error {
			_, err := r.Reply(t.Context(), alerttest.Root(), alerttest.Message(record.NoticeReply, record.StateClaimed))
			return err
		},
		"claimed": func() error {
			return r.Update(t.Context(), alerttest.Root(), alerttest.Message(record.NoticeUpdate, record.StateClaimed))
		},
		"deleted": func() error { return r.Update(t.Context(), alerttest.Root(), deleted) },
		"rewrite": func() error { return r.Update(t.Context(), record.Receipt{Key: rewrite.Notice.Key}, rewrite) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, send())
			verify(t, e.header, e.body)
			var got event
			require.NoError(t, json.Unmarshal(e.body, &got))
			require.Equal(t, e.header.Get("webhook-id"), got.Data.Key)
			require.WithinDuration(t, time.Now(), got.Timestamp, time.Minute)
			got.Timestamp = alerttest.Now
			out, err := json.MarshalIndent(got, "", "  ")
			require.NoError(t, err)
			golden(t, name, append(out, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestAKeyThatNoHeaderTakes(t *testing.T) {
	e, r := listen(t)
	for _, key := range []string{"01J/1/reply/a.b/https://x.example/ü@0", "a\r\nb", strings.Repeat("x", 500), "a b"} {
		m := alerttest.Message(record.NoticeCard, record.StateOpen)
		m.Notice.Key = key
		_, err := r.Post(t.Context(), m)
		require.NoError(t, err)
		verify(t, e.header, e.body)
		require.True(t, strings.HasPrefix(e.header.Get("webhook-id"), "sha256_"))
		var got event
		require.NoError(t, json.Unmarshal(e.body, &got))
		require.Equal(t, key, got.Data.Key)
	}
}

func TestCheck(t *testing.T) {
	_, r := listen(t)
	steps, err := r.Check(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, steps, 2)
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(gone.Close)
	r, err = New("support", Config{URL: setting.Secret(gone.URL), Secret: secret()}, gone.Client())
	require.NoError(t, err)
	steps, err = r.Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "gone for good")
	require.Len(t, steps, 1)
}

func TestNewRefusesABrokenConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no url":       {Secret: secret()},
		"no secret":    {URL: "https://x.example"},
		"no whsec":     {URL: "https://x.example", Secret: "abc"},
		"short secret": {URL: "https://x.example", Secret: "whsec_YWJj"},
		"a user":       {URL: "https://me:pw@x.example", Secret: secret()},
		"no http":      {URL: "ftp://x.example", Secret: secret()},
		"timeout":      {URL: "https://x.example", Secret: secret(), Timeout: setting.Duration(time.Hour)},
	} {
		_, err := New("support", cfg, &http.Client{})
		require.Error(t, err, name)
		alerttest.Silent(t, err, "me:pw", "YWJj")
	}
	_, err := New("support", Config{URL: "https://x.example", Secret: secret()}, nil)
	require.Error(t, err)
}
