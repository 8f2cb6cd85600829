package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/brand"
)

// BrandSchemaFile is the file, beside the brand files, that their header names.
const BrandSchemaFile = "brand.schema.json"

// NewBrandFile is a commented file for a new brand: what b has is written out, the
// rest stands there as comments. The problems are those that reading it back finds.
func NewBrandFile(b brand.Brand) ([]byte, []Problem) {
	var w strings.Builder
	fmt.Fprintf(&w, "# yaml-language-server: $schema=%s\n", BrandSchemaFile)
	w.WriteString("# Check it:   leakytap config check\n# Try it:     leakytap backtest --candidate THIS_FILE\n\n")
	fmt.Fprintf(&w, "name: %s\n\n", quoted(b.Name))
	w.WriteString("# What to listen for: \"a phrase\" OR @handle OR #tag, with AND, NOT and NEAR/5.\n")
	w.WriteString("# A NOT keeps away what is called alike: NOT \"acme air force\".\n")
	fmt.Fprintf(&w, "query: %s\n\n", quoted(b.Query))
	list := func(comment, key, example string, values []string) {
		fmt.Fprintf(&w, "# %s\n", comment)
		if len(values) == 0 {
			fmt.Fprintf(&w, "# %s: %s\n\n", key, example)
			return
		}
		fmt.Fprintf(&w, "%s:\n", key)
		for _, v := range values {
			fmt.Fprintf(&w, "  - %s\n", quoted(v))
		}
		w.WriteString("\n")
	}
	list("Your own accounts: what they post are answers, not complaints.", "own_accounts", `["@acmeair"]`, b.OwnAccounts)
	list("Rivals: a complaint about them is none about you.", "competitors", `["globex"]`, b.Competitors)
	list("Words that speak for you, where others are called alike.", "context", `["flight", "baggage"]`, b.Context)
	list("Languages to keep; without this all. What has no known language is always kept.", "languages", "[en]", b.Languages)
	fmt.Fprintf(&w, `# What is worth a card.
alert:
  # The least probability that it is a complaint about you.
  threshold: %v
  min_severity: %s
  # Cards a day that are welcome. Critical ones are never held back.
  # budget: 20/day

# Where your day begins, for the budget.
# timezone: Europe/Berlin

# Examples that are run at every load: a file that breaks one is refused.
# must_alert:
#   - "3 hours on hold with you. still waiting."
# must_not_alert:
#   - "what a lovely day"
`, b.Alert.Threshold, b.Alert.MinSeverity)
	data := []byte(w.String())
	c := Default()
	c.src, c.marks = newSource(b.Name+".yaml", "", nil), newMarks(newSource(b.Name+".yaml", "", nil))
	u := c.parseUnit(b.Name+".yaml", data)
	return data, u.Problems
}

// quoted is a text as a YAML value that reads as itself, dollar signs included.
func quoted(s string) string {
	s = strings.ReplaceAll(s, "$", "$$")
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// BrandValue is a value of a brand and where it came from.
type BrandValue struct {
	// Key is its key: query, or alert.threshold.
	Key   string `json:"key"`
	Value any    `json:"value"`
	// Origin is file, brand_defaults or built_in; File and Line say where it is written.
	Origin string `json:"origin"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	// Lists are the term lists that are filled into a query.
	Lists []ListUse `json:"lists,omitempty"`

	node *yaml.Node
}

// The origins of a brand's values.
const (
	OriginFile     = "file"
	OriginDefaults = "brand_defaults"
	OriginBuiltIn  = "built_in"
)

// BrandValues are the values of a brand, the empty ones left out, each with where it
// came from.
func (c *Config) BrandValues(name string) ([]BrandValue, error) {
	var have []string
	for i := range c.Units {
		u := &c.Units[i]
		if !strings.EqualFold(u.Name, name) {
			have = append(have, u.Name)
			continue
		}
		if u.Broken() {
			return nil, fmt.Errorf("brand %s is broken; leakytap config check says where", u.Name)
		}
		return c.valuesOf(u, reflect.ValueOf(u.Brand), ""), nil
	}
	return nil, fmt.Errorf("there is no brand %q; the config has %s", name, strings.Join(have, ", "))
}

func (c *Config) valuesOf(u *BrandUnit, v reflect.Value, path string) []BrandValue {
	var out []BrandValue
	for f := range v.Type().Fields() {
		name := yamlName(f)
		if name == "" {
			continue
		}
		key, field := childPath(path, name), v.FieldByIndex(f.Index)
		if key == "alert" {
			out = append(out, c.valuesOf(u, field, key)...)
			continue
		}
		node := showValue(field)
		if node == nil && field.Kind() == reflect.Float64 {
			node = showScalar(field)
		}
		if node == nil {
			continue
		}
		b := BrandValue{Key: key, Origin: OriginBuiltIn, Value: field.Interface(), node: node}
		written, defaults := key, childPath("brand_defaults", key)
		if u.prefix != "" {
			written = u.prefix + "." + key
		}
		switch {
		case u.marks.values[written] != nil:
			b.Origin, b.File, b.Line = OriginFile, u.marks.src.path, u.marks.values[written].Line
		case c.marks.values[defaults] != nil:
			b.Origin, b.File, b.Line = OriginDefaults, c.src.path, c.marks.values[defaults].Line
		}
		if key == "query" {
			b.Lists = c.listsOf(u)
		}
		out = append(out, b)
	}
	return out
}

// ShowBrand is a brand as a brand file, each value with where it came from behind it.
func (c *Config) ShowBrand(name string) ([]byte, error) {
	values, err := c.BrandValues(name)
	if err != nil {
		return nil, err
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	inner := map[string]*yaml.Node{}
	for _, v := range values {
		into, key := root, v.Key
		if group, rest, ok := strings.Cut(v.Key, "."); ok {
			key = rest
			if inner[group] == nil {
				inner[group] = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
				root.Content = append(root.Content, scalarNode("!!str", group), inner[group])
			}
			into = inner[group]
		}
		k := scalarNode("!!str", key)
		if v.node.Kind == yaml.SequenceNode || v.node.Style == yaml.LiteralStyle {
			k.HeadComment = "# " + v.Where()
		} else {
			v.node.LineComment = "# " + v.Where()
		}
		into.Content = append(into.Content, k, v.node)
	}
	out, err := yaml.Dump(root, yaml.WithV4Defaults(), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("writing brand %s: %w", name, err)
	}
	return out, nil
}

// Where says in words where a value came from.
func (v BrandValue) Where() string {
	var where strings.Builder
	where.WriteString(v.origin())
	for _, l := range v.Lists {
		where.WriteString(", with $" + l.Name)
		if l.File != "" {
			fmt.Fprintf(&where, " of %s:%d", filepath.ToSlash(l.File), l.Line)
		}
	}
	return where.String()
}

func (v BrandValue) origin() string {
	switch v.Origin {
	case OriginFile:
		return fmt.Sprintf("%s:%d", filepath.ToSlash(v.File), v.Line)
	case OriginDefaults:
		return fmt.Sprintf("brand_defaults, %s:%d", filepath.ToSlash(v.File), v.Line)
	default:
		if v.Key == "name" {
			return "the file's name"
		}
		return "built in"
	}
}
