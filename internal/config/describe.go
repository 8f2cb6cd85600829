package config

import (
	_ "embed"
	"strings"
)

// keysText says what each key means. It stands in the schema, so that editors show it, and a
// test holds docs/configuration.md and configs/leakytap.yaml against it.
//
//go:embed keys.txt
var keysText string

// descriptions are the texts of keysText by path, with [] for any entry of a list.
func descriptions() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(keysText) {
		if path, text, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(path, "#") {
			out[path] = text
		}
	}
	return out
}
