package learn

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"

	"github.com/leakytap/leakytap/pkg/vent"
)

//go:embed anchors.jsonl
var anchorPosts []byte

// anchorWeight is how much an anchor counts beside a label.
const anchorWeight = 1.0

// Anchors are invented posts about many brands, with the score that they have without
// any label: a fit is to leave it as it is. They are the same for every brand; keep
// them for as long as the scorer is in use.
func Anchors(s *vent.Scorer) []Lesson {
	var out []Lesson
	lines := bufio.NewScanner(bytes.NewReader(anchorPosts))
	for lines.Scan() {
		var post struct {
			Text  string `json:"text"`
			Brand string `json:"brand"`
			Lang  string `json:"lang"`
		}
		if json.Unmarshal(lines.Bytes(), &post) != nil {
			continue
		}
		in := vent.Input{Text: post.Text, Brand: post.Brand, Lang: post.Lang}
		p := s.Score(in, vent.Options{Fast: true}).Venting
		out = append(out, Lesson{Traits: s.Traits(in, nil), Base: vent.LogOdds(p), Target: p, Weight: anchorWeight})
	}
	return out
}
