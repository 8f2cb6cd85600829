package row_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/row"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestIdentity(t *testing.T) {
	for _, tc := range []struct{ name, in, id, platform, native string }{
		{"a bare id", `{"id":"tp-991","text":"a"}`, "hook:tp-991", "hook", "tp-991"},
		{"a number", `{"id":991,"text":"a"}`, "hook:991", "hook", "991"},
		{"a long number keeps its digits", `{"id":12345678901234567890,"text":"a"}`, "hook:12345678901234567890", "hook", "12345678901234567890"},
		{"a bare id and a platform", `{"id":"991","platform":"trustpilot","text":"a"}`, "trustpilot:991", "trustpilot", "991"},
		{"an id with its platform", `{"id":"bluesky:did:plc:x/3m","text":"a"}`, "bluesky:did:plc:x/3m", "bluesky", "did:plc:x/3m"},
		{"both say the platform", `{"id":"bluesky:1","platform":"bluesky","text":"a"}`, "bluesky:1", "bluesky", "1"},
		{"another word before the colon", `{"id":"review:1","platform":"shop","text":"a"}`, "shop:review:1", "shop", "review:1"},
		{"platform and native id", `{"platform":"p","native_id":"n","text":"a"}`, "p:n", "p", "n"},
		{"everything", `{"id":"p:n","platform":"p","native_id":"n","text":"a"}`, "p:n", "p", "n"},
		{"a native id alone", `{"native_id":"n","text":"a"}`, "hook:n", "hook", "n"},
		{"an id that contradicts", `{"id":"other","platform":"p","native_id":"n","text":"a"}`, "p:n", "p", "n"},
		{"a url", `{"id":"https://shop.example/r/5","text":"a"}`, "hook:https://shop.example/r/5", "hook", "https://shop.example/r/5"},
		{"large letters", `{"id":"TP:1","text":"a"}`, "hook:TP:1", "hook", "TP:1"},
		{"a colon at the end", `{"id":"tp:","text":"a"}`, "hook:tp:", "hook", "tp:"},
		{"only the platform", `{"id":"p:","platform":"p","text":"a"}`, "p:p:", "p", "p:"},
		{"spaces", `{"id":"  tp-1 ","platform":" p ","text":"a"}`, "p:tp-1", "p", "tp-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := row.Decode([]byte(tc.in), "hook")
			require.NoError(t, err)
			require.Equal(t, []string{tc.id, tc.platform, tc.native}, []string{m.ID, m.Platform, m.NativeID})
			require.True(t, m.ObservedAt.IsZero())
		})
	}
}

func TestWithoutAnyID(t *testing.T) {
	decode := func(in string) mention.Mention {
		m, err := row.Decode([]byte(in), "hook")
		require.NoError(t, err)
		return m
	}
	a := decode(`{"text":"never again","url":"https://x.example/1","author":{"name":"Jo"}}`)
	require.Regexp(t, "^hook:sha256-[0-9a-f]{32}$", a.ID)
	require.Equal(t, a.ID, decode(`{"author":"Jo","url":"https://x.example/1","text":"never again","rating":1,"created_at":5}`).ID)
	for _, other := range []string{
		`{"text":"never again!","url":"https://x.example/1","author":"Jo"}`,
		`{"text":"never again","url":"https://x.example/2","author":"Jo"}`,
		`{"text":"never again","url":"https://x.example/1","author":"Joe"}`,
		`{"text":"never again","url":"https://x.example/1","author":"Jo","platform":"shop"}`,
		`{"title":"never again","url":"https://x.example/1","author":"Jo"}`,
	} {
		require.NotEqual(t, a.ID, decode(other).ID, other)
	}
}

func TestFields(t *testing.T) {
	m, err := row.Decode([]byte(`{
		"id": 3, "parent_id": 2, "root_id": "other:1", "text": "a", "title": "b", "lang": "en", "kind": "review", "source": 7, "observed_at": "never",
		"author": {"id": 12, "handle": "@jo", "name": "Jo", "followers": "1200", "verified": true},
		"rating": "4.5", "created_at": "2026-01-02 03:04:05", "engagement": {"likes": "3", "views": 9, "replies": [], "reposts": -2}, "revision": 5.0, "extra": {}
	}`), "hook")
	require.NoError(t, err)
	require.Equal(t, mention.Mention{
		ID: "hook:3", Platform: "hook", NativeID: "3", Kind: mention.KindReview, Text: "a", Title: "b", Lang: "en", Rating: 4,
		Author:    mention.Author{ID: "12", Handle: "jo", Name: "Jo", Followers: 1200, Verified: true},
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ParentID: "hook:2", RootID: "other:1",
		Engagement: mention.Engagement{Likes: 3, Views: 9}, Revision: 5,
	}, m)
	m, err = row.Decode([]byte(`{"id":"1","text":"a","author":"@jo.example","engagement":"many"}`), "hook")
	require.NoError(t, err)
	require.Equal(t, mention.Author{Handle: "jo.example"}, m.Author)
}

func TestCreatedAt(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, in := range []string{
		`"2026-01-02T03:04:05Z"`, `"2026-01-02T04:04:05+01:00"`, `"2026-01-02T03:04:05.000Z"`, `"2026-01-02T03:04:05"`, `"2026-01-02 03:04:05"`,
		`"2026-01-02 03:04:05Z"`, `"2026-01-02 05:04:05 +0200"`, `"Fri, 02 Jan 2026 03:04:05 GMT"`, `"Fri, 2 Jan 2026 03:04:05 +0000"`,
		`1767323045`, `"1767323045"`, `1767323045000`, `1767323045000000`, `1767323045.0`, `1.767323045e9`,
	} {
		m, err := row.Decode([]byte(`{"id":"1","text":"a","created_at":`+in+`}`), "hook")
		require.NoError(t, err)
		require.Equal(t, want, m.CreatedAt, in)
	}
	for _, in := range []string{`"yesterday"`, `""`, `null`, `0`, `-5`, `1e300`, `"0001-01-01T00:00:00Z"`} {
		m, err := row.Decode([]byte(`{"id":"1","text":"a","created_at":`+in+`}`), "hook")
		require.NoError(t, err)
		require.True(t, m.CreatedAt.IsZero(), in)
	}
}

func TestRefuses(t *testing.T) {
	for _, tc := range []struct{ name, in, err string }{
		{"nothing", "", mention.ErrNotObject.Error()},
		{"null", "null", mention.ErrNotObject.Error()},
		{"an array", "[{}]", mention.ErrNotObject.Error()},
		{"half an object", `{"id":"1","te`, "reading row: no JSON from byte 13 on"},
		{"no text field", `{"id":"1","body":"a"}`, row.ErrNoText.Error()},
		{"text null", `{"id":"1","text":null}`, row.ErrNoText.Error()},
		{"an empty text and no id", `{"text":""}`, mention.ErrNoID.Error()},
		{"a retraction of nothing", `{"retracted":true,"text":"a"}`, row.ErrNoTarget.Error()},
		{"text a number", `{"id":"1","text":5}`, "reading row: field text cannot be of type number"},
		{"url a list", `{"id":"1","text":"a","url":["x"]}`, "reading row: field url cannot be of type array"},
		{"retracted a string", `{"id":"1","text":"a","retracted":"yes"}`, "reading row: field retracted cannot be of type string"},
		{"id an object", `{"id":{"a":1},"text":"a"}`, "reading row: field id must be a string or a number"},
		{"created_at a list", `{"id":"1","text":"a","created_at":[]}`, "reading row: field created_at must be a string or a number"},
		{"author a number", `{"id":"1","text":"a","author":5}`, "reading row: field author cannot be of type number"},
		{"author name a list", `{"id":"1","text":"a","author":{"name":[]}}`, "reading row: field author.name cannot be of type array"},
		{"too large", `{"id":"1","text":"` + strings.Repeat("a", mention.MaxRecord) + `"}`, mention.ErrTooLarge.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := row.Decode([]byte(tc.in), "hook")
			require.EqualError(t, err, tc.err)
		})
	}
	_, err := row.Decode(make([]byte, mention.MaxRecord+1), "hook")
	require.Equal(t, ingest.ReasonTooLarge, row.ReasonOf(err, ingest.ReasonBadLine))
	require.Equal(t, ingest.ReasonBadLine, row.ReasonOf(row.ErrNoText, ingest.ReasonBadLine))
}

func TestTakesWhatHasNoText(t *testing.T) {
	for _, in := range []string{
		`{"id":"x:1","text":""}`, `{"id":"1","rating":1}`, `{"id":"1","title":"Never again"}`, `{"id":"x:1","retracted":true}`, `{"text":"","url":"https://x.example/1"}`,
	} {
		_, err := row.Decode([]byte(in), "hook")
		require.NoError(t, err, in)
	}
}

// FuzzDecode checks that what comes out of any row has an identity, is clean, and
// is the same when it is handed in again as it came out.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":"tp-991","text":"never again","author":{"name":"Jo"},"rating":1}`, `{"text":"a","author":"@jo","created_at":1767323045000}`,
		`{"platform":"p","native_id":"n","text":"a\u0000"}`, `{"id":":","text":"a"}`, `{"id":"p:","platform":"p","rating":"3"}`, `null`, `{"id":"\ud800","text":"\xff"}`,
		`{"id":" p : n ","platform":"p ","text":"x","parent_id":"q","root_id":"r:s"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := row.Decode(in, "hook")
		if err != nil {
			return
		}
		require.NotEmpty(t, m.ID)
		require.NotEmpty(t, m.Platform)
		again, repairs := mention.Clean(m)
		require.Empty(t, repairs)
		require.Equal(t, m, again)
		b, err := json.Marshal(m)
		require.NoError(t, err)
		back, err := row.Decode(b, "hook")
		require.NoError(t, err)
		require.Equal(t, m.ID, back.ID)
	})
}
