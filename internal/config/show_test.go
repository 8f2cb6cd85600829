package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/brand"
)

const configs = "../../configs/"

func shipped(name string) (string, bool) {
	if name == "SLACK_TOKEN" {
		return "xoxb-planted", true
	}
	return "", false
}

func TestShippedConfigsAreGood(t *testing.T) {
	for _, f := range []string{"leakytap.yaml", "quickstart.yaml", "brands/acme.yaml"} {
		_, ps := Check(configs+f, Options{LookupEnv: shipped})
		require.Empty(t, lines(ps), f)
	}
	c, _ := Load(configs+"leakytap.yaml", Options{LookupEnv: shipped})
	require.Equal(t, []string{"acme"}, brandNames(c))
	require.Contains(t, c.Files(), configs+"brands/acme.yaml")
}

// uncommented is a config with every key that it shows in a comment.
func uncommented(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.NewReplacer("# ", " ", "#  ", " ").Replace(string(data))
}

func TestEveryKeyIsDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	example := uncommented(t, configs+"leakytap.yaml") + uncommented(t, configs+"brands/acme.yaml")
	known := map[string]bool{}
	var walk func(ty reflect.Type, path string)
	walk = func(ty reflect.Type, path string) {
		for ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice {
			if ty.Kind() == reflect.Slice {
				path = strings.Join([]string{path, "[]"}, "")
			}
			ty = ty.Elem()
		}
		if ty.Kind() != reflect.Struct || strings.HasSuffix(path, ".routes[]") {
			return
		}
		for f := range ty.Fields() {
			name := yamlName(f)
			if name == "" {
				continue
			}
			at := childPath(path, name)
			known[at] = true
			require.NotEmpty(t, descriptions()[at], "keys.txt says nothing about %s", at)
			require.Contains(t, string(docs), "`"+name+"`", "docs/configuration.md says nothing about %s", at)
			if base := strings.TrimSuffix(name, "_file"); f.Type.Kind() != reflect.Interface && !strings.Contains(at, "must_") {
				require.Contains(t, example, base, "configs/ show no %s", at)
			}
			walk(f.Type, at)
		}
	}
	walk(reflect.TypeFor[Config](), "")
	known["brands[]"] = true
	for path := range descriptions() {
		require.True(t, known[path], "keys.txt speaks of %s, which is no key", path)
	}
}

func TestShowHidesSecretsAndCanBeReadAgain(t *testing.T) {
	path := folder(t, map[string]string{
		"token": "xoxb-planted\n", "beat": "https://beat.example/planted\n",
		"leakytap.yaml": `
brands: [{name: acme, query: 'acme OR "$$50"', alert: {threshold: 0}, must_alert: [one, {text: two, severity: high}], languages: []}]
brand_defaults: {languages: [en]}
server: {auth: {tokens: "jo:planted-0123456789"}}
sources: [{name: f, type: rss, url: "https://jo:planted@a.example/feed"}]
receivers: [{name: s, slack: {token_file: token, channel: C0123, signing_secret: "planted-planted"}}, {name: c, console: {}}]
route: {receiver: s}
http: {proxy_url: "http://jo:planted@p.example"}
canary: {heartbeat_url_file: beat}
bus: {kind: kafka, brokers: ["k:9092"], tls: {}, sasl: {mechanism: plain, username: u, password: planted-too}}
`,
	})
	c, ps := Load(path, testOptions())
	require.False(t, Fatal(ps), lines(ps))
	require.Equal(t, "xoxb-planted", c.Receivers[0].Slack.Token.Reveal())
	require.Empty(t, c.Receivers[0].Slack.TokenFile, "it is read")
	require.Equal(t, "https://beat.example/planted", c.Canary.HeartbeatURL.Reveal())
	require.Contains(t, c.Files(), filepath.Join(filepath.Dir(path), "token"))

	out := c.Show()
	js, err := c.ShowJSON()
	require.NoError(t, err)
	for _, s := range []string{string(out), string(js)} {
		require.NotContains(t, s, "planted")
		require.Contains(t, s, "<secret>")
	}
	require.Contains(t, string(out), "url: sqlite\n")
	var fromYAML, fromJSON map[string]any
	require.NoError(t, yaml.Unmarshal(bytes.ReplaceAll(out, []byte("$$"), []byte("$")), &fromYAML))
	require.NoError(t, json.Unmarshal(js, &fromJSON))
	again, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	require.JSONEq(t, string(js), string(again))

	second, ps := Parse(path, out, testOptions())
	for _, p := range Errors(ps) {
		require.Contains(t, p.Msg, "url: ", "only a hidden secret may not do: %s", p.Error())
	}
	require.Equal(t, c.Brands, second.Brands)
	require.Equal(t, c.Hash(), second.Hash())
	c.Brands[0].Query = "acme"
	require.NotEqual(t, c.Hash(), second.Hash())
}

func schemaOf(t *testing.T, text []byte) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &s))
	r, err := s.Resolve(nil)
	require.NoError(t, err)
	return r
}

// instance is a YAML file as a JSON value.
func instance(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var v any
	require.NoError(t, yaml.Unmarshal(data, &v))
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

func TestSchema(t *testing.T) {
	root, one := schemaOf(t, Schema()), schemaOf(t, BrandSchema())
	require.NoError(t, root.Validate(instance(t, configs+"leakytap.yaml")))
	require.NoError(t, root.Validate(instance(t, configs+"quickstart.yaml")))
	require.NoError(t, one.Validate(instance(t, configs+"brands/acme.yaml")))
	require.Contains(t, string(Schema()), `"https://json-schema.org/draft/2020-12/schema"`)
	for _, name := range []string{
		"unknown_key", "unknown_key_nested", "unknown_key_in_brand", "wrong_type_list", "wrong_type_text", "wrong_type_mapping", "wrong_type_bool",
		"wrong_type_number", "languages_as_text", "duration", "source_type_unknown", "source_type_missing", "brand_budget", "brand_severity",
		"brand_without_query", "bus_kind", "route_unknown_severity", "second_opinion", "brands_as_mapping", "brand_defaults_query", "brand_pin_unknown_key",
	} {
		require.Error(t, root.Validate(instance(t, "testdata/bad/"+name+".yaml")), "the schema takes %s", name)
	}
	var doc map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &doc))
	props := doc["properties"].(map[string]any) //nolint:forcetypeassert // the test ends if it is not
	require.Len(t, props, len(keysOf(reflect.TypeFor[Config]())))
	require.Len(t, keysOf(reflect.TypeFor[brand.Brand]()), 20, "a new key of a brand wants an example in configs/brands")
}
