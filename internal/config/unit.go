package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/setting"
)

// MaxTerms is how many query terms the brands of a config may have together.
const MaxTerms = 100_000

// maxBrands is how many brands may stand in one leakytap.yaml.
const maxBrands = 10_000

// BrandUnit is a brand as it was written, good or broken.
type BrandUnit struct {
	// Key names the unit whatever its file holds: the file's name without folder and
	// ending, or for a brand of leakytap.yaml its name.
	Key string
	// Name is the brand's name as far as it can be told.
	Name string
	// File is the brand file, empty for a brand of leakytap.yaml, and YAML its bytes.
	File string
	YAML []byte
	// Brand is usable where Broken is false.
	Brand brand.Brand
	// Stale says that an earlier version stands in for a file that is broken.
	Stale bool
	// Refused is the first thing that is wrong with the file that Stale is about.
	Refused  string
	Problems []Problem

	marks  *marks
	prefix string // the path of the brand in its file
	terms  int
	wants  []match.SourceRef // the names of its query's source: filters
	// spliced is its query with the term lists filled in, and lists are those.
	spliced *match.Spliced
	lists   map[string][]string
}

// Broken reports whether the unit has an error.
func (u *BrandUnit) Broken() bool { return len(Errors(u.Problems)) > 0 }

// Locate gives problems of the unit's brand, such as examples that came out wrong, their places.
func (u *BrandUnit) Locate(ps []setting.Problem) []Problem {
	if u.prefix != "" {
		ps = setting.Under(u.prefix, ps)
	}
	return u.marks.locateAll(ps)
}

// readInline reads the brands of leakytap.yaml.
func (c *Config) readInline(d *decoder, list *yaml.Node) {
	list, leave, ok := d.enter(list, "brands")
	if !ok {
		return
	}
	defer leave()
	if isNull(list) && list.Value == "" {
		return
	}
	if list.Kind != yaml.SequenceNode {
		d.fail(list, "brands", "wants a list of brands such as [{name: acme, query: ...}], not %s", nodeKind(list))
		return
	}
	if len(list.Content) > maxBrands {
		d.fail(list, "brands", "%d brands stand here; at most %d are allowed", len(list.Content), maxBrands)
		return
	}
	for i, item := range list.Content {
		u := BrandUnit{marks: d.marks, prefix: indexPath("brands", i), Brand: c.BrandDefaults.brand()}
		d.decode(item, reflect.ValueOf(&u.Brand).Elem(), u.prefix)
		u.Name = u.Brand.Name
		u.Key = u.Name
		u.check(c, nil)
		c.Units = append(c.Units, u)
	}
}

// check fills in the term lists, of which own go first, and adds what is wrong with the
// brand of a unit.
func (u *BrandUnit) check(c *Config, own map[string][]string) {
	ps := slices.DeleteFunc(u.Brand.Validate(), u.inherited)
	if strings.TrimSpace(u.Brand.Query) != "" {
		ps = append(ps, u.checkQuery(c, own)...)
	}
	u.Problems = append(u.Problems, u.Locate(ps)...)
}

// checkQuery gives what is wrong with the query. Places are those in the query as it is
// written; of what stands in a term list the list itself is warned of.
func (u *BrandUnit) checkQuery(c *Config, own map[string][]string) (ps []setting.Problem) {
	if err := u.splice(c, own); err != nil {
		return []setting.Problem{{Path: "query", Column: err.Column, Msg: err.Error()}}
	}
	q, err := match.Parse(u.Brand.Query)
	var se *match.SyntaxError
	switch {
	case errors.As(err, &se):
		column, list := u.spliced.Place(se.Column)
		msg := se.Error()
		if list != "" {
			msg = "in the list $" + list + ": " + msg
		}
		return []setting.Problem{{Path: "query", Column: column, Msg: msg}}
	case err != nil:
		return []setting.Problem{{Path: "query", Msg: err.Error()}}
	}
	u.terms, u.wants = q.Terms(), nil
	for _, ref := range q.Sources() {
		ref.Column, _ = u.spliced.Place(ref.Column)
		u.wants = append(u.wants, ref)
	}
	for _, w := range q.Warnings() {
		if column, list := u.spliced.Place(w.Column); list == "" {
			ps = append(ps, setting.Problem{Path: "query", Column: column, Msg: w.Msg, Warning: true})
		}
	}
	return ps
}

// inherited reports whether a problem is one of brand_defaults, which are looked at by themselves.
func (u *BrandUnit) inherited(p setting.Problem) bool {
	key, _, _ := strings.Cut(p.Path, "[")
	if key == "name" || key == "query" {
		return false
	}
	if u.prefix != "" {
		key = u.prefix + "." + key
	}
	return u.marks.values[key] == nil
}

// readUnits reads the files of brands_dir, each as a unit.
func (c *Config) readUnits() []Problem {
	if c.BrandsDir == "" {
		return nil
	}
	c.files = append(c.files, c.BrandsDir)
	paths, err := c.reads.brandFiles(c.BrandsDir)
	if err != nil {
		c.noDir = true
		return []Problem{c.marks.locate(setting.Problem{Path: "brands_dir", Msg: fmt.Sprintf("reading the folder %s: %v", c.BrandsDir, plainPathError(err))})}
	}
	for _, path := range paths {
		c.files = append(c.files, path)
		u := c.readUnit(path)
		if c.unit(u.Key) != nil { // acme.yml beside acme.yaml, or beside a brand named acme
			u.Key = filepath.Base(path)
		}
		c.Units = append(c.Units, u)
	}
	return nil
}

// isBrandPath leaves out folders, other endings, and hidden files, which are what editors and
// ConfigMaps swap files by.
func isBrandPath(path string, e fs.DirEntry) bool {
	ext := filepath.Ext(path)
	if ext != ".yaml" && ext != ".yml" || strings.HasPrefix(e.Name(), ".") {
		return false
	}
	info, err := os.Stat(path)
	return err != nil || !info.IsDir()
}

// unitKey is the key of a brand file.
func unitKey(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

func (c *Config) readUnit(path string) BrandUnit {
	data, err := c.reads.file(path, MaxFile)
	if err != nil {
		src := newSource(path, unitKey(path), nil)
		return BrandUnit{
			Key: unitKey(path), Name: unitKey(path), File: path, marks: newMarks(src),
			Problems: []Problem{src.problem(1, 1, fmt.Sprintf("reading the brand file: %v", err))},
		}
	}
	return c.parseUnit(path, data)
}

func (c *Config) parseUnit(path string, data []byte) BrandUnit {
	return c.parseKept(path, data, nil)
}

// parseKept is parseUnit with term lists that go before those of the config.
func (c *Config) parseKept(path string, data []byte, own map[string][]string) BrandUnit {
	src := newSource(path, unitKey(path), data)
	u := BrandUnit{Key: unitKey(path), File: path, YAML: data, Brand: c.BrandDefaults.brand(), marks: newMarks(src)}
	u.Name = guessName(data, u.Key)
	root, bad := src.parse()
	if bad != nil {
		u.Problems = []Problem{*bad}
		return u
	}
	d := newDecoder(src, c.opt)
	u.marks = d.marks
	u.Brand.Name = u.Key
	d.decode(root, reflect.ValueOf(&u.Brand).Elem(), "")
	u.Problems = d.done()
	if u.Brand.Name != "" {
		u.Name = u.Brand.Name
	}
	u.check(c, own)
	return u
}

var nameLine = regexp.MustCompile(`(?m)^\{?[ \t]*name:[ \t]*["']?([A-Za-z0-9][A-Za-z0-9_-]{0,63})\b`)

// guessName is the name that a broken file seems to give its brand.
func guessName(data []byte, fallback string) string {
	if m := nameLine.FindSubmatch(data[:min(len(data), 64<<10)]); m != nil {
		return string(m[1])
	}
	return fallback
}

// NamesBrand reports whether a brand file says itself that its brand has this name.
func NamesBrand(data []byte, name string) bool {
	root, bad := newSource("", "", data).parse()
	if bad != nil {
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "name" {
			return root.Content[i+1].Value == name
		}
	}
	return false
}

// together adds what is wrong with the brands beside each other: names that stand twice, and too many terms.
func (c *Config) together() {
	total := 0
	named := map[string]*BrandUnit{}
	for i := range c.Units {
		u := &c.Units[i]
		if other := named[u.Name]; other != nil && u.Name != "" {
			u.Problems = append(u.Problems, u.Locate([]setting.Problem{{Path: "name", Msg: fmt.Sprintf("another brand is named %q, in %s", u.Name, other.where())}})...)
		} else {
			named[u.Name] = u
		}
		if total += u.terms; total > MaxTerms {
			u.Problems = append(u.Problems, u.Locate([]setting.Problem{{Path: "query", Msg: fmt.Sprintf("the queries of all brands have more than %d terms together", MaxTerms)}})...)
			total -= u.terms
		}
	}
	c.warnShared()
}

func (u *BrandUnit) where() string {
	p := u.Locate([]setting.Problem{{Path: "name"}})[0]
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// gather makes Brands of the units that are good.
func (c *Config) gather() {
	c.Brands = nil
	for i := range c.Units {
		if !c.Units[i].Broken() {
			c.Brands = append(c.Brands, c.Units[i].Brand)
		}
	}
}

func (c *Config) unit(key string) *BrandUnit {
	i := slices.IndexFunc(c.Units, func(u BrandUnit) bool { return u.Key == key })
	if i < 0 {
		return nil
	}
	return &c.Units[i]
}

// Reject marks the unit key as broken, for reasons that only a caller can find, such as an
// example that came out wrong, and takes its brand out of Brands. It gives the reasons their places.
func (c *Config) Reject(key string, reasons []setting.Problem) []Problem {
	u := c.unit(key)
	if u == nil {
		return nil
	}
	ps := u.Locate(reasons)
	u.Problems = append(u.Problems, ps...)
	c.gather()
	return ps
}

// UseLastGood puts an earlier version of a brand file in the place of a unit that is broken, and its
// problems with it. It reports what is wrong with the earlier version, if anything: then the
// unit stays as it is.
func (c *Config) UseLastGood(key string, data []byte) []Problem {
	u := c.unit(key)
	if u == nil || u.File == "" {
		return nil
	}
	file, own := keptTerms(data)
	old := c.parseKept(u.File, bytes.Clone(file), own)
	for i := range c.Units {
		if other := &c.Units[i]; other.Key != key && other.Name == old.Name && !other.Broken() {
			old.Problems = append(old.Problems, old.Locate([]setting.Problem{{Path: "name", Msg: fmt.Sprintf("another brand is named %q, in %s", old.Name, other.where())}})...)
		}
	}
	if old.Broken() {
		return Errors(old.Problems)
	}
	old.Key, old.Problems, old.Stale = u.Key, nil, true
	if errs := Errors(u.Problems); len(errs) > 0 {
		old.Refused = errs[0].Error()
	}
	*u = old
	c.gather()
	return nil
}
