package cue

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed phrases/*.txt
var phrases embed.FS

// Book is the phrases of every language. Those of one are compiled when the first
// text in it comes.
type Book struct {
	sets [Languages]func() *Set
}

// Default is the book of the phrase files, compiled once.
var Default = sync.OnceValues(func() (*Book, error) { return load(phrases) })

// load compiles the files of fsys. A file is of the language that its name
// begins with; English cues are in every set, because people mix it in.
func load(fsys fs.FS) (*Book, error) {
	names, err := fs.Glob(fsys, "phrases/*.txt")
	if err != nil {
		return nil, fmt.Errorf("listing the phrase files: %w", err)
	}
	var byLang [Languages][]pattern
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		code, _, _ := strings.Cut(path.Base(name), "_")
		lang, ok := parseLang(code)
		if !ok {
			return nil, fmt.Errorf("%s: no language is called %q", name, code)
		}
		ps, err := parseFile(name, string(src))
		if err != nil {
			return nil, err
		}
		byLang[lang] = append(byLang[lang], ps...)
	}
	english := sync.OnceValue(func() *Set { return compile(byLang[English]) })
	b := &Book{}
	for i := range b.sets {
		if l := Lang(i); l <= English {
			b.sets[i] = english
			continue
		}
		b.sets[i] = sync.OnceValue(func() *Set { return compile(slices.Concat(byLang[i], byLang[English])) })
	}
	return b, nil
}

// Set is the phrases of lang; for Unknown those of English.
func (b *Book) Set(lang Lang) *Set { return b.sets[lang]() }
