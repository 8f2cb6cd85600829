package brand

import (
	"fmt"
	"strconv"
	"strings"
)

// Budget is a number of cards a day; 0 is no limit. It is written 20/day.
type Budget int

// String writes b as it is read: 20/day, or nothing for no limit.
func (b Budget) String() string {
	if b == 0 {
		return ""
	}
	return strconv.Itoa(int(b)) + "/day"
}

// MarshalText writes b as String does.
func (b Budget) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads 20/day; the empty text is no limit.
func (b *Budget) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "" {
		*b = 0
		return nil
	}
	n, ok := strings.CutSuffix(s, "/day")
	v, err := strconv.Atoi(strings.TrimSpace(n))
	if !ok || err != nil || v < 1 || v > 1_000_000 {
		return fmt.Errorf("%q is no budget; write a number of cards a day such as 20/day", s)
	}
	*b = Budget(v)
	return nil
}
