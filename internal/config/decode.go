package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/setting"
)

// maxNodes bounds the values of a file, and maxAliased those that stand there by aliases:
// a few lines can otherwise stand for billions.
const (
	maxNodes   = 1_000_000
	maxAliased = 50_000
)

// marks remember where each value of a struct was written, by its path.
type marks struct {
	src    *source
	values map[string]*yaml.Node
	keys   map[string]*yaml.Node
	texts  map[string]*expansion
	// failed are paths at which a mistake was found in reading: what their values mean is not
	// looked at any more.
	failed map[string]bool
}

func newMarks(src *source) *marks {
	return &marks{src: src, values: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}, texts: map[string]*expansion{}, failed: map[string]bool{}}
}

// locate gives a part's problem its place: that of the value, or of the nearest
// value around one that is not written.
func (m *marks) locate(p setting.Problem) Problem {
	msg := p.Msg
	if p.Path != "" {
		msg = p.Path + ": " + p.Msg
	}
	line, column := 1, 1
	for path := p.Path; ; path = parentPath(path) {
		if n := m.values[path]; n != nil {
			line, column = n.Line, n.Column
			if e := m.texts[path]; e != nil && path == p.Path && (p.Column > 0 || hasSyntax(path)) {
				line, column = m.src.inside(n, e.rawColumn(p.Column))
			} else if k := m.keys[path]; k != nil && n.Value == "" && n.Kind == yaml.ScalarNode && n.Style == 0 {
				line, column = k.Line, k.Column // nothing is written behind the key
			}
			break
		}
		if path == "" {
			break
		}
	}
	out := m.src.problem(line, column, msg)
	out.Warning = p.Warning
	return out
}

func (m *marks) locateAll(ps []setting.Problem) []Problem {
	out := make([]Problem, 0, len(ps))
	for _, p := range ps {
		if !m.hasFailed(p.Path) {
			out = append(out, m.locate(p))
		}
	}
	return out
}

// hasFailed reports whether reading the value at path met a mistake: in itself, in what it stands
// in, or in one of its keys.
func (m *marks) hasFailed(path string) bool {
	if len(m.failed) == 0 {
		return false
	}
	for at := path; at != ""; at = parentPath(at) {
		if m.failed[at] {
			return true
		}
	}
	return path != "" && m.failed[path+failedBelow]
}

// failedBelow, behind the path of a value, marks that one of its keys has failed.
const failedBelow = ".*"

func (m *marks) failAt(path string) {
	m.failed[path] = true
	m.failed[parentPath(path)+failedBelow] = true
}

// hasSyntax reports whether the value at a path has a syntax of its own, so that column 0 of
// a problem is its first character and not its quote.
func hasSyntax(path string) bool {
	return path == "query" || strings.HasSuffix(path, ".query") || strings.HasPrefix(path, "terms.")
}

func parentPath(path string) string {
	if i := strings.LastIndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return ""
}

func childPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func indexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// decoder fills structs from YAML nodes and notes every mistake on the way.
type decoder struct {
	*marks
	lookup   func(string) (string, bool)
	problems []Problem
	// deferred are paths whose nodes are kept for later instead of being decoded.
	deferred map[string]*yaml.Node
	nodes    int
	aliased  int // those of nodes that stand there by an alias
	active   map[*yaml.Node]bool
	tooMuch  *yaml.Node // where the aliases came to stand for too much
}

func newDecoder(src *source, opt Options) *decoder {
	return &decoder{marks: newMarks(src), lookup: opt.lookup(), deferred: map[string]*yaml.Node{}, active: map[*yaml.Node]bool{}}
}

const maxProblems = 500

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if path != "" {
		msg = path + ": " + msg
		d.failAt(path)
	}
	d.report(d.src.problem(n.Line, n.Column, msg))
}

// done gives the problems once everything is decoded.
func (d *decoder) done() []Problem {
	if n := d.tooMuch; n != nil {
		d.fail(n, "", "the aliases of this file stand for more than %d values; write it without so many *aliases", maxAliased)
	}
	return d.problems
}

func (d *decoder) report(p Problem) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, p)
	}
}

// decode fills v, which must be settable, from n.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	n, leave, ok := d.enter(n, path)
	if !ok {
		return
	}
	defer leave()
	d.values[path] = n
	switch u := v.Addr().Interface().(type) {
	case interface {
		UnmarshalYAML(construct func(any) error) error
	}:
		d.custom(n, path, u.UnmarshalYAML)
		return
	case encoding.TextUnmarshaler:
		if s, ok := d.text(n, path); ok {
			if err := u.UnmarshalText([]byte(s)); err != nil {
				d.fail(n, path, "%v", err)
			}
		}
		return
	}
	switch v.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.sequence(n, v, path)
	case reflect.Pointer:
		if isNull(n) {
			d.fail(n, path, "has no value; write {} for its defaults, or remove the key")
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.decode(n, v.Elem(), path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.Interface: // known by name only
		v.Set(reflect.ValueOf(true))
	default:
		d.scalar(n, v, path)
	}
}

// enter follows an alias, and refuses one that leads back to itself or that multiplies the
// file beyond all measure. leave ends what it began.
func (d *decoder) enter(n *yaml.Node, path string) (target *yaml.Node, leave func(), ok bool) {
	d.nodes++
	if len(d.active) > 0 {
		d.aliased++
	}
	if d.nodes > maxNodes || d.aliased > maxAliased {
		if d.tooMuch == nil {
			d.tooMuch = n
		}
		d.failAt(path)
		return nil, nil, false
	}
	if n.Kind != yaml.AliasNode {
		return n, func() {}, true
	}
	target = n.Alias
	if target == nil || d.active[target] {
		d.fail(n, path, "the alias *%s leads back to itself", n.Value)
		return nil, nil, false
	}
	d.active[target] = true
	return target, func() { delete(d.active, target) }, true
}

// custom lets a type read itself in one form or another. What the last attempt met is reported.
func (d *decoder) custom(n *yaml.Node, path string, unmarshal func(func(any) error) error) {
	before, failed := d.problems, d.failed
	var last []Problem
	var lastFailed map[string]bool
	err := unmarshal(func(out any) error {
		d.problems, d.failed = nil, map[string]bool{}
		d.decode(n, reflect.ValueOf(out).Elem(), path)
		last, lastFailed = d.problems, d.failed
		d.problems, d.failed = before, failed
		if len(Errors(last)) > 0 {
			return errors.New("no match")
		}
		return nil
	})
	d.problems, d.failed = before, failed
	maps.Copy(d.failed, lastFailed)
	switch {
	case len(last) > 0:
		for _, p := range last {
			d.report(p)
		}
	case err != nil:
		d.fail(n, path, "%v", err)
	}
}

// fieldOf is the field of a struct that a key names.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if yamlName(f) == key && key != "" {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// yamlName is the key of a field, empty where it has none.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		if name := yamlName(f); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) && n.Value == "" {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "wants keys and values such as {%s: ...}, not %s", strings.Join(keysOf(v.Type()), ", "), nodeKind(n))
		return
	}
	seen := map[string]*yaml.Node{}
	d.pairs(n, v, path, seen)
	d.merges(n, v, path, seen)
}

// pairs decodes the keys of a mapping that are not in seen.
func (d *decoder) pairs(n *yaml.Node, v reflect.Value, path string, seen map[string]*yaml.Node) {
	own := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			continue
		}
		if key.Kind != yaml.ScalarNode {
			d.fail(key, path, "a key is a plain word, not %s", nodeKind(key))
			continue
		}
		if own[key.Value] {
			d.fail(key, childPath(path, key.Value), "stands here twice, first in line %d; keep one", seen[key.Value].Line)
			continue
		}
		own[key.Value] = true
		if seen[key.Value] != nil {
			continue // what is merged in never wins
		}
		seen[key.Value] = key
		f, ok := fieldOf(v.Type(), key.Value)
		if !ok {
			d.unknownKey(key, v.Type(), path)
			continue
		}
		d.field(key, value, v.FieldByIndex(f.Index), childPath(path, key.Value))
	}
}

func (d *decoder) field(key, value *yaml.Node, v reflect.Value, path string) {
	d.keys[path] = key
	if _, ok := d.deferred[path]; ok {
		d.deferred[path] = value
		return
	}
	d.decode(value, v, path)
}

// merges decodes what << brings in.
func (d *decoder) merges(n *yaml.Node, v reflect.Value, path string, seen map[string]*yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		sources := []*yaml.Node{n.Content[i+1]}
		if sources[0].Kind == yaml.SequenceNode {
			sources = sources[0].Content
		}
		for _, src := range sources {
			target, leave, ok := d.enter(src, path)
			if !ok {
				continue
			}
			if target.Kind != yaml.MappingNode {
				d.fail(src, path, "<< wants an alias of keys and values, not %s", nodeKind(target))
			} else {
				d.pairs(target, v, path, seen)
				d.merges(target, v, path, seen)
			}
			leave()
		}
	}
}

func (d *decoder) unknownKey(key *yaml.Node, t reflect.Type, path string) {
	hint := "it knows " + strings.Join(keysOf(t), ", ")
	if near := setting.Nearest(key.Value, keysOf(t)); near != "" {
		hint = "did you mean " + near + "?"
	}
	where := ""
	if path != "" {
		where = " in " + path
	}
	d.fail(key, "", "unknown key %q%s; %s", clip(key.Value, 60), where, hint)
}

// table fills a map whose keys are names of the operator's own.
func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) && n.Value == "" {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "wants names with a list each, such as {delays: [late, waiting]}, not %s", nodeKind(n))
		return
	}
	out := reflect.MakeMap(v.Type())
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			d.fail(key, path, "a name is a plain word, not %s", nodeKind(key))
			continue
		}
		at := childPath(path, key.Value)
		if old := first[key.Value]; old != nil {
			d.fail(key, at, "stands here twice, first in line %d; keep one", old.Line)
			continue
		}
		first[key.Value], d.keys[at] = key, key
		elem := reflect.New(v.Type().Elem()).Elem()
		d.decode(value, elem, at)
		out.SetMapIndex(reflect.ValueOf(key.Value), elem)
	}
	v.Set(out)
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) && n.Value == "" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "wants a list such as [...], not %s", nodeKind(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := indexPath(path, i)
		if isNull(item) {
			d.values[at] = item
			d.fail(item, at, "the entry is empty; remove it, or put the word in quotes")
			continue
		}
		d.decode(item, list.Index(i), at)
	}
	v.Set(list)
}
