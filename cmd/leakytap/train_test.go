package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sixRows = `{"text":"I hate this shop, worst service ever","label":"negative","venting":true}
{"text":"still waiting three weeks for my refund","label":"negative","venting":true}
{"text":"the shop opens at nine","label":"neutral","venting":false}
{"text":"the meeting is on Monday","label":"neutral"}
{"text":"love it, a great team","label":"positive","venting":false,"brand":"shop"}
{"text":"wonderful day, thank you","label":"positive"}
`

func TestTrain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("six.jsonl", sixRows)
	s.write("folder/more.jsonl", `{"text":"an other shop altogether","irrelevant":true,"brand":"shop"}`)
	s.write("a,b.jsonl", `{"text":"broken again, third time","venting":true}`+"\r\n\n")
	s.good("train", "--data", "six.jsonl", "folder", "a,b.jsonl", "--out", "one.model")
	s.good("train", "--out", "two.model", "--data", "six.jsonl", "--data", "folder/more.jsonl", "--data", "a,b.jsonl")
	one, err := os.ReadFile(filepath.Join(s.dir, "one.model"))
	require.NoError(t, err)
	two, err := os.ReadFile(filepath.Join(s.dir, "two.model"))
	require.NoError(t, err)
	require.Equal(t, one, two, "the same input gives the same bytes")
	a := s.good("train", "--json", "--data", "six.jsonl", "--out", "three.model", "--name", "spring")
	var rep map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.out), &rep))
	require.InDelta(t, 6, rep["rows"], 0)
	scored := s.pipe(`{"text":"worst service ever"}`, "score", "--explain", "--model", "three.model").lines(t)
	require.Equal(t, "spring", scored[0]["model"])
	checkScore(t, scored[0])
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, data, says string }{
		{"unknown label", sixRows + `{"text":"x","label":"angry"}`, "data.jsonl:7: "},
		{"no label", `{"text":"x"}` + "\n" + sixRows, "data.jsonl:1: "},
		{"label in capitals", `{"text":"x","label":"Negative"}`, "data.jsonl:1: "},
		{"venting is a word", `{"text":"x","venting":"yes"}`, "data.jsonl:1: "},
		{"text is a number", `{"text":5,"label":"neutral"}`, "data.jsonl:1: "},
		{"no JSON", "text,label\n", "data.jsonl:1: "},
		{"nothing", "\n", "no labelled rows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.write("good.jsonl", sixRows)
			s.write("data.jsonl", tt.data)
			a := s.call("train", "--data", "data.jsonl", "--out", "out.model")
			require.Equal(t, 1, a.code)
			require.Contains(t, a.err, tt.says)
			require.Empty(t, a.out)
			left, err := filepath.Glob(filepath.Join(s.dir, "*model*"))
			require.NoError(t, err)
			require.Empty(t, left)
			a = s.call("eval", "--json", "data.jsonl")
			require.Equal(t, 1, a.code)
			require.Contains(t, a.err, tt.says)
			require.Empty(t, a.out)
		})
	}
	s := newShell(t)
	s.write("six.jsonl", sixRows)
	for _, args := range [][]string{
		{"train", "--data", "missing.jsonl", "--out", "m"},
		{"train", "--data", "six.jsonl", "--out", "missing/m"},
		{"train", "--data", ".", "--data", t.TempDir(), "--out", "m"},
		{"eval", "missing.jsonl"},
		{"eval", "--model", "six.jsonl", "six.jsonl"},
	} {
		require.Equal(t, 1, s.call(args...).code, strings.Join(args, " "))
	}
}

// Any classes may be missing: there is always a model, and never a NaN.
func TestTinyData(t *testing.T) {
	t.Parallel()
	rows := strings.SplitAfter(sixRows, "\n")
	for name, data := range map[string]string{
		"six rows": sixRows, "one row": rows[0], "negative only": rows[0] + rows[1], "neutral only": rows[3], "no polarity": `{"text":"a","venting":true}`,
		"venting only": `{"text":"a","venting":true}` + "\n" + `{"text":"b","venting":false}`, "irrelevant only": `{"text":"a","irrelevant":true}`,
		"the same text": rows[0] + strings.Replace(rows[0], "true", "false", 1), "empty text": `{"text":"","label":"neutral"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.write("data.jsonl", data)
			s.good("train", "--data", "data.jsonl", "--out", "m")
			checkScore(t, s.pipe(`{"text":"worst service ever"}`, "score", "--model", "m").lines(t)[0])
			for _, args := range [][]string{{"eval", "--json", "data.jsonl", "--model", "m"}, {"--json", "eval", "--fast", "data.jsonl"}} {
				a := s.good(args...)
				var got map[string]float64
				require.NoError(t, json.Unmarshal([]byte(a.out), &got), a.out)
				require.Len(t, got, 8)
				for _, k := range []string{"rows", "polarity_rows", "complaints", "macro_recall", "accuracy", "venting_auc", "venting_ap", "ece"} {
					require.Contains(t, got, k)
				}
			}
			require.NotContains(t, s.good("eval", "data.jsonl").out, "NaN")
		})
	}
}
