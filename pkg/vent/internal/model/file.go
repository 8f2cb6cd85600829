package model

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
)

// Magic opens a model file.
const Magic = family + "2\n"

// family opens the model files of every version.
const family = "leakytap-vent-"

const (
	maxFile    = 64 << 20
	maxEntries = 4 << 20
	maxHeader  = 1 << 20
)

// Blend makes log-odds of venting out of the heads: a weighted sum, then
// calibrated. There is one for posts whose brand is known and one for others.
type Blend struct {
	// Bias is added; Weights multiply the log-odds of the heads.
	Bias    float64        `json:"bias"`
	Weights [Heads]float64 `json:"weights"`
	// Kin and KinBias come on top, in the share that the head Kin gives.
	Kin     [Heads]float64 `json:"kin"`
	KinBias float64        `json:"kin_bias"`
	// Scale and Shift calibrate the sum (Platt).
	Scale float64 `json:"scale"`
	Shift float64 `json:"shift"`
}

// KinShare is how far Case is believed where the head Kin says z: it takes more than a
// doubt, because most posts are no kin.
func KinShare(z float64) float64 { return 1 / (1 + math.Exp(kinSlope*(1-z))) }

const kinSlope = 1.5

// At is the blend of a text whose heads say z: what Kin brings is among its weights.
func (b *Blend) At(z *[Heads]float64) Blend {
	out := *b
	share := KinShare(z[Kin])
	for k, v := range b.Kin {
		out.Weights[k] += share * v
	}
	out.Bias += share * b.KinBias
	out.Kin, out.KinBias = [Heads]float64{}, 0
	return out
}

// Mood makes log-odds of the polarities out of the heads.
type Mood struct {
	Bias    [3]float64        `json:"bias"`
	Weights [3][Heads]float64 `json:"weights"`
}

// Of is the log-odds of negative, neutral and positive.
func (m *Mood) Of(z *[Heads]float64) [3]float64 {
	out := m.Bias
	for c := range out {
		for k, v := range z {
			out[c] += m.Weights[c][k] * v
		}
	}
	return out
}

// Header is what a model knows beside its weights.
type Header struct {
	// Version names the model in each score.
	Version string `json:"version"`
	// Scales turn a weight's steps into log-odds, by group and head.
	Scales [Groups][Heads]float64 `json:"scales"`
	// Bias is added to each head.
	Bias [Heads]float64 `json:"bias"`
	// LengthUnit is the number of features above which sums are damped.
	LengthUnit float64 `json:"length_unit"`
	// Polar calibrates polarity: log-odds are multiplied by it.
	Polar float64 `json:"polar"`
	// Plain blends heads without a brand, Addressed where the text speaks to the
	// brand's handle, Branded where it only names the brand, or not even that.
	Plain     Blend `json:"plain"`
	Addressed Blend `json:"addressed"`
	Branded   Blend `json:"branded"`
	// Foreign blends heads of texts that are not in English, and Mood is their polarity;
	// nil where the model learned from none.
	Foreign *Blend `json:"foreign,omitempty"`
	Mood    *Mood  `json:"mood,omitempty"`
	// Grade tells how severe a complaint is, nil where the model learned from too few.
	Grade *Grade `json:"grade,omitempty"`
	// Second is how the second opinion counts, nil where nobody fitted that.
	Second *Second `json:"second,omitempty"`
	// Entries is the number of features.
	Entries int `json:"entries"`
}

// Model is weights and what is needed to use them. It is read-only.
type Model struct {
	Header
	Table *Table
}

// Write writes a model: magic, header, features in the order of their keys,
// checksum. The same model gives the same bytes. Entries must be sorted by key.
func Write(w io.Writer, h Header, entries []Entry) error {
	h.Entries = len(entries)
	var body bytes.Buffer
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encoding the model's header: %w", err)
	}
	var b [binary.MaxVarintLen64]byte
	body.Write(b[:binary.PutUvarint(b[:], uint64(len(head)))])
	body.Write(head)
	last := uint32(0)
	for i, e := range entries {
		if i > 0 && e.Key <= last {
			return errors.New("encoding the model: features are not sorted by key")
		}
		body.Write(b[:binary.PutUvarint(b[:], uint64(e.Key-last))])
		last = e.Key
	}
	for k := range Heads {
		for _, e := range entries {
			body.WriteByte(byte(e.Weights[k]))
		}
	}
	sum := crc32.ChecksumIEEE(body.Bytes())
	if _, err := io.WriteString(w, Magic); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	if err := binary.Write(w, binary.LittleEndian, sum); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	if _, err := z.Write(body.Bytes()); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	return nil
}

// Read reads what Write wrote. A file that is cut, changed or foreign is refused.
func Read(r io.Reader) (*Model, error) {
	magic := make([]byte, len(Magic)+4)
	switch _, err := io.ReadFull(r, magic); {
	case err == nil && string(magic[:len(Magic)]) == Magic:
	case err == nil && strings.HasPrefix(string(magic), family):
		return nil, errors.New("reading the model: another version of leakytap wrote it; train it again")
	default:
		return nil, errors.New("reading the model: this is no model file of leakytap train")
	}
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the model: the file is broken: %w", err)
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("reading the model: it has more than %d bytes", maxFile)
	}
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(magic[len(Magic):]) {
		return nil, errors.New("reading the model: the checksum is wrong; the file is broken")
	}
	h, rest, err := readHeader(body)
	if err != nil {
		return nil, err
	}
	entries, err := readEntries(rest, h.Entries)
	if err != nil {
		return nil, err
	}
	return &Model{Header: h, Table: NewTable(entries)}, nil
}

func readHeader(body []byte) (Header, []byte, error) {
	var h Header
	n, k := binary.Uvarint(body)
	if k <= 0 || n > maxHeader || uint64(len(body)-k) < n {
		return h, nil, errors.New("reading the model: its header is cut")
	}
	if err := json.Unmarshal(body[k:k+int(n)], &h); err != nil {
		return h, nil, fmt.Errorf("reading the model's header: %w", err)
	}
	if h.Entries < 0 || h.Entries > maxEntries {
		return h, nil, fmt.Errorf("reading the model: %d features are not possible", h.Entries)
	}
	if !h.finite() {
		return h, nil, errors.New("reading the model: its header has a number that is none")
	}
	return h, body[k+int(n):], nil
}

func (h *Header) finite() bool {
	sum := h.LengthUnit + h.Polar
	for _, g := range h.Scales {
		for _, v := range g {
			sum += v
		}
	}
	blends := []Blend{h.Plain, h.Addressed, h.Branded}
	if h.Foreign != nil {
		blends = append(blends, *h.Foreign)
	}
	for _, b := range blends {
		sum += b.Bias + b.Scale + b.Shift + b.KinBias
		for k, v := range b.Weights {
			sum += v + b.Kin[k]
		}
	}
	if h.Mood != nil {
		for c, ws := range h.Mood.Weights {
			sum += h.Mood.Bias[c]
			for _, v := range ws {
				sum += v
			}
		}
	}
	for _, v := range h.Bias {
		sum += v
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0) && h.LengthUnit > 0 && h.Second.finite() && h.Grade.finite()
}

func readEntries(b []byte, n int) ([]Entry, error) {
	entries := make([]Entry, n)
	last := uint64(0)
	for i := range entries {
		d, k := binary.Uvarint(b)
		if k <= 0 || d == 0 || last+d > math.MaxUint32 {
			return nil, errors.New("reading the model: its features are cut")
		}
		b = b[k:]
		last += d
		entries[i].Key = uint32(last)
	}
	if len(b) != n*Heads {
		return nil, errors.New("reading the model: its weights are cut")
	}
	for k := range Heads {
		for i := range entries {
			entries[i].Weights[k] = int8(b[k*n+i])
		}
	}
	return entries, nil
}
