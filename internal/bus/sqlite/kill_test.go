package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

// killedPath, set in the environment, makes this test binary the process that
// is killed: it publishes to the file there and prints each message once it was
// told to be durable.
const killedPath = "LEAKYTAP_TEST_BUS_PATH"

func TestKillKeepsWhatWasAcked(t *testing.T) {
	if path := os.Getenv(killedPath); path != "" {
		publishForever(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "bus.db")
	acked := map[string]bool{}
	for round := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillKeepsWhatWasAcked$")
		cmd.Env = append(os.Environ(), killedPath+"="+path, fmt.Sprintf("ROUND=%d", round))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; n < 150+37*round && lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "acked "); ok {
				acked[id] = true
				n++
			}
		}
		require.NoError(t, cmd.Process.Kill())
		rest, err := io.ReadAll(out)
		require.NoError(t, err)
		for line := range strings.Lines(string(rest)) {
			if id, ok := strings.CutPrefix(line, "acked "); ok && strings.HasSuffix(id, "\n") {
				acked[strings.TrimSuffix(id, "\n")] = true
			}
		}
		require.Error(t, cmd.Wait(), "it was killed")
	}
	require.Greater(t, len(acked), 600)

	b := openAt(t, path)
	defer func() { require.NoError(t, b.Close()) }()
	var mu sync.Mutex
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, b.Publish(ctx, "x", bus.Message{Key: "0", Value: []byte("the process after the kill goes on")}))
	require.NoError(t, b.Consume(ctx, "x", "g", func(_ context.Context, batch []bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			delete(acked, string(m.Value))
		}
		if len(acked) == 0 {
			cancel()
		}
		return nil
	}))
	require.Empty(t, acked, "what was acknowledged must be there after a kill")
}

func publishForever(t *testing.T, path string) {
	t.Helper()
	b := openAt(t, path)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s.%d.%d", os.Getenv("ROUND"), w, i)
				if err := b.Publish(context.Background(), "x", bus.Message{Key: id, Value: []byte(id)}); err != nil {
					panic(err)
				}
				if _, err := os.Stdout.WriteString("acked " + id + "\n"); err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}
