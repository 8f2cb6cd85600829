package config

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	schemaDialect = "https://json-schema.org/draft/2020-12/schema"
	// variablePattern lets a value that is not a text be written as a variable.
	variablePattern = `\$\{`
	durationPattern = `^\s*([0-9.]+[dw]|([0-9.]+(ns|us|µs|ms|s|m|h))+|0)\s*$|\$\{`
	budgetPattern   = `^\s*[0-9]+\s*/day\s*$|^$|\$\{`
	routeDef        = "route"
	brandDef        = "brand"
)

// Schema is the JSON Schema (2020-12) of leakytap.yaml, made from the structs that it fills.
func Schema() []byte {
	b := &schemaBuilder{defs: map[string]*jsonschema.Schema{}}
	root := b.object(reflect.TypeFor[Config](), "")
	root.Schema, root.Title, root.Description = schemaDialect, "leakytap.yaml", "The config of LeakyTap."
	root.Defs = b.defs
	return encodeSchema(root)
}

// BrandSchema is the JSON Schema of a file of brands_dir.
func BrandSchema() []byte {
	b := &schemaBuilder{defs: map[string]*jsonschema.Schema{}}
	root := b.object(reflect.TypeFor[brand.Brand](), "brands[]")
	root.Schema, root.Title, root.Description = schemaDialect, "A brand file of LeakyTap", descriptions()["brands[]"]
	root.Required = []string{"query"} // the name is the file's where none is written
	return encodeSchema(root)
}

func encodeSchema(s *jsonschema.Schema) []byte {
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return []byte(`{"$comment": ` + string(mustQuote(err.Error())) + "}\n")
	}
	return append(out, '\n')
}

func mustQuote(s string) []byte {
	b, _ := json.Marshal(s) //nolint:errchkjson // a string always encodes
	return b
}

// schemaBuilder turns types into schemas; recursive types become definitions.
type schemaBuilder struct{ defs map[string]*jsonschema.Schema }

// of is the schema of a value of type t at a path, where [] stands for any entry of a list.
func (b *schemaBuilder) of(t reflect.Type, path string) *jsonschema.Schema {
	if s := b.special(t, path); s != nil {
		return s
	}
	switch t.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.Pointer:
		return b.of(t.Elem(), path)
	case reflect.Struct:
		return b.object(t, path)
	case reflect.Slice:
		return &jsonschema.Schema{Types: []string{"array", "null"}, Items: b.of(t.Elem(), path+"[]")}
	case reflect.Map:
		return &jsonschema.Schema{Types: []string{"object", "null"}, AdditionalProperties: b.of(t.Elem(), path+".*")}
	case reflect.Bool:
		return orVariable(&jsonschema.Schema{Type: "boolean"})
	case reflect.Int, reflect.Int64:
		return orVariable(&jsonschema.Schema{Type: "integer"})
	case reflect.Float64:
		return orVariable(&jsonschema.Schema{Type: "number"})
	case reflect.Interface:
		return &jsonschema.Schema{}
	default:
		s := &jsonschema.Schema{Types: []string{"string", "null"}}
		if values := enums()[path]; values != nil {
			s = choice(values)
		}
		return s
	}
}

// special is the schema of a type that is written otherwise than its fields say, nil for others.
func (b *schemaBuilder) special(t reflect.Type, path string) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[alert.Route]():
		if b.defs[routeDef] == nil {
			b.defs[routeDef] = &jsonschema.Schema{} // ends the recursion
			*b.defs[routeDef] = *b.object(t, "route")
		}
		return &jsonschema.Schema{Ref: "#/$defs/" + routeDef}
	case reflect.TypeFor[brand.Brand]():
		if b.defs[brandDef] == nil {
			b.defs[brandDef] = b.object(t, "brands[]")
		}
		return &jsonschema.Schema{Ref: "#/$defs/" + brandDef}
	case reflect.TypeFor[alert.Values]():
		one := &jsonschema.Schema{Type: "string"}
		if values := enums()[path]; values != nil {
			one = choice(values)
		}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{one, {Type: "array", Items: one.CloneSchemas()}}}
	case reflect.TypeFor[brand.Hours]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}}
	case reflect.TypeFor[brand.Pin]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, b.object(t, path)}}
	case reflect.TypeFor[setting.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern}
	case reflect.TypeFor[brand.Budget]():
		return &jsonschema.Schema{Type: "string", Pattern: budgetPattern}
	case reflect.TypeFor[vent.Severity]():
		return choice(severities(path))
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

func (b *schemaBuilder) object(t reflect.Type, path string) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Types: []string{"object", "null"}, Properties: map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	if path == "" {
		s.Types, s.Type = nil, "object"
	}
	for f := range t.Fields() {
		name := yamlName(f)
		if name == "" {
			continue
		}
		at := childPath(path, name)
		p := b.of(f.Type, at)
		p.Description = descriptions()[at]
		s.Properties[name] = p
		s.PropertyOrder = append(s.PropertyOrder, name)
	}
	s.Required = required()[path]
	return s
}

// required are the keys that cannot be left out, by path.
func required() map[string][]string {
	return map[string][]string{
		"sources[]":   {"name", "type"},
		"brands[]":    {"name", "query"},
		"receivers[]": {"name"},
	}
}

// enums are the values of texts that have a closed list.
func enums() map[string][]string {
	return map[string][]string{
		"bus.kind":                              {bus.KindEmbedded, bus.KindKafka},
		"bus.sasl.mechanism":                    {bus.SASLPlain, bus.SASLScramSHA256, bus.SASLScramSHA512},
		"sources[].type":                        ingest.Types(),
		"score.second_opinion":                  {"auto", "none"},
		"receivers[].email.tls":                 {alert.EmailStartTLS, alert.EmailImplicit, alert.EmailNoTLS},
		"route.match.severity":                  severities("route"),
		"route.match.topic":                     vent.Topics(),
		"route.match.signal":                    vent.Signals(),
		"route.pass":                            severities("route"),
		"inhibit_rules[].source_match.severity": severities("route"),
		"inhibit_rules[].source_match.topic":    vent.Topics(),
		"inhibit_rules[].source_match.signal":   vent.Signals(),
		"inhibit_rules[].target_match.severity": severities("route"),
		"inhibit_rules[].target_match.topic":    vent.Topics(),
		"inhibit_rules[].target_match.signal":   vent.Signals(),
	}
}

func severities(path string) []string {
	var out []string
	for _, s := range vent.Severities() {
		if s != vent.SeverityNone || strings.Contains(path, "must_") {
			out = append(out, string(s))
		}
	}
	return out
}

// choice is one of values, or a variable.
func choice(values []string) *jsonschema.Schema {
	list := make([]any, 0, len(values))
	for _, v := range slices.Clone(values) {
		list = append(list, v)
	}
	return orVariable(&jsonschema.Schema{Enum: list})
}

func orVariable(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "string", Pattern: variablePattern}}}
}
