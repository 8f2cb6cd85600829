package brand

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Hash changes with everything in b that can change a decision. The pinned
// examples only test decisions, and clocks and receivers begin after one: they are
// left out.
func (b Brand) Hash() string {
	b.MustAlert, b.MustNotAlert = nil, nil
	b.SLA, b.Hours, b.Nudge, b.Praise, b.SilentAfter = SLA{}, nil, Nudge{}, Praise{}, 0
	enc, err := json.Marshal(b)
	if err != nil { // only a threshold that is not a number, which Validate refuses
		enc = []byte(strings.Join([]string{b.Name, b.Query, err.Error()}, "\x00"))
	}
	sum := sha256.Sum256(enc)
	return hex.EncodeToString(sum[:12])
}
