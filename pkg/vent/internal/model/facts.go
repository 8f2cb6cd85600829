package model

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// fact is one of the few features that are no n-grams: a measure of the text or a
// cue. Their codes are small numbers, so that their weights lie side by side.
type fact struct {
	code     int32
	from, to int32
}

const (
	// factValues is how many values one measure or kind of cue has room for.
	factValues = 32
	// mostNet is how far from 0 a measure goes.
	mostNet = 12
	// cueCodes is the first code of a cue.
	cueCodes  = int32(measures) * factValues
	factCount = cueCodes + int32(cue.Kinds)*factValues
)

func measureCode(what uint64, value int) int32 {
	return int32(what)*factValues + int32(value+mostNet)&(factValues-1)
}

func cueCode(k cue.Kind, value int) int32 {
	return cueCodes + int32(k)*factValues + int32(value)&(factValues-1)
}

// factHash is the hash of the feature with a code.
func factHash(code int32) uint64 {
	if code >= cueCodes {
		code -= cueCodes
		return join(uint64(code/factValues), uint64(code%factValues), saltCue)
	}
	return join(uint64(code/factValues), uint64(int64(code%factValues-mostNet)), saltDense)
}

// nothing is the weights of a feature that the model does not know, as in a row.
const nothing = 0x8080808080808080

// factRows is the weights of all facts by their codes.
func factRows(t *Table) []uint64 {
	out := make([]uint64, factCount)
	for code := range out {
		out[code] = nothing
		if r := t.find(Key(factHash(int32(code)))); r != nil {
			out[code] = r.weights()
		}
	}
	return out
}
