package text

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// Mix spreads the bits of h.
func Mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 29
	return h
}

// HashBytes hashes a normal form.
func HashBytes(b []byte) uint64 {
	h := uint64(fnvOffset)
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return Mix(h)
}

// HashString hashes a normal form as HashBytes does.
func HashString(s string) uint64 {
	h := uint64(fnvOffset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return Mix(h)
}
