package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// nodeKind names what was written, for messages.
func nodeKind(n *yaml.Node) string {
	switch n.Kind { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "keys and values"
	case yaml.AliasNode:
		return "an alias"
	default:
		if isNull(n) {
			return "nothing"
		}
		return "a text" // which may be a secret in the wrong place
	}
}

// clip is s, cut to n runes.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "..."
		}
		n--
	}
	return s
}

// text is the text of a scalar as it was written, with its variables filled in. Numbers
// and switches are texts too: 1.10 stays 1.10 and no stays no.
func (d *decoder) text(n *yaml.Node, path string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "wants a text, not %s", nodeKind(n))
		return "", false
	}
	if isNull(n) {
		return "", n.Value == "" || d.nullWord(n, path)
	}
	e, bad := expand(n.Value, d.lookup)
	if bad != nil {
		line, column := d.src.inside(n, bad.at)
		msg := bad.msg
		d.failAt(path)
		if path != "" {
			msg = path + ": " + msg
		}
		d.report(d.src.problem(line, column, msg))
		return "", false
	}
	d.texts[path] = e
	if at := strings.IndexFunc(e.text, control); at >= 0 {
		line, column := d.src.inside(n, e.rawColumn(utf8.RuneCountInString(e.text[:at])))
		d.failAt(path)
		d.report(d.src.problem(line, column, path+": holds a control character"))
		return "", false
	}
	return e.text, true
}

// warnSwitch warns of a word that other readers of YAML take for a switch, as no in a list of
// languages. Here it stays the word that it is.
func (d *decoder) warnSwitch(n *yaml.Node, path string) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return
	}
	switch strings.ToLower(n.Value) {
	case "yes", "no", "on", "off", "true", "false", "y", "n":
		p := d.src.problem(n.Line, n.Column, path+": "+n.Value+" is read as this word; other readers of YAML take it for a switch: put it in quotes")
		p.Warning = true
		d.report(p)
	}
}

func (d *decoder) nullWord(n *yaml.Node, path string) bool {
	d.fail(n, path, "%s means nothing in YAML; put it in quotes if it is a word, or remove the key", n.Value)
	return false
}

func control(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f
}

// scalar fills a text, a switch or a number.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	s, ok := d.text(n, path)
	if !ok || isNull(n) {
		return
	}
	switch v.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.String:
		v.SetString(s)
		d.warnSwitch(n, path)
	case reflect.Bool:
		switch s {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		default:
			d.fail(n, path, "wants true or false, not %q", clip(s, 40))
		}
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v.OverflowInt(i) {
			d.fail(n, path, "wants a whole number, not %q", clip(s, 40))
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			d.fail(n, path, "wants a number, not %q", clip(s, 40))
			return
		}
		v.SetFloat(f)
	default:
		d.fail(n, path, "cannot be written in a config")
	}
}
