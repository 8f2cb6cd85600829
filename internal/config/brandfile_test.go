package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
)

func TestNewBrandFileReadsBack(t *testing.T) {
	t.Parallel()
	b := brand.Default()
	b.Name, b.Query = "acme-air", `("acme air" OR @acmeair OR "o'acme $1") NOT "acme air force"`
	b.OwnAccounts, b.Competitors, b.Context = []string{"@acmeair"}, []string{"globex: the airline"}, []string{"flight", "# hash"}
	for _, tc := range []struct {
		name string
		b    brand.Brand
		bad  bool
	}{
		{name: "full", b: b},
		{name: "little", b: brand.Brand{Name: "no", Query: "acme", Alert: b.Alert, SLA: b.SLA, SilentAfter: b.SilentAfter, Spikes: b.Spikes, Priority: b.Priority}},
		{name: "broken query", b: brand.Brand{Name: "acme", Query: "acme NOT", Alert: b.Alert}, bad: true},
		{name: "broken name", b: brand.Brand{Name: "ac me", Query: "acme", Alert: b.Alert}, bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			data, ps := NewBrandFile(tc.b)
			require.Equal(t, tc.bad, len(Errors(ps)) > 0, ps)
			if tc.bad {
				return
			}
			require.Contains(t, string(data), "# yaml-language-server: $schema=brand.schema.json\n")
			path := filepath.Join(t.TempDir(), "file.yaml")
			require.NoError(t, os.WriteFile(path, data, 0o600))
			c, ps := Check(path, Options{})
			require.Empty(t, Errors(ps))
			require.Equal(t, tc.b, c.Brands[0])
		})
	}
}

func TestShowBrandSaysWhereFrom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("leakytap.yaml", `brands_dir: brands
brand_defaults:
  languages: [en]
  timezone: Europe/Berlin
  alert: {threshold: 0.7}
brands:
  - name: inline
    query: inline
    alert: {budget: 5/day}
`)
	write("brands/acme.yaml", "query: acme\nown_accounts:\n  - '@acmeair'\nalert:\n  min_severity: high\ntimezone: Asia/Tokyo\n")
	write("brands/broken.yaml", "query: acme NOT\n")
	c, _ := Load(filepath.Join(dir, "leakytap.yaml"), Options{})

	values, err := c.BrandValues("ACME")
	require.NoError(t, err)
	from := map[string]string{}
	for _, v := range values {
		from[v.Key] = v.Origin
	}
	require.Equal(t, map[string]string{
		"name": OriginBuiltIn, "query": OriginFile, "languages": OriginDefaults, "own_accounts": OriginFile,
		"alert.threshold": OriginDefaults, "alert.min_severity": OriginFile, "timezone": OriginFile,
		"sla": OriginBuiltIn, "silent_after": OriginBuiltIn, "spikes": OriginBuiltIn, "priority": OriginBuiltIn,
	}, from)
	_, err = json.Marshal(values)
	require.NoError(t, err)

	out, err := c.ShowBrand("acme")
	require.NoError(t, err)
	slash := filepath.ToSlash(dir)
	require.Equal(t, `name: acme # the file's name
query: acme # `+slash+`/brands/acme.yaml:1
# brand_defaults, `+slash+`/leakytap.yaml:3
languages:
- en
# `+slash+`/brands/acme.yaml:3
own_accounts:
- '@acmeair'
alert:
  threshold: 0.7 # brand_defaults, `+slash+`/leakytap.yaml:5
  min_severity: high # `+slash+`/brands/acme.yaml:5
timezone: Asia/Tokyo # `+slash+`/brands/acme.yaml:6
sla:
  ack:
    critical: 15m
    high: 1h
    medium: 4h
    low: 1d
  answer:
    critical: 1h
    high: 3h
    medium: 8h
    low: 2d
  resolve:
    critical: 1d
    high: 2d
    medium: 3d
    low: 7d
silent_after: 3d # built in
spikes: # built in
  enabled: true
  min_authors: 10
  min_days: 3
  window: 1h
priority: # built in
  severity: 60
  reach: 12
  engagement: 8
  age: 10
  history: 10
`, string(out))

	values, err = c.BrandValues("inline")
	require.NoError(t, err)
	require.Equal(t, "alert.budget", values[5].Key)
	require.Equal(t, OriginFile, values[5].Origin)
	require.Equal(t, 9, values[5].Line)
	_, err = c.ShowBrand("broken")
	require.ErrorContains(t, err, "is broken")
	_, err = c.ShowBrand("nobody")
	require.ErrorContains(t, err, "the config has inline, acme, broken")
}
