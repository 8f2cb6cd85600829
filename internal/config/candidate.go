package config

import "slices"

// LoadCandidate reads what is to be held against the config at path: another whole
// config, or a brand file, which then stands in for the brand of its name in the
// config at path, or beside those that it has. Of a brand file every error is fatal.
func LoadCandidate(path, candidate string, opt Options) (*Config, []Problem) {
	data, err := readFile(candidate)
	if err != nil || !isBrandFile(candidate, data) {
		c, ps := Load(candidate, opt)
		return c, ps
	}
	c, ps := Load(path, opt)
	if Fatal(ps) {
		return c, ps
	}
	u := c.parseUnit(candidate, data)
	u.File = candidate
	if u.Broken() {
		for i := range u.Problems {
			u.Problems[i].Unit = "" // it is all that was asked about
		}
		return c, Sort(u.Problems)
	}
	i := slices.IndexFunc(c.Units, func(old BrandUnit) bool { return old.Name == u.Name })
	if i < 0 {
		c.Units = append(c.Units, u)
	} else {
		c.Units[i] = u
	}
	c.gather()
	return c, nil
}
