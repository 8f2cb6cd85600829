package config

import (
	"fmt"

	"github.com/leakytap/leakytap/internal/brand"
)

// PinLines are the lines that add an example to a brand file, under must_alert or
// must_not_alert.
func PinLines(list string, p brand.Pin) []byte {
	out := fmt.Appendf(nil, "%s:\n", list)
	if p.Severity == "" && p.Outcome == "" && p.Route == "" {
		return fmt.Appendf(out, "  - %s\n", quoted(p.Text))
	}
	out = fmt.Appendf(out, "  - text: %s\n", quoted(p.Text))
	for _, f := range []struct{ key, value string }{{"severity", string(p.Severity)}, {"outcome", p.Outcome}, {"route", p.Route}} {
		if f.value != "" {
			out = fmt.Appendf(out, "    %s: %s\n", f.key, quoted(f.value))
		}
	}
	return out
}
