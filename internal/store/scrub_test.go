package store

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestScrubLine(t *testing.T) {
	const text = "Three hours on hold with Acme Air. My BAG is lost, café closed."
	for _, c := range []struct {
		name, line, want string
		keep, names      []string
		all              bool
	}{
		{name: "our own words stay", line: "venting 0.93 >= 0.62, on hold is a signal", want: "venting 0.93 >= 0.62, on hold is a signal"},
		{name: "a long echo goes", line: "about three hours on hold", want: "about [erased]"},
		{name: "case and punctuation do not hide", line: "says MY bag, is LOST!", want: "says [erased]!"},
		{name: "a term stays", line: "matched: acme air", keep: []string{"acme air"}, want: "matched: acme air"},
		{name: "a term inside an echo stays", line: "on hold with Acme Air. My bag", keep: []string{"acme air"}, want: "[erased] Acme Air. [erased]"},
		{name: "a short quotation goes", line: `signal "hold" and 'x'`, want: `signal "[erased]" and 'x'`},
		{name: "an operator's quotation stays", line: `silenced by "planned work"`, want: `silenced by "planned work"`},
		{name: "any quotation goes where the text is not known", line: `said «tout autre chose» and “more”`, all: true, want: `said «[erased]» and “[erased]”`},
		{name: "a quotation that is cut off", line: `said "something else`, all: true, want: `said "[erased]`},
		{name: "a name", line: "from Jo Doe (@jo.example)", names: []string{"Jo Doe", "jo.example"}, want: "from [erased] (@[erased])"},
		{name: "nothing known", line: "three hours on hold", want: "[three hours on hold]"},
		{name: "accents", line: "the café closed and lost, café closed", want: "the café closed and [erased]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts := []string{text, ""}
			if c.name == "nothing known" {
				texts = nil
				c.line = "[" + c.line + "]"
			}
			s := newScrubber(texts, c.keep, c.all)
			s.names(c.names)
			require.Equal(t, c.want, s.line(c.line))
		})
	}
}

func FuzzScrubLine(f *testing.F) {
	f.Add("three hours on hold", `about "three hours" on hold`, "on hold")
	f.Add("a b c d", "a b c d a b c", "")
	f.Add("“x", `"`+"\xff", "«")
	f.Fuzz(func(t *testing.T, text, line, term string) {
		s := newScrubber([]string{text}, []string{term}, false)
		out := s.line(line)
		if utf8.ValidString(line) {
			require.True(t, utf8.ValidString(out))
		}
		if term != "" {
			return
		}
		for part := range strings.SplitSeq(out, erasedMark) {
			ws := words(part)
			for i := 0; i+echoWords <= len(ws); i++ {
				require.False(t, s.runs[runOf(ws[i:i+echoWords])], "%q is left", runOf(ws[i:i+echoWords]))
			}
		}
	})
}

func FuzzIDsInside(f *testing.F) {
	f.Add([]byte(`{"mention":{"id":"x:1","text":"\"id\":\"y\""}}`))
	f.Add([]byte(`{"id":"\u00e9"} {"id" : "b`))
	f.Fuzz(func(t *testing.T, value []byte) {
		ids := idsInside(value)
		require.LessOrEqual(t, len(ids), maxInside)
		for _, id := range ids {
			require.NotEmpty(t, id)
		}
	})
}

func TestIDsInside(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        []string
	}{
		{"an envelope", `{"v":1,"mention":{"id":"x:1","author":{"id":"a"}}}`, []string{"x:1", "a"}},
		{"broken", `garbage {"id": "x:\"1", "text": "cut of`, []string{`x:"1`}},
		{"escaped", `{"id":"caf\u00e9"}`, []string{"café"}},
		{"a retraction", `{"mention":{"id":"x:1","retracted": true}}`, nil},
		{"none", `{"native_id":"1"}`, nil},
		{"bytes", "\x00\xff", nil},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, idsInside([]byte(c.value))) })
	}
}

func TestPageKeys(t *testing.T) {
	for _, v := range [][2]int64{{0, 0}, {1, 2}, {-5, 7}, {maxTime, maxTime}} {
		at, n, err := parseKey(formatKey(v[0], v[1]))
		require.NoError(t, err)
		require.Equal(t, v[0], at)
		require.Equal(t, v[1], n)
	}
	for _, bad := range []string{"x", ".", "1.", "1.2.3", "!.1"} {
		_, _, err := parseKey(bad)
		require.Error(t, err, bad)
	}
}
