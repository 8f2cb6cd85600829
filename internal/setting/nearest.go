package setting

import "strings"

// Nearest is the one of names that s is most likely a typing error for, or
// empty where none is near.
func Nearest(s string, names []string) string {
	s = strings.ToLower(s)
	best, found := max(1, min(3, len(s)/3))+1, ""
	for _, n := range names {
		if d := editDistance(s, strings.ToLower(n)); d < best {
			best, found = d, n
		}
	}
	return found
}

// maxWord bounds the work of editDistance: what is longer is no typing error.
const maxWord = 64

// editDistance counts the edits between two words, neighbours swapped as one edit.
func editDistance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
	before, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], before[j-1]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(b)]
}
