package model

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Feature is one feature of a text and the tokens it comes from, To excluded.
// From is -1 for a feature of the text as a whole.
type Feature struct {
	Hash     uint64
	From, To int32
	Group    Group
}

// unit is what n-grams are made of: a token, or the brand's name as a whole.
type unit struct {
	hash     uint64
	from, to int32
	word     bool
	negated  bool
	caps     bool
	brand    bool
}

// Extractor turns parsed texts into features. It reuses its buffers and is for
// one goroutine at a time. The zero Extractor is ready to use.
type Extractor struct {
	units    []unit
	features []Feature
	facts    []fact
	keys     []uint32
	count    int
}

const (
	saltBi    uint64 = 0x4da4f9fc3c6da5d7
	saltTri   uint64 = 0xb8a1abcd1a6916c7
	saltSkip  uint64 = 0x7a97c643656412a9
	saltNeg   uint64 = 0x1710cf5327ac435a
	saltCaps  uint64 = 0x0512bd1311072231
	saltNear  uint64 = 0x8ca5996666ceab36
	saltChar  uint64 = 0x4a14876aeaff1a09
	saltDense uint64 = 0xfd724452ccea71ff
	saltCue   uint64 = 0x0f1099c6c3e1b258
	saltShape uint64 = 0x8534f45738d048ec
)

const (
	hashUser  uint64 = 0xa11ce0000001
	hashURL   uint64 = 0xa11ce0000002
	hashBrand uint64 = 0xa11ce0000003
	hashRival uint64 = 0xa11ce0000004
	hashStart uint64 = 0xa11ce0000005
	hashEnd   uint64 = 0xa11ce0000006
)

func join(a, b, salt uint64) uint64 {
	return text.Mix(a*0x9e3779b97f4a7c15 + (b^salt)*0xc2b2ae3d27d4eb4f)
}

// Begin reads d, in which hits were found. Extract and Sum are about the text that
// was read last.
func (x *Extractor) Begin(d *text.Doc, hits []cue.Hit) {
	x.unify(d)
	x.dense(d, hits)
	x.count = 0
}

// Extract lists the features of the text, those of characters only where grams is
// set. The result is valid until the next call.
func (x *Extractor) Extract(d *text.Doc, grams bool) []Feature {
	x.features = x.features[:0]
	x.words()
	for i := range x.facts {
		f := &x.facts[i]
		x.add(factHash(f.code), f.from, f.to, Facts)
	}
	x.count = len(x.features)
	for i := range x.units {
		u := &x.units[i]
		if !u.word {
			continue
		}
		form := d.Form(int(u.from))
		x.count += gramCount(len(form))
		if grams {
			x.chars(form, u)
		}
	}
	return x.features
}

// Count is how many features the text has, those of characters included: Extract
// or Sum counted them.
func (x *Extractor) Count() int { return x.count }

func (x *Extractor) add(hash uint64, from, to int32, g Group) {
	x.features = append(x.features, Feature{Hash: hash, From: from, To: to, Group: g})
}

// unify makes units of tokens: a handle is a handle whoever it names, and the
// brand's name is the brand, so that what was learned about one brand holds for all.
func (x *Extractor) unify(d *text.Doc) {
	x.units = x.units[:0]
	for i := 0; i < len(d.Tokens); i++ {
		t := &d.Tokens[i]
		u := unit{hash: t.Hash, from: int32(i), to: int32(i + 1)}
		switch {
		case t.Has(text.Brand) || t.Has(text.Rival):
			flag := t.Flags & (text.Brand | text.Rival)
			for i+1 < len(d.Tokens) && d.Tokens[i+1].Flags&flag == flag {
				i++
			}
			u.to = int32(i + 1)
			u.hash, u.brand = hashBrand, true
			if flag&text.Brand == 0 {
				u.hash, u.brand = hashRival, false
			}
		case t.Kind == text.User:
			u.hash = hashUser
		case t.Kind == text.URL:
			u.hash = hashURL
		case t.Kind == text.Number:
			u.hash = numberHash(d.Form(i), t.Hash)
		case t.Kind == text.Word:
			u.word = true
			u.negated = t.Has(text.Negated)
			u.caps = t.Has(text.Caps)
		}
		x.units = append(x.units, u)
	}
}

// numberHash keeps small numbers apart and lumps large ones by their length.
func numberHash(form []byte, h uint64) uint64 {
	if len(form) <= 1 {
		return h
	}
	return join(uint64(min(len(form), 8)), 0, saltShape)
}

const nearReach = 4

// words lists n-grams of words. Sum counts the same ones.
func (x *Extractor) words() {
	us := x.units
	n := len(us)
	for i := range us {
		u := &us[i]
		x.add(u.hash, u.from, u.to, Words)
		if u.negated {
			x.add(join(u.hash, 1, saltNeg), u.from, u.to, Words)
		}
		if u.caps {
			x.add(join(u.hash, 1, saltCaps), u.from, u.to, Words)
		}
		prev := hashStart
		from := u.from
		if i > 0 {
			prev, from = us[i-1].hash, us[i-1].from
		}
		bi := join(prev, u.hash, saltBi)
		x.add(bi, from, u.to, Words)
		if i+1 < n {
			x.add(join(bi, us[i+1].hash, saltTri), from, us[i+1].to, Words)
		} else {
			x.add(join(u.hash, hashEnd, saltBi), u.from, u.to, Words)
		}
		if i+2 < n {
			x.add(join(u.hash, us[i+2].hash, saltSkip), u.from, us[i+2].to, Words)
		}
		if u.brand {
			x.near(i)
		}
	}
}

// near adds what stands close to the brand's name.
func (x *Extractor) near(i int) {
	us := x.units
	for k := max(0, i-nearReach); k < min(len(us), i+nearReach+1); k++ {
		if k == i || us[k].brand {
			continue
		}
		x.add(join(us[k].hash, nearSide(k, i), saltNear), us[k].from, us[k].to, Words)
	}
}

// nearSide is the side of the brand's name at unit i on which unit k stands.
func nearSide(k, i int) uint64 {
	if k > i {
		return 2
	}
	return 1
}

const (
	minGram     = 3
	maxGram     = 5
	maxCharWord = 24
)

// gramCount is how many n-grams a word of n bytes has.
func gramCount(n int) int {
	if n < 2 || n > maxCharWord {
		return 0
	}
	count := 0
	for k := minGram; k <= min(maxGram, n+2); k++ {
		count += n + 2 - k + 1
	}
	return count
}

// chars adds character n-grams of a word, whose ends are marked.
func (x *Extractor) chars(form []byte, u *unit) {
	eachGram(form, func(h uint64) { x.add(h, u.from, u.to, Chars) })
}

// eachGram calls f with the hash of each n-gram of a word.
func eachGram(form []byte, f func(hash uint64)) {
	if gramCount(len(form)) == 0 {
		return
	}
	var buf [maxCharWord + 2]byte
	buf[0] = '^'
	n := 1 + copy(buf[1:], form)
	buf[n] = '$'
	n++
	for i := 0; i+minGram <= n; i++ {
		h := saltChar
		for k := i; k < min(n, i+maxGram); k++ {
			h = (h ^ uint64(buf[k])) * 1099511628211
			if k-i+1 >= minGram {
				f(text.Mix(h))
			}
		}
	}
}
