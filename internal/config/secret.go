package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/setting"
)

// maxSecret is how many bytes the file of a secret may have.
const maxSecret = 1 << 20

// secrets reads x_file for every secret x below v and warns of secrets that stand in the config.
func (c *Config) secrets(v reflect.Value, m *marks) []Problem {
	w := &secretWalk{c: c, m: m}
	w.walk(v, "")
	return w.problems
}

type secretWalk struct {
	c        *Config
	m        *marks
	problems []Problem
}

func (w *secretWalk) walk(v reflect.Value, path string) {
	switch v.Kind() { //nolint:exhaustive // the others are no part of a config, or are treated alike
	case reflect.Pointer:
		if !v.IsNil() {
			w.walk(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i), indexPath(path, i))
		}
	case reflect.Struct:
		w.fields(v, path)
	}
}

func (w *secretWalk) fields(v reflect.Value, path string) {
	for f := range v.Type().Fields() {
		name := yamlName(f)
		if name == "" {
			continue
		}
		field := v.FieldByIndex(f.Index)
		if f.Type != reflect.TypeFor[setting.Secret]() {
			w.walk(field, childPath(path, name))
			continue
		}
		w.c.note(field.String())
		if file, ok := fieldOf(v.Type(), name+"_file"); ok {
			w.pair(field, v.FieldByIndex(file.Index), childPath(path, name))
		}
	}
}

// note remembers a secret, line by line, so that no excerpt repeats it.
func (c *Config) note(secret string) {
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) > 6 {
			c.written = append(c.written, line)
		}
	}
}

// pair settles a secret and its file. The file's name is cleared once it is read.
func (w *secretWalk) pair(secret, file reflect.Value, path string) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case file.String() == "":
		if secret.String() != "" && isCredential(name) && !w.fromVariable(path) {
			w.add(setting.Problem{Path: path, Warning: true, Msg: fmt.Sprintf("the secret stands readable in the config; %s_file or ${VAR} keep it out of it", name)})
		}
		return
	case secret.String() != "" && w.m.values[path] != nil: // and no default
		w.add(setting.Problem{Path: path + "_file", Msg: fmt.Sprintf("%s and %s_file are both written; keep one of them", name, name)})
		return
	}
	at := w.c.path(file.String())
	data, err := w.c.reads.file(at, maxSecret)
	w.c.files = append(w.c.files, at)
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case err != nil:
		w.add(setting.Problem{Path: path + "_file", Msg: fmt.Sprintf("reading %s: %v", at, err)})
	case text == "":
		w.add(setting.Problem{Path: path + "_file", Msg: fmt.Sprintf("the file %s is empty", at)})
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		w.add(setting.Problem{Path: path + "_file", Msg: fmt.Sprintf("the file %s holds bytes that are no text", at)})
	default:
		secret.SetString(text)
		file.SetString("")
	}
}

func (w *secretWalk) add(p setting.Problem) { w.problems = append(w.problems, w.m.locate(p)) }

func isCredential(name string) bool {
	return strings.Contains(name, "token") || strings.Contains(name, "password") || strings.Contains(name, "secret")
}

// fromVariable reports whether the value at a path was written as a variable.
func (w *secretWalk) fromVariable(path string) bool {
	n, e := w.m.values[path], w.m.texts[path]
	return n != nil && e != nil && strings.Contains(n.Value, "${")
}
