package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent"
)

func TestParseTokens(t *testing.T) {
	sum := sha256.Sum256([]byte("a-token-of-sixteen"))
	hash := hex.EncodeToString(sum[:])
	tests := []struct {
		name, text, want string
		names            []string
	}{
		{"plain", "# people\n\n dana : a-token-of-sixteen \r\n", "", []string{"dana"}},
		{"hashed", "bot.1:sha256:" + hash, "", []string{"bot.1"}},
		{"several of one name", "a:0123456789abcdef\na:0123456789abcdeg", "", []string{"a", "a"}},
		{"byte order mark", "\ufeffdana:a-token-of-sixteen", "", []string{"dana"}},
		{"empty", "\n# nobody\n", "no token, so nobody could log in; write lines name:token", nil},
		{"no colon", "dana", "line 1: no token; write name:token or name:sha256:HEX", nil},
		{"no token", "\ndana:", "line 2: no token; write name:token or name:sha256:HEX", nil},
		{"bad name", "<dana>:a-token-of-sixteen", "line 1: the name before the colon may hold letters, digits, . _ - and @, at most 64", nil},
		{"short", "dana:hunter2", "line 1: the token of dana is shorter than 16 characters; make one with openssl rand -hex 32", nil},
		{"bad hash", "dana:sha256:xyz", "line 1: the hash of dana is not 64 hexadecimal digits; make one with printf %s TOKEN | sha256sum", nil},
		{"shared", "dana:a-token-of-sixteen\nkofi:sha256:" + hash, "line 2: the token of kofi is that of dana too; give each its own", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseTokens(tt.text)
			if tt.want != "" {
				require.EqualError(t, err, tt.want)
				return
			}
			require.NoError(t, err)
			var names []string
			for _, tok := range got.list {
				names = append(names, tok.name)
			}
			require.Equal(t, tt.names, names)
			if tt.name == "hashed" {
				tok, ok := got.find("a-token-of-sixteen")
				require.True(t, ok)
				require.Equal(t, "bot.1", tok.name)
				_, ok = got.find(hash)
				require.False(t, ok, "the hash itself is no token")
			}
		})
	}
}

func FuzzParseTokens(f *testing.F) {
	f.Add("dana:a-token-of-sixteen\n#x\nbot:sha256:00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTokens(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, got.list)
		for _, tok := range got.list {
			require.True(t, validName(tok.name))
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		tok := token{name: "dana"}
		value := s.open(tok, time.Now())
		require.GreaterOrEqual(t, len(value), 43, "256 bits")
		got, ok := s.find(value, time.Now())
		require.True(t, ok)
		require.Equal(t, tok, got)
		<-time.After(sessionLife)
		_, ok = s.find(value, time.Now())
		require.False(t, ok)
		for i := range maxSessions + 50 {
			s.open(tok, time.Now().Add(time.Duration(i)*time.Second))
		}
		require.Len(t, s.rows, maxSessions)
	})
}

func TestLimiterPaysBack(t *testing.T) {
	var l limiter
	now := time.Now()
	for range maxFailures {
		require.Zero(t, l.blocked("10.0.0.1:1", now))
		l.fail("10.0.0.1:1", now)
	}
	require.Equal(t, failureGap, l.blocked("10.0.0.1:2", now), "the port is no other person")
	require.Zero(t, l.blocked("10.0.0.2:1", now))
	require.Zero(t, l.blocked("10.0.0.1:1", now.Add(failureGap)))
	l.fail("10.0.0.1:1", now.Add(failureGap))
	require.NotZero(t, l.blocked("10.0.0.1:1", now.Add(failureGap)))
	require.Zero(t, l.blocked("10.0.0.1:1", now.Add(time.Hour)))

	l.fail("[2001:db8::1]:1", now)
	require.Equal(t, network("[2001:db8::1]:1"), network("[2001:db8::ffff]:9"))
	for i := range maxAddresses + 20 {
		l.fail(fmt.Sprintf("10.%d.%d.1:1", i>>8, i&255), now)
	}
	require.LessOrEqual(t, len(l.rows), maxAddresses)
}

func TestShow(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "hello\nthere", "hello\nthere"},
		{"turned", "pay \u202egnp.exe\u202c now", "pay gnp.exe now"},
		{"isolates", "a\u2066b\u2069c", "abc"},
		{"escapes", "\x1b[31mred\x07\x7f", "[31mred"},
		{"zero width", "ac\u200bme", "acme"},
		{"joined emoji", "👩\u200d👧", "👩\u200d👧"},
		{"arabic stays", "مرحبا", "مرحبا"},
		{"accents stay", "Ame\u0301lie", "Ame\u0301lie"},
		{"a tower of marks", "Z" + strings.Repeat("\u0301", 5000) + "y", "Z" + strings.Repeat("\u0301", 8) + "y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, show(tt.in)) })
	}
	require.True(t, tricky("a\u202eb"))
	require.False(t, tricky("Amélie مرحبا"))
}

func TestClip(t *testing.T) {
	require.Equal(t, "short", clip("short", 5))
	require.Equal(t, "one two…", clip("one two three", 10))
	require.Equal(t, "ééééé…", clip("éééééééééé", 5))
}

func TestSpans(t *testing.T) {
	text := "I want my money back, thanks"
	at := func(w string, weight float64) vent.Reason {
		i := strings.Index(text, w)
		return vent.Reason{Start: i, End: i + len(w), Text: w, Weight: weight}
	}
	var marked []string
	for _, s := range spans(text, []vent.Reason{
		at("thanks", -1), at("money back", 2), at("my money", 1),
		{Start: -3, End: 2, Text: "I"},
		{Start: 5, End: 999, Text: "x"},
		{Start: 4, End: 4},
		{Start: 0, End: 1, Text: "edited since"},
	}) {
		marked = append(marked, s.Mark+":"+s.Text)
	}
	require.Equal(t, []string{":I want my ", "push:money back", ":, ", "pull:thanks"}, marked)
}

func FuzzSpans(f *testing.F) {
	f.Add("day 3 \u202e without", 0, 5, 3, 8)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		var rs []vent.Reason
		for _, p := range [][2]int{{a, b}, {c, d}} {
			r := vent.Reason{Start: p[0], End: p[1], Weight: 1}
			if p[0] >= 0 && p[0] <= p[1] && p[1] <= len(text) {
				r.Text = text[p[0]:p[1]]
			}
			rs = append(rs, r)
		}
		n := 0
		for _, s := range spans(text, rs) {
			require.False(t, tricky(s.Text))
			n += utf8.RuneCountInString(s.Text)
		}
		require.LessOrEqual(t, n, 3*len(text)+1)
	})
}

func TestWords(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 30 * time.Second: "just now", 5 * time.Minute: "5 min ago", 47 * time.Hour: "47 h ago", 50 * 24 * time.Hour: "50 days ago",
	} {
		require.Equal(t, want, ago(now.Add(-d), now))
	}
	require.Equal(t, "never", ago(time.Time{}, now))
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1k", 1250: "1.2k", 48200: "48.2k", 3_100_000: "3.1M"} {
		require.Equal(t, want, count(n))
	}
	require.Equal(t, []string{"0", "880", "-100", "1,840,233"}, []string{grouped(0), grouped(880), grouped(-100), grouped(1840233)})
	require.Equal(t, "a, b, c, d and 3 others", listed([]string{"a", "b", "c", "d", "e", "f", "g"}))
	require.Equal(t, "a, b and c", listed([]string{"a", "b", "c"}))
	require.Equal(t, "a", listed([]string{"a"}))
	require.Empty(t, listed(nil))
}

func TestLinks(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/p?q=1#f": "https://a.example/p?q=1#f", "http://a.example": "http://a.example",
		"javascript:alert(1)": "", "JaVaScRiPt://a.example/%0aalert(1)": "", "data:text/html,x": "", "//a.example": "", "/local": "", "": "",
		"https://": "", "ftp://a.example/": "", "https://a.example\n": "",
	} {
		require.Equal(t, want, webLink(raw), raw)
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//evil.example", "/\\evil", "/cases/1?x=%0d%0aSet-Cookie:a", "https://evil.example", "/%2f/evil"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := localPath(raw)
		require.True(t, strings.HasPrefix(got, "/"))
		require.False(t, strings.HasPrefix(got, "//"))
		require.False(t, strings.ContainsAny(got, "\\\r\n\x00"))
	})
}
