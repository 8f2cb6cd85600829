package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrandNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, _ := run(t, dir, "", 0, "brand", "new", "acme", "--query", `"acme air" OR @acmeair`, "--own", "@acmeair,@acmehelp", "--competitor", "globex", "--context", "flight")
	require.Contains(t, out, "query: '\"acme air\" OR @acmeair'\n")
	require.Contains(t, out, "own_accounts:\n  - '@acmeair'\n  - '@acmehelp'\n")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "leakytap.yaml"), []byte("brands_dir: brands\nbrand_defaults: {timezone: Europe/Berlin}\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "brands"), 0o700))
	out, _ = run(t, dir, "", 0, "brand", "new", "acme", "--query", "acme")
	require.Equal(t, filepath.Join("brands", "acme.yaml")+"\n", out)
	schema, err := os.ReadFile(filepath.Join(dir, "brands", "brand.schema.json"))
	require.NoError(t, err)
	printed, _ := run(t, dir, "", 0, "config", "schema", "--brand")
	require.Equal(t, printed, string(schema))
	run(t, dir, "", 0, "config", "check")
	_, errs := run(t, dir, "", 1, "brand", "new", "acme")
	require.Contains(t, errs, "exists")
	_, errs = run(t, dir, "", 1, "brand", "new", "bolt", "--query", "bolt NOT")
	require.Contains(t, errs, "bolt.yaml:")
	run(t, dir, "", 2, "brand", "new")
	run(t, dir, "", 2, "brand", "old")

	out, _ = run(t, dir, "", 0, "config", "show", "--brand", "acme")
	require.Contains(t, out, "query: acme # brands/acme.yaml:")
	require.Contains(t, out, "timezone: Europe/Berlin # brand_defaults, leakytap.yaml:2\n")
	out, _ = run(t, dir, "", 0, "config", "show", "--brand", "acme", "--json")
	var values []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &values))
	require.Equal(t, "name", values[0]["key"])
	run(t, dir, "", 1, "config", "show", "--brand", "nobody")
}
