package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Options are what Load takes beside the path. The zero value is fine.
type Options struct {
	// LookupEnv looks environment variables up; nil is the process's own environment.
	LookupEnv func(name string) (string, bool)
	// Base is a config whose term lists, brand_defaults and data_dir Check takes for a brand
	// file by itself, where it can be read. Empty is none.
	Base string
}

func (o Options) lookup() func(string) (string, bool) {
	if o.LookupEnv == nil {
		return os.LookupEnv
	}
	return o.LookupEnv
}

// Load reads a config and the brand files it names. The problems are all that were found,
// sorted by place. Where Fatal(problems) holds, the Config must not be used; else each
// brand file with an error stands in Units as broken and is left out of Brands.
//
// Files that change while they are read are read again, so that a config is one that stood
// there as a whole. Of a brand file that changes each time an earlier version has to do.
func Load(path string, opt Options) (*Config, []Problem) {
	for tries := 1; ; tries++ {
		c, ps := loadOnce(path, opt)
		moved := c.reads.moved()
		if len(moved) > 0 && tries == maxReads {
			ps = Sort(append(ps, c.hold(moved)...))
		}
		if len(moved) == 0 || tries == maxReads {
			c.reads = &readings{}
			return c, ps
		}
	}
}

func loadOnce(path string, opt Options) (*Config, []Problem) {
	reads := newReadings()
	data, err := reads.file(path, MaxFile)
	if err != nil {
		c, src := Default(), newSource(path, "", nil)
		c.reads = reads
		return c, []Problem{src.problem(1, 1, fmt.Sprintf("reading the config: %v", err))}
	}
	return parse(path, data, reads, opt)
}

// Parse is Load for bytes that were read already; path names them and is where relative
// paths start from.
func Parse(path string, data []byte, opt Options) (*Config, []Problem) {
	reads := newReadings()
	reads.files[path] = reading{data: data}
	c, ps := parse(path, data, reads, opt)
	c.reads = &readings{}
	return c, ps
}

func parse(path string, data []byte, reads *readings, opt Options) (*Config, []Problem) {
	c := Default()
	c.reads = reads
	c.src, c.opt, c.files = newSource(path, "", data), opt, []string{path}
	c.marks = newMarks(c.src)
	if len(data) > MaxFile {
		return c, []Problem{c.src.problem(1, 1, "the file has more than "+bytesText(MaxFile))}
	}
	root, bad := c.src.parse()
	if bad != nil {
		return c, []Problem{*bad}
	}
	ps := c.read(root)
	ps = append(ps, c.secrets(reflect.ValueOf(c).Elem(), c.marks)...)
	c.paths()
	ps = append(ps, c.readUnits()...)
	ps = append(ps, c.validate()...)
	c.complete()
	for i := range c.Units {
		ps = append(ps, c.Units[i].Problems...)
	}
	c.gather()
	sum := reads.fingerprint(c.files)
	c.fingerprint = string(sum[:])
	return c, c.hideSecrets(Sort(ps))
}

// hideSecrets takes the lines away that hold a secret of the config.
func (c *Config) hideSecrets(ps []Problem) []Problem {
	for i := range ps {
		for _, s := range c.written {
			if strings.Contains(ps[i].excerpt, s) {
				ps[i].excerpt = ""
			}
		}
	}
	return ps
}

// Check reads a file as `config check` does: a config with its brand files, or a brand
// file by itself.
func Check(path string, opt Options) (*Config, []Problem) {
	data, err := readFile(path)
	if err != nil || !isBrandFile(path, data) {
		return Load(path, opt)
	}
	c := Default()
	c.src, c.opt, c.files = newSource(path, "", data), opt, []string{path}
	c.marks = newMarks(c.src)
	c.complete()
	c.lean(opt)
	u := c.parseUnit(path, data)
	u.File = path
	for i := range u.Problems {
		u.Problems[i].Unit = "" // it is all there is
	}
	c.Units = []BrandUnit{u}
	c.gather()
	return c, Sort(u.Problems)
}

// lean takes from the base config what brand files share.
func (c *Config) lean(opt Options) {
	if opt.Base == "" {
		return
	}
	base := opt.Base
	opt.Base = ""
	if b, ps := Load(base, opt); !Fatal(ps) {
		c.lists, c.BrandDefaults, c.DataDir = b.lists, b.BrandDefaults, b.DataDir
	}
}

// isBrandFile reports whether the root of a file has keys of a brand and none of a config.
func isBrandFile(path string, data []byte) bool {
	root, bad := newSource(path, "", data).parse()
	if bad != nil {
		return false
	}
	query := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := root.Content[i].Value
		if _, ok := fieldOf(reflect.TypeFor[Config](), key); ok {
			return false
		}
		query = query || key == "query"
	}
	return query
}

// read fills c from the root of its file. Brands come last, since they start from brand_defaults.
func (c *Config) read(root *yaml.Node) []Problem {
	d := newDecoder(c.src, c.opt)
	c.marks = d.marks
	d.deferred["brands"] = nil
	d.decode(root, reflect.ValueOf(c).Elem(), "")
	terms := c.readTerms()
	if list := d.deferred["brands"]; list != nil {
		delete(d.deferred, "brands")
		d.values["brands"] = list
		c.readInline(d, list)
	}
	return append(d.done(), terms...)
}

// paths makes relative paths relative to the folder of the config file.
func (c *Config) paths() {
	for _, p := range []*string{&c.DataDir, &c.BrandsDir, &c.HTTP.CAFile, &c.Score.Model} {
		*p = c.path(*p)
	}
	if t := c.Bus.TLS; t != nil {
		for _, p := range []*string{&t.CAFile, &t.CertFile, &t.KeyFile} {
			*p = c.path(*p)
		}
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		s.Path, s.Dictionary = c.path(s.Path), c.path(s.Dictionary)
	}
}

func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(c.src.path), p)
}
