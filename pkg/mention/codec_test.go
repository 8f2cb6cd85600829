package mention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/mention"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name    string
		in      string
		check   func(t *testing.T, m mention.Mention)
		repairs []string
		err     string
	}{
		{
			name: "id from platform and native id",
			in:   `{"platform":"bluesky","native_id":"did:plc:x/3m6abc","text":"hi","extra":{"a":1}}`,
			check: func(t *testing.T, m mention.Mention) {
				t.Helper()
				require.Equal(t, "bluesky:did:plc:x/3m6abc", m.ID)
				require.Equal(t, mention.KindPost, m.Kind)
			},
		},
		{
			name: "platform and native id from id",
			in:   `{"id":"bluesky:did:plc:x/3m6abc","text":"hi"}`,
			check: func(t *testing.T, m mention.Mention) {
				t.Helper()
				require.Equal(t, "bluesky", m.Platform)
				require.Equal(t, "did:plc:x/3m6abc", m.NativeID)
			},
		},
		{
			name:    "broken bytes and control characters",
			in:      "{\"id\":\"x:1\",\"text\":\"a\xff\\u0000b\\u0007c\\nd\"}",
			repairs: []string{mention.RepairControl, mention.RepairUTF8},
			check: func(t *testing.T, m mention.Mention) {
				t.Helper()
				require.Equal(t, "a\uFFFDbc\nd", m.Text)
			},
		},
		{
			name:    "a clock ten years ahead",
			in:      `{"id":"x:1","text":"a","created_at":"2036-01-01T00:00:00Z","observed_at":"2026-01-01T00:00:00Z"}`,
			repairs: []string{mention.RepairTime},
			check: func(t *testing.T, m mention.Mention) {
				t.Helper()
				require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), m.CreatedAt)
			},
		},
		{
			name:    "numbers and url out of range",
			in:      `{"id":"x:1","text":"a","rating":9,"author":{"followers":-4},"url":"javascript:alert(1)","kind":"rant"}`,
			repairs: []string{mention.RepairURL, mention.RepairKind, mention.RepairRange},
			check: func(t *testing.T, m mention.Mention) {
				t.Helper()
				require.Zero(t, m.Rating)
				require.Zero(t, m.Author.Followers)
				require.Empty(t, m.URL)
			},
		},
		{name: "no id", in: `{"text":"a"}`, err: mention.ErrNoID.Error()},
		{name: "null", in: `null`, err: mention.ErrNotObject.Error()},
		{name: "array", in: `[]`, err: mention.ErrNotObject.Error()},
		{name: "number as text", in: `{"id":"x:1","text":5}`, err: "reading mention: field text is a number, not a string"},
		{name: "over the limit", in: `{"text":"` + strings.Repeat("a", mention.MaxRecord) + `"}`, err: mention.ErrTooLarge.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, repairs, err := mention.Decode([]byte(tt.in))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.ElementsMatch(t, tt.repairs, repairs)
			tt.check(t, m)
		})
	}
}

func TestCleanCutsAtACharacter(t *testing.T) {
	m, repairs := mention.Clean(mention.Mention{ID: "x:1", Text: strings.Repeat("é", mention.MaxText)})
	require.Equal(t, []string{mention.RepairCut}, repairs)
	require.LessOrEqual(t, len(m.Text), mention.MaxText)
	require.Equal(t, strings.Repeat("é", mention.MaxText/2), m.Text)
}

func TestCleanCapsMarks(t *testing.T) {
	m, repairs := mention.Clean(mention.Mention{ID: "x:1", Text: "a" + strings.Repeat("\u0301", 5000) + "b"})
	require.Equal(t, []string{mention.RepairCombined}, repairs)
	require.Equal(t, "a"+strings.Repeat("\u0301", mention.MaxMarks)+"b", m.Text)
}

func TestCleanHashesALongID(t *testing.T) {
	long := "rss:" + strings.Repeat("g", 1<<20)
	a, _ := mention.Clean(mention.Mention{ID: long})
	b, _ := mention.Clean(mention.Mention{ID: long + "h"})
	require.LessOrEqual(t, len(a.ID), mention.MaxID)
	require.NotEqual(t, a.ID, b.ID)
	require.True(t, strings.HasPrefix(a.ID, "rss:sha256-"))
}

func TestKeys(t *testing.T) {
	m := mention.Mention{ID: "p:2", Platform: "p", RootID: "p:1", Author: mention.Author{ID: "a", Handle: "h"}}
	require.Equal(t, "p:1", m.Conversation())
	require.Equal(t, "p:a", m.AuthorKey())
	m.RootID, m.Author.ID = "", ""
	require.Equal(t, "p:2", m.Conversation())
	require.Equal(t, "p:@h", m.AuthorKey())
	m.Author.Handle = ""
	require.Empty(t, m.AuthorKey())
}

// FuzzDecode checks that whatever comes in, what goes out is clean, within the
// limits, and survives its own encoding unchanged.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":"x:1","text":"3 hours on hold"}`, `null`, `{}`, `[]`, "{\"id\":\"x:1\",\"text\":\"\xff\\u0000\"}",
		`{"platform":"p","native_id":"n","created_at":"9999-12-31T23:59:59Z","rating":-1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, _, err := mention.Decode(in)
		if err != nil {
			return
		}
		require.NotEmpty(t, m.ID)
		require.LessOrEqual(t, len(m.Text), mention.MaxText)
		out, err := mention.Encode(m)
		require.NoError(t, err)
		again, repairs, err := mention.Decode(out)
		require.NoError(t, err)
		require.Empty(t, repairs)
		require.Equal(t, m, again)
	})
}
