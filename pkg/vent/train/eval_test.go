package train

import (
	"context"
	"os"
	"path/filepath"
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
		{"unknown label", "{\"text\":\"a\",\"label\":\"neutral\"}\n{\"text\":\"b\",\"label\":\"angry\"}\n", "bad.jsonl:2: label \"angry\" is unknown"},
		{"no label", "{\"text\":\"a\"}\n", "bad.jsonl:1: the row has no label"},
		{"no JSON", "text,label\n", "bad.jsonl:1: reading the row"},
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
