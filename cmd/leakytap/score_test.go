package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The fixed lists of the scorer.
const (
	severities = "none low medium high critical"
	topics     = "delivery billing refund outage app product staff support account booking pricing privacy safety other"
	signals    = "waiting repeated_contact churn legal safety money outage privacy rude_staff broken_promise sarcasm resolved thanks question multi_brand"
)

// hardTexts are texts whose bytes are easily miscounted.
var hardTexts = []string{
	"3 hours on hold with @acme. still waiting. worst service ever",
	"😡😡 @acme e\u0301te\u0301 3 hours on hold 👩‍👩‍👧‍👦 worst airline ever, refund me NOW 🇩🇪",
	"a\u0000b 3 hours on hold @acme, the worst", "\ufeffterrible service @acme", "\x01\x02bad @acme bad",
	"ＷＯＲＳＴ ＡＩＲＬＩＮＥ @acme", "ﬁrst terrible ﬂight @acme", "line one\r\nline two is terrible @acme\r\n", "İstanbul worst ıİ @acme",
	"sooooooo baaaaad @acme!!!!!!!!", "\u202eevil @acme worst\u202c", "worst \u200b\u200bservice @acme\u00ad ever", "#WorstServiceEver @acme",
	"中文 很差 @acme 服务 😡", "   ", "\n", "", "...............", "@acme", "love you @acme", strings.Repeat("terrible service @acme 😡 ", 4000),
}

func row(t *testing.T, v map[string]any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b) + "\n"
}

func TestScore(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var in strings.Builder
	for i, text := range hardTexts {
		in.WriteString(row(t, map[string]any{"id": i, "text": text}))
	}
	plain := s.pipe(in.String(), "score", "--brand", "acme")
	require.Equal(t, 0, plain.code, plain.err)
	require.Empty(t, plain.err)
	require.Equal(t, plain.out, s.pipe(in.String(), "score", "-", "--brand", "acme").out, "the same input gives the same bytes")
	s.write("in.jsonl", in.String())
	require.Equal(t, plain.out, s.call("score", "in.jsonl", "--brand=acme").out)
	explained := s.pipe(in.String(), "--log.level", "debug", "score", "--explain", "--brand", "acme").lines(t)
	scored := plain.lines(t)
	require.Len(t, scored, len(hardTexts))
	for i, text := range hardTexts {
		v, e := scored[i], explained[i]
		require.InDelta(t, i, v["id"], 0, "in input order")
		checkScore(t, v)
		checkReasons(t, text, e)
		delete(e, "reasons")
		require.Equal(t, v, e, "--explain changes no score: %q", text)
		require.NotContains(t, v, "reasons")
	}
	require.Greater(t, scored[0]["venting"], 0.5)
	require.Less(t, scored[slices.Index(hardTexts, "")]["venting"], 0.5)
	require.Equal(t, "none", scored[slices.Index(hardTexts, "")]["severity"])
}

// checkScore checks one score object against the contract.
func checkScore(t *testing.T, v map[string]any) {
	t.Helper()
	num := func(k string) float64 {
		f, ok := v[k].(float64)
		require.True(t, ok, "%s of %v", k, v)
		require.True(t, f >= 0 && f <= 1, "%s %v", k, f)
		return f
	}
	num("venting")
	require.Less(t, math.Abs(num("negative")+num("neutral")+num("positive")-1), 1e-6)
	require.Contains(t, strings.Fields(severities), v["severity"])
	for key, list := range map[string]string{"topics": topics, "signals": signals} {
		words, ok := v[key].([]any)
		require.True(t, ok, "%s of %v", key, v)
		for _, w := range words {
			require.Contains(t, strings.Fields(list), w)
		}
	}
	require.NotEmpty(t, v["lang"])
	require.NotEmpty(t, v["model"])
}

func checkReasons(t *testing.T, text string, v map[string]any) {
	t.Helper()
	positive := false
	reasons, _ := v["reasons"].([]any)
	for _, r := range reasons {
		span, ok := r.(map[string]any)
		require.True(t, ok)
		start, end, weight := span["start"].(float64), span["end"].(float64), span["weight"].(float64)
		require.True(t, start >= 0 && start < end && int(end) <= len(text), "%v of %q", span, text)
		require.Equal(t, text[int(start):int(end)], span["text"])
		positive = positive || weight > 0
	}
	if v["venting"].(float64) >= 0.5 {
		require.True(t, positive, "a venting post has a reason: %q", text)
	}
}

func TestScoreIDs(t *testing.T) {
	t.Parallel()
	ids := []any{"a", "", 0.0, 1.5, true, false, []any{1.0, "x"}, map[string]any{"x": "<&>"}, "é\u2028"}
	var in strings.Builder
	for _, id := range ids {
		in.WriteString(row(t, map[string]any{"id": id, "text": "hello"}))
	}
	in.WriteString(`{"id":12345678901234567890123,"text":"hello"}` + "\n" + `{"text":"hello"}` + "\n" + `{"id":"<a> & b","text":"hello"}`)
	a := newShell(t).pipe(in.String(), "score")
	require.Equal(t, 0, a.code)
	lines := a.lines(t)
	require.Len(t, lines, len(ids)+3)
	for i, id := range ids {
		require.Equal(t, id, lines[i]["id"])
	}
	require.Contains(t, a.out, `{"id":12345678901234567890123,`, "no digit is lost")
	require.NotContains(t, lines[len(ids)+1], "id")
	require.Contains(t, a.out, `"<a> & b"`)
}

// A bad line gets its error in its place; the others are scored all the same.
func TestScoreBadLines(t *testing.T) {
	t.Parallel()
	good := `{"text":"hello"}`
	for _, tt := range []struct {
		name, line string
		ok         bool
	}{
		{"blank", "", false},
		{"spaces", " \t", false},
		{"null", "null", false},
		{"empty object", "{}", false},
		{"number", "5", false},
		{"list", `["text"]`, false},
		{"words", "hello", false},
		{"text is a number", `{"text":5}`, false},
		{"text is null", `{"text":null}`, false},
		{"text is a list", `{"text":["a"]}`, false},
		{"cut off", `{"text":"a`, false},
		{"two objects", `{"text":"a"}{"text":"b"}`, false},
		{"another name", `{"Text":"a"}`, false},
		{"depth", `{"text":"a","id":` + strings.Repeat("[", 20000) + `}`, false},
		{"over the limit", `{"text":"` + strings.Repeat("x", 5<<20) + `"}`, false},
		{"empty text", `{"text":""}`, true},
		{"long text", `{"text":"` + strings.Repeat("bad ", 500_000) + `"}`, true},
		{"broken bytes in the text", "{\"text\":\"caf\xff bad\"}", true},
		{"broken bytes in the id", "{\"id\":\"\xff\",\"text\":\"a\"}", true},
		{"half a surrogate", `{"text":"a\ud800b"}`, true},
		{"carriage return", good + "\r", true},
		{"other fields are odd", `{"text":"a","brand":5,"lang":{},"rating":"x","author":"jo","title":[],"extra":{"a":1}}`, true},
		{"another spelling beside it", `{"text":"a","TEXT":5}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newShell(t).pipe(good+"\n"+tt.line+"\n"+good, "score")
			lines := a.lines(t)
			require.Len(t, lines, 3)
			require.Equal(t, lines[0], lines[2])
			checkScore(t, lines[0])
			require.Equal(t, strings.ToValidUTF8(a.out, ""), a.out, "what comes out is valid UTF-8")
			if tt.ok {
				require.Equal(t, 0, a.code)
				checkScore(t, lines[1])
				return
			}
			require.Equal(t, 1, a.code)
			require.InDelta(t, 2, lines[1]["line"], 0)
			require.NotEmpty(t, lines[1]["error"])
			require.Len(t, lines[1], 2)
		})
	}
}

func TestScoreEdges(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	require.Equal(t, answer{}, s.pipe("", "score"), "nothing in, nothing out")
	a := s.pipe("\ufeff{\"text\":\"a\"}\n", "score")
	require.Equal(t, 0, a.code, "a byte order mark before the first line")
	for _, args := range [][]string{{"score", "missing.jsonl"}, {"score", "."}, {"score", "--model", "missing"}} {
		a := s.call(args...)
		require.Equal(t, 1, a.code)
		require.Empty(t, a.out)
		require.NotEmpty(t, a.err)
	}
	s.write("no.model", "this is no model")
	require.Equal(t, 1, s.call("score", "--model", "no.model").code)
	in := `{"text":"acme is so much better than globex, whose support left me waiting 3 hours"}`
	own := s.pipe(strings.Replace(in, "{", `{"brand":"globex",`, 1), "score", "--brand", "acme").out
	require.Equal(t, s.pipe(in, "score", "--brand", "globex").out, own, "a row's own brand wins")
	require.NotEqual(t, s.pipe(in, "score", "--brand", "acme").out, own)
	require.Equal(t, 0, s.pipe(in, "score", "--fast").code)
}

// Each line is answered as soon as no more input waits, and a signal ends the
// waiting for more.
func TestScoreFlushesAndStops(t *testing.T) {
	t.Parallel()
	cmd := newShell(t).command(t.Context(), "score")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := make(chan string)
	go func() {
		defer close(lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			lines <- sc.Text()
		}
	}()
	next := func(want string) {
		select {
		case line := <-lines:
			require.Contains(t, line, want)
		case <-time.After(patience):
			require.Fail(t, "no answer while the input waits", want)
		}
	}
	for _, step := range []struct {
		write string
		want  []string
	}{
		{`{"id":"a","text":"one"}` + "\n", []string{`"a"`}},
		{"\n" + `{"id":"b","text":"two"}` + "\n" + `{"id":"c",`, []string{`"line":2`, `"b"`}},
		{`"text":"three"}` + "\n", []string{`"c"`}},
	} {
		_, err := io.WriteString(in, step.write)
		require.NoError(t, err)
		for _, want := range step.want {
			next(want)
		}
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case _, more := <-lines:
		require.False(t, more)
	case <-time.After(patience):
		require.Fail(t, "SIGTERM does not end the waiting")
	}
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
}
