package train

import (
	"fmt"
	"io"
)

func note(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format+"\n", args...)
	}
}

func (r role) String() string {
	return [...]string{"polarity", "complaint", "target", "case", "kin"}[r]
}

// progress tells every tenth step of the optimiser.
func progress(w io.Writer, what role, of int) func(int, float64) {
	return func(i int, v float64) {
		if i%10 == 0 || i == of {
			note(w, "%s: step %d of %d, loss %.1f", what, i, of, v)
		}
	}
}
