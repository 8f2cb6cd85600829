package rss

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"
)

const (
	// keepKeys is how many entries are remembered beyond those of the last document.
	keepKeys = 2000
	// keepTexts is how many texts of one entry are remembered: a feed that shows one
	// guid with two texts must not look edited for ever.
	keepTexts = 8
)

// cursor is where a feed continues: its validators and what was seen. The oldest
// entry stands first.
type cursor struct {
	ETag     string  `json:"etag,omitempty"`
	Modified string  `json:"modified,omitempty"`
	Seen     []known `json:"seen,omitempty"`

	index map[string]int
}

// known is one entry with the hashes of its texts, the latest last.
type known struct {
	Key   string   `json:"k"`
	Texts []uint64 `json:"t"`
}

func loadCursor(raw json.RawMessage) cursor {
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil {
		c = cursor{}
	}
	c.index = make(map[string]int, len(c.Seen))
	for i, k := range c.Seen {
		c.index[k.Key] = i
	}
	return c
}

func (c *cursor) encode() json.RawMessage {
	b, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	return b
}

func (c *cursor) changed(before json.RawMessage) bool { return !bytes.Equal(c.encode(), before) }

// add notes an entry with a text and reports whether that is new.
func (c *cursor) add(key string, text uint64) bool {
	i, ok := c.index[key]
	if !ok {
		c.index[key] = len(c.Seen)
		c.Seen = append(c.Seen, known{Key: key, Texts: []uint64{text}})
		return true
	}
	k := &c.Seen[i]
	if slices.Contains(k.Texts, text) {
		return false
	}
	k.Texts = append(k.Texts, text)
	if len(k.Texts) > keepTexts {
		k.Texts = k.Texts[len(k.Texts)-keepTexts:]
	}
	return true
}

// trim forgets the oldest entries that are not in the document at hand.
func (c *cursor) trim(now map[string]bool) {
	spare := 0
	for _, k := range c.Seen {
		if !now[k.Key] {
			spare++
		}
	}
	drop := spare - keepKeys
	if drop <= 0 {
		return
	}
	kept := c.Seen[:0]
	for _, k := range c.Seen {
		if drop > 0 && !now[k.Key] {
			drop--
			continue
		}
		kept = append(kept, k)
	}
	c.Seen = kept
}

func keyOf(native string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(native))
	return strconv.FormatUint(h.Sum64(), 36)
}
