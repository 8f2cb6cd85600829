package vent

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// A model whose severity is made of other numbers than this version knows is refused.
func TestGradeOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{GraveTraits: "", GraveTraits - 1: "another version of leakytap wrote it; train it again"} {
		var b bytes.Buffer
		require.NoError(t, model.Write(&b, model.Header{LengthUnit: 1, Grade: &model.Grade{Weights: make([]float64, size)}}, nil))
		_, err := Load(&b)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}
