package store

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxTime is later than every stored time.
const maxTime = math.MaxInt64

// formatKey writes the place of a row as a page's Next.
func formatKey(at, n int64) string {
	return strconv.FormatInt(at, 36) + "." + strconv.FormatInt(n, 36)
}

// parseKey reads what formatKey wrote; the empty key is 0, 0.
func parseKey(s string) (at, n int64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, ok := strings.Cut(s, ".")
	at, errA := strconv.ParseInt(a, 36, 64)
	n, errB := strconv.ParseInt(b, 36, 64)
	if !ok || errA != nil || errB != nil {
		return 0, 0, fmt.Errorf("reading page %q: it is no page of this list", s)
	}
	return at, n, nil
}
