package train

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// augment adds, for each complaint-labelled post that speaks to an account and
// names no brand, the same post with that account as its brand, so that the model
// knows both ways of being asked.
func augment(rows []Row) []Row {
	out := rows
	var d text.Doc
	for i := range rows {
		r := rows[i]
		if r.Venting == nil || r.Brand != "" || !mixed(r.Domain) {
			continue
		}
		d.Parse(r.Text)
		for k := range d.Tokens {
			if d.Tokens[k].Kind == text.User {
				r.Brand = string(d.Form(k))
				out = append(out, r)
				break
			}
		}
	}
	return out
}
