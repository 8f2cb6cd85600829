package encoder

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"unicode/utf8"
)

// A file of weights is, in little endian: magic; eight sizes; the version and the
// vocabulary as text; the tensors in the order in which they are used; the CRC-32 of
// all that. A matrix is a scale for each row, float32, and its rows in int8.
const magic = "LTENC001"

// shape is the sizes of a model.
type shape struct {
	depth, width, heads, inner, reach, outputs, pieces int
}

// Bounds of what is accepted, so that a damaged file asks for nothing absurd.
const (
	maxLayers  = 24
	maxWidth   = 1024
	maxInner   = 4096
	maxOutputs = 64
	maxVocab   = 1 << 17
	maxVersion = 64
	sizes      = 9
)

func (s *shape) check() error {
	bounds := []struct {
		name      string
		v, lo, hi int
	}{
		{"layers", s.depth, 1, maxLayers},
		{"width", s.width, 8, maxWidth},
		{"heads", s.heads, 1, s.width},
		{"inner", s.inner, 8, maxInner},
		{"places", s.reach, MaxPieces, MaxPieces},
		{"outputs", s.outputs, Outputs, Outputs},
		{"pieces", s.pieces, 1, maxVocab},
	}
	for _, b := range bounds {
		if b.v < b.lo || b.v > b.hi {
			return fmt.Errorf("%s is %d, not from %d to %d", b.name, b.v, b.lo, b.hi)
		}
	}
	if s.width%s.heads != 0 {
		return fmt.Errorf("width %d is no multiple of %d heads", s.width, s.heads)
	}
	return nil
}

// bytes is how long the tensors of a file of this shape are.
func (s *shape) bytes() int {
	matrix := func(rows, cols int) int { return rows*4 + rows*cols }
	vector := func(n int) int { return 4 * n }
	w := s.width
	layer := matrix(3*w, w) + vector(3*w) + matrix(w, w) + vector(w) + vector(2*w) +
		matrix(s.inner, w) + vector(s.inner) + matrix(w, s.inner) + vector(w) + vector(2*w)
	return matrix(s.pieces, w) + matrix(s.reach, w) + vector(2*w) + vector(2*w) +
		s.depth*layer + vector(s.outputs*w) + vector(s.outputs)
}

// table is a matrix whose rows are looked up one by one: it stays in int8.
type table struct {
	scale []float32
	data  []byte
}

// linear is a layer's matrix, one row for each output, and its bias.
type linear struct {
	w, b    []float32
	in, out int
}

// normal is the weights of a normalisation.
type normal struct{ w, b []float32 }

type layer struct {
	qkv, out, up, down linear
	norm1, norm2       normal
}

// weights is a model as it was read.
type weights struct {
	shape
	version       string
	vocab         vocabulary
	words, places table
	segments      []float32
	norm          normal
	layers        []layer
	head          linear
}

// errDamaged is a file that is not what was written.
var errDamaged = errors.New("the file is damaged or no file of encoder weights")

// readWeights reads a file. The words' vectors are not copied: data must not change.
func readWeights(data []byte) (*weights, error) {
	head := len(magic) + 4*sizes
	if len(data) < head+4 || string(data[:len(magic)]) != magic {
		return nil, errDamaged
	}
	var n [sizes]int
	for i := range n {
		v := binary.LittleEndian.Uint32(data[len(magic)+4*i:])
		if v > 1<<28 {
			return nil, errDamaged
		}
		n[i] = int(v)
	}
	w := &weights{shape: shape{depth: n[0], width: n[1], heads: n[2], inner: n[3], reach: n[4], outputs: n[5], pieces: n[6]}}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	versionLen, vocabLen := n[7], n[8]
	if versionLen > maxVersion || len(data) != head+versionLen+vocabLen+w.bytes()+4 {
		return nil, fmt.Errorf("%w: %d bytes are not what its sizes say", errDamaged, len(data))
	}
	body := data[:len(data)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(data[len(data)-4:]) {
		return nil, fmt.Errorf("%w: its checksum is wrong", errDamaged)
	}
	w.version = string(body[head : head+versionLen])
	if err := w.vocab.read(body[head+versionLen:head+versionLen+vocabLen], w.pieces); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	r := &tensors{rest: body[head+versionLen+vocabLen:]}
	w.read(r)
	if !r.finite {
		return nil, fmt.Errorf("%w: a number in it is none", errDamaged)
	}
	return w, nil
}

func (w *weights) read(r *tensors) {
	r.finite = true
	d := w.width
	w.words = r.table(w.pieces, d)
	w.places = r.table(w.reach, d)
	w.segments = r.vector(2 * d)
	w.norm = r.normal(d)
	w.layers = make([]layer, w.depth)
	for i := range w.layers {
		l := &w.layers[i]
		l.qkv = r.linear(3*d, d)
		l.out = r.linear(d, d)
		l.norm1 = r.normal(d)
		l.up = r.linear(w.inner, d)
		l.down = r.linear(d, w.inner)
		l.norm2 = r.normal(d)
	}
	w.head = linear{w: r.vector(w.outputs * d), in: d, out: w.outputs}
	w.head.b = r.vector(w.outputs)
}

// tensors reads one tensor after another. Their length was checked as a whole.
type tensors struct {
	rest   []byte
	finite bool
}

func (r *tensors) take(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *tensors) vector(n int) []float32 {
	b := r.take(4 * n)
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		// A number that is none, or one that no trained weight comes near.
		if !(v[i] > -maxNumber && v[i] < maxNumber) {
			r.finite = false
		}
	}
	return v
}

const maxNumber = 1e6

func (r *tensors) normal(n int) normal { return normal{w: r.vector(n), b: r.vector(n)} }

func (r *tensors) table(rows, cols int) table {
	return table{scale: r.vector(rows), data: r.take(rows * cols)}
}

// linear reads a matrix and makes floats of it, once.
func (r *tensors) linear(out, in int) linear {
	t := r.table(out, in)
	l := linear{w: make([]float32, out*in), in: in, out: out}
	for i := range out {
		t.row(i, l.w[i*in:(i+1)*in])
	}
	l.b = r.vector(out)
	return l
}

// row writes row i as floats to dst.
func (t *table) row(i int, dst []float32) {
	scale := t.scale[i]
	for k, v := range t.data[i*len(dst) : (i+1)*len(dst)] {
		dst[k] = float32(int8(v)) * scale
	}
}

// read reads the pieces, one a line.
func (v *vocabulary) read(data []byte, n int) error {
	if !utf8.Valid(data) {
		return errors.New("its vocabulary is no text")
	}
	lines := bytes.Split(data, []byte("\n"))
	if len(lines) != n {
		return fmt.Errorf("its vocabulary has %d pieces, not %d", len(lines), n)
	}
	v.ids = make(map[string]int32, n)
	for i, line := range lines {
		v.ids[string(line)] = int32(i)
		v.longest = max(v.longest, len(bytes.TrimPrefix(line, []byte(inside))))
	}
	for name, id := range map[string]*int32{pieceCLS: &v.cls, pieceSEP: &v.sep, pieceUnknown: &v.unknown, pieceMask: &v.mask} {
		at, ok := v.ids[name]
		if !ok {
			return fmt.Errorf("its vocabulary has no %s", name)
		}
		*id = at
	}
	return nil
}
