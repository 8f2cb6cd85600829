package config

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Show is the effective config as YAML: defaults filled in, variables expanded, every secret as
// <secret>. Keys without a value are left out.
func (c *Config) Show() []byte {
	n := c.showTree()
	out, err := yaml.Dump(n, yaml.WithV4Defaults(), yaml.WithLineWidth(-1))
	if err != nil {
		return []byte("# " + err.Error() + "\n")
	}
	return out
}

// ShowJSON is Show as JSON.
func (c *Config) ShowJSON() ([]byte, error) {
	var buf bytes.Buffer
	if err := writeJSON(&buf, c.showTree()); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, buf.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// showTree is c as a node. A store that is a file in data_dir is no secret.
func (c *Config) showTree() *yaml.Node {
	n := showValue(reflect.ValueOf(c).Elem())
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if store := n.Content[i+1]; n.Content[i].Value == "store" && c.Store.URL == "sqlite" {
			for j := 0; j+1 < len(store.Content); j += 2 {
				if store.Content[j].Value == "url" {
					store.Content[j+1].Value = c.Store.URL.Reveal()
				}
			}
		}
	}
	return n
}

// showValue is v as a node, nil where it is empty.
func showValue(v reflect.Value) *yaml.Node {
	if !v.IsValid() || v.IsZero() {
		return nil
	}
	switch m := v.Interface().(type) {
	case interface{ MarshalYAML() (any, error) }:
		if out, err := m.MarshalYAML(); err == nil {
			return showValue(reflect.ValueOf(out))
		}
		return nil
	case encoding.TextMarshaler:
		text, err := m.MarshalText()
		if err != nil {
			return nil
		}
		return scalarNode("!!str", string(text))
	}
	switch v.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.Pointer:
		if n := showValue(v.Elem()); n != nil {
			return n
		}
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle} // written as {}
	case reflect.Struct:
		return showStruct(v)
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, name := range names {
			if value := showValue(v.MapIndex(name)); value != nil {
				n.Content = append(n.Content, scalarNode("!!str", name.String()), value)
			}
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			item := showValue(v.Index(i))
			if item == nil {
				item = scalarNode("!!str", "")
			}
			n.Content = append(n.Content, item)
		}
		return n
	default:
		return showScalar(v)
	}
}

func showStruct(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for f := range v.Type().Fields() {
		name := yamlName(f)
		if name == "" {
			continue
		}
		field := v.FieldByIndex(f.Index)
		value := showValue(field)
		if field.Kind() == reflect.Float64 { // 0 is not the default
			value = showScalar(field)
		}
		if value != nil {
			n.Content = append(n.Content, scalarNode("!!str", name), value)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func showScalar(v reflect.Value) *yaml.Node {
	switch v.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.String:
		n := scalarNode("!!str", strings.ReplaceAll(v.String(), "$", "$$"))
		if strings.Contains(n.Value, "\n") {
			n.Style = yaml.LiteralStyle
		}
		return n
	case reflect.Bool:
		return scalarNode("!!bool", strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int64:
		return scalarNode("!!int", strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		return scalarNode("!!float", strconv.FormatFloat(v.Float(), 'g', -1, 64))
	default:
		return scalarNode("!!str", "set")
	}
}

func scalarNode(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// writeJSON writes a node of showValue in the order of its keys.
func writeJSON(buf *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case yaml.MappingNode:
		buf.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				buf.WriteByte(',')
			}
			buf.WriteString(strconv.Quote(n.Content[i].Value) + ":")
			if err := writeJSON(buf, n.Content[i+1]); err != nil {
				return err
			}
		}
		buf.WriteByte('}')
	case yaml.SequenceNode:
		buf.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				buf.WriteByte(',')
			}
			if err := writeJSON(buf, item); err != nil {
				return err
			}
		}
		buf.WriteByte(']')
	default:
		if n.Tag != "!!str" {
			buf.WriteString(n.Value)
			return nil
		}
		enc := json.NewEncoder(buf)
		enc.SetEscapeHTML(false)
		return enc.Encode(strings.ReplaceAll(n.Value, "$$", "$"))
	}
	return nil
}
