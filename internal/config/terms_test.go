package config

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/match"
)

const sharedTerms = "brands_dir: brands\nterms:\n  delays: [late, still waiting]\n  forces: ['\"acme air force\"']\n"

func TestTermListsAreFilledIn(t *testing.T) {
	path := folder(t, map[string]string{
		"leakytap.yaml":    sharedTerms + "brands: [{name: bolt, query: bolt}]\n",
		"brands/acme.yaml": "query: acme $delays NOT $forces\n",
	})
	c, ps := Load(path, testOptions())
	require.Empty(t, lines(ps))
	require.Equal(t, `acme (late OR "still waiting") NOT ("acme air force")`, c.Brands[1].Query)

	out, err := c.ShowBrand("acme")
	require.NoError(t, err)
	shown := strings.ReplaceAll(string(out), filepath.ToSlash(filepath.Dir(path)), "DIR")
	require.Contains(t, shown, `DIR/brands/acme.yaml:1, with $delays of DIR/leakytap.yaml:3, with $forces of DIR/leakytap.yaml:4`)
	values, err := c.BrandValues("acme")
	require.NoError(t, err)
	require.Equal(t, []ListUse{{Name: "delays", Terms: 2, File: path, Line: 3}, {Name: "forces", Terms: 1, File: path, Line: 4}}, values[1].Lists)

	again, _ := Parse(path, c.Show(), testOptions())
	require.Equal(t, c.Terms, again.Terms)
}

func TestALastGoodVersionKeepsItsLists(t *testing.T) {
	path := folder(t, map[string]string{"leakytap.yaml": sharedTerms, "brands/acme.yaml": "query: |+\n  acme $delays"})
	c, ps := Load(path, testOptions())
	require.Empty(t, lines(ps))
	was, good := c.Brands[0], c.unit("acme").Good()
	require.NoError(t, os.WriteFile(path, []byte("brands_dir: brands\nterms: {others: [cancelled]}\n"), 0o600))
	c, ps = Load(path, testOptions())
	require.False(t, Fatal(ps), "a list that is gone costs the brands that name it")
	require.Contains(t, lines(ps), "there is no term list called $delays")
	require.Empty(t, c.UseLastGood("acme", good))
	require.Equal(t, strings.TrimSpace(was.Query), strings.TrimSpace(c.Brands[0].Query))
	require.Equal(t, string(good), string(c.unit("acme").Good()), "it can be kept again")
	values, err := c.BrandValues("acme")
	require.NoError(t, err)
	require.Equal(t, []ListUse{{Name: "delays", Terms: 2}}, values[1].Lists)
}

func TestABrandFileAloneLeansOnTheConfig(t *testing.T) {
	path := folder(t, map[string]string{
		"leakytap.yaml":    sharedTerms + "brand_defaults: {alert: {threshold: 0.9}}\n",
		"brands/acme.yaml": "query: acme $delays\n",
	})
	opt := testOptions()
	file := filepath.Join(filepath.Dir(path), "brands", "acme.yaml")
	_, ps := Check(file, opt)
	require.Contains(t, lines(ps), "there is no term list called $delays")
	opt.Base = path
	c, ps := Check(file, opt)
	require.Empty(t, lines(ps))
	require.InDelta(t, 0.9, c.Brands[0].Alert.Threshold, 1e-9)
	opt.Base = filepath.Join(filepath.Dir(path), "none.yaml")
	_, ps = Check(file, opt)
	require.NotEmpty(t, ps)
}

func TestTermListsCountTowardsTheLimits(t *testing.T) {
	var list strings.Builder
	for i := range match.MaxTerms {
		list.WriteString("  - w" + strconv.Itoa(i) + "\n")
	}
	_, ps := Parse("leakytap.yaml", []byte("terms:\n many:\n"+list.String()+"brands: [{name: acme, query: acme OR $many}]\n"), testOptions())
	require.Len(t, ps, 1)
	require.Contains(t, ps[0].Error(), "leakytap.yaml:10003:38: brands[0].query: in the list $many: the query has more than 10000 terms; split the brand in two")
	_, ps = Parse("leakytap.yaml", []byte("terms:\n many:\n"+list.String()+"  - one\nbrands: [{name: acme, query: acme}]\n"), testOptions())
	require.Len(t, ps, 1)
	require.Contains(t, ps[0].Error(), "terms.many: the list has 10001 terms")
}
