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
	Doc      text.Doc
	Seen     target.Seen
	Lang     cue.Lang
	Hits     []cue.Hit
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
	r.Grams = grams
	r.Features = r.extract.Extract(&r.Doc, r.Hits, grams)
}

// Count is how many features the text has, those of characters included.
func (r *Reading) Count() int { return r.extract.Count() }

// EachWord calls f for each word: its token, its normal form and its hash.
func (r *Reading) EachWord(f func(token int32, form []byte, hash uint64)) {
	r.extract.EachWord(&r.Doc, f)
}
