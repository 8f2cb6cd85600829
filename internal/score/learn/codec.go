package learn

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leakytap/leakytap/pkg/vent"
)

// form is the first byte of a layer: how it is written.
const form = 1

const headBytes = 1 + 8 + 8 + 4

// most is the largest step of a weight.
const most = math.MaxInt16

// quantise rounds the weights to what Encode can write, so that a layer is the same
// before and after it was stored.
func quantise(l *vent.Layer) {
	unit := unitOf(l)
	for i, w := range l.Weights {
		l.Weights[i] = float32(stepsOf(w, unit)) * unit
	}
}

// unitOf is what one step of a weight stands for, a power of two so that nothing is
// lost when it is multiplied.
func unitOf(l *vent.Layer) float32 {
	var top float32
	for _, w := range l.Weights {
		top = max(top, max(w, -w))
	}
	if top == 0 {
		return 0
	}
	return float32(math.Exp2(math.Ceil(math.Log2(float64(top) / most))))
}

func stepsOf(w, unit float32) int16 {
	if unit == 0 {
		return 0
	}
	return int16(math.Max(-most, math.Min(most, math.Round(float64(w)/float64(unit)))))
}

// Encode writes a layer. Nil, which does nothing, is no bytes.
func Encode(l *vent.Layer) []byte {
	if l == nil {
		return nil
	}
	unit := unitOf(l)
	head := make([]byte, 0, headBytes)
	head = append(head, form)
	head = binary.LittleEndian.AppendUint64(head, math.Float64bits(l.Cap))
	head = binary.LittleEndian.AppendUint64(head, math.Float64bits(l.Bias))
	head = binary.LittleEndian.AppendUint32(head, math.Float32bits(unit))
	raw := make([]byte, 0, 2*vent.LayerDims)
	for _, w := range l.Weights {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(stepsOf(w, unit))) //nolint:gosec // the bits are kept
	}
	out := bytes.NewBuffer(head)
	z, err := flate.NewWriter(out, flate.BestSpeed)
	if err == nil {
		_, err = z.Write(raw)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil { // a buffer refuses nothing
		return nil
	}
	return out.Bytes()
}

var errForm = errors.New("reading a layer: it is of another release; the labels are there, and the next refit writes it anew")

// Decode reads what Encode wrote; no bytes are a layer that does nothing, nil.
func Decode(b []byte) (*vent.Layer, error) {
	if len(b) == 0 {
		return nil, nil //nolint:nilnil // no layer is an answer.
	}
	if len(b) < headBytes || b[0] != form {
		return nil, errForm
	}
	l := &vent.Layer{
		Cap:  math.Float64frombits(binary.LittleEndian.Uint64(b[1:])),
		Bias: math.Float64frombits(binary.LittleEndian.Uint64(b[9:])),
	}
	unit := math.Float32frombits(binary.LittleEndian.Uint32(b[17:]))
	if !(l.Cap > 0 && l.Cap <= MaxShift) || math.IsNaN(l.Bias) || math.Abs(l.Bias) > 1e3 || !(unit >= 0 && unit < 1e3) {
		return nil, errors.New("reading a layer: its numbers are out of bounds")
	}
	raw := make([]byte, 2*vent.LayerDims)
	z := flate.NewReader(bytes.NewReader(b[headBytes:]))
	if _, err := io.ReadFull(z, raw); err != nil {
		return nil, fmt.Errorf("reading a layer: %w", err)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(z, 1)); n != 0 || err != nil {
		return nil, errors.New("reading a layer: something follows its end")
	}
	l.Weights = make([]float32, vent.LayerDims)
	for i := range l.Weights {
		l.Weights[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) * unit //nolint:gosec // the bits are kept
	}
	return l, nil
}
