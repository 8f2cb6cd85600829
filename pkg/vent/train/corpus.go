package train

import (
	"fmt"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/reading"
	"github.com/leakytap/leakytap/pkg/vent/internal/target"
)

// corpus is rows as ids of features.
type corpus struct {
	rows  []Row
	start []int64
	ids   []uint32
	// addressed tells of each row whether it speaks to the brand's handle.
	addressed []bool
	// foreign tells of each row whether it is in another language than English.
	foreign []bool
	// sizes is how many rows each file has.
	sizes map[string]int
	// judgedCases is how many rows are cases.
	judgedCases int
	// scale damps the features of each row by how many it has.
	scale []float64
	// keys are the features by id.
	keys []uint32
	// group is the group of each feature.
	group []model.Group
}

func (c *corpus) doc(i int) []uint32 { return c.ids[c.start[i]:c.start[i+1]] }

const countSlots = 1 << 26

// reader reads rows, with the names of their brands compiled once.
type reader struct {
	tools *reading.Tools
	names map[string]*target.Names
	r     reading.Reading
}

func newReader() (*reader, error) {
	tools, err := reading.NewTools()
	if err != nil {
		return nil, fmt.Errorf("loading the scorer's tables: %w", err)
	}
	return &reader{tools: tools, names: map[string]*target.Names{}}, nil
}

func (r *reader) read(row *Row) *reading.Reading {
	var names *target.Names
	if row.Brand != "" {
		names = r.names[row.Brand]
		if names == nil {
			names = target.Compile(row.Brand, nil, nil, nil)
			r.names[row.Brand] = names
		}
	}
	r.r.Read(r.tools, row.Text, names, row.Lang, true)
	return &r.r
}

// newCorpus reads rows twice: once to count features, once to keep those that
// occur in at least least rows.
func newCorpus(rows []Row, least uint8) (*corpus, error) {
	rd, err := newReader()
	if err != nil {
		return nil, err
	}
	count := make([]uint8, countSlots)
	last := make([]int32, countSlots)
	for i := range rows {
		for _, f := range rd.read(&rows[i]).Features {
			k := model.Key(f.Hash) & (countSlots - 1)
			if last[k] != int32(i+1) && count[k] < 255 {
				last[k] = int32(i + 1)
				count[k]++
			}
		}
	}
	c := &corpus{rows: rows, start: make([]int64, 1, len(rows)+1), sizes: map[string]int{}}
	id := map[uint32]uint32{}
	for i := range rows {
		r := rd.read(&rows[i])
		c.sizes[rows[i].File]++
		c.judgedCases += int(yes(rows[i].isCase()))
		c.addressed = append(c.addressed, r.Seen.Addressed)
		c.foreign = append(c.foreign, r.Lang != cue.English)
		fs := r.Features
		c.scale = append(c.scale, lengthScale(len(fs)))
		for _, f := range fs {
			k := model.Key(f.Hash)
			if count[k&(countSlots-1)] < least {
				continue
			}
			n, ok := id[k]
			if !ok {
				n = uint32(len(c.keys))
				id[k] = n
				c.keys = append(c.keys, k)
				c.group = append(c.group, f.Group)
			}
			if f.Group == model.Chars {
				n |= charBit
			}
			c.ids = append(c.ids, n)
		}
		c.start = append(c.start, int64(len(c.ids)))
	}
	return c, nil
}
