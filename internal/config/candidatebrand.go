package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/brand"
)

// CandidateFile is what problems call a candidate that came without a file.
const CandidateFile = "candidate"

// maxCandidate bounds a candidate that comes over the network.
const maxCandidate = 1 << 20

// WithBrand is c with one brand file in the place of the brand of its name, or beside
// those that there are, and that brand's name. The file may come from anybody who may
// log in: variables of the environment are not filled in. A brand file whose name is not
// written takes the given one.
func (c *Config) WithBrand(name string, data []byte) (out *Config, brandName string, ps []Problem) {
	src := newSource(CandidateFile, "", nil)
	if len(data) > maxCandidate {
		return c, "", []Problem{src.problem(1, 1, "the file has more than "+bytesText(maxCandidate))}
	}
	t := *c
	t.opt = Options{LookupEnv: func(string) (string, bool) { return "", false }}
	if name == "" {
		name = CandidateFile
	}
	u := t.parseUnit(name+".yaml", data)
	u.File = CandidateFile
	for i := range u.Problems {
		u.Problems[i].Unit, u.Problems[i].File = "", CandidateFile
	}
	if u.Broken() {
		return c, u.Name, Sort(u.Problems)
	}
	t.opt = c.opt
	t.Units = append([]BrandUnit{}, c.Units...)
	if i := t.named(u.Name); i >= 0 {
		u.Key = t.Units[i].Key
		t.Units[i] = u
	} else {
		t.Units = append(t.Units, u)
	}
	t.gather()
	return &t, u.Name, nil
}

// BrandLines are the values of a brand, one a line as key: value, an entry of a list a line
// of its own. What is empty is left out.
func BrandLines(b brand.Brand) []string {
	var out []string
	var walk func(key string, n *yaml.Node)
	walk = func(key string, n *yaml.Node) {
		switch n.Kind { //nolint:exhaustive // no others come out of showValue
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(childPath(key, n.Content[i].Value), n.Content[i+1])
			}
		case yaml.SequenceNode:
			for _, item := range n.Content {
				walk(key, item)
			}
		default:
			out = append(out, fmt.Sprintf("%s: %s", key, clip(oneLine(strings.ReplaceAll(n.Value, "$$", "$")), 400)))
		}
	}
	if n := showValue(reflect.ValueOf(b)); n != nil {
		walk("", n)
	}
	return out
}

// RestHash changes with everything in the effective config but its brands and the values
// of its secrets.
func (c *Config) RestHash() string {
	t := *c
	t.Brands, t.Terms = nil, nil
	return t.Hash()
}
