package vent

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/leakytap/leakytap/pkg/vent/encoder"
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/reading"
	"github.com/leakytap/leakytap/pkg/vent/internal/target"
)

//go:embed model.bin
var embedded []byte

// Scorer scores texts with one model. It is safe for any number of goroutines.
type Scorer struct {
	model *model.Model
	tools *reading.Tools
	names *nameCache
	pool  sync.Pool
}

var defaultScorer = sync.OnceValues(func() (*Scorer, error) { return Load(bytes.NewReader(embedded)) })

// Default is the scorer with the model that is built in. It is loaded once.
func Default() (*Scorer, error) { return defaultScorer() }

// Load reads another model, as `leakytap train` writes it.
func Load(r io.Reader) (*Scorer, error) {
	m, err := model.Read(r)
	if err != nil {
		return nil, fmt.Errorf("loading the scorer's model: %w", err)
	}
	tools, err := reading.NewTools()
	if err != nil {
		return nil, fmt.Errorf("loading the scorer's tables: %w", err)
	}
	if m.Grade != nil && len(m.Grade.Weights) != GraveTraits {
		return nil, errors.New("loading the scorer's model: another version of leakytap wrote it; train it again")
	}
	return &Scorer{model: m, tools: tools, names: newNameCache()}, nil
}

// Version names the model.
func (s *Scorer) Version() string { return s.model.Version }

// work is what one scoring needs, kept for the next.
type work struct {
	r     reading.Reading
	known model.WordCache
	parts []part
	heads [model.Heads]float64
	// blend is how they add up in this text.
	blend model.Blend
	// trust is how far rules move the score.
	trust float64
	sum   float64
	// names is the brand asked about, clauses whom the text speaks of.
	names   *target.Names
	clauses []clause
	// buf holds title and text, body is where the text begins in it.
	buf  []byte
	body int32
	// firms is set where a phrase names another firm.
	firms bool
	// own is set where the author's account is the brand's.
	own bool
	// titled is set for a text in which nearly every word has a capital.
	titled bool
	// several is set for a text about several firms.
	several bool
	// asked is set where the second opinion answered, second is what it said, and share
	// is how much the first opinion's log-odds count then.
	asked  bool
	second encoder.Answer
	share  float64
	// cues are what was found before the rules set some aside.
	cues []cue.Hit
	// traits is what a Layer sees; stamps tells which of them are in the list.
	traits []Trait
	stamps []uint32
	stamp  uint32
}

// maxKept is how many tokens a text has at most whose buffers are kept for the next.
const maxKept = 1 << 12

func (s *Scorer) take() *work {
	if w, ok := s.pool.Get().(*work); ok {
		return w
	}
	return &work{}
}

func (s *Scorer) give(w *work) {
	if len(w.r.Doc.Tokens) > maxKept {
		return
	}
	w.r.Doc.Src, w.names = "", nil
	s.pool.Put(w)
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
