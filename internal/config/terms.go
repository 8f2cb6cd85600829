package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/setting"
)

// maxLists is how many term lists a config may have.
const maxLists = 1000

// readTerms checks the shared term lists and makes them ready for queries.
func (c *Config) readTerms() []Problem {
	c.lists = map[string][]string{}
	var ps []setting.Problem
	add := func(path string, column int, warning bool, format string, args ...any) {
		ps = append(ps, setting.Problem{Path: path, Column: column, Warning: warning, Msg: fmt.Sprintf(format, args...)})
	}
	if len(c.Terms) > maxLists {
		add("terms", 0, false, "has %d lists; at most %d are allowed", len(c.Terms), maxLists)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Terms)) {
		path := childPath("terms", name)
		if !match.ListName(name) {
			add(path, 0, false, "%q is no name of a term list; write a letter, then letters, digits, - and _, at most 64", clip(name, 60))
			continue
		}
		entries := c.Terms[name]
		switch {
		case len(entries) == 0:
			add(path, 0, false, "the list is empty; write terms such as [late, \"still waiting\"], or remove it")
		case len(entries) > match.MaxTerms:
			add(path, 0, false, "the list has %d terms; at most %d are allowed", len(entries), match.MaxTerms)
			entries = nil
		}
		seen := map[string]bool{}
		list := make([]string, 0, len(entries))
		for i, e := range entries {
			at := indexPath(path, i)
			text, err := match.Entry(e)
			switch {
			case err != nil:
				add(at, err.Column, false, "%s", err.Error())
				continue
			case seen[strings.ToLower(text)]:
				add(at, 0, true, "%q stands in this list twice", clip(e, 60))
				continue
			}
			seen[strings.ToLower(text)] = true
			list = append(list, text)
			if q, err := match.Parse(text); err == nil {
				for _, w := range q.Warnings() {
					add(at, w.Column, true, "%s", w.Msg)
				}
			}
		}
		c.lists[name] = list
	}
	return c.marks.locateAll(ps)
}

// splice fills the term lists into the query of a unit. own are lists that go before
// those of the config.
func (u *BrandUnit) splice(c *Config, own map[string][]string) *match.SyntaxError {
	s, err := match.Splice(u.Brand.Query, func(name string) ([]string, bool) {
		if l, ok := own[name]; ok {
			return l, true
		}
		l, ok := c.lists[name]
		if ok && len(l) == 0 { // what is wrong with the list is said there
			l = []string{`"a term list"`}
		}
		return l, ok
	}, slices.Sorted(maps.Keys(c.lists)))
	if err != nil {
		return err
	}
	u.spliced, u.Brand.Query = s, s.Text
	u.lists = nil
	for _, name := range s.Lists {
		if u.lists == nil {
			u.lists = map[string][]string{}
		}
		u.lists[name] = c.lists[name]
		if l, ok := own[name]; ok {
			u.lists[name] = l
		}
	}
	return nil
}

// termsMark begins the line in which a kept brand file holds the term lists of its query.
const termsMark = "# term lists as they were: "

// Good is what is kept of a unit as its last good version: its file, and the term lists
// that its query names, since they may be others when it is needed.
func (u *BrandUnit) Good() []byte {
	if len(u.lists) == 0 {
		return u.YAML
	}
	lists, err := json.Marshal(u.lists)
	if err != nil { // texts always encode
		return u.YAML
	}
	out := bytes.Clone(u.YAML)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return append(append(append(out, termsMark...), lists...), '\n')
}

// keptTerms cuts a kept brand file into the file and the term lists that it holds.
func keptTerms(data []byte) (file []byte, own map[string][]string) {
	end := bytes.TrimSuffix(data, []byte("\n"))
	begin := bytes.LastIndexByte(end, '\n') + 1
	text, ok := bytes.CutPrefix(end[begin:], []byte(termsMark))
	if !ok || json.Unmarshal(text, &own) != nil {
		return data, nil
	}
	return data[:begin], own
}

// ListUse is a term list that a brand's query names.
type ListUse struct {
	Name  string `json:"name"`
	Terms int    `json:"terms"`
	// File and Line say where it is written.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// listsOf are the term lists of a unit's query.
func (c *Config) listsOf(u *BrandUnit) []ListUse {
	if u.spliced == nil {
		return nil
	}
	var out []ListUse
	for _, name := range u.spliced.Lists {
		use := ListUse{Name: name, Terms: len(u.lists[name])}
		if n := c.marks.values[childPath("terms", name)]; n != nil && !u.Stale {
			use.File, use.Line = c.src.path, n.Line
			if k := c.marks.keys[childPath("terms", name)]; k != nil {
				use.Line = k.Line
			}
		}
		out = append(out, use)
	}
	return out
}
