package learn_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/train"
)

// judged is a post with a person's word about it.
type judged struct {
	Text       string `json:"text"`
	Domain     string `json:"domain"`
	Brand      string `json:"brand"`
	Label      string `json:"label"`
	Venting    *bool  `json:"venting"`
	Irrelevant bool   `json:"irrelevant"`
	Original   *bool  `json:"original"`
}

func (j judged) vents() bool {
	if j.Venting != nil {
		return *j.Venting
	}
	return j.Label == "negative" && !j.Irrelevant
}

// TestGain measures what labels of some brands of an industry are worth on its other
// brands, with models that never saw the industry. LEAKYTAP_LEARN_DATA is the folder of
// the training files (docs/scorer.md), LEAKYTAP_LEARN_MODELS one in which the models are
// kept from run to run. It takes minutes.
func TestGain(t *testing.T) {
	data, models := os.Getenv("LEAKYTAP_LEARN_DATA"), os.Getenv("LEAKYTAP_LEARN_MODELS")
	if data == "" || models == "" {
		t.Skip("LEAKYTAP_LEARN_DATA and LEAKYTAP_LEARN_MODELS name no folders")
	}
	for name, domains := range map[string][]string{
		"A": {"services", "other"}, "B": {"software", "cars", "retail"}, "C": {"electronics", "apparel"}, "games": nil,
	} {
		held := heldOut(t, data, filepath.Join(models, name), domains)
		s := modelWithout(t, data, filepath.Join(models, name), domains)
		for _, domain := range append(domains, "games") {
			if (domain == "games") != (domains == nil) {
				continue
			}
			var posts []judged
			for _, p := range held {
				if p.Domain == domain || domain == "games" && p.Domain == "" {
					posts = append(posts, p)
				}
			}
			report(t, s, domain, posts)
		}
	}
}

var handlePattern = regexp.MustCompile(`@\w+`)

// brandOf is the brand that a post is about: the one that is given, else the first handle.
func brandOf(p judged) string {
	if p.Brand != "" {
		return p.Brand
	}
	if h := handlePattern.FindString(p.Text); h != "" {
		return h[1:]
	}
	return "?"
}

// report learns from up to 500 posts of some brands and measures on the others.
func report(t *testing.T, s *vent.Scorer, domain string, posts []judged) {
	t.Helper()
	const splits = 5
	anchors := learn.Anchors(s)
	read := func(l *record.Label) ([]vent.Trait, float64) {
		in := vent.Input{Text: l.Text, Brand: l.Brand}
		return s.Traits(in, nil), vent.LogOdds(s.Score(in, vent.Options{Fast: true}).Venting)
	}
	var before, after, own float64
	labels := 0
	for split := range splits {
		byBrand := map[string]int{}
		for _, p := range posts {
			byBrand[brandOf(p)]++
		}
		names := make([]string, 0, len(byBrand))
		for b := range byBrand {
			names = append(names, b)
		}
		slices.SortFunc(names, func(a, b string) int { return int(mix(split, a)%2000) - int(mix(split, b)%2000) })
		taught, n := map[string]bool{}, 0
		for _, b := range names {
			if most := len(posts) * 6 / 10; n < min(most, 1600) && b != "?" {
				taught[b] = true
				n += byBrand[b]
			}
		}
		slices.SortStableFunc(posts, func(a, b judged) int { return int(mix(split, a.Text)%100000) - int(mix(split, b.Text)%100000) })
		var ls []record.Label
		var was, will, half []train.Judged
		for i, p := range posts {
			if taught[brandOf(p)] && len(ls) < 500 {
				ls = append(ls, record.Label{
					Brand: brandOf(p), Mention: strconv.Itoa(i), Text: p.Text, Venting: p.vents(), Reason: record.ReasonComplaint, At: now(),
				})
			}
		}
		labels += len(ls)
		one := learn.Fit(learn.Own(ls, read, now()), anchors, learn.Cap(len(ls)))
		other := learn.Fit(learn.Shared(ls, read, now()), anchors, learn.Cap(len(ls)/2))
		for _, p := range posts {
			if taught[brandOf(p)] {
				continue
			}
			in := vent.Input{Text: p.Text, Brand: brandOf(p)}
			z, ts := vent.LogOdds(s.Score(in, vent.Options{Fast: true}).Venting), s.Traits(in, nil)
			was = append(was, train.Judged{P: odds(z), Yes: p.vents()})
			will = append(will, train.Judged{P: odds(z + one.Shift(ts)), Yes: p.vents()})
			half = append(half, train.Judged{P: odds(z + other.Shift(ts)), Yes: p.vents()})
		}
		before += train.AUC(was) / splits
		after += train.AUC(will) / splits
		own += train.AUC(half) / splits
	}
	t.Logf("%-12s %4d labels: AUC on other brands %.4f, with the labels as their own %.4f, as another brand's %.4f", domain, labels/splits, before, after, own)
}

func odds(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func mix(split int, s string) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%d/%s", split, s)
	return h.Sum32()
}

// heldOut splits the file of complaints, or that of games, and gives what the model does not see.
func heldOut(t *testing.T, data, dir string, domains []string) []judged {
	t.Helper()
	file := "complaints.jsonl"
	if domains == nil {
		file = "entity.jsonl"
	}
	require.NoError(t, os.MkdirAll(dir, 0o700))
	in, err := os.Open(filepath.Join(data, file))
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	out, err := os.Create(filepath.Join(dir, file))
	require.NoError(t, err)
	defer func() { _ = out.Close() }()
	var held []judged
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p judged
		require.NoError(t, json.Unmarshal(lines.Bytes(), &p))
		hold := slices.Contains(domains, p.Domain)
		if domains == nil {
			hold = !slices.Contains([]string{"Facebook", "Microsoft", "Xbox(Xseries)"}, p.Brand)
		}
		if !hold {
			_, err := fmt.Fprintf(out, "%s\n", lines.Bytes())
			require.NoError(t, err)
		} else if p.Original == nil || *p.Original {
			held = append(held, p)
		}
	}
	require.NoError(t, lines.Err())
	return held
}

// modelWithout is a model that was trained without the posts that are held out.
func modelWithout(t *testing.T, data, dir string, domains []string) *vent.Scorer {
	t.Helper()
	path := filepath.Join(dir, "model.bin")
	if _, err := os.Stat(path); err != nil {
		files := []string{filepath.Join(dir, "complaints.jsonl"), filepath.Join(data, "entity.jsonl")}
		if domains == nil {
			files = []string{filepath.Join(data, "complaints.jsonl"), filepath.Join(dir, "entity.jsonl")}
		}
		for _, f := range []string{"brands.jsonl", "s140_manual.jsonl", "semeval_topic5.jsonl", "semeval_train.jsonl"} {
			files = append(files, filepath.Join(data, f))
		}
		files = append(files, "../../../pkg/vent/testdata/challenge_write.jsonl")
		_, err := train.Run(context.WithoutCancel(t.Context()), train.Options{Data: files, Out: path})
		require.NoError(t, err)
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	s, err := vent.Load(f)
	require.NoError(t, err)
	return s
}
