package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// TrialBrand is the name of the brand of a query that is only tried.
const TrialBrand = "try"

// Trial is c with one brand alone, whose query is the given one. With a name the brand of
// that name lends all the rest, else brand_defaults do. The problems are those of the
// query; where one is an error, the Config must not be used.
func (c *Config) Trial(name, query string) (*Config, []Problem) {
	src := newSource("QUERY", "", []byte(query))
	u := BrandUnit{Key: TrialBrand, Name: TrialBrand, Brand: c.BrandDefaults.brand(), marks: newMarks(src)}
	if name != "" {
		i := c.named(name)
		if i < 0 {
			return c, []Problem{src.problem(1, 1, fmt.Sprintf("there is no brand %q", name))}
		}
		u.Brand = c.Units[i].Brand
		u.Brand.MustAlert, u.Brand.MustNotAlert = nil, nil
	}
	u.Brand.Name, u.Brand.Query = TrialBrand, query
	u.marks.values["query"] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: query, Line: 1, Column: 1}
	u.marks.texts["query"] = &expansion{text: query}
	u.check(c, nil)
	t := *c
	t.Units = []BrandUnit{u}
	t.gather()
	return &t, u.Problems
}

// named is the place of a unit that is good, by its brand's name; -1 for none.
func (c *Config) named(name string) int {
	for i := range c.Units {
		if strings.EqualFold(c.Units[i].Name, name) && !c.Units[i].Broken() {
			return i
		}
	}
	return -1
}

// Alone is c with one of its brands alone, false where there is none of that name.
func (c *Config) Alone(name string) (*Config, bool) {
	i := c.named(name)
	if i < 0 {
		return c, false
	}
	t := *c
	t.Units = []BrandUnit{c.Units[i]}
	t.gather()
	return &t, true
}

// TrialFile is c with the brand of one file alone.
func (c *Config) TrialFile(path string) (*Config, []Problem) {
	data, err := readFile(path)
	if err != nil {
		return c, []Problem{newSource(path, "", nil).problem(1, 1, fmt.Sprintf("reading the brand file: %v", err))}
	}
	u := c.parseUnit(path, data)
	for i := range u.Problems {
		u.Problems[i].Unit = "" // it is all there is
	}
	t := *c
	t.Units = []BrandUnit{u}
	t.gather()
	return &t, u.Problems
}
