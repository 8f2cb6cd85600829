package config

import (
	"strings"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/setting"
)

// told are the receivers that a brand names, by the path of their keys.
func told(b *brand.Brand) map[string]string {
	return map[string]string{"nudge.receiver": b.Nudge.Receiver, "praise.receiver": b.Praise.Receiver}
}

// brandReceivers refuses brands that tell receivers which do not exist.
func (v *validation) brandReceivers(names []string) {
	known := map[string]bool{"": true}
	for _, n := range names {
		known[n] = true
	}
	missing := func(b *brand.Brand, inherited map[string]string) []setting.Problem {
		var ps []setting.Problem
		for _, path := range []string{"nudge.receiver", "praise.receiver"} {
			name := told(b)[path]
			if known[name] || name == inherited[path] {
				continue
			}
			hint := "there are " + strings.Join(names, ", ")
			if near := setting.Nearest(name, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			ps = append(ps, setting.Problem{Path: path, Msg: "there is no receiver called " + name + "; " + hint})
		}
		return ps
	}
	d := v.c.BrandDefaults.brand()
	v.part("brand_defaults", missing(&d, nil))
	for i := range v.c.Units {
		u := &v.c.Units[i]
		u.Problems = append(u.Problems, u.Locate(missing(&u.Brand, told(&d)))...)
	}
}
