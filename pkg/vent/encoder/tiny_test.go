package encoder

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tinyFile is a whole file of weights with random numbers in it: two layers, width 16.
func tinyFile() []byte {
	pieces := []string{"[PAD]", pieceUnknown, pieceCLS, pieceSEP, pieceMask, "wait", "refund", "first", "money", "##ing", "un", "##aff", "##able"}
	pieces = append(pieces, MarkName, MarkLower, MarkHandle, MarkUser, MarkLink, MarkPicture)
	for c := rune('!'); c <= '~'; c++ {
		if c < 'A' || c > 'Z' {
			pieces = append(pieces, string(c), inside+string(c))
		}
	}
	s := shape{depth: 2, width: 16, heads: 4, inner: 32, reach: MaxPieces, outputs: Outputs, pieces: len(pieces)}
	names, version := strings.Join(pieces, "\n"), "tiny"
	b := []byte(magic)
	for _, n := range []int{s.depth, s.width, s.heads, s.inner, s.reach, s.outputs, s.pieces, len(version), len(names)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(append(b, version...), names...)
	rng := rand.New(rand.NewPCG(1, 2))
	vector := func(n int, at, by float64) {
		for range n {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(at+by*(rng.Float64()-0.5))))
		}
	}
	matrix := func(rows, cols int) {
		vector(rows, 0.004, 0.002)
		for range rows * cols {
			b = append(b, byte(rng.UintN(255)+129))
		}
	}
	w := s.width
	norm := func() { vector(w, 1, 0.1); vector(w, 0, 0.1) }
	matrix(s.pieces, w)
	matrix(s.reach, w)
	vector(2*w, 0, 0.1)
	norm()
	for range s.depth {
		matrix(3*w, w)
		vector(3*w, 0, 0.1)
		matrix(w, w)
		vector(w, 0, 0.1)
		norm()
		matrix(s.inner, w)
		vector(s.inner, 0, 0.1)
		matrix(w, s.inner)
		vector(w, 0, 0.1)
		norm()
	}
	vector(s.outputs*w, 0, 1)
	vector(s.outputs, 0, 1)
	return sealed(b)
}

// sealed is b with its checksum.
func sealed(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }

func tiny(tb testing.TB) *Encoder {
	tb.Helper()
	e, err := Load(tinyFile())
	require.NoError(tb, err)
	return e
}

func TestRefusesDamage(t *testing.T) {
	good := tinyFile()
	resealed := func(change func(b []byte) []byte) []byte {
		b := change(append([]byte(nil), good[:len(good)-4]...))
		return sealed(b)
	}
	set := func(at int, v uint32) []byte {
		return resealed(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b })
	}
	size := func(i int, v uint32) []byte { return set(len(magic)+4*i, v) }
	for name, b := range map[string][]byte{
		"empty":             nil,
		"not one":           []byte(strings.Repeat("x", 4096)),
		"cut":               good[:len(good)/2],
		"longer":            append(append([]byte(nil), good...), 0),
		"one bit":           func() []byte { b := append([]byte(nil), good...); b[len(b)/2] ^= 1; return b }(),
		"no layers":         size(0, 0),
		"many layers":       size(0, 1<<27),
		"huge":              size(6, math.MaxUint32),
		"width off":         size(1, 15),
		"heads off":         size(2, 5),
		"other outputs":     size(5, 3),
		"not a number":      set(len(good)-8, math.Float32bits(float32(math.NaN()))),
		"infinite":          set(len(good)-8, math.Float32bits(float32(math.Inf(1)))),
		"long version":      size(7, 4000),
		"vocabulary broken": resealed(func(b []byte) []byte { b[len(magic)+4*sizes+6] = 0xff; return b }),
		"no [UNK]": resealed(func(b []byte) []byte {
			return []byte(strings.Replace(string(b), pieceUnknown, "[OTH]", 1))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(b)
			require.ErrorIs(t, err, errDamaged)
		})
	}
	_, err := Load(good)
	require.NoError(t, err)
}

func FuzzLoad(f *testing.F) {
	good := tinyFile()
	f.Add(good[:len(good)-4])
	f.Add([]byte(magic))
	f.Add(good[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, data := range [][]byte{b, sealed(append([]byte(nil), b...))} {
			e, err := Load(data)
			if err != nil {
				require.ErrorIs(t, err, errDamaged)
				continue
			}
			_, err = e.Read(parsed("any text, @user!", "user"), Name("user"), nil, nil)
			require.NoError(t, err)
		}
	})
}
