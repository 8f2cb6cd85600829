package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/tune"
)

func TestLedgerCommand(t *testing.T) {
	t.Parallel()
	dir := stored(t)
	out, _ := run(t, dir, "", 0, "ledger", "--brand", "acme", "--json")
	var got []tune.BrandLedger
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got, 1)
	require.Equal(t, 4, got[0].Mentions)
	require.Equal(t, "acme", got[0].Entries[0].Text)
	require.Equal(t, 4, got[0].Entries[0].Matches)
	out, _ = run(t, dir, "", 0, "ledger")
	require.Contains(t, out, "acme: 4 mentions\n")
	run(t, dir, "", 1, "ledger", "--brand", "nobody")
	run(t, dir, "", 2, "ledger", "--since", "soon")

	empty := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(empty, "leakytap.yaml"), []byte(backtestConfig), 0o600))
	_, errs := run(t, empty, "", 1, "ledger")
	require.Contains(t, errs, "reading the store")
}
