package file_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/file"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/setting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const poll = 10 * time.Millisecond

func start(t *testing.T, rig *ingesttest.Rig, path string) {
	t.Helper()
	src, err := file.New(ingest.Config{Name: "log", Type: ingest.TypeFile, Path: path, Poll: setting.Duration(poll)})
	require.NoError(t, err)
	rig.Start(ingest.Spec{Name: "log", Type: ingest.TypeFile, Poll: poll, Source: src})
}

func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestFollows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	rig := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	start(t, rig, path)
	rig.WaitError("log", ingest.ReasonFile)
	add(t, path, `{"id":"x:1","text":"acme one"}`+"\n"+`{"id":"x:2","te`)
	require.Equal(t, "x:1", rig.Wait(1)[0].Mention.ID)
	add(t, path, `xt":"acme two"}`+"\n"+`{"id":"3","text":"acme three"}`)
	got := rig.Wait(3)
	require.Equal(t, "x:2", got[1].Mention.ID)
	require.Equal(t, "log:3", got[2].Mention.ID)
	require.Empty(t, rig.Log.Dead())
}
