package web_test

import (
	"reflect"
	"strings"
)

// jsonFields are the names that a struct has in JSON.
func jsonFields(v any) []string {
	var out []string
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}
