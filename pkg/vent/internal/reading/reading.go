// Package reading is one pass over a text: parsed, its brand marked, its language
// named, its cues found, its features listed. Training and scoring share it, so
// that a model always sees what it was trained on.
package reading

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/target"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Tools are the tables that readings share. They are read-only.
type Tools struct {
	Book     *cue.Book
	Detector *cue.Detector
}

// NewTools loads the tables.
func NewTools() (*Tools, error) {
	book, err := cue.Default()
	if err != nil {
		return nil, err
	}
	return &Tools{Book: book, Detector: cue.NewDetector()}, nil
}

// Reading is a text as it was read. It reuses its buffers; the zero Reading is
// ready to use, by one goroutine at a time.
type Reading struct {
	Doc  text.Doc
	Seen target.Seen
	Lang cue.Lang
	Hits []cue.Hit
	// Features is there where Read was asked for grams; List makes it in any case.
	Features []model.Feature
	// Grams tells whether Features has those of characters.
	Grams   bool
	extract model.Extractor
}

// Read reads src. names may be nil; lang is the declared language or empty; grams
// asks for the features of characters one by one.
func (r *Reading) Read(t *Tools, src string, names *target.Names, lang string, grams bool) {
	r.Doc.Parse(src)
	r.Seen = names.Mark(&r.Doc)
	r.Lang = t.Detector.Detect(&r.Doc, lang)
	r.Hits = t.Book.Set(r.Lang).Find(&r.Doc, r.Hits[:0])
	r.extract.Begin(&r.Doc, r.Hits)
	r.Grams, r.Features = grams, nil
	if grams {
		r.Features = r.extract.Extract(&r.Doc, true)
	}
}

// List is the features one by one. Those of characters are among them only where
// Read was asked for them.
func (r *Reading) List() []model.Feature {
	if r.Features == nil {
		r.Features = r.extract.Extract(&r.Doc, r.Grams)
	}
	return r.Features
}

// Sum is the weights of all features, by group.
func (r *Reading) Sum(t *model.Table, c *model.WordCache) [model.Groups]model.Sums {
	return r.extract.Sum(t, c, &r.Doc)
}

// Count is how many features the text has, those of characters included. It is known
// once they were listed or summed up.
func (r *Reading) Count() int { return r.extract.Count() }

// Chars is the weights of the n-grams of characters of the words from token from to
// token to.
func (r *Reading) Chars(t *model.Table, c *model.WordCache, from, to int32) model.Sums {
	return r.extract.Within(t, c, &r.Doc, from, to)
}
