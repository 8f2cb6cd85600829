package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent"
)

const small = `{"text":"@acme lost my parcel, awful service","venting":true,"domain":"post"}
{"text":"@acme thanks, lovely people","venting":false,"domain":"post"}
{"text":"acme broke again, hate it","brand":"acme","label":"negative"}
{"text":"acme is wonderful today","brand":"acme","label":"positive"}
{"text":"the river is cold","brand":"acme","irrelevant":true}
{"text":"awful terrible day","label":"negative"}
{"text":"lovely sunny day","label":"positive"}
{"text":"a day in may","label":"neutral"}
`

func write(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	return path
}

func TestRunIsDeterministicAndItsModelLoads(t *testing.T) {
	data := write(t, "small.jsonl", strings.Repeat(small, 3))
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		out := filepath.Join(dir, "m"+string(rune('0'+i)))
		rep, err := Run(context.Background(), Options{Data: []string{data}, Out: out})
		require.NoError(t, err)
		require.Equal(t, 24, rep.Rows)
		files[i], err = os.ReadFile(out)
		require.NoError(t, err)
	}
	require.Equal(t, files[0], files[1])
	for _, kind := range []string{".report.json", ".report.md"} {
		one, err := os.ReadFile(filepath.Join(dir, "m0"+kind))
		require.NoError(t, err)
		two, err := os.ReadFile(filepath.Join(dir, "m1"+kind))
		require.NoError(t, err)
		require.Equal(t, string(one), string(two))
		sum := sha256.Sum256(files[0])
		require.Contains(t, string(one), hex.EncodeToString(sum[:]))
		require.Contains(t, string(one), "small.jsonl")
	}
	f, err := os.Open(filepath.Join(dir, "m0"))
	require.NoError(t, err)
	defer f.Close()
	s, err := vent.Load(f)
	require.NoError(t, err)
	rep, err := Eval(s, []string{data}, vent.Options{})
	require.NoError(t, err)
	require.Equal(t, 24, rep.Rows)
	require.Greater(t, rep.MacroRecall, 0.9)
	require.Greater(t, rep.VentingAUC, 0.6)
}

func TestRunRefusesWhatItDoesNotUnderstand(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"unknown label", "{\"text\":\"a\",\"label\":\"neutral\"}\n{\"text\":\"b\",\"label\":\"angry\"}\n", `bad.jsonl:2: "label" is "angry": it must be "negative", "neutral" or "positive"`},
		{"no label", "{\"text\":\"a\"}\n", "bad.jsonl:1: the row has no label"},
		{"no JSON", "text,label\n", "bad.jsonl:1: the line is no JSON object"},
		{"no text", "{\"label\":\"neutral\"}\n", `bad.jsonl:1: the row has no "text"`},
		{"text is null", "{\"text\":null,\"label\":\"neutral\"}\n", `bad.jsonl:1: the row has no "text"`},
		{"text in capitals", "{\"Text\":\"a\",\"label\":\"neutral\"}\n", `bad.jsonl:1: the row has no "text"`},
		{"venting is a word", "{\"text\":\"a\",\"venting\":\"yes\"}\n", `bad.jsonl:1: "venting" is "yes": it must be true or false`},
		{"severity is unknown", "{\"text\":\"a\",\"venting\":true,\"severity\":\"dire\"}\n", `bad.jsonl:1: "severity" is "dire": it must be "none", "low", "medium", "high" or "critical"`},
		{"brand is a list", "{\"text\":\"a\",\"venting\":true,\"brand\":[\"x\"]}\n", `bad.jsonl:1: "brand" is ["x"]: it must be a string`},
		{"empty", "\n\n", "no labelled rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := write(t, "bad.jsonl", tt.body)
			out := filepath.Join(t.TempDir(), "model")
			_, err := Run(context.Background(), Options{Data: []string{data}, Out: out})
			require.ErrorContains(t, err, tt.want)
			require.NoFileExists(t, out)
		})
	}
}

func TestMetrics(t *testing.T) {
	js := []Judged{{0.9, true}, {0.8, false}, {0.7, true}, {0.1, false}}
	require.InDelta(t, 0.75, AUC(js), 1e-9)
	require.InDelta(t, (1+2.0/3)/2, AveragePrecision(js), 1e-9)
	require.InDelta(t, 0.5, AUC([]Judged{{0.5, true}, {0.5, false}}), 1e-9)
	require.InDelta(t, (0.1+0.8+0.3+0.1)/4, ECE(js), 1e-9)
	require.InDelta(t, 0.5, Confusion{{1, 0, 0}, {1, 0, 0}, {0, 0, 0}}.MacroRecall(), 1e-9)
}

func TestIntervalsHoldTheFigure(t *testing.T) {
	var few, many tallies
	for i := range 1000 {
		j := Judged{P: float64(i*37%101) / 101, Yes: i%3 == 0}
		if j.Yes {
			j.P = min(1, j.P+0.3)
		}
		if i < 100 {
			few.venting = append(few.venting, j)
		}
		many.venting = append(many.venting, j)
	}
	a, b := few.intervals(1)["venting_auc"], many.intervals(1)["venting_auc"]
	require.Equal(t, a, few.intervals(1)["venting_auc"])
	require.NotEqual(t, a, few.intervals(2)["venting_auc"])
	for _, s := range []struct {
		v float64
		i Interval
	}{{AUC(few.venting), a}, {AUC(many.venting), b}} {
		require.Less(t, s.i.Low, s.v)
		require.Greater(t, s.i.High, s.v)
	}
	require.Greater(t, a.High-a.Low, 2*(b.High-b.Low))
	ones := make([]int, 1000)
	for i := range ones {
		ones[i] = 1
	}
	sorted := slices.Clone(many.venting)
	slices.SortFunc(sorted, func(a, b Judged) int { return cmpFloat(a.P, b.P) })
	require.InDelta(t, AUC(many.venting), countedAUC(sorted, ones), 1e-12)
}

// A figure that the rows say nothing about is told from one that is 0.
func TestEvalCountsWhatTheRowsSay(t *testing.T) {
	s, err := vent.Default()
	require.NoError(t, err)
	for _, tt := range []struct {
		name, body        string
		polar, complaints int
		ranked            bool
	}{
		{"no polarity", "{\"text\":\"a\",\"venting\":true}\n{\"text\":\"b\",\"venting\":false}\n", 0, 1, true},
		{"no complaint", "{\"text\":\"a\",\"label\":\"positive\"}\n", 1, 0, false},
		{"complaints alone", "{\"text\":\"a\",\"label\":\"negative\"}\n", 1, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep, err := Eval(s, []string{write(t, "rows.jsonl", tt.body)}, vent.Options{})
			require.NoError(t, err)
			require.Equal(t, tt.polar, rep.PolarityRows)
			require.Equal(t, tt.complaints, rep.Complaints)
			require.Equal(t, tt.ranked, rep.Ranked())
		})
	}
}

// What a row teaches follows from what it says.
func TestWhatARowTeaches(t *testing.T) {
	tests := []struct {
		name, row string
		want      []role
	}{
		{"polarity", `{"text":"a","label":"negative"}`, []role{polarity}},
		{"towards a brand", `{"text":"a","label":"negative","brand":"x"}`, []role{towards, kin}},
		{"not about it", `{"text":"a","irrelevant":true,"brand":"x"}`, []role{towards, kin}},
		{"both polarities", `{"text":"a","label":"positive","target_label":"negative","brand":"x"}`, []role{polarity, towards, kin}},
		{"a complaint", `{"text":"a","venting":true}`, []role{complaint, cases}},
		{"one's own", `{"text":"a","venting":true,"brand":"x","label":"negative"}`, []role{polarity, complaint, cases, kin}},
		{"a case", `{"text":"a","venting":true,"brand":"x","category":"irony"}`, []role{cases, kin}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := ReadRows(strings.NewReader(tt.row), "x")
			require.NoError(t, err)
			var got []role
			for what := range roles {
				if _, ok := rows[0].teaches(what); ok {
					got = append(got, what)
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// Posts written to be told apart, in English and in another language, get heads of
// their own.
func TestCasesHaveHeadsOfTheirOwn(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.Repeat(small, 3))
	for i := range 120 {
		fmt.Fprintf(&b, `{"text":"acme%d nie wieder, das paket kam nicht und keiner hilft mir","brand":"acme%d","venting":true,"label":"negative","category":"a"}`+"\n", i, i)
		fmt.Fprintf(&b, `{"text":"acme%d hat mir heute sehr nett geholfen, danke","brand":"acme%d","venting":false,"label":"positive","category":"a"}`+"\n", i, i)
		fmt.Fprintf(&b, `{"text":"acme%d ist eine firma in der stadt, sagt man","brand":"acme%d","venting":false,"label":"neutral","category":"a"}`+"\n", i, i)
	}
	out := filepath.Join(t.TempDir(), "m")
	rep, err := Run(context.Background(), Options{Data: []string{write(t, "cases.jsonl", b.String())}, Out: out})
	require.NoError(t, err)
	held := rep.Heldout["cases.jsonl, brand given"]
	require.Greater(t, held.VentingAUC, 0.95)
	f, err := os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	s, err := vent.Load(f)
	require.NoError(t, err)
	bad := s.Score(vent.Input{Text: "globex nie wieder, das paket kam nicht", Brand: "globex"}, vent.Options{Fast: true})
	good := s.Score(vent.Input{Text: "globex hat mir sehr nett geholfen, danke", Brand: "globex"}, vent.Options{Fast: true})
	require.Equal(t, "de", bad.Lang)
	require.Greater(t, bad.Venting, good.Venting+0.3)
	require.Greater(t, bad.Negative, good.Negative)
}
